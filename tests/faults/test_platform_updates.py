"""F31–F35: updates that come twice, again under another number, in any order, too late."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from bot.install import WEBHOOK_PATH
from bot.serving import listen
from simulator import Phone, Simulator
from simulator.record import Issued
from storage import inbox, ledger, outbox
from storage.session import Database
from tests.bot.conftest import TOKEN
from tests.bot.living import living, telegram_at, until
from tests.conversations.citizen import labels, responses, scan, tap
from tests.kit.office import LOKET, LOKET_KK, small_city
from tests.kit.world import World


@pytest.fixture
async def city(database: Database) -> AsyncIterator[World]:
    await small_city(database)
    opened = await World(database).open()
    yield opened
    await opened.close()


# --- F31: the same update a thousand times, over the real web server --------------------------

SECRET = "hush-hush"


@pytest.mark.full
@pytest.mark.enable_socket
async def test_a_thousand_deliveries_over_fifty_connections_are_one_update(
    tmp_path: Path,
) -> None:
    telegram = Simulator(token=TOKEN, now=lambda: datetime.now(UTC))
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
    given = {
        "telegram_mode": "webhook",
        "webhook_secret": SECRET,
        "public_url": f"http://127.0.0.1:{port}",
        "web_port": port,
    }
    phone = telegram.person("Ani")
    await phone.start()
    (issued,) = telegram.record.issued
    body = msgspec.json.encode(issued.update)
    with listen("127.0.0.1", 0) as sock:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with telegram_at(sock, telegram), living(tmp_path, address, **given) as one:
            await until(one.ready)
            statuses = await _hammer(one.address + WEBHOOK_PATH, body)

            async def answered() -> bool:
                return len(phone.messages) == 2

            await until(answered)
            async with one.service.program.database.reading() as tx:
                states = await inbox.states(tx)
                put = await ledger.total(tx, "outbox.put")
    assert statuses == {200: 1_000}
    assert states == {inbox.DONE: 1}
    assert put == 1
    assert len(phone.messages) == 2


async def _hammer(url: str, body: bytes) -> Counter[int]:
    statuses: Counter[int] = Counter()
    left = list(range(1_000))
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}

    async def connection() -> None:
        async with aiohttp.ClientSession(headers=headers) as session:
            while left:
                left.pop()
                async with session.post(url, data=body) as answer:
                    statuses[answer.status] += 1

    await asyncio.gather(*(connection() for _ in range(50)))
    return statuses


# --- F32: a press that comes again under a new number -----------------------------------------


@pytest.mark.parametrize("other", ["Puas", "Tidak puas"])
async def test_a_press_sent_again_is_one_rating_and_says_so(city: World, other: str) -> None:
    """The app repeats a press after it reconnects; a second finger may even press another."""
    ani = await scan(city)
    question = ani.last
    first, second = (_data(ani, label) for label in ("Puas", other))
    await ani.press_raw(first, question.id)
    await ani.press_raw(second, question.id)
    await city.settle()
    await ani.press_raw(second, question.id)
    await city.settle()
    (row,) = await responses(city)
    assert row["answers"] == {"keseluruhan": 3}
    assert "Tombol itu sudah lama" in ani.toasts[-1].text
    assert len([m for m in ani.messages if m.from_bot]) == 1, "the receipt stands where it stood"
    assert labels(ani) == ["Mulai", "Nanti saja", "Ubah jawaban"]


def _data(phone: Phone, label: str) -> str:
    (data,) = (b.value for row in phone.last.keyboard for b in row if b.label == label)
    return str(data)


# --- F33: five updates in every order ---------------------------------------------------------

OTHERS = ("scan another", "menu", "words")


@pytest.mark.full
async def test_no_order_of_five_updates_gives_a_wrong_rating_or_silence(city: World) -> None:
    """She taps twice, scans the next counter, asks for the menu and types, all in one breath.

    All 120 orders, a citizen for each. A tap that is overtaken is asked for again, and never
    counts for the other counter.
    """
    acts = ("tap", "tap again", *OTHERS)
    orders = list(itertools.permutations(acts))
    phones = [await _before_the_question(city, f"Warga {n}") for n in range(len(orders))]
    await city.settle()
    said = [await _said(city, phone, acts) for phone in phones]
    shuffled = [
        msgspec.json.encode(update[act])
        for order, update in zip(orders, said, strict=True)
        for act in order
    ]
    await city.program.ingest.store(shuffled)
    await city.settle()
    for phone, order in zip(phones, orders, strict=True):
        assert any(message.keyboard for message in phone.messages), f"no way on after {order}"
    found = await responses(city)
    assert {(row["point_id"], _value(row)) for row in found} == {(1, 3)}
    in_time = [order for order in orders if order[0].startswith("tap")]
    assert len(found) == len(in_time) == 48, "who was overtaken is asked again"
    for phone, order in zip(phones, orders, strict=True):
        if order not in in_time:
            await phone.start(LOKET)
    await city.settle()
    for phone, order in zip(phones, orders, strict=True):
        if order not in in_time:
            await phone.tap("Puas", phone.last)
    await city.settle()
    assert len(await responses(city)) == len(orders), "and all of them can still rate, once"


@pytest.mark.full
async def test_a_tap_may_overtake_a_typed_answer_and_the_first_counts(city: World) -> None:
    """Telegram keeps the order of a chat's messages; only a tap comes by another way."""
    acts = ("tap", "typed", "tap again", "scan another", "menu")
    messages = [act for act in acts if "tap" not in act]
    orders = [
        order
        for order in itertools.permutations(acts)
        if [act for act in order if act in messages] == messages
    ]
    phones = [await _before_the_question(city, f"Warga {n}") for n in range(len(orders))]
    await city.settle()
    said = [await _said(city, phone, acts) for phone in phones]
    shuffled = [
        msgspec.json.encode(update[act])
        for order, update in zip(orders, said, strict=True)
        for act in order
    ]
    await city.program.ingest.store(shuffled)
    await city.settle()
    found = Counter((row["point_id"], _value(row)) for row in await responses(city))
    tapped = sum(order[0].startswith("tap") for order in orders)
    assert found == {(1, 3): tapped, (1, 2): len(orders) - tapped}


