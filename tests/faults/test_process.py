"""The real process: what it takes to start on a full database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bench.battle import Office, sync_url, telegram
from tests.kit.databases import new_postgres

pytestmark = [pytest.mark.full, pytest.mark.timeout(300), pytest.mark.enable_socket]

ROWS = 60_000  # in each table
MORE = 12.0  # MiB that a start on them may take above one on an empty database

_SERIES = (
    f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) SELECT"
)
FILL = (
    "INSERT INTO inbox (channel, bot_id, update_id, payload_hash, sort, chat, raw, received_at,"
    f" state, attempts, error) {_SERIES} 'telegram', 7000000001, i, :empty, 'message', '', :empty,"
    " CURRENT_TIMESTAMP, 'done', 0, '' FROM n",
    "INSERT INTO outbox (cause, ref, batch, lane, policy, edits, strip, state, attempts,"
    f" created_at, owner, message, error) {_SERIES} 'x:' || i, 'x' || i, '', 'reminder', 'C', '',"
    " false, 'sent', 1, CURRENT_TIMESTAMP, '', '1', '' FROM n",
    "INSERT INTO response (key, instrument, version, service_id, local_date, half_day, channel,"
    f" language, notice, visit_kind, duration, staff, burst) {_SERIES} 'k' || i, 'quick', '1',"
    " (SELECT min(id) FROM service), '2026-11-02', 'am', 'telegram', 'id', '1', 'poster',"
    " 'normal', false, false FROM n",
    f"INSERT INTO answer (response_key, item, value) {_SERIES} 'k' || i, 'x', 3 FROM n",
)


def _fill(url: str) -> None:
    engine = create_engine(sync_url(url))
    with engine.begin() as connection:
        for statement in FILL:
            connection.execute(text(statement), {"empty": b""} if ":empty" in statement else {})
    engine.dispose()


def _peak(office: Office) -> float:
    """The most memory that the process has had so far, MiB."""
    assert office.process is not None
    status = Path(f"/proc/{office.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_start_does_not_load_the_tables(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'tanggap.db'}"
    if kind == "postgresql":
        url = await new_postgres(request.getfixturevalue("postgres_uri"), migrated=False)
    async with telegram() as (_, port):
        office = Office(tmp_path, url, "polling", port)
        await asyncio.to_thread(office.prepare)
        peaks = []
        for fill in (False, True):
            if fill:
                await asyncio.to_thread(_fill, url)
            office.start()
            await office.ready()
            peaks.append(_peak(office))
            assert await asyncio.to_thread(office.terminate) == 0
    assert peaks[1] - peaks[0] < MORE, peaks
