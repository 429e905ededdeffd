"""What the stand-in shows and takes while the database is away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot import standin
from bot.run import ASKED_PAUSE
from bot.settings import Settings
from bot.spool import Spool, waiting_in
from bot.standin import _away, _doors, _poll
from channels.telegram import Telegram
from simulator import Simulator
from storage.session import Database
from tests.bot.conftest import TOKEN
from tests.kit.request import InProcess


async def test_its_figures_ask_for_the_same_token(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, metrics_token=SecretStr("only-with-this"))  # type: ignore[call-arg]
    spool = Spool(tmp_path / "1.spool")
    try:
        app = _doors(settings, spool, "", "away")
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.get("/metrics")).status_code == 403
            given = {"Authorization": "Bearer only-with-this"}
            assert (await client.get("/metrics", headers=given)).status_code == 200
    finally:
        spool.close()


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
async def test_it_waits_as_the_platform_asks_but_not_for_hours(
    tmp_path: Path, telegram: Simulator, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def shorter(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0.01)

    for wait in (20, 3_600, 10_072):
        telegram.faults.add(kind="429", method=method, retry_after=wait, times=1)
    await telegram.person("Ani").start()
    channel = Telegram(token=TOKEN, key=b"k" * 32, request=InProcess(telegram))
    spool = Spool(tmp_path / "1.spool")
    monkeypatch.setattr(standin.asyncio, "sleep", shorter)
    polling = asyncio.create_task(_poll(channel, spool))
    try:
        async with asyncio.timeout(30):
            while not waiting_in(tmp_path):
                await sleep(0.01)
    finally:
        polling.cancel()
        spool.close()
    assert pauses == [20, ASKED_PAUSE, ASKED_PAUSE]


@pytest.mark.enable_socket
async def test_a_database_that_only_reads_is_away(empty_postgres: str) -> None:
    """A standby after a failover, a server whose disk is full: it answers, and takes nothing."""
    settings = Settings(_env_file=None, database_url=empty_postgres)  # type: ignore[call-arg]
    assert await _away(settings) == ""
    database = Database(empty_postgres)
    try:
        async with database.transaction() as tx:
            name = await tx.scalar(text("SELECT current_database()"))
            await tx.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        assert await _away(settings) == "ReadOnlySqlTransaction"
        async with database.reading() as tx:
            tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            assert await tx.scalar(text(tables)) == 0, "what was tried leaves nothing"
    finally:
        await database.close()


@pytest.mark.enable_socket
async def test_whoever_may_make_no_table_is_not_kept_waiting(empty_postgres: str) -> None:
    """That does not pass by itself: the start says what it misses."""
    database = Database(empty_postgres)
    try:
        async with database.transaction() as tx:
            await tx.execute(text("DROP SCHEMA public"))
        settings = Settings(_env_file=None, database_url=empty_postgres)  # type: ignore[call-arg]
        assert await _away(settings) == ""
    finally:
        await database.close()
