"""The survey of nine elements, from the invitation to the receipt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from storage import ledger
from storage.dialogs import Dialog
from tests.conversations.citizen import (
    ELEMENTS,
    PROFILE,
    at_summary,
    labels,
    nth,
    responses,
    say,
    scan,
    tap,
)
from tests.kit.office import KTP, LOKET_KK
from tests.kit.world import BANK, World


async def test_nine_questions_in_one_message_with_the_official_words(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    message = ani.last.id
    for number, item in enumerate(BANK.instruments["skm"].items, 1):
        assert ani.last.id == message
        assert f"{number} dari 9" in ani.last.text
        assert item.text["id"] in ani.last.text
        official = [option.label["id"] for option in item.options]
        assert labels(ani)[:4] == official
        assert all(len(row) == 1 for row in ani.last.keyboard[:4])
        await tap(city, ani, official[2])
    assert "Tentang Bapak/Ibu (1 dari 4)" in ani.last.text


async def test_all_answers_arrive_as_one_response(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    city.clock.advance(timedelta(minutes=2))
    await nth(city, ani, *(4 - n % 4 for n in range(9)))
    await nth(city, ani, 2, 3, 5, 4)
    await say(city, ani, "Ruang tunggu panas")
    await tap(city, ani, "Pakai", "Kirim jawaban")
    (row,) = await responses(city, "skm")
    expected = {key: 4 - n % 4 for n, key in enumerate(ELEMENTS)}
    expected |= dict(zip(PROFILE, (2, 3, 5, 4), strict=True))
    assert row["answers"] == expected
    assert row["comment"] == "Ruang tunggu panas"
    assert (row["service_id"], row["point_id"], row["visit_kind"]) == (KTP, 1, "poster")
    assert (row["version"], row["duration"]) == (BANK.instruments["skm"].version, "normal")
    async with city.database.reading() as tx:
        assert await ledger.total(tx, "response.skm", "2026-11-23") == 1
    assert len(await responses(city)) == 2, "the quick rating stays a response of its own"


async def test_the_receipt_is_neutral_and_no_answer_stays_on_the_screen(city: World) -> None:
    ani = await at_summary(city)
    assert "Persyaratan: Sangat sesuai" in ani.last.text
    await tap(city, ani, "Kirim jawaban")
    assert "sudah kami terima" in ani.last.text
    words = [o.label["id"] for i in BANK.instruments["skm"].items for o in i.options]
    for message in ani.messages:
        assert not [w for w in words if w in message.text and len(w) > 6]


async def test_typed_answers_leave_no_question_behind(city: World) -> None:
    """Who is made to show the chat shows numbers without questions."""
    ani = await scan(city)
    await say(city, ani, "puas", "mulai", *"432143214", *["lewati"] * 5, "kirim jawaban")
    (row,) = await responses(city, "skm")
    assert list(row["answers"].values()).count(4) == 3  # type: ignore[attr-defined]
    bot = [m for m in ani.messages if m.from_bot]
    assert not [m for m in bot if "Saudara" in m.text or "Persyaratan" in m.text]
    assert not [m for m in bot[:-1] if m.keyboard]


async def test_typing_and_tapping_make_the_same_response(city: World) -> None:
    ani = await at_summary(city, "Ani")
    await tap(city, ani, "Kirim jawaban")
    budi = await scan(city, "Budi")
    await say(city, budi, "3", "1", *"432143214", *["Lewati"] * 5, "KIRIM JAWABAN")
    first, second = await responses(city, "skm")
    first.pop("key"), second.pop("key")
    assert first == second


@pytest.mark.parametrize("at", range(1, 9))
async def test_back_at_every_question(city: World, at: int) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    await nth(city, ani, *[4] * at)
    await tap(city, ani, "Kembali")
    assert f"{at} dari 9" in ani.last.text
    chosen = BANK.instruments["skm"].items[at - 1].options[3].label["id"]
    assert f"Jawaban sekarang: {chosen}" in ani.last.text
    await nth(city, ani, 1)
    assert f"{at + 1} dari 9" in ani.last.text


async def test_back_through_profile_and_comment(city: World) -> None:
    ani = await at_summary(city)
    await tap(city, ani, "14", "Kembali")
    assert "Periksa jawaban" in ani.last.text
    budi = await scan(city, "Budi")
    await tap(city, budi, "Puas", "Mulai")
    await nth(city, budi, *[3] * 9)
    await tap(city, budi, "Lewati", "Lewati", "Lewati", "Lewati")
    assert "saran atau masukan" in budi.last.text
    for asked in ("pekerjaan", "pendidikan", "usia", "jenis kelamin", "9 dari 9"):
        await tap(city, budi, "Kembali")
        assert asked in budi.last.text


async def test_any_answer_can_be_changed_before_sending(city: World) -> None:
    ani = await at_summary(city)
    await tap(city, ani, "3", "Sangat cepat")
    assert "Waktu Penyelesaian: Sangat cepat" in ani.last.text
    await tap(city, ani, "10", "Perempuan")
    await tap(city, ani, "5", "Kembali", "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert (row["answers"]["waktu"], row["answers"]["sex"]) == (4, 2)  # type: ignore[index]
    assert row["answers"]["produk"] == 4  # type: ignore[index]


@pytest.mark.parametrize("at", range(14))
async def test_resume_at_every_page_after_days_and_a_restart(city: World, at: int) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    await nth(city, ani, *[3] * min(at, 9))
    await tap(city, ani, *["Lewati"] * (at - 9))
    asked = ani.last.text
    await city.crash()
    city.clock.advance(timedelta(days=2))
    await ani.start()
    await city.settle()
    if at < 9:
        assert f"Lanjut dari pertanyaan {at + 1} dari 9?" in ani.last.text
    assert labels(ani) == ["Lanjutkan", "Mulai baru"]
    await tap(city, ani, "Lanjutkan")
    assert ani.last.text == asked
    await nth(city, ani, *[3] * (9 - at))
    await tap(city, ani, *["Lewati"] * min(5, 14 - at), "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert set(row["answers"]) == set(ELEMENTS)  # type: ignore[call-overload]
    assert (row["local_date"], row["duration"]) == ("2026-11-25", "slow")


async def test_the_next_tap_simply_goes_on_after_a_crash(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    for number in range(2, 10):
        await city.crash()
        await nth(city, ani, 2)
        assert f"{number} dari 9" in ani.last.text


async def test_a_draft_ends_after_seven_days(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai", "Sesuai")
    city.clock.advance(timedelta(days=7, minutes=1))
    await say(city, ani, "sesuai")
    assert "terlalu lama" in ani.last.text
    assert "Nilai layanan" in labels(ani)


async def test_a_double_tap_answers_once(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    first = ani.last.keyboard[2][0].value
    await ani.press_raw(first, ani.last.id)
    await ani.press_raw(first, ani.last.id)
    await city.settle()
    assert "2 dari 9" in ani.last.text
    assert "Tombol itu sudah lama" in ani.toasts[-1].text


async def test_taps_that_overtake_each_other_do_no_harm(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    old = ani.last.keyboard[0][0].value
    await nth(city, ani, 3)
    new = ani.last.keyboard[3][0].value
    await ani.press_raw(new, ani.last.id)
    await ani.press_raw(old, ani.last.id)
    await city.settle()
    assert "3 dari 9" in ani.last.text
    await nth(city, ani, *[2] * 7)
    await tap(city, ani, *["Lewati"] * 5, "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert (row["answers"]["persyaratan"], row["answers"]["prosedur"]) == (3, 4)  # type: ignore[index]


async def test_later_keeps_the_beginning_on_the_phone_for_a_week(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Nanti saja")
    assert "7 hari" in ani.last.text
    city.clock.advance(timedelta(days=6))
    await city.crash()
    await tap(city, ani, "Mulai")
    assert "1 dari 9" in ani.last.text
    await tap(city, ani, "Nanti saja")
    await say(city, ani, "mulai")
    assert "1 dari 9" in ani.last.text
    await tap(city, ani, "Nanti saja")
    city.clock.advance(timedelta(days=8))
    await tap(city, ani, "Mulai")
    assert "terlalu lama" in ani.last.text
    assert labels(ani) == ["Menu"]


async def test_later_with_answers_keeps_them(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai", "Sesuai", "Kembali", "Nanti saja")
    assert labels(ani)[0] == "Lanjutkan pertanyaan"
    await say(city, ani, "/menu")
    await tap(city, ani, "Lanjutkan pertanyaan")
    assert "Jawaban sekarang: Sesuai" in ani.last.text


async def test_an_old_invitation_never_costs_answers(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas")
    invitation, value = ani.last, ani.last.keyboard[0][0].value
    await scan(city, payload=LOKET_KK)
    await tap(city, ani, "Puas", "Mulai", "Sesuai")
    await ani.press_raw(value, invitation.id)
    await city.settle()
    assert "dilanjutkan di pesan lain" in ani.last.text
    buttons = [button.label for row in invitation.keyboard for button in row]
    assert buttons == ["Lanjutkan", "Nilai KTP elektronik"]
    await ani.tap("Lanjutkan", invitation)
    await city.settle()
    assert "2 dari 9" in invitation.text


async def test_who_was_invited_stands_nowhere(city: World) -> None:
    """A place beside an address, on a day with one rating there, would tell whose it is."""
    ani = await scan(city)
    await tap(city, ani, "Puas", "Nanti saja")
    await city.advance(minutes=16)
    async with city.database.reading() as tx:
        assert (await tx.execute(select(Dialog.notes).where(Dialog.notes.is_not(None)))).all() in (
            [],
            [({},)],
        )


async def test_another_qr_in_between_asks_which_to_go_on_with(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai", "Sesuai", "Mudah")
    await scan(city, payload=LOKET_KK)
    assert "KTP elektronik" in ani.last.text
    assert labels(ani) == ["Lanjutkan", "Nilai Kartu keluarga"]
    await tap(city, ani, "Lanjutkan")
    assert "3 dari 9" in ani.last.text
    await scan(city, payload=LOKET_KK)
    await tap(city, ani, "Nilai Kartu keluarga")
    assert "Kartu keluarga" in ani.last.text
    assert labels(ani)[0] == "Tidak puas"
    await say(city, ani, "/menu")
    assert "Lanjutkan pertanyaan" not in labels(ani)


async def test_giving_up_deletes_what_was_answered(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai", "Sesuai")
    await say(city, ani, "/batal")
    assert "sudah dihapus" in ani.last.text
    await tap(city, ani, "Menu")
    assert "Lanjutkan pertanyaan" not in labels(ani)
    await say(city, ani, "batal")
    assert "Tidak ada yang sedang berjalan" in ani.last.text
    assert await responses(city, "skm") == []
