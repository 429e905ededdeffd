"""The real process while PostgreSQL is away for longer than Telegram keeps a tap.

No test waits that long: Telegram's clock jumps in the middle of the outage.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bench.battle import telegram
from bench.outage import KEPT, Outage, Spooling, battle, failed
from tests.kit.databases import new_postgres
from tests.kit.postgres import Postgres, postgres

pytestmark = [pytest.mark.full, pytest.mark.timeout(300), pytest.mark.enable_socket]

PEOPLE = 24


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as opened:
        yield opened


@asynccontextmanager
async def _outage(server: Postgres, folder: Path, mode: str) -> AsyncIterator[Outage]:
    """An office with a spool at work, people before the labels; all must be well at the end."""
    outage: Outage

    def jumped() -> timedelta:
        return timedelta(seconds=outage.jumped)

    url = await new_postgres(server.uri, migrated=False)
    async with telegram(jumped=jumped) as (simulator, port):
        outage = Outage(server, simulator, Spooling(folder, url, mode, port))
        await outage.offer(PEOPLE)
        try:
            yield outage
        finally:
            server.thaw()
            await asyncio.to_thread(server.start)
        await outage.back()
        assert simulator.record.lost == []
        assert outage.stored() == PEOPLE
        await outage.office.ready()  # one told to stop while it still loads has nothing to end
        assert outage.office.terminate() == 0
        broken = await asyncio.to_thread(outage.office.findings, simulator, exact=True)
        assert broken == []


async def _asked(outage: Outage, page: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{outage.office.web_port}{page}")


@pytest.mark.parametrize("spooled", [True, False])
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_long_outage_loses_nothing_with_a_spool_and_old_taps_without(
    server: Postgres, tmp_path: Path, mode: str, spooled: bool
) -> None:
    row = await battle(
        mode=mode,
        spooled=spooled,
        server=server,
        folder=tmp_path,
        seconds=KEPT + 20,
        people=PEOPLE,
        jump=True,
    )
    assert not failed(row), row
    assert row["lost"] == (0 if spooled else PEOPLE // 2), "those before the jump, and no others"


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_short_outage_loses_nothing_even_without_a_spool(
    server: Postgres, tmp_path: Path, mode: str
) -> None:
    row = await battle(
        mode=mode,
        spooled=False,
        server=server,
        folder=tmp_path,
        seconds=KEPT - 60,
        people=PEOPLE,
        jump=True,
    )
    assert not failed(row), row
    assert row["lost"] == 0


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_killed_and_started_again_while_the_database_is_away(
    server: Postgres, tmp_path: Path, mode: str
) -> None:
    """Who restarts a bot that does not answer gets one that takes updates all the same."""
    async with _outage(server, tmp_path, mode) as outage:
        third = PEOPLE // 3
        await outage.away()
        await outage.tap(outage.phones[:third], 0.5)
        await outage.jump(1)
        outage.office.kill()
        outage.office.start()
        await outage.tap(outage.phones[third : 2 * third], 0.5)
        await outage.jump(KEPT + 20)
        answer = await _asked(outage, "/readyz")
        assert answer.status_code == 503
        assert answer.json()["parts"].keys() == {"database", "spool"}
        assert (await _asked(outage, "/healthz")).status_code == 200
        outage.office.kill()
        outage.office.start()
        await outage.tap(outage.phones[2 * third :], 0.5)
        await outage.jump(KEPT + 20)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_killed_and_started_again_while_the_database_only_reads(
    server: Postgres, tmp_path: Path, mode: str
) -> None:
    """As a standby does, and a server whose disk is full: it answers, and takes nothing."""
    async with _outage(server, tmp_path, mode) as outage:
        outage.office.kill()
        server.alter("default_transaction_read_only", "on")
        try:
            outage.office.start()
            await outage.tap(outage.phones, 0.5)
            await outage.jump(KEPT + 20)
            answer = await _asked(outage, "/readyz")
            assert answer.status_code == 503
            assert "ReadOnly" in answer.json()["parts"]["database"]
        finally:
            server.alter("default_transaction_read_only", "off")


async def test_told_to_stop_while_the_database_is_away(server: Postgres, tmp_path: Path) -> None:
    """One started meanwhile stops at a word, too; in a container nothing else would end it."""
    async with _outage(server, tmp_path, "polling") as outage:
        await outage.away()
        outage.office.kill()
        outage.office.start()
        await outage.tap(outage.phones, 0.5)
        await outage.jump(1)
        assert outage.office.terminate() == 0
        outage.office.start()


async def test_killed_again_and_again_while_the_spool_is_emptied(
    server: Postgres, tmp_path: Path
) -> None:
    async with _outage(server, tmp_path, "polling") as outage:
        await outage.away()
        await outage.tap(outage.phones, 0.5)
        await outage.jump(KEPT + 20)
        await asyncio.to_thread(server.start)
        for wait in (0.0, 0.5, 1.0, 1.3, 1.6):
            await asyncio.sleep(wait)
            outage.office.kill()
            outage.office.start()


async def test_what_waits_is_told_and_a_torn_tail_is_counted(
    server: Postgres, tmp_path: Path
) -> None:
    async with _outage(server, tmp_path, "webhook") as outage:
        await outage.away()
        await outage.tap(outage.phones, 0.5)
        await outage.jump(KEPT + 20)
        answer = await _asked(outage, "/readyz")
        assert answer.status_code == 503
        parts = answer.json()["parts"]
        assert parts["database"].startswith("database: ")
        assert parts["spool"].startswith("updates wait")
        (spool,) = (tmp_path / "spool").iterdir()
        figures = (await _asked(outage, "/metrics")).text
        assert f"\ntanggap_spool_bytes {float(spool.stat().st_size)}\n" in figures
        outage.office.kill()
        with spool.open("ab") as file:
            file.write(b"\n0123abcd eyJ1cGRhdGV")  # the crash came while this was written
        await asyncio.to_thread(server.start)
        outage.office.start()
        await outage.office.ready()
        assert "tanggap_spool_damaged_total 1.0" in (await _asked(outage, "/metrics")).text


async def test_a_frozen_database_is_away_too(server: Postgres, tmp_path: Path) -> None:
    """It takes connections and statements, and answers none."""
    async with _outage(server, tmp_path, "webhook") as outage:
        await asyncio.to_thread(server.freeze)
        await outage.tap(outage.phones, 0.5)
        await outage.jump(KEPT + 20)
        assert outage.office.waiting
        server.thaw()
