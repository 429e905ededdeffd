"""PostgreSQL that says nothing, and the lock of one working process when its session ends."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from bot import sole as keeping
from bot.sole import AlreadyRunning, sole
from storage import inbox, ledger, line, migrate
from storage.session import Database, is_trouble
from tests.conftest import run
from tests.kit import office
from tests.kit.databases import new_postgres, sqlite_database
from tests.kit.proxy import Proxy, before
from tests.kit.world import World

pytestmark = pytest.mark.enable_socket

LOCKED = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 7241"


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
async def way(url: str, tmp_path: Path) -> AsyncIterator[tuple[Proxy, Database]]:
    async with before(url, tmp_path) as (proxy, through):
        database = Database(through, pool_size=2)
        yield proxy, database
        await database.close()


async def _count(database: Database) -> None:
    async with database.transaction() as tx:
        await ledger.count(tx, {("x", ""): 1})


async def test_a_line_that_swallows_everything_is_given_up_and_healed(
    way: tuple[Proxy, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SILENCE", 0.5)
    proxy, database = way
    await _count(database)
    proxy.silent = True
    async with asyncio.timeout(30):
        for _ in range(2):  # one on the connection that stood, one that finds no new one
            with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, is asked below
                await _count(database)
            assert is_trouble(caught.value)
        proxy.silent = False
        await _count(database)


async def test_a_slow_answer_is_waited_for(
    way: tuple[Proxy, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SILENCE", 2.0)
    proxy, database = way
    await _count(database)
    proxy.delay = 0.3  # more than two seconds for all of it, less for each
    await _count(database)


async def test_a_migration_may_take_its_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "SILENCE", 0.1)
    seen: list[str] = []

    def work(connection: object) -> None:
        seen.append(connection.exec_driver_sql("SHOW statement_timeout").scalar())  # type: ignore[attr-defined]
        connection.exec_driver_sql("SELECT pg_sleep(0.3)")  # type: ignore[attr-defined]

    await migrate._with(url, work)
    assert seen == ["0"]


# --- one working process ------------------------------------------------------------------


@pytest.fixture
def own_url(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database for the lock alone: others of the session may hold it meanwhile."""
    monkeypatch.setattr(keeping, "LOOK", 0.05)
    return run(new_postgres(postgres_uri, migrated=False))


async def _end_session_of_the_lock(database: Database) -> None:
    """End it, and wait until it is gone."""
    async with database.transaction() as tx:
        held = (await tx.exec_driver_sql(LOCKED)).scalars().all()
        for pid in held:
            await tx.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 10000)")


async def test_a_lock_whose_session_ends_is_taken_again(own_url: str) -> None:
    first, other = Database(own_url), Database(own_url)
    async with sole(first):
        for _ in range(3):
            await _end_session_of_the_lock(other)
            async with asyncio.timeout(10), other.reading() as tx:
                while not (await tx.exec_driver_sql(LOCKED)).first():
                    await asyncio.sleep(0)
            with pytest.raises(AlreadyRunning):
                async with sole(other):
                    pass
    async with sole(other):  # and is free when its owner has gone
        pass
    await first.close()
    await other.close()


async def test_who_finds_the_lock_with_another_stops(own_url: str) -> None:
    first, other = Database(own_url), Database(own_url)
    lock = other.lock()

    async def work() -> None:
        async with sole(first), asyncio.timeout(10):
            while not await lock.held():
                await _end_session_of_the_lock(other)
            await asyncio.Event().wait()

    with pytest.raises(AlreadyRunning):
        await work()
    await lock.release()
    await first.close()
    await other.close()


async def _holders(database: Database) -> set[int]:
    """The sessions of the lock, as the server knows them."""
    async with database.reading() as tx:
        return set((await tx.exec_driver_sql(LOCKED)).scalars())


