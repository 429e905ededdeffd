"""One update whose statement takes longer than the server allows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from handlers.steps import Command
from handlers.turn import Turn
from storage import session
from storage.inbox import Inbox
from tests.kernel.journey import Journey, asked, router
from tests.kit import databases
from tests.kit.world import World


async def _states(world: World) -> Counter[str]:
    async with world.database.reading() as tx:
        return Counter(await tx.scalars(select(Inbox.state)))


async def test_a_statement_that_takes_too_long_holds_up_nobody_else(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is trouble is waited for without limit; one update must not be that for all."""

    async def look_at_everything(turn: Turn, _: str) -> None:
        await turn.tx.execute(text("select pg_sleep(1)"))

    monkeypatch.setattr(session, "_LIMITS", "-c statement_timeout=200ms")
    journey = Journey()
    journey.COMMANDS = (*journey.COMMANDS, Command("lama", look_at_everything))
    async with databases.postgres_database(postgres_url) as database:
        world = await World(database, router=router(journey)).open()
        ani, budi = await asked(world, "Ani", "Budi")
        await ani.send("/lama")
        await budi.tap("Ya")
        for _ in range(2):
            await world.program.ingest.poll(seconds=0)
        await world.program.worker.step()
        await world.program.sender.step()
        assert budi.last.text == "q.second?"
        for _ in range(3):
            world.clock.advance(timedelta(minutes=2))
            await world.program.worker.step()
        await world.settle()
        assert await _states(world) == {"done": 5, "quarantined": 1}
        assert ani.last.text.startswith("Maaf")
        await world.close()


async def test_a_server_that_is_slow_with_everybody_costs_nobody_an_update(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait(turn: Turn, _: str) -> None:
        await turn.tx.execute(text("select pg_sleep(1)"))

    monkeypatch.setattr(session, "_LIMITS", "-c statement_timeout=200ms")
    journey = Journey()
    journey.COMMANDS = (*journey.COMMANDS, Command("lama", wait))
    async with databases.postgres_database(postgres_url) as database:
        world = await World(database, router=router(journey)).open()
        for one in await asked(world, "Ani", "Budi", "Cici"):
            await one.send("/lama")
            await world.program.ingest.poll(seconds=0)
        with pytest.raises(OperationalError):
            await world.program.worker.step()
        assert (await _states(world))["waiting"] == 3
        await world.close()
