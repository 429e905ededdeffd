"""The short form of the bench that makes trouble for the real process under load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import trouble
from bench.mishaps import NEED_A_SMALL_DISK, TROUBLES
from tests.kit.disk import needs_small_disk

pytestmark = [pytest.mark.full, pytest.mark.timeout(600), pytest.mark.enable_socket]

SECONDS = 2.0  # each
CITIZENS = 8  # at once
# A second one on PostgreSQL waits a minute before it gives up: test_database_away has that.
_QUICK = [name for name in TROUBLES["postgresql"] if name != "started twice"]
SHORT = [
    ("sqlite", "polling", list(TROUBLES["sqlite"])),
    ("sqlite", "webhook", ["locked", "disk full"]),
    ("postgresql", "polling", _QUICK),
    ("postgresql", "webhook", ["sessions ended", "cut at commit", "stopped at a word"]),
]


@pytest.mark.parametrize(("kind", "mode", "names"), SHORT, ids=lambda value: str(value)[:10])
async def test_no_trouble_loses_or_doubles_a_rating(
    tmp_path: Path, kind: str, mode: str, names: list[str]
) -> None:
    if not NEED_A_SMALL_DISK.isdisjoint(names):
        needs_small_disk(tmp_path)
    row = await trouble.battle(
        kind=kind, mode=mode, folder=tmp_path, troubles=names, seconds=SECONDS, citizens=CITIZENS
    )
    assert not trouble.broken(row), json.dumps(row)
    assert row["given"] > 20, "there was hardly any load"
