"""Spoilt updates through the whole kernel: each stored and confirmed, none holds up a neighbour.

python -m bench.poison                      # 20,000 mutants, most of them on SQLite
python -m bench.poison --mutants 2000 --first 40001
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from bench.battle import show
from bot import logs
from storage.inbox import DONE, QUARANTINED
from tests.kit import databases
from tests.poison.mutants import NAMES, SEED
from tests.poison.sickbay import Outcome, admit
from tests.poison.ward import ward

TOGETHER = 1_000  # mutants in one office; then a fresh one
PATIENCE = 1.0  # seconds that a neighbour may wait longer because of mutants


def row_of(kind: str, outcomes: list[Outcome]) -> dict[str, Any]:
    """Everything that came out on one kind of database, added up.

    How long a neighbour may have waited longer: the seconds that a batch of 64 with mutants kept
    the worker beyond one without (medians; from the scans between, reckoned up), and the longest
    that any kept the processor, which does not depend on what else the machine does.
    """
    states = sum((one.states for one in outcomes), Counter[str]())
    sick = median(second for one in outcomes for second in one.sick)
    well = median(second for one in outcomes for second in one.well)
    return {
        "database": kind,
        "seed": SEED,
        "kinds": len(NAMES),
        "mutants": states.total(),
        "stored": sum(one.stored for one in outcomes),
        "confirmed": sum(one.confirmed for one in outcomes),
        "done": states[DONE],
        "quarantined": states[QUARANTINED],
        "neighbours": sum(one.neighbours for one in outcomes),
        "still_ratings": sum(one.ratings.total() for one in outcomes),
        "extra_delay_s": round(max(0.0, sick - well), 3),
        "longest_batch_cpu_s": round(max(max(one.busy) for one in outcomes), 3),
        "broken": [words for one in outcomes for words in one.broken],
    }


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    mutants = row["mutants"]
    whole = row["stored"] == row["confirmed"] == mutants == row["done"] + row["quarantined"]
    slow = max(row["extra_delay_s"], row["longest_batch_cpu_s"]) >= PATIENCE
    return bool(row["broken"]) or not whole or slow


async def run(mutants: int, first: int, kinds: list[str]) -> list[dict[str, Any]]:
    """A row for each kind of database; one mutant in ten goes to PostgreSQL where both are."""
    rows = []
    for kind in kinds:
        share = mutants if len(kinds) == 1 else mutants * (9 if kind == "sqlite" else 1) // 10
        numbers = range(first, first + share)
        first += share
        outcomes = []
        for at in range(0, share, TOGETHER):
            way = "webhook" if at // TOGETHER % 2 else "polling"
            outcomes.append(await _office(kind, way, numbers[at : at + TOGETHER]))
        rows.append(row_of(kind, outcomes))
        show(rows[-1])
    return rows


async def _office(kind: str, way: str, numbers: range) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="tanggap-") as folder:
        if kind == "sqlite":
            template = await databases.sqlite_template(Path(folder))
            opened = databases.sqlite_database(template, Path(folder))
            async with opened as database:
                databases.careless(database)
                async with ward(database, way) as one:
                    return await admit(one, numbers)
        with databases.postgres_server() as uri:
            url = await databases.new_postgres(uri)
            async with databases.postgres_database(url) as database, ward(database, way) as one:
                return await admit(one, numbers)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=10_001, help="number of the first mutant")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    logs.configure("ERROR")
    rows = asyncio.run(run(asked.mutants, asked.first, asked.databases))
    bad = [row for row in rows if failed(row)]
    stored = sum(row["stored"] for row in rows)
    total = sum(row["mutants"] for row in rows)
    longest = max(row["longest_batch_cpu_s"] for row in rows)
    sys.stdout.write(f"{stored} of {total} mutants stored, confirmed and settled; no batch kept ")
    sys.stdout.write(f"the worker busy for more than {longest} s: {'FAILED' if bad else 'held'}\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
