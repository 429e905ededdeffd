"""What the database may do to an office stepped by hand: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.inbox import WAITING
from storage.session import Database, is_trouble
from tests.kit import databases, office
from tests.kit.checker import findings
from tests.kit.proxy import AtCommit, Proxy, before
from tests.kit.world import World

pytestmark = pytest.mark.enable_socket

LABELS = ("Tidak puas", "Kurang puas", "Puas", "Sangat puas")


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """PostgreSQL alone: a file has neither sessions nor a line."""
    async with databases.postgres_database(postgres_url) as opened:
        yield opened


@pytest.fixture
def url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@asynccontextmanager
async def open_world(url: str, **given: int) -> AsyncIterator[World]:
    database = Database(url, **given)
    world = await World(database).open()
    try:
        yield world
    finally:
        await world.close()
        await database.close()


async def settle(world: World) -> int:
    """Let everything happen, however often the database is in trouble; how often that was."""
    for troubles in range(500):
        try:
            await world.settle()
        except Exception as error:
            if not is_trouble(error):
                raise
        else:
            return troubles
    raise AssertionError("there is no end to the trouble")


# --- a connection that breaks at its COMMIT -----------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_a_commit_without_an_answer_has_one_effect(
    url: str, database: Database, tmp_path: Path, seed: int
) -> None:
    """Whether it was done nobody knows: what is done again must find itself done."""
    await office.small_city(database)
    chance = random.Random(seed)
    async with before(url, tmp_path) as (proxy, through), open_world(through) as world:
        phones = [world.phone(f"warga {n}") for n in range(6)]
        troubles = 0
        for phone in phones:
            proxy.at_commit.extend(_fates(chance))
            await phone.start(chance.choice([office.LOKET, office.LOKET_KK]))
            troubles += await settle(world)
        for phone in phones:
            proxy.at_commit.extend(_fates(chance))
            await phone.tap(chance.choice(LABELS))
            troubles += await settle(world)
        proxy.at_commit.clear()
        await settle(world)
        assert troubles > 5
        assert findings(world.simulator.record.entries, url, exact=True) == []


def _fates(chance: random.Random) -> list[AtCommit | None]:
    """What becomes of the next commits; after the last of them all goes well again."""
    return chance.choices([None, *AtCommit], weights=(4, 2, 1), k=6)


# --- transactions that cross --------------------------------------------------------------


async def test_a_worker_that_loses_a_deadlock_does_all_of_it_again(
    url: str, database: Database
) -> None:
    """It holds the update and waits for the books; a stranger holds the books, then the update."""
    await office.small_city(database)
    async with open_world(url) as world, AsyncExitStack() as stack:
        phone = world.phone("Ani")
        await phone.start(office.LOKET)
        await world.settle()
        await phone.tap("Puas")
        await world.program.ingest.poll(seconds=0)
        foreign = await stack.enter_async_context(database.transaction())
        await foreign.exec_driver_sql("LOCK TABLE ledger IN EXCLUSIVE MODE")
        working = asyncio.get_running_loop().create_task(world.program.worker.step())
        await _until_somebody_waits(database)
        await foreign.exec_driver_sql("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DBAPIError) as caught:
            await working
        assert is_trouble(caught.value)
        assert getattr(caught.value.orig, "sqlstate", "") == "40P01"
        await stack.aclose()
        assert await _waiting(database) == [("", 0)]  # not counted as a try
        await world.settle()
        assert findings(world.simulator.record.entries, url, exact=True) == []


async def _until_somebody_waits(database: Database) -> None:
    async with asyncio.timeout(10), database.reading() as tx:
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
        while not (await tx.exec_driver_sql(waits)).first():
            await asyncio.sleep(0.01)


async def _waiting(database: Database) -> list[tuple[str, int]]:
    async with database.reading() as tx:
        rows = await tx.exec_driver_sql(
            f"SELECT error, attempts FROM inbox WHERE state = '{WAITING}'"
        )
        return [(str(error), int(attempts)) for error, attempts in rows]


STATES = {
    "40001": "could not serialize",
    "40P01": "deadlock",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "55P03": "lock not available",
    "57014": "statement time-out",
    "57P01": "session ended",
    "57P03": "starting up",
    "58030": "input/output error",
    "25006": "reading only",
}
BUGS = {"23505": "not unique", "22001": "too long", "42P01": "no such table", "42601": "syntax"}


@pytest.mark.parametrize("state", [*STATES, *BUGS], ids=[*STATES.values(), *BUGS.values()])
async def test_what_postgresql_says_of_itself_is_trouble_and_the_rest_a_bug(
    url: str, database: Database, state: str
) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await tx.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    with pytest.raises(DBAPIError) as caught:
        await fail()
    assert is_trouble(caught.value) is (state in STATES)


# --- no connection left -------------------------------------------------------------------


async def test_an_empty_pool_is_waited_for_and_then_told_and_nothing_is_confirmed(
    url: str, database: Database
) -> None:
    await office.small_city(database)
    async with open_world(url, pool_size=1) as world:
        world.database._writer.pool._timeout = 0.2  # type: ignore[attr-defined]
        await world.phone("Ani").start(office.LOKET)
        async with world.database.transaction(), world.database.transaction():
            with pytest.raises(PoolTimeout) as caught:
                await world.program.ingest.poll(seconds=0)
            assert is_trouble(caught.value)
            parts = await world.program.readiness()
            assert "TimeoutError" in parts["database"]
        assert world.simulator.record.confirmed == []
        await world.settle()
        assert (await world.program.readiness())["database"] == "ok"
        assert len(world.phone("Ani").messages) == 2
        assert findings(world.simulator.record.entries, url, exact=True) == []


# --- a line that is slow ------------------------------------------------------------------


async def test_a_slow_and_thin_line_changes_nothing(
    url: str, database: Database, tmp_path: Path
) -> None:
    await office.small_city(database)
    proxy: Proxy
    async with before(url, tmp_path) as (proxy, through), open_world(through) as world:
        proxy.delay, proxy.rate = 0.002, 200_000.0
        phones = [world.phone(name) for name in ("Ani", "Budi")]
        for phone in phones:
            await phone.start(office.LOKET)
        await world.settle()
        for phone in phones:
            await phone.tap("Puas")
        await world.settle()
        assert findings(world.simulator.record.entries, url, exact=True) == []
