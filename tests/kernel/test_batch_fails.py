"""What fails only when a whole batch is written down: it costs one update, and no neighbour."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from domain.reconcile import reconcile
from storage import erasure, inbox, ledger
from tests.kernel.journey import Journey, asked
from tests.kit.world import World


async def _work(world: World) -> None:
    """Take in what is there and handle it, while no time passes."""
    while await world.program.ingest.poll(seconds=0):
        pass
    while await world.program.worker.step():
        pass


async def _count(world: World, what: str) -> int:
    async with world.database.reading() as tx:
        return await ledger.total(tx, what)


async def _states(world: World) -> dict[str, int]:
    async with world.database.reading() as tx:
        assert all(check.agrees for check in await reconcile(tx))
        return await inbox.states(tx)


async def test_an_error_of_the_batch_that_passes_is_not_noticed(
    world: World, journey: Journey
) -> None:
    ani, budi = world.phone("Ani"), world.phone("Budi")
    journey.stray = 1
    await ani.send("/nyasar")
    await budi.send("/mulai")
    await _work(world)
    await world.settle(patience=0)
    assert (ani.last.text, budi.last.text) == ("nyasar", "q.first?")
    assert await _count(world, "kernel.stray") == 1, "what was rolled back left nothing"
    assert await _states(world) == {"done": 2}


@pytest.mark.parametrize("command", ["/nyasar", "/hilang"])
async def test_who_always_fails_is_set_aside_and_neighbours_do_not_wait(
    world: World, journey: Journey, command: str
) -> None:
    ani, budi, cici = (world.phone(name) for name in ("Ani", "Budi", "Cici"))
    for phone in (ani, budi, cici):
        await phone.start()
    await world.settle()
    journey.stray = 99
    began = world.clock.monotonic()
    await budi.send("/mulai")
    await ani.send(command)
    await ani.send("masih ada?")
    await cici.send("/mulai")
    await _work(world)
    assert world.clock.monotonic() == began
    assert await _states(world) == {"done": 5, "waiting": 2}, "Ani's two wait for a second try"
    await world.settle()
    assert (budi.last.text, cici.last.text) == ("q.first?", "q.first?")
    said = [m.text for m in ani.messages if m.from_bot][-2:]
    assert "gangguan" in said[0]
    assert said[1] == "gema masih ada?", "in order, after what was set aside"
    assert await _states(world) == {"done": 6, "quarantined": 1}
    assert await _count(world, "kernel.stray") == 0


async def test_a_tap_that_fails_with_the_batch_stops_spinning(
    world: World, journey: Journey
) -> None:
    (ani,) = await asked(world, "Ani")
    journey.stray_taps = True
    tap = await ani.tap("Ya")
    await world.settle()
    assert world.simulator.cloud.taps[tap].answered
    assert "gangguan" in ani.last.text
    assert await _count(world, "kernel.answer") == 0


async def test_who_cannot_even_be_told_is_set_aside_all_the_same(
    world: World, journey: Journey
) -> None:
    if world.database.is_sqlite:
        shut = """CREATE TRIGGER mute BEFORE INSERT ON outbox WHEN NEW.cause LIKE '%:kernel'
            BEGIN SELECT RAISE(ABORT, 'no'); END"""
        open_ = "DROP TRIGGER mute"
    else:
        shut = "ALTER TABLE outbox ADD CONSTRAINT mute CHECK (cause NOT LIKE '%:kernel')"
        open_ = "ALTER TABLE outbox DROP CONSTRAINT mute"
    ani, budi = world.phone("Ani"), world.phone("Budi")
    journey.stray = 99
    async with world.database.transaction() as tx:
        await tx.execute(text(shut.replace(":kernel", "\\:kernel")))
    try:
        await ani.send("/nyasar")
        await budi.send("/mulai")
        await world.settle()
        assert await _states(world) == {"done": 1, "quarantined": 1}
    finally:
        async with world.database.transaction() as tx:
            await tx.execute(text(open_))
    assert budi.last.text == "q.first?"


async def test_figures_count_only_what_was_committed(world: World, journey: Journey) -> None:
    ani, budi = world.phone("Ani"), world.phone("Budi")
    journey.stray = 1
    await ani.send("/nyasar")
    await budi.send("/mulai")
    await _work(world)
    assert b'tanggap_turns_total{kind="command"} 2.0' in world.program.metrics.text()


async def test_an_address_swept_in_the_same_instant_comes_back(world: World) -> None:
    """The sweep looked before her update came, and deletes after the worker read her address."""
    if world.database.is_sqlite:
        pytest.skip("one file has one writer: the sweep ends before the worker begins")
    ani, budi = world.phone("Ani"), world.phone("Budi")
    await ani.start()
    await ani.block()
    await world.settle()
    await ani.unblock()
    await ani.send("/mulai")
    await budi.send("/mulai")
    async with world.database.transaction() as sweeping:
        assert await erasure.forget_resting(sweeping) == 1
        while await world.program.ingest.poll(seconds=0):
            pass
        async with asyncio.TaskGroup() as group:
            working = group.create_task(world.program.worker.step())
            await _blocked(world)
            await sweeping.commit()
    assert working.result() == 3
    await world.settle()
    assert (ani.last.text, budi.last.text) == ("q.first?", "q.first?")
    assert await _states(world) == {"done": 5}


async def _blocked(world: World) -> None:
    """Until the worker waits for the row that the sweep holds."""
    waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    for _ in range(2_000):
        async with world.database.reading() as tx:
            if await tx.scalar(text(waits)):
                return
    raise AssertionError("the worker went on")


async def test_one_postponed_while_a_neighbour_looks_is_not_overlooked(
    world: World, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker saw none, and only then said so: the second try came seconds late."""
    ani = world.phone("Ani")
    await ani.send("/mulai")
    await world.settle()
    journey.fail = 1
    await ani.tap("Ya")
    await world.program.ingest.poll(seconds=0)
    worker, look = world.program.worker, world.database.reading

    @asynccontextmanager
    async def overtaken() -> AsyncIterator[Any]:
        async with look() as tx:
            yield tx
        await worker.step()

    worker.postponed = True
    with monkeypatch.context() as race:
        race.setattr(world.database, "reading", overtaken)
        assert await worker.next_try() is None
    assert await worker.next_try() is not None
