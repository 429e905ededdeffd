"""Transactions: whole or not at all, one writer, readers that cannot write."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

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
