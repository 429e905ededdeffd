"""Self-assessment: nine described competences, resumable, with the gaps at the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from simulator import Phone
from storage.staff import Assessment, AssessmentAnswer
from tests.kit.office import DUKCAPIL
from tests.kit.staff import hand_over, join, labels, person_of, written
from tests.kit.versions import begun_on_an_old_version
from tests.kit.world import World

ITEMS = 9


async def begin(city: World, group: str = "Pengawas") -> Phone:
    sri = await join(city, "Sri", unit=DUKCAPIL, group=group)
    await sri.send("/nilai_diri")
    await city.settle()
    await sri.tap("Mulai")
    await city.settle()
    return sri


async def answer(city: World, phone: Phone, *levels: int) -> None:
    for level in levels:
        await phone.tap(f"Level {level}")
        await city.settle()


async def kept(city: World) -> list[dict[str, int]]:
    async with city.database.reading() as tx:
        rows = await tx.execute(
            select(AssessmentAnswer.assessment_id, AssessmentAnswer.item, AssessmentAnswer.level)
        )
        found: dict[int, dict[str, int]] = {}
        for assessment_id, item, level in rows:
            found.setdefault(assessment_id, {})[item] = level
    return list(found.values())


async def test_it_says_what_it_is_for_and_how_long_it_takes(city: World) -> None:
    sri = await join(city, "Sri", unit=DUKCAPIL, group="Pengawas")
    await sri.send("/nilai_diri")
    await city.settle()
    for words in ("9 kompetensi", "10 menit", "14 hari", "Pengawas", "bukan penilaian resmi"):
        assert words in sri.last.text
    assert labels(sri) == ["Mulai", "Ganti kelompok jabatan", "Menu"]


async def test_the_menu_leaves_what_was_answered_as_it_was(city: World) -> None:
    sri = await begin(city)
    await answer(city, sri, 2, 2)
    await sri.send("/menu")
    await city.settle()
    await sri.send("/nilai_diri")
    await city.settle()
    assert "2 dari 9" in sri.last.text
    await sri.tap("Menu")
    await city.settle()
    await sri.send("/nilai_diri")
    await city.settle()
    await sri.tap("Lanjutkan")
    await city.settle()
    assert sri.last.text.startswith("3 dari 9")


async def test_one_message_from_the_first_item_to_the_result(city: World) -> None:
    sri = await begin(city)
    first = sri.last
    assert first.text.startswith("1 dari 9\n\nIntegritas")
    assert "Mampu bertindak sesuai nilai" in first.text
    levels = ["Level 1", "Level 2", "Level 3", "Level 4", "Level 5"]
    assert labels(sri) == [*levels, "Menu", "Rincian"]
    await answer(city, sri, 2, 2, 1, 2, 3, 2, 2, 2)
    assert sri.last.id == first.id
    assert sri.last.text.startswith("9 dari 9\n\nPerekat Bangsa")
    await answer(city, sri, 1)
    assert "3. Komunikasi: 1" in sri.last.text
    assert await kept(city) == [], "nothing is kept before it is confirmed"
    await sri.tap("Simpan dan lihat hasil")
    await city.settle()
    assert sri.last.id == first.id
    text = sri.last.text
    assert "3. Komunikasi: 1 (diharapkan 2)" in text
    assert "5. Pelayanan Publik: 3 (diharapkan 2)" in text
    # 16 of 18 levels; what is above does not hide what is missing
    assert "88,89%" in text
    assert "• Komunikasi: kurang 1 tingkat, prioritas rendah" in text
    assert "• Perekat Bangsa: kurang 1 tingkat, prioritas rendah" in text
    assert "Contoh, bukan ketentuan." in text
    assert "pemetaan mandiri, bukan penilaian resmi" in text
    assert "/belajar" in text
    (levels,) = await kept(city)
    assert len(levels) == ITEMS
    assert (levels["komunikasi"], levels["pelayanan_publik"]) == (1, 3)


async def test_every_item_fits_into_one_message_with_its_details(city: World) -> None:
    sri = await begin(city)
    for _ in range(ITEMS):
        short = sri.last.text
        await sri.tap("Rincian")
        await city.settle()
        assert sri.last.text.count("•") == 15, "three behaviours for each of five levels"
        assert not sri.last.text.endswith("…")
        assert len(sri.last.text) < 4096
        await sri.tap("Ringkas")
        await city.settle()
        assert sri.last.text == short
        await sri.tap("Rincian")
        await city.settle()
        await answer(city, sri, 3)
    assert "Jawaban Bapak/Ibu" in sri.last.text


async def test_back_shows_what_was_chosen_and_takes_another_answer(city: World) -> None:
    sri = await begin(city)
    await answer(city, sri, 2)
    await sri.tap("Kembali")
    await city.settle()
    assert sri.last.text.startswith("1 dari 9")
    assert "✓ Level 2" in labels(sri)
    assert "Kembali" not in labels(sri)
    await answer(city, sri, 4)
    await sri.tap("Kembali")
    await city.settle()
    assert "✓ Level 4" in labels(sri)


async def test_typing_the_number_or_the_label_is_as_good_as_tapping(city: World) -> None:
    sri = await begin(city)
    for typed in ("2", "level 3", "LEVEL 1.", "3."):
        await sri.send(typed)
        await city.settle()
    assert sri.last.text.startswith("5 dari 9")
    await sri.send("70")
    await city.settle()
    assert "belum kami pahami" in sri.last.text


async def test_a_summary_lets_one_answer_be_changed(city: World) -> None:
    sri = await begin(city)
    await answer(city, sri, *[2] * ITEMS)
    await sri.tap("Ubah")
    await city.settle()
    await sri.tap("Komunikasi: 2")
    await city.settle()
    assert "✓ Level 2" in labels(sri)
    await answer(city, sri, 5)
    assert "3. Komunikasi: 5" in sri.last.text
    await sri.tap("Ubah")
    await city.settle()
    await sri.tap("Integritas: 2")
    await city.settle()
    await sri.tap("Kembali")
    await city.settle()
    assert "1. Integritas: 2" in sri.last.text
    await sri.tap("Simpan dan lihat hasil")
    await city.settle()
    (levels,) = await kept(city)
    assert levels["komunikasi"] == 5


@pytest.mark.parametrize("days", [0, 2, 13])
async def test_one_can_go_on_after_days_and_a_crash(city: World, days: int) -> None:
    sri = await begin(city)
    await answer(city, sri, 2, 2, 2, 2)
    city.clock.advance(timedelta(days=days))
    await city.crash()
    await sri.send("/nilai_diri")
    await city.settle()
    assert "4 dari 9 kompetensi" in sri.last.text
    await sri.tap("Lanjutkan")
    await city.settle()
    assert sri.last.text.startswith("5 dari 9")
    await answer(city, sri, *[2] * 5)
    await sri.tap("Simpan dan lihat hasil")
    await city.settle()
    assert len(await kept(city)) == 1


async def test_after_fourteen_days_it_begins_again(city: World) -> None:
    sri = await begin(city)
    await answer(city, sri, 2)
    city.clock.advance(timedelta(days=14, seconds=1))
    await sri.send("/nilai_diri")
    await city.settle()
    assert "Mulai" in labels(sri)


async def test_starting_again_forgets_the_first_answers(city: World) -> None:
    sri = await begin(city)
    await answer(city, sri, 5)
    await sri.send("/nilai_diri")
    await city.settle()
    await sri.tap("Mulai dari awal")
    await city.settle()
    assert sri.last.text.startswith("1 dari 9")
    assert "✓" not in "".join(labels(sri))


async def test_a_double_tap_on_finish_keeps_one_assessment(city: World) -> None:
    sri = await begin(city)
    await answer(city, sri, *[2] * ITEMS)
    await sri.tap("Simpan dan lihat hasil")
    await sri.tap("Simpan dan lihat hasil")
    await city.settle()
    assert len(await kept(city)) == 1


async def test_the_last_result_can_be_seen_again_and_each_time_counts_anew(city: World) -> None:
    sri = await begin(city)
    await answer(city, sri, *[2] * ITEMS)
    await sri.tap("Simpan dan lihat hasil")
    await city.settle()
    assert "Tidak ada kesenjangan" in sri.last.text
    city.clock.advance(timedelta(days=1))
    await sri.send("/nilai_diri")
    await city.settle()
    await sri.tap("Lihat hasil terakhir")
    await city.settle()
    assert "100,00%" in sri.last.text
    await sri.send("/nilai_diri")
    await city.settle()
    await sri.tap("Mulai")
    await city.settle()
    await answer(city, sri, *[1] * ITEMS)
    await sri.tap("Simpan dan lihat hasil")
    await city.settle()
    assert "50,00%" in sri.last.text
    async with city.database.reading() as tx:
        person = await person_of(city, sri)
        found = await tx.scalar(
            select(func.count()).select_from(Assessment).where(Assessment.person_id == person)
        )
    assert found == 2


async def test_a_draft_ends_on_the_group_it_began_with(city: World) -> None:
    sri = await begin(city, "Pengawas")
    await answer(city, sri, *[2] * ITEMS)
    await sri.send("/profil")
    await city.settle()
    await sri.tap("Ganti kelompok jabatan")
    await city.settle()
    await sri.tap("Administrator")
    await city.settle()
    await sri.send("/nilai_diri")
    await city.settle()
    await sri.tap("Lanjutkan")
    await city.settle()
    await sri.tap("Simpan dan lihat hasil")
    await city.settle()
    assert "Kelompok jabatan: Pengawas" in sri.last.text
    assert "100,00%" in sri.last.text


async def test_a_draft_and_its_result_stay_on_the_version_it_began(city: World) -> None:
    sri = await begin(city)
    await begun_on_an_old_version(city, "assess", "2016.9", 2)
    await sri.send("/nilai_diri")
    await city.settle()
    assert "0 dari 2" in sri.last.text
    await sri.tap("Lanjutkan")
    await city.settle()
    await answer(city, sri, 2, 1)
    await sri.tap("Simpan dan lihat hasil")
    await city.settle()
    assert "2. Kerja Sama: 1 (diharapkan 2)" in sri.last.text
    assert "3. " not in sri.last.text
    assert "75,00%" in sri.last.text


async def test_it_is_for_staff_alone(city: World) -> None:
    ani = city.phone("Ani")
    await ani.send("/nilai_diri")
    await city.settle()
    assert any("petugas yang berwenang" in text for text in written(ani))
    assert await hand_over(city) == 0


async def test_it_works_in_english(city: World) -> None:
    jo = await join(
        city, "Jo", unit=DUKCAPIL, group="Executing staff", hour="No lessons", language="en"
    )
    await jo.send("/nilai_diri")
    await city.settle()
    await jo.tap("Begin")
    await city.settle()
    await answer(city, jo, *[1] * ITEMS)
    await jo.tap("Keep and see the result")
    await city.settle()
    assert "100.00%" in jo.last.text
