"""What people really send in the middle of the nine questions, and a machine that dies there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.reconcile import reconcile
from simulator import Phone
from storage import inbox, outbox
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
from tests.kit.admins import admin
from tests.kit.staff import written
from tests.kit.world import BANK, World

# --- things that are not words ----------------------------------------------------------------

THINGS: dict[str, Callable[[Phone], Awaitable[object]]] = {
    "photo": lambda phone: phone.send_photo("NIK saya 3201011508950001"),
    "voice": lambda phone: phone.send_voice(),
    "sticker": lambda phone: phone.send_sticker(),
    "location": lambda phone: phone.send_location(-6.2, 106.8),
    "contact": lambda phone: phone.send_contact("+6281234567890"),
}


async def _finish(world: World, phone: Phone) -> dict[str, object]:
    await tap(world, phone, *["Lewati"] * 5, "Kirim jawaban")
    (row,) = await responses(world, "skm")
    return row


@pytest.mark.parametrize("thing", THINGS)
async def test_things_in_between_cost_no_answer(city: World, thing: str) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    for number in range(1, 10):
        asked, buttons = ani.last.text, labels(ani)
        await THINGS[thing](ani)
        await city.settle()
        assert "hanya dapat membaca tulisan" in ani.last.text
        assert ani.last.text.endswith(asked)
        assert labels(ani) == buttons
        await nth(city, ani, 1 + number % 4)
    row = await _finish(city, ani)
    assert row["answers"] == {key: 1 + n % 4 for n, key in enumerate(ELEMENTS, 1)}
    assert row["comment"] == ""


async def test_an_album_in_between_is_answered_and_costs_no_answer(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai", "Sesuai")
    for _ in range(10):
        await ani.send_photo()
    await city.settle()
    assert "2 dari 9" in ani.last.text
    standing = [m for m in ani.messages if m.from_bot and m.keyboard and not m.deleted]
    assert [m.id for m in standing] == [ani.last.id], "one question has buttons, no more"


# --- words of every kind ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("الخدمة بطيئة جدا", "الخدمة بطيئة جدا"),
        ("שירות איטי, loket 2", "שירות איטי, loket 2"),
        ("lambat \u202egnay nanayalep\u202c sekali", "lambat gnay nanayalep sekali"),
        ("\u2067بطيء\u2069 di loket", "بطيء di loket"),
        ("👍🏽👩‍👩‍👧 bagus 🇮🇩❤️", "👍🏽👩‍👩‍👧 bagus 🇮🇩❤️"),
        ("🙂", "🙂"),
        ("ꦥꦊꦪꦤꦤ꧀ ꦱꦲꦺ", "ꦥꦊꦪꦤꦤ꧀ ꦱꦲꦺ"),  # Javanese
        ("z\u0351" + "\u0301" * 60 + "algo", "z\u0301\u0351" + "\u0301" * 6 + "algo"),
    ],
)
async def test_a_comment_in_any_script(city: World, typed: str, kept: str) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    await nth(city, ani, *[3] * 9)
    await tap(city, ani, *["Lewati"] * 4)
    await say(city, ani, typed)
    shown = ani.last.text
    assert "\u202e" not in shown
    await tap(city, ani, "Pakai", "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert len(str(row["comment"])) == len(kept)
    assert sorted(str(row["comment"])) == sorted(kept)
    assert str(row["comment"]) in shown


LONG = " ".join(f"kalimat{number} panjang" for number in range(250))[:5_000]


@pytest.mark.parametrize("together", [True, False])
async def test_a_comment_that_telegram_splits_keeps_its_beginning(
    city: World, together: bool
) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    await nth(city, ani, *[3] * 9)
    await tap(city, ani, *["Lewati"] * 4)
    await ani.send(LONG[:4096])
    if not together:
        await city.settle(patience=0)
    await ani.send(LONG[4096:])
    await city.settle()
    assert "1000 huruf pertama" in ani.last.text
    assert "kalimat0 panjang" in ani.last.text
    assert labels(ani) == ["Pakai", "Tulis ulang", "Hapus"]
    await tap(city, ani, "Pakai", "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert LONG.startswith(str(row["comment"]))
    assert len(str(row["comment"])) > 900


async def test_a_shorter_comment_after_a_long_one_takes_its_place(city: World) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    await nth(city, ani, *[3] * 9)
    await tap(city, ani, *["Lewati"] * 4)
    await say(city, ani, LONG[:4096])
    city.clock.advance(timedelta(seconds=40))  # read, thought over, typed
    await say(city, ani, "singkatnya: lambat")
    await tap(city, ani, "Pakai", "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert row["comment"] == "singkatnya: lambat"


# --- another language in the middle -------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 4, 9, 13])
async def test_another_language_in_the_middle_keeps_place_and_answers(
    city: World, at: int
) -> None:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    await nth(city, ani, *[3] * min(at, 9))
    await tap(city, ani, *["Lewati"] * (at - 9))
    await say(city, ani, "/bahasa")
    await tap(city, ani, "English")
    if at < 9:
        assert BANK.instruments["skm"].items[at].text["en"] in ani.last.text
    for _ in range(at, 9):
        await nth(city, ani, 3)
    while "Skip" in labels(ani):
        await tap(city, ani, "Skip")
    await nth(city, ani, 1 + labels(ani).index(_send(ani)))
    (row,) = await responses(city, "skm")
    assert row["answers"] == dict.fromkeys(ELEMENTS, 3)
    assert row["language"] == "en"


def _send(phone: Phone) -> str:
    return next(label for label in labels(phone) if label.startswith("Send"))


# --- buttons of somebody else -------------------------------------------------------------------


@pytest.mark.parametrize("thief", ["a citizen", "an admin", "a citizen at the same question"])
async def test_buttons_captured_from_a_phone_do_nothing_on_another(
    city: World, thief: str
) -> None:
    ani = await scan(city)
    captured = [button.value for row in ani.last.keyboard for button in row]
    await tap(city, ani, "Puas")
    captured += [button.value for row in ani.last.keyboard for button in row]
    await tap(city, ani, "Mulai")
    captured += [button.value for row in ani.last.keyboard for button in row]
    await nth(city, ani, *[3] * 9)
    await tap(city, ani, *["Lewati"] * 5)
    captured += [button.value for row in ani.last.keyboard for button in row]
    eve = await (admin(city, "Eve") if thief == "an admin" else scan(city, "Eve"))
    if thief == "a citizen at the same question":
        await tap(city, eve, "Puas", "Mulai")
    before, position = await responses(city), ani.last.text
    asked = eve.last.text
    for value in captured:
        await eve.press_raw(value, eve.last.id)
        await city.settle()
        assert "Tombol itu sudah lama" in eve.toasts[-1].text
    if thief != "an admin":
        assert eve.last.text == asked
    assert await responses(city) == before
    assert ani.last.text == position
    await tap(city, ani, "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert row["answers"] == dict.fromkeys(ELEMENTS, 3)


async def test_a_button_of_an_admin_does_nothing_on_a_citizens_phone(city: World) -> None:
    budi = await admin(city)
    await say(city, budi, "/umumkan", "Libur besok.")
    captured = [button.value for row in budi.last.keyboard for button in row]
    ani = await at_summary(city)
    asked = ani.last.text
    for value in captured:
        await ani.press_raw(value, ani.last.id)
        await city.settle()
    assert ani.last.text == asked
    assert not any("Libur besok" in text for text in written(ani))


# --- a machine that dies ------------------------------------------------------------------------


async def _stumbling(world: World) -> None:
    """Everything that waits happens, and the program dies after each of its steps."""
    busy = True
    while busy:
        busy = bool(await world.program.ingest.poll(seconds=0))
        await world.crash()
        busy |= bool(await world.program.worker.step())
        await world.crash()
        busy |= bool(await world.program.sender.step())
        await world.crash()
        async with world.database.reading() as tx:
            waits = await outbox.next_due(tx)
        if waits is not None:  # of a message in the air nobody knows whether it arrived
            world.clock.advance(max(timedelta(), waits - world.clock.now()))
            busy = True
        world.clock.advance(timedelta(seconds=1.1))  # what the pace asks for


@pytest.mark.full
async def test_a_crash_between_every_two_steps_of_a_whole_questionnaire(city: World) -> None:
    ani = city.phone("Ani")
    await ani.start("pL2aaaaaaaaaaaaaaaaaaa")
    await _stumbling(city)
    message = None
    for label in ("Puas", "Mulai"):
        await ani.tap(label, ani.last)
        await _stumbling(city)
    for number in range(1, 10):
        assert f"{number} dari 9" in ani.last.text
        message = message or ani.last.id
        assert ani.last.id == message, "still one message that is edited"
        await ani.tap(labels(ani)[number % 4], ani.last)
        await _stumbling(city)
    for _ in range(4):
        await ani.tap("Lewati", ani.last)
        await _stumbling(city)
    await ani.send("Ruang tunggu panas")
    await _stumbling(city)
    for label in ("Pakai", "Kirim jawaban"):
        await ani.tap(label, ani.last)
        await _stumbling(city)
    (row,) = await responses(city, "skm")
    assert row["answers"] == {key: 1 + n % 4 for n, key in enumerate(ELEMENTS, 1)}
    assert row["comment"] == "Ruang tunggu panas"
    assert len(await responses(city)) == 2
    said = [m.text for m in ani.messages if m.from_bot and not m.deleted]
    assert len(said) == len(set(said)), "nothing was said twice"
    async with city.database.reading() as tx:
        assert [check for check in await reconcile(tx) if not check.agrees] == []
        assert set(await inbox.states(tx)) == {inbox.DONE}
