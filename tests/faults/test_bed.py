"""The bed of the database's faults does what it says: a server at will, a line at will."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.kit.postgres import Postgres, postgres
from tests.kit.proxy import AtCommit, Proxy, before

pytestmark = [pytest.mark.full, pytest.mark.enable_socket]


@pytest.fixture(scope="module")
def running() -> Iterator[Postgres]:
    with postgres() as opened:
        opened.execute("CREATE TABLE t (x int)")
        yield opened


@pytest.fixture
def server(running: Postgres) -> Postgres:
    running.execute("TRUNCATE t")
    return running


@pytest.fixture
async def line(server: Postgres, tmp_path: Path) -> AsyncIterator[tuple[Proxy, str]]:
    async with before(server.uri, tmp_path) as (proxy, url):
        yield proxy, url


async def _insert(url: str, x: int) -> None:
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as connection:
        await connection.execute("INSERT INTO t VALUES (%s)", (x,))


def test_what_was_committed_outlives_an_immediate_stop(server: Postgres) -> None:
    address = server.uri
    for x in range(20):
        server.execute(f"INSERT INTO t VALUES ({x})")
    server.stop()
    with pytest.raises(psycopg.OperationalError):
        server.execute("SELECT 1")
    server.start()
    assert server.uri == address
    assert server.execute("SELECT count(*) FROM t") == [(20,)]


async def test_a_frozen_server_answers_nobody_until_it_thaws(server: Postgres) -> None:
    connect = psycopg.AsyncConnection.connect
    async with await connect(server.uri, autocommit=True) as known:
        server.freeze(backends=False)
        await known.execute("SELECT 1")  # who is inside is served
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            await connect(server.uri, connect_timeout=2)
        server.thaw()
        server.freeze()
        asking = asyncio.get_running_loop().create_task(known.execute("SELECT 2"))
        assert not (await asyncio.wait([asking], timeout=0.5))[0]
        server.thaw()
        await asking
    assert server.execute("SELECT 3") == [(3,)]


def test_every_session_can_be_seen_and_ended(server: Postgres) -> None:
    with psycopg.connect(server.uri) as one, psycopg.connect(server.uri) as other:
        one.execute("SELECT 1")
        # One of an earlier test may be on its way out.
        assert {"idle", "idle in transaction"} <= set(server.sessions())
        assert server.terminate() >= 2
        for connection in (one, other):
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")


def test_settings_change_under_a_running_server(server: Postgres) -> None:
    server.alter("default_transaction_read_only", "on")
    while server.execute("SHOW default_transaction_read_only") == [("off",)]:
        pass
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        server.execute("INSERT INTO t VALUES (1)")
    server.alter("default_transaction_read_only", "off")
    while server.execute("SHOW default_transaction_read_only") == [("on",)]:
        pass
    server.execute("INSERT INTO t VALUES (1)")
    server.alter("max_connections", "7")
    server.stop()
    server.start()
    assert server.execute("SHOW max_connections") == [("7",)]


@pytest.mark.parametrize(("fate", "stored"), [(AtCommit.UNHEARD, 1), (AtCommit.LOST, 0)])
async def test_a_line_breaks_on_either_side_of_a_commit(
    server: Postgres, line: tuple[Proxy, str], fate: AtCommit, stored: int
) -> None:
    proxy, url = line
    proxy.at_commit.append(fate)
    with pytest.raises(psycopg.OperationalError):
        await _insert(url, 1)
    assert server.execute("SELECT count(*) FROM t") == [(stored,)]
    await _insert(url, 2)  # the next one is none of its business
    assert server.execute("SELECT count(*) FROM t WHERE x = 2") == [(1,)]
    assert proxy.commits == 2


async def test_a_line_can_be_cut_refused_slowed_and_silenced(line: tuple[Proxy, str]) -> None:
    proxy, url = line
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    assert proxy.cut() == 1
    with pytest.raises(psycopg.OperationalError):
        await connection.execute("SELECT 1")
    proxy.refusing = True
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(url)
    proxy.refusing = False
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as slow:
        began = asyncio.get_running_loop().time()
        proxy.delay = 0.2
        await slow.execute("SELECT 1")
        assert asyncio.get_running_loop().time() - began >= 0.4  # there and back
        proxy.delay, proxy.rate = 0.0, 1000.0
        began = asyncio.get_running_loop().time()
        await slow.execute("SELECT repeat('x', 500)")
        assert asyncio.get_running_loop().time() - began >= 0.5
        proxy.rate, proxy.silent = None, True
        asking = asyncio.get_running_loop().create_task(slow.execute("SELECT 1"))
        assert not (await asyncio.wait([asking], timeout=0.3))[0]
        proxy.silent = False
        await asking


async def test_a_server_told_that_nothing_more_comes_lets_go(line: tuple[Proxy, str]) -> None:
    proxy, url = line
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    proxy.half_close()
    with pytest.raises(psycopg.OperationalError):
        await connection.execute("SELECT 1")
    await connection.close()
