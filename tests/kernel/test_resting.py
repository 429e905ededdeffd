"""An hour in which nothing happens costs little, and nothing is overlooked for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from bot.ticks import CALM, Announcing, ticks
from storage import outbox
from storage.session import Database, Tx
from tests.kit.databases import deaf
from tests.kit.world import World


@contextmanager
def counted(database: Database) -> Iterator[list[int]]:
    """How often somebody looks into the database meanwhile."""
    looks: list[int] = []
    reading = database.reading

    @asynccontextmanager
    async def look() -> AsyncIterator[Tx]:
        looks.append(1)
        async with reading() as tx:
            yield tx

    database.reading = look  # type: ignore[method-assign]
    try:
        yield looks
    finally:
        database.reading = reading  # type: ignore[method-assign]


async def test_nobody_asks_for_announcements_while_nobody_speaks(world: World) -> None:
    tick = Announcing(world.program)
    await tick.advance()
    with counted(world.database) as looks:
        for _ in range(20):
            world.clock.advance(timedelta(seconds=2))
            await tick.advance()
        assert not looks
        world.clock.advance(timedelta(seconds=CALM - 40))
        await tick.advance()
        assert len(looks) == 1, "a minute later it is looked in any case"
    await world.phone("Ani").start()
    await world.settle()
    with counted(world.database) as looks:
        await tick.advance()
        await tick.advance()
        assert len(looks) == 1, "what was said may have begun one"


async def test_figures_tell_what_waits_and_not_how_long_the_history_is(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await world.settle()
    await ani.send("halo")
    await world.program.ingest.poll(seconds=0)
    told = (await world.program.figures()).decode()
    assert 'tanggap_inbox_rows{state="waiting"} 1.0' in told
    assert "tanggap_outbox_rows{" not in told, "what was sent is history"
    await world.program.worker.step()
    told = (await world.program.figures()).decode()
    assert 'tanggap_inbox_rows{state="waiting"} 0.0' in told
    assert 'tanggap_outbox_rows{state="' in told


async def test_figures_come_without_a_database_but_claim_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.program.figures()

    @asynccontextmanager
    async def away() -> AsyncIterator[Tx]:
        raise OperationalError("SELECT 1", {}, ConnectionError())
        yield

    monkeypatch.setattr(world.database, "reading", away)
    told = (await world.program.figures()).decode()
    assert "tanggap_turns_total" in told
    assert "tanggap_inbox_rows{" not in told


async def test_who_sleeps_is_woken_when_nobody_knows_what_a_commit_did(world: World) -> None:
    """The update is stored, the answer was lost, and its repeat will not be new."""
    with deaf(world.database), pytest.raises(OperationalError):
        await world.program.ingest.store([b'{"update_id": 5, "new_thing": {}}'])
    assert world.program.arrived.is_set()
    assert await world.program.worker.step() == 1


async def test_a_look_for_what_is_overdue_keeps_no_writer_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a million that wait for the morning it takes a second, all night long."""
    await world.phone("Ani").start()
    await world.program.ingest.poll(seconds=0)
    world.simulator.revoke_token()
    await world.program.worker.step()
    await world._detached()
    await world.program.sender.settle()
    (tick,) = (tick for tick in ticks(world.program) if tick.name == "expire")
    with monkeypatch.context() as patched:
        patched.setattr(world.database, "transaction", None)
        await tick.run()
    world.clock.advance(timedelta(minutes=11))
    await tick.run()
    async with world.database.reading() as tx:
        assert await outbox.states(tx) == {"expired": 1}
