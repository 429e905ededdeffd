"""The short form of the bench that kills an upgrade at its statements."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.battle import ROOT

pytestmark = [pytest.mark.full, pytest.mark.timeout(300), pytest.mark.enable_socket]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_killed_upgrade_leaves_the_old_schema_or_the_new_one(kind: str) -> None:
    """In a process of its own: it forks for every kill, and pytest has threads."""
    command = [sys.executable, "-m", "bench.upgrade", "--databases", kind]
    command += ["--every", "8", "--chances", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert rows
    assert all(row["kills"] >= 2 and row["found_old"] for row in rows), rows
