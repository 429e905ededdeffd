"""Who is in trouble with the platform, or writes more than all others, keeps nobody waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.pace import PROBE
from bot.ticks import ticks
from simulator import Phone
from storage.session import Database
from tests.kernel.journey import Journey, router
from tests.kit.world import World

ROUND = 0.1  # seconds a call takes here


@pytest.fixture
async def office(database: Database) -> AsyncIterator[World]:
    """At the pace that is set by default."""
    world = await World(database, router=router(Journey()), send_per_second=28.0).open()
    yield world
    await world.close()


async def _said(world: World) -> None:
    """What was said is read and answered, but for the sending."""
    while await world.program.ingest.poll(seconds=0):
        pass
    while await world.program.worker.step():
        pass


async def _sends(world: World, seconds: float) -> int:
    """So many seconds of sending; how many calls were made in them."""
    before = len(world.simulator.record.answered)
    for _ in range(round(seconds / ROUND)):
        await world._detached()
        await world.program.sender.step()
        world.clock.advance(timedelta(seconds=ROUND))
    return len(world.simulator.record.answered) - before


def _answered(phones: list[Phone]) -> int:
    return sum(any(message.from_bot for message in phone.messages) for phone in phones)


async def _in_trouble(world: World, count: int, wait: int) -> None:
    """So many chats whose edits the platform never takes."""
    for number in range(count):
        phone = world.phone(f"Susah {number}")
        await phone.send("/mulai")
        await world.settle()
        world.simulator.faults.add(
            kind="429", retry_after=wait, method="editMessageText", chat=phone.chat_id, times=10**6
        )
        await phone.tap("Ya")
    await _said(world)


@pytest.mark.parametrize(
    ("count", "wait"),
    [(2, 0), (2, 5), (3, 5), *(pytest.param(n, 30, marks=pytest.mark.full) for n in (2, 3))],
)
async def test_chats_that_are_told_to_wait_for_ever_hold_nobody_else(
    office: World, count: int, wait: int
) -> None:
    """They cost others one pause, with which it might have been all of us."""
    await _in_trouble(office, count, wait)
    await _sends(office, 60)
    for number in range(10):
        await office.phone(f"Warga {number}").send("halo")
        await _said(office)
        await _sends(office, 3)
    await _sends(office, wait)  # three may pause all of us for once, where nobody else was heard
    assert _answered([office.phone(f"Warga {number}") for number in range(10)]) == 10
    assert office.program.pace.room(office.clock.monotonic())[0] > 20


async def test_a_chat_told_to_try_again_at_once_is_tried_once_a_second(office: World) -> None:
    await _in_trouble(office, 1, 0)
    assert await _sends(office, 10) <= 11


# --- those who write without end ------------------------------------------------------------


async def _flood(world: World, count: int, seconds: int) -> list[Phone]:
    """So many accounts type three times a second, just within what is heard of them."""
    phones = [world.phone(f"Ramai {number}") for number in range(count)]
    for _ in range(seconds):
        for _ in range(3):
            for phone in phones:
                await phone.send("halo")
        await _said(world)
        await _sends(world, 1)
    return phones


@pytest.mark.parametrize("count", [30, pytest.param(60, marks=pytest.mark.full)])
async def test_accounts_that_write_without_end_keep_nobody_waiting(
    office: World, count: int
) -> None:
    """More than can be answered waits for each of them, and all of it is older than his reply."""
    busy = await _flood(office, count, 15)
    before = _heard(busy)
    citizens = [office.phone(f"Warga {number}") for number in range(10)]
    for phone in citizens:
        await phone.send("halo")
    await _said(office)
    await _sends(office, 2)
    assert _answered(citizens) == 10
    assert _heard(busy) - before >= 2 * 28 - 10 - 7, "what is left is theirs"


def _heard(phones: list[Phone]) -> int:
    return sum(message.from_bot for phone in phones for message in phone.messages)


# --- a chat that must wait for hours --------------------------------------------------------


@pytest.mark.parametrize("refused", [1, 4])
async def test_a_lone_chat_that_must_wait_for_hours_is_tried_every_half_minute(
    office: World, refused: int
) -> None:
    """Two people who write more than two seconds apart are each told so for themselves."""
    ani = office.phone("Ani")
    office.simulator.faults.add(
        kind="429", retry_after=10_072, method="sendMessage", chat=ani.chat_id, times=refused
    )
    await ani.send("halo")
    await office.settle(patience=0)
    (tick,) = (tick for tick in ticks(office.program) if tick.name == "pause")
    await tick.run()
    assert "asks to wait for 10072 s" in (await office.program.readiness())["pace"]
    await office.phone("Budi").send("halo")
    await office.live((refused - 1) * PROBE + 15)
    assert not _answered([ani])
    assert _answered([office.phone("Budi")])
    await office.live(PROBE)
    assert _heard([ani]) == 1
    await tick.run()
    assert (await office.program.readiness())["pace"] == "ok"
    calls = [e for e in office.simulator.record.answered if e.params.get("chat_id") == ani.chat_id]
    assert len(calls) == refused + 1, "one in half a minute"
