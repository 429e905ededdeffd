"""Never silence, never a dead end: whatever is said gets an answer and a way on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.journeys import commands, router
from handlers.menu import ENTRIES
from tests.conversations.citizen import labels, responses, say, scan, tap
from tests.kit.office import LOKET
from tests.kit.world import BANK, World

RATING = ["Tidak puas", "Kurang puas", "Puas", "Sangat puas"]


@pytest.mark.parametrize(
    "said",
    [
        "0",
        "5",
        "6",
        "-1",
        "−1",
        "4.5",
        "4/5",
        "5555",
        "５",
        "lima",
        "⭐⭐⭐⭐",
        "👍",
        "biasa saja",
        "+1",
        "IV",
    ],
)
async def test_what_is_no_rating_rates_nothing_and_asks_again(city: World, said: str) -> None:
    ani = await scan(city)
    await say(city, ani, said)
    assert "belum kami pahami" in ani.last.text
    assert labels(ani) == RATING
    assert await responses(city) == []
    await tap(city, ani, "Puas")
    assert len(await responses(city)) == 1


async def test_media_and_edits_at_the_rating(city: World) -> None:
    ani = await scan(city)
    for send in (ani.send_photo, ani.send_voice, ani.send_sticker):
        await send()
        await city.settle()
        assert "hanya dapat membaca tulisan" in ani.last.text
        assert labels(ani) == RATING
    typed = await ani.send("puas")
    await city.settle()
    await ani.edit_text(typed, "tidak puas")
    await city.settle()
    assert "perubahan pada pesan lama tidak kami baca" in ani.last.text
    (row,) = await responses(city)
    assert row["answers"] == {"keseluruhan": 3}


@pytest.mark.parametrize(
    "said", ["halo", "Halo!", "selamat pagi", "assalamualaikum", "Pagi pak", "P"]
)
async def test_a_greeting_is_greeted(city: World, said: str) -> None:
    ani = city.phone("Ani")
    await say(city, ani, said)
    assert ani.last.text.startswith("Selamat pagi, Bapak/Ibu.")
    assert "Nilai layanan" in labels(ani)


async def test_the_hour_decides_the_greeting(city: World) -> None:
    ani = city.phone("Ani")
    for hours, greeting in ((2, "siang"), (4, "sore"), (3, "malam"), (10, "pagi")):
        city.clock.advance(timedelta(hours=hours))
        await say(city, ani, "halo")
        assert ani.last.text.startswith(f"Selamat {greeting}")


@pytest.mark.parametrize("said", ["akta kelahiran", "mau nilai akta", "akte lahir"])
async def test_the_name_of_a_service_is_enough(city: World, said: str) -> None:
    ani = city.phone("Ani")
    await say(city, ani, said)
    assert labels(ani)[0] == "Akta kelahiran – Disdukcapil"
    await say(city, ani, "1")
    assert labels(ani) == RATING


@pytest.mark.parametrize(
    "said", ["qwxyz", "🙂", "?", "resep rendang", "1' OR '1'='1", "/entahlah"]
)
async def test_what_is_not_understood_says_so_and_shows_the_menu(city: World, said: str) -> None:
    ani = city.phone("Ani")
    await say(city, ani, said)
    answers = [m.text for m in ani.messages if m.from_bot]
    assert any("belum memahami" in text or "tidak kami kenal" in text for text in answers)
    assert "Nilai layanan" in labels(ani)


@pytest.mark.parametrize(
    "said", ["/menu", "menu", "MENU", "/start", "/bantuan", "bantuan", "/help"]
)
async def test_menu_and_help_from_anywhere(city: World, said: str) -> None:
    for payload in ("", LOKET):
        ani = await scan(city, payload=payload)
        await say(city, ani, said)
        assert "Menu" in labels(ani) or "Nilai layanan" in labels(ani)


async def test_menu_entries_by_tap_number_and_label_are_the_same(city: World) -> None:
    for said in ("1", "Nilai layanan", "nilai", "/nilai"):
        ani = city.phone("Ani")
        await say(city, ani, "/menu", said)
        assert "Di kantor mana" in ani.last.text
    await say(city, ani, "/menu")
    await tap(city, ani, "Nilai layanan")
    assert "Di kantor mana" in ani.last.text


async def test_a_button_of_an_old_month_leads_to_what_is_current(city: World) -> None:
    ani = await scan(city)
    old = ani.last
    value = old.keyboard[2][0].value
    await tap(city, ani, "Puas", "Nanti saja")
    city.clock.advance(timedelta(days=40))
    await ani.press_raw(value, old.id)
    await city.settle()
    assert "Tombol itu sudah lama" in ani.toasts[-1].text
    assert "Nilai layanan" in labels(ani)
    assert len(await responses(city)) == 1


async def test_a_scan_left_for_days_is_told_and_leads_on(city: World) -> None:
    ani = await scan(city)
    city.clock.advance(timedelta(days=3))
    await tap(city, ani, "Puas")
    assert await responses(city) == []
    assert any("terlalu lama" in m.text for m in ani.messages if m.from_bot)
    assert "Nilai layanan" in labels(ani)


def test_the_command_list_names_each_command_in_both_languages() -> None:
    for language in ("id", "en"):
        listed = commands(router(), BANK, language)
        assert {"nilai", "hasil", "menu", "bantuan", "batal"} <= {name for name, _ in listed}
        assert all(0 < len(text) <= 256 for _, text in listed)


def test_menu_labels_exist_and_are_unlike_each_other() -> None:
    for language in ("id", "en"):
        words = [BANK.sentence(language, entry.label) for entry in ENTRIES]
        assert len({word.casefold() for word in words}) == len(words)