async def _before_the_question(city: World, name: str) -> Phone:
    phone = city.phone(name)
    await phone.start(LOKET)
    return phone


async def _said(city: World, phone: Phone, acts: Sequence[str]) -> dict[str, Any]:
    """The update of each act, kept from being delivered."""
    updates = city.simulator.updates
    data, question = _data(phone, "Puas"), phone.last.id
    said = {}
    for act in acts:
        if act.startswith("tap"):
            await phone.press_raw(data, question)
        elif act == "scan another":
            await phone.start(LOKET_KK)
        else:
            await phone.send({"menu": "/menu", "words": "halo", "typed": "2"}[act])
        newest = city.simulator.record.entries[-1]
        assert isinstance(newest, Issued)
        said[act] = newest.update
    updates.give_up(updates.pending, "dropped")
    return said


def _value(row: dict[str, Any]) -> int:
    answers: dict[str, int] = row["answers"]
    return answers["keseluruhan"]


# --- F34: numbers that begin again ------------------------------------------------------------


async def test_numbers_that_begin_again_lower_are_taken_in(city: World) -> None:
    """Even a number that was used before, for another update, within the week we remember it."""
    ani = await scan(city)
    await tap(city, ani, "Puas")
    again = city.simulator.record.issued[0].update["update_id"]
    for number, first in enumerate((again, 5, again + 3, 1)):
        city.simulator.updates.restart_ids(first)
        for name in ("Budi", "Cici"):
            phone = await scan(city, f"{name} {number}")
            await tap(city, phone, "Tidak puas")
        assert city.simulator.updates.pending == []
    values = [_value(row) for row in await responses(city)]
    assert sorted(values) == [1] * 8 + [3]
    async with city.database.reading() as tx:
        assert await inbox.states(tx) == {inbox.DONE: 18}


# --- F35: a press that never arrives ----------------------------------------------------------


@pytest.mark.parametrize("way", ["typed", "scanned", "tapped"])
async def test_a_press_that_died_on_the_way_can_be_made_up_for(city: World, way: str) -> None:
    ani = await scan(city)
    await ani.tap("Puas")
    city.clock.advance(timedelta(seconds=151))
    await city.settle()
    assert len(city.simulator.record.lost) == 1
    assert await responses(city) == []
    if way == "typed":
        await ani.send("puas")
    elif way == "scanned":
        await ani.start(LOKET)
        await city.settle()
        await ani.tap("Puas")
    else:
        await ani.tap("Puas")
    await city.settle()
    (row,) = await responses(city)
    assert row["answers"] == {"keseluruhan": 3}
    async with city.database.reading() as tx:
        assert set(await outbox.states(tx)) <= {"sent", "cancelled"}
