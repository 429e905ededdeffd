"""The short forms of the benches that kill and stop the real process, with their judges."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import announce, kill, reminders, soak
from tests.kit.databases import new_postgres

pytestmark = [pytest.mark.full, pytest.mark.timeout(300), pytest.mark.enable_socket]

KILLS = 5  # for each of the four combinations


async def _url(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{folder / 'tanggap.db'}"
    return await new_postgres(request.getfixturevalue("postgres_uri"), migrated=False)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_no_kill_loses_or_doubles_a_rating(
    request: pytest.FixtureRequest, tmp_path: Path, mode: str, kind: str
) -> None:
    url = await _url(request, kind, tmp_path)
    row = await kill.battle(mode=mode, database_url=url, folder=tmp_path, kills=KILLS, seed=7)
    assert not kill.failed(row), row
    assert row["given"] > 20, "there was hardly any load"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_no_kill_doubles_an_announcement(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = await _url(request, kind, tmp_path)
    row = await announce.battle(database_url=url, folder=tmp_path, count=80, kills=2, seed=7)
    assert not announce.failed(row), row


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_no_reminder_is_lost_or_doubled_by_a_standstill(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = await _url(request, kind, tmp_path)
    troubles = ["4 s down", "5 s blocked"]
    rows = await reminders.battle(database_url=url, folder=tmp_path, troubles=troubles)
    assert len(rows) == 2
    assert not any(reminders.failed(row) for row in rows), rows


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_minute_of_ordinary_days_leaves_nothing_open_and_memory_flat(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = await _url(request, kind, tmp_path)
    row = await soak.battle(database_url=url, folder=tmp_path, minutes=1, every=12)
    assert not soak.unsound(row), row
    assert row["kills"] >= 1
    assert row["given"] > 20, "there was hardly any load"
