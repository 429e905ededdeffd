"""Transactions: whole or not at all, one writer, readers that cannot write."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from io import UnsupportedOperation
from pathlib import Path

import pytest
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InvalidRequestError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage import ledger
from storage.base import insert_once
from storage.library import ContentVersion
from storage.session import Database, is_trouble
from tests.kit.clock import MONDAY_NINE


async def test_an_error_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await ledger.count(tx, {("x", ""): 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.reading() as tx:
        assert await ledger.total(tx, "x") == 0


async def test_what_is_committed_to_a_file_outlives_a_power_cut(tmp_path: Path) -> None:
    """The tests themselves wait for no disk; the product does, at every commit."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'tanggap.db'}")
    async with database.transaction() as tx:
        assert (await tx.exec_driver_sql("PRAGMA synchronous")).scalar() == 2  # FULL
        assert (await tx.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"
    await database.close()


async def test_many_writers_lose_no_count(database: Database) -> None:
    async def add() -> None:
        async with database.transaction() as tx:
            await ledger.count(tx, {("x", ""): 1})

    await asyncio.gather(*(add() for _ in range(40)))
    async with database.reading() as tx:
        assert await ledger.total(tx, "x") == 40


async def test_a_reader_cannot_write(database: Database) -> None:
    async def write() -> None:
        async with database.reading() as tx:
            await ledger.count(tx, {("x", ""): 1})

    with pytest.raises(DBAPIError):
        await write()


async def test_a_reader_sees_one_moment(database: Database) -> None:
    async with database.transaction() as tx:
        await ledger.count(tx, {("x", ""): 1})
    async with database.reading() as tx:
        assert await ledger.total(tx, "x") == 1
        async with database.transaction() as other:
            await ledger.count(other, {("x", ""): 1})
        assert await ledger.total(tx, "x") == 1


async def test_a_cancelled_writer_leaves_the_door_open(database: Database) -> None:
    async def hang() -> None:
        async with database.transaction() as tx:
            await ledger.count(tx, {("x", ""): 1})
            await asyncio.Event().wait()

    for _ in range(12):
        task = asyncio.get_running_loop().create_task(hang())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with database.transaction() as tx:
        await ledger.count(tx, {("y", ""): 1})
    async with database.reading() as tx:
        assert await ledger.total(tx, "x") == 0
        assert await ledger.total(tx, "y") == 1


async def test_insert_once_tells_the_first_from_the_second(database: Database) -> None:
    row = {
        "kind": "k",
        "key": "a",
        "version": "1",
        "hash": "h",
        "body": "b",
        "loaded_at": MONDAY_NINE,
    }
    async with database.transaction() as tx:
        assert await insert_once(tx, ContentVersion, **row)
        assert not await insert_once(tx, ContentVersion, **row)


async def test_a_database_that_is_away_is_trouble_and_a_bug_is_not() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")

    async def knock() -> None:
        async with away.transaction() as tx:
            await ledger.total(tx, "x")

    with pytest.raises(OperationalError) as caught:
        await knock()
    assert is_trouble(caught.value)
    assert not is_trouble(ValueError())
    await away.close()


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OperationalError("", {}, Exception()), True),
        (InterfaceError("", {}, Exception()), True),
        (PoolTimeout(), True),
        (DBAPIError("", {}, Exception(), connection_invalidated=True), True),
        (ConnectionResetError(errno.ECONNRESET, "reset"), True),
        (ConnectionAbortedError(errno.ECONNABORTED, "aborted"), True),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), True),
        (BrokenPipeError(errno.EPIPE, "a reader of ours went"), False),
        (TimeoutError(), False),
        (FileNotFoundError(errno.ENOENT, "no such file"), False),
        (FileExistsError(errno.EEXIST, "exists"), False),
        (PermissionError(errno.EACCES, "denied"), False),
        (IsADirectoryError(errno.EISDIR, "a folder"), False),
        (InterruptedError(errno.EINTR, "interrupted"), False),
        (BlockingIOError(errno.EAGAIN, "again"), False),
        (ProcessLookupError(errno.ESRCH, "no such process"), False),
        (UnsupportedOperation("not readable"), False),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), False),
        (OSError("anything"), False),
        (IntegrityError("", {}, Exception()), False),
        (ProgrammingError("", {}, Exception()), False),
        (DataError("", {}, Exception()), False),
        (InvalidRequestError(), False),
        (KeyError("x"), False),
        (ValueError(), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_what_is_trouble_and_what_is_a_bug(error: Exception, trouble: bool) -> None:
    assert is_trouble(error) is trouble


async def test_a_port_that_refuses_comes_wrapped_by_the_driver() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")
    with pytest.raises(OperationalError):
        async with away.reading():
            pass
    await away.close()


async def test_a_connection_that_is_cut_comes_wrapped_by_the_driver(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("a file has no connection")

    async def cut() -> None:
        async with database.transaction() as tx:
            raw = await tx.get_raw_connection()
            with socket.socket(fileno=os.dup(raw.driver_connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
            await ledger.total(tx, "x")

    with pytest.raises(DBAPIError) as caught:
        await cut()
    assert is_trouble(caught.value)


async def test_a_full_or_missing_file_comes_wrapped_by_the_driver(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    folder = Database(f"sqlite+aiosqlite:///{tmp_path / 'folder'}")
    with pytest.raises(OperationalError):
        async with folder.transaction():
            pass
    await folder.close()
    small = Database(f"sqlite+aiosqlite:///{tmp_path / 'small.db'}")

    async def fill() -> None:
        async with small.transaction() as tx:
            await tx.exec_driver_sql("PRAGMA max_page_count = 4")
            await tx.exec_driver_sql("CREATE TABLE t (x)")
            await tx.exec_driver_sql("INSERT INTO t VALUES (randomblob(100000))")

    with pytest.raises(OperationalError, match="full"):
        await fill()
    await small.close()


async def test_a_server_that_only_reads_is_trouble(database: Database) -> None:
    """As after a failover, when what was the primary has become the standby."""
    if database.is_sqlite:
        pytest.skip("one file has no standby")

    async def write() -> None:
        async with database.transaction() as tx:
            await tx.exec_driver_sql("SET TRANSACTION READ ONLY")
            await ledger.count(tx, {("x", ""): 1})

    with pytest.raises(DBAPIError) as caught:
        await write()
    assert is_trouble(caught.value)
