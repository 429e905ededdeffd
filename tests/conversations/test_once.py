"""One answer per visit, whatever is tapped or scanned; and fifteen minutes to correct it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import ledger
from tests.conversations.citizen import (
    ELEMENTS,
    at_summary,
    labels,
    nth,
    responses,
    say,
    scan,
    tap,
)
from tests.kit.office import LOKET_KK
from tests.kit.world import World


async def test_scanning_again_offers_the_questions_or_a_correction(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas")
    await scan(city)
    assert "Satu kunjungan dinilai satu kali" in ani.last.text
    assert labels(ani) == ["Mulai", "Nanti saja", "Ubah jawaban"]
    city.clock.advance(timedelta(minutes=16))
    await scan(city)
    assert labels(ani) == ["Mulai", "Nanti saja"]
    assert len(await responses(city)) == 1


async def test_after_both_there_is_nothing_more_to_answer_today(city: World) -> None:
    ani = await at_summary(city)
    await tap(city, ani, "Kirim jawaban")
    await scan(city)
    assert "pada kunjungan berikutnya" in ani.last.text
    assert labels(ani) == ["Ubah jawaban", "Lihat hasil", "Menu"]
    assert len(await responses(city)) == 2


async def test_tomorrow_another_service_and_another_person_count(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas")
    await scan(city, payload=LOKET_KK)
    await tap(city, ani, "Puas")
    budi = await scan(city, "Budi")
    await tap(city, budi, "Puas")
    city.clock.advance(timedelta(days=1))
    await scan(city)
    await tap(city, ani, "Puas")
    assert len(await responses(city, "quick")) == 4
    async with city.database.reading() as tx:
        assert await ledger.by_day(tx, "response.quick") == {"2026-11-23": 3, "2026-11-24": 1}


async def test_a_draft_sent_after_the_day_was_answered_is_told_kindly(city: World) -> None:
    """Sent from a second draft that was begun before the first was sent."""
    ani = await at_summary(city)
    async with city.database.transaction() as tx:
        from domain.visits import Visit, answer_once

        visit = Visit(f"telegram:{ani.chat_id}", 11, city.clock.now().date())
        assert await answer_once(tx, city.keys, visit, "skm")
    await tap(city, ani, "Kirim jawaban")
    assert "sudah kami terima" in ani.last.text
    assert await responses(city, "skm") == []


async def test_the_quick_rating_is_corrected_in_place(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Tidak puas")
    (before,) = await responses(city)
    await tap(city, ani, "Ubah jawaban", "Sangat puas")
    assert "perbarui" in ani.last.text
    assert "puas" not in ani.last.text
    (after,) = await responses(city)
    assert (after["key"], after["answers"]) == (before["key"], {"keseluruhan": 4})
    async with city.database.reading() as tx:
        assert await ledger.total(tx, "response.quick", "2026-11-23") == 1


async def test_the_survey_is_corrected_in_place(city: World) -> None:
    ani = await at_summary(city)
    await tap(city, ani, "Kirim jawaban")
    (before,) = await responses(city, "skm")
    await tap(city, ani, "Ubah jawaban", "Jawaban survei")
    assert "Persyaratan: Sangat sesuai" in ani.last.text
    await tap(city, ani, "1", "Kurang sesuai", "10", "Laki-laki", "14")
    await say(city, ani, "HP saya 0812 3456 7890, loketnya panas")
    assert "HP saya […], loketnya panas" in ani.last.text
    await tap(city, ani, "10", "Lewati", "2", "Kembali", "Selesai")
    assert "perbarui" in ani.last.text
    assert not [m for m in ani.messages if m.from_bot and "Persyaratan" in m.text]
    (after,) = await responses(city, "skm")
    assert after["key"] == before["key"]
    assert after["answers"] == {**before["answers"], "persyaratan": 2}  # type: ignore[dict-item]
    assert after["comment"] == "HP saya […], loketnya panas"
    await tap(city, ani, "Ubah jawaban", "Jawaban survei", "14", "Hapus", "Selesai")
    assert (await responses(city, "skm"))[0]["comment"] == ""


async def test_leaving_the_rating_as_it_is(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Ubah jawaban", "Biarkan seperti semula")
    assert "tetap seperti semula" in ani.last.text
    assert (await responses(city))[0]["answers"] == {"keseluruhan": 3}


async def test_after_fifteen_minutes_the_key_is_gone_and_the_answer_stays(city: World) -> None:
    ani = await at_summary(city)
    await tap(city, ani, "Kirim jawaban")
    city.clock.advance(timedelta(minutes=15))
    await tap(city, ani, "Ubah jawaban")
    assert "tidak tahu lagi jawaban mana milik siapa" in ani.last.text
    assert labels(ani) == ["Menu"]
    assert set((await responses(city, "skm"))[0]["answers"]) == set(ELEMENTS)  # type: ignore[call-overload]


@pytest.mark.full
async def test_the_time_may_run_out_on_any_screen_of_the_correction(city: World) -> None:
    for name, screens in {
        "Ani": ["Jawaban survei"],
        "Budi": ["Jawaban survei", "1"],
        "Cici": ["Jawaban survei", "14"],
        "Dedi": ["Penilaian singkat"],
    }.items():
        phone = await at_summary(city, name)
        await tap(city, phone, "Kirim jawaban", "Ubah jawaban", *screens)
        city.clock.advance(timedelta(minutes=15))
        await nth(city, phone, 1)
        assert "tidak ada yang masih dapat diubah" in phone.last.text.replace("jawaban ", "")
        assert labels(phone) == ["Menu"]


async def test_nothing_to_correct_is_said_kindly(city: World) -> None:
    ani = await scan(city)
    await say(city, ani, "/ubah")
    assert "15 menit" in ani.last.text
    assert labels(ani) == ["Menu"]