async def test_a_lock_left_on_a_line_that_vanished_is_taken_back(
    own_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server hears nothing of the end of that line, and keeps its session."""
    monkeypatch.setattr(line, "SILENCE", 0.5)
    other = Database(own_url)
    async with before(own_url, tmp_path) as (proxy, through):
        first = Database(through)
        async with sole(first):
            left = await _holders(other)
            assert proxy.strand() == 1
            async with asyncio.timeout(30):
                while (await _holders(other)) in (left, set()):
                    await asyncio.sleep(0.02)
            with pytest.raises(AlreadyRunning):
                async with sole(other):
                    pass
        await first.close()
    await other.close()


async def test_a_start_waits_for_the_session_of_one_that_is_gone(
    own_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "AGAIN", 0.05)
    gone, starting = Database(own_url), Database(own_url)
    lock = gone.lock()
    assert await lock.held()

    async def start() -> None:
        async with sole(starting, patience=60.0):
            assert await _holders(gone) == await _holders(starting) != left

    left = await _holders(gone)
    with capture_logs() as told:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(start())
            while not told:  # that it waits is said at once
                await asyncio.sleep(0)
            await lock.release()
    assert [(e["where"], e["seconds"]) for e in told] == [(starting.where, 60.0)]
    await gone.close()
    await starting.close()


@pytest.mark.parametrize("hurry", [True, False])
async def test_the_server_is_asked_to_notice_a_line_that_vanished(url: str, hurry: bool) -> None:
    """What it was asked; on a Unix socket, where no line can vanish, nothing comes of it."""
    database = Database(url, hurry=hurry)
    async with database.reading() as tx:
        asked = await tx.exec_driver_sql(
            "SELECT name, reset_val FROM pg_settings WHERE name LIKE 'tcp_%%'"
        )
        asked = {name: int(value) for name, value in asked}
    await database.close()
    idle, count = asked["tcp_keepalives_idle"], asked["tcp_keepalives_count"]
    noticed = idle + count * asked["tcp_keepalives_interval"]
    assert 0 < noticed * 1000 == asked["tcp_user_timeout"]
    assert 1.5 * noticed <= keeping.PATIENCE


async def test_leaving_is_quiet_when_the_session_has_ended(own_url: str) -> None:
    first, other = Database(own_url), Database(own_url)
    async with sole(first):
        await _end_session_of_the_lock(other)
    await first.close()
    await other.close()


async def test_what_stops_the_work_comes_out_as_it_is(own_url: str) -> None:
    database = Database(own_url)
    for failure in (ValueError("a bug"), KeyboardInterrupt(), asyncio.CancelledError()):
        with pytest.raises(type(failure)) as caught:
            async with sole(database):
                raise failure
        assert caught.value is failure or isinstance(failure, asyncio.CancelledError)
    async with sole(database):
        pass
    await database.close()


# --- a file that rots while we work -------------------------------------------------------


async def test_a_page_that_cannot_be_read_sets_no_update_aside(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """The rating waits, whole, for the day on which the database is put right."""
    async with sqlite_database(sqlite_template, tmp_path) as database:
        await office.small_city(database)
        await database.truncate_log()
        path = tmp_path / "tanggap.db"
        with sqlite3.connect(path) as raw:
            page = raw.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'answer'")
            root, size = page.fetchone()[0], raw.execute("PRAGMA page_size").fetchone()[0]
        raw.close()
        whole = path.read_bytes()
        begin = (root - 1) * size
        path.write_bytes(whole[:begin] + b"\xa5" * size + whole[begin + size :])
        world = await World(database).open()
        phone = world.phone("Ani")
        await phone.start(office.LOKET)
        await world.settle()
        await phone.tap("Puas")
        for _ in range(3):
            with pytest.raises(DBAPIError) as caught:
                await world.settle()
            assert is_trouble(caught.value)
            world.clock.advance(timedelta(seconds=5))
        async with database.reading() as tx:
            assert await inbox.states(tx) == {inbox.DONE: 1, inbox.WAITING: 1}
        assert "error code 11" in await database.check()  # SQLITE_CORRUPT
        await world.close()
