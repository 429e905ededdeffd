"""One chat that says too much: heard within a measure, told once, and nobody else notices."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flood import BURST, PER_SECOND, Flood
from domain.reconcile import reconcile
from simulator import Phone
from storage import inbox, ledger
from storage.people import Address
from tests.kernel.journey import Journey, asked
from tests.kit.world import World


def _admitted(flood: Flood, chat: str, now: float, times: int, *, keep: bool = True) -> int:
    meter = flood.meter(now)
    heard = sum(meter.admit(chat) for _ in range(times))
    if keep:
        meter.keep()
    return heard


# --- the measure ----------------------------------------------------------------------------


def test_a_heap_passes_and_then_so_many_a_second() -> None:
    flood = Flood()
    assert _admitted(flood, "a", 0.0, 3 * BURST) == BURST
    assert _admitted(flood, "a", 10.0, 3 * BURST) == 10 * PER_SECOND
    assert _admitted(flood, "b", 10.0, 1) == 1
    assert _admitted(flood, "a", 1_000.0, 3 * BURST) == BURST


def test_a_load_of_twenty_chats_at_fifty_a_second_passes() -> None:
    flood = Flood()
    for number in range(5 * 60 * 50):
        assert _admitted(flood, f"chat {number % 20}", number / 50, 1) == 1


def test_what_a_failed_transaction_took_was_never_taken() -> None:
    """A database that is away brings the same updates again and again."""
    flood = Flood()
    for _ in range(50):
        assert _admitted(flood, "a", 0.0, BURST, keep=False) == BURST
    assert len(flood) == 0


def test_it_is_said_once_until_the_chat_was_calm() -> None:
    flood = Flood()
    said = 0
    for second in range(60):  # never calm: some are heard in every second
        meter = flood.meter(float(second))
        for _ in range(50):
            if not meter.admit("a"):
                said += meter.tell("a")
        meter.keep()
    assert said == 1
    meter = flood.meter(60.0 + BURST / PER_SECOND)
    assert meter.tell("a")


def test_calm_chats_are_forgotten() -> None:
    flood = Flood()
    for number in range(20_000):
        _admitted(flood, f"chat {number}", number / 100, 1)
    # One token is back after a fifth of a second; what is kept is a few times what is new.
    assert len(flood) <= 1_100


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30), st.integers(0, 150))))
def test_never_more_than_the_measure(said: list[tuple[str, float, int]]) -> None:
    flood, now, heard = Flood(), 0.0, dict.fromkeys("ab", 0)
    for chat, pause, times in said:
        now += pause
        heard[chat] += _admitted(flood, chat, now, times)
        assert heard[chat] <= BURST + now * PER_SECOND + 0.001


# --- what people see of it ------------------------------------------------------------------


def _echoes(phone: Phone) -> int:
    return sum(m.from_bot and m.text.startswith("gema") for m in phone.messages)


def _told(phone: Phone) -> int:
    return sum(m.from_bot and "terlalu cepat" in m.text for m in phone.messages)


async def _agrees(world: World) -> bool:
    async with world.database.reading() as tx:
        states = await inbox.states(tx)
        return set(states) == {inbox.DONE} and all(c.agrees for c in await reconcile(tx))


async def _take_in(world: World) -> None:
    while await world.program.ingest.poll(seconds=0):
        pass


HEAP = BURST + 30


async def test_a_flood_is_heard_within_the_measure_and_told_once(world: World) -> None:
    ani = world.phone("Ani")
    for number in range(HEAP):
        await ani.send(f"pesan {number}")
    await _take_in(world)
    await world.settle(patience=600)
    assert _echoes(ani) == BURST
    assert _told(ani) == 1
    assert await _agrees(world)
    assert b"tanggap_updates_dropped_total 30.0" in world.program.metrics.text()
    world.clock.advance(timedelta(seconds=10))
    await ani.send("masih di sana?")
    await world.settle(patience=600)
    assert ani.last.text == "gema masih di sana?"


@pytest.mark.full
async def test_in_her_language(world: World) -> None:
    ani = world.phone("Ann", language="en")
    for number in range(BURST + 20):
        await ani.send(f"message {number}")
    await _take_in(world)
    await world.settle(patience=600)
    assert sum("came too fast" in m.text for m in ani.messages) == 1


@pytest.mark.full
async def test_a_neighbour_in_the_same_batch_does_not_notice(world: World) -> None:
    ani, budi = world.phone("Ani"), world.phone("Budi")
    await budi.start()
    await budi.send("/mulai")
    await world.settle()
    for number in range(HEAP):
        await ani.send(f"pesan {number}")
        if number in (5, 120):
            await budi.tap("Ya")
    await _take_in(world)
    while await world.program.worker.step():
        pass
    async with world.database.reading() as tx:
        assert await ledger.total(tx, "kernel.answer") == 1
    await world.settle(patience=600)
    assert budi.last.text == "q.second?"
    assert await _agrees(world)


async def test_taps_over_the_measure_are_answered_silently(world: World) -> None:
    (ani,) = await asked(world, "Ani")
    old = ani.last.keyboard[0][0].value
    taps = [await ani.press_raw(old, ani.last.id) for _ in range(HEAP)]
    await _take_in(world)
    await world.settle(patience=600)
    assert all(world.simulator.cloud.taps[tap].answered for tap in taps)
    assert len(ani.toasts) < BURST
    async with world.database.reading() as tx:
        assert await ledger.total(tx, "kernel.answer") == 1


@pytest.mark.full
@pytest.mark.parametrize("word", ["stop", "/stop"])
async def test_a_stop_is_heard_however_much_was_said_before(world: World, word: str) -> None:
    ani = world.phone("Ani")
    for number in range(BURST + 30):
        await ani.send(f"pesan {number}")
    for _ in range(30):
        await ani.send(word)
    await _take_in(world)
    await world.settle(patience=600)
    said = [m.text for m in ani.messages if m.from_bot]
    heard = sum(text in ("berhenti", "menu") for text in said)
    assert heard == 1, "once is enough: nothing else was heard in between"
    assert await _agrees(world)


async def test_who_shuts_us_out_in_a_flood_is_left_alone(world: World) -> None:
    ani = world.phone("Ani")
    for number in range(BURST + 30):
        await ani.send(f"pesan {number}")
    await ani.block()
    await _take_in(world)
    while await world.program.worker.step():
        pass
    async with world.database.reading() as tx:
        assert (await tx.execute(Address.__table__.select())).one().active is False
    await world.settle(patience=600)
    assert _echoes(ani) == 0


@pytest.mark.full
async def test_what_is_tried_again_counts_once(world: World, journey: Journey) -> None:
    (ani,) = await asked(world, "Ani")
    world.clock.advance(timedelta(minutes=1))
    journey.fail = 1
    await ani.tap("Ya")
    for number in range(BURST - 1):
        await ani.send(f"pesan {number}")
    await _take_in(world)
    await world.settle(patience=600)
    async with world.database.reading() as tx:
        assert await ledger.total(tx, "kernel.answer") == 1
    assert _told(ani) == 0


async def test_in_a_group_too_much_is_not_answered_at_all(world: World) -> None:
    group, ani = world.simulator.group("Warga RT 5"), world.phone("Ani")
    for number in range(HEAP):
        await group.send(ani, f"pesan {number}")
    await _take_in(world)
    await world.settle(patience=600)
    assert [m.text for m in group.messages if m.from_bot and "terlalu cepat" in m.text] == []
    assert await _agrees(world)
