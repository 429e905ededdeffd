"""The whole sweep: `python -m tests.faults.stepper`. Exit 1 on any broken invariant.

Every await and every call of the database, in {rating, assessment, sending} × {polling, webhook} ×
{SQLite, PostgreSQL}, with each of the four faults; and crash loops. `--every 10` takes each tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from bench.battle import show
from tests.faults.stepper.grounds import Grounds
from tests.faults.stepper.life import VARIANTS
from tests.faults.stepper.stories import STORIES
from tests.faults.stepper.sweep import LOOP, Combo, Reference, Stepper, Tally
from tests.faults.stepper.telegrams import telegrams
from tests.kit.databases import postgres_server

LOOPS = 40  # crash loops in each combination


async def run(asked: argparse.Namespace) -> list[Tally]:
    """All that is asked for, one row after the other."""
    tallies = []
    with tempfile.TemporaryDirectory(prefix="tanggap-") as base, postgres_server() as uri:
        async with telegrams() as served:
            stepper = Stepper(Grounds(Path(base), uri), served, at_once=asked.at_once)
            for story in asked.stories:
                for mode in asked.modes:
                    for kind in asked.databases:
                        combo = Combo(STORIES[story], mode, kind)
                        reference = await stepper.reference(combo)
                        for variant in asked.variants:
                            tallies.append(await _one(stepper, combo, variant, reference, asked))
                            show(tallies[-1].row())
    return tallies


async def _one(
    stepper: Stepper, combo: Combo, variant: str, reference: Reference, asked: argparse.Namespace
) -> Tally:
    if variant == LOOP:
        n = max(1, LOOPS // asked.every)
        return await stepper.crash_loops(combo, reference, n, random.Random(asked.offset))
    points = range(asked.offset, reference.points[variant] + 1, asked.every)
    return await stepper.sweep(combo, variant, reference, points if asked.every > 1 else None)


def table(tallies: list[Tally]) -> str:
    """The rows as a table of fixed width."""
    names = [name for name in tallies[0].row() if name != "broken"]
    rows = [names, *([str(tally.row()[name]) for name in names] for tally in tallies)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", nargs="+", default=list(STORIES))
    parser.add_argument("--modes", nargs="+", default=["polling", "webhook"])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--variants", nargs="+", default=[*VARIANTS, LOOP])
    parser.add_argument("--every", type=int, default=1, help="each so many-th point")
    parser.add_argument("--offset", type=int, default=1, help="the first point of those")
    parser.add_argument("--at-once", type=int, default=3)
    tallies = asyncio.run(run(parser.parse_args()))
    points = sum(tally.points for tally in tallies)
    places = len({place for tally in tallies for place in tally.places})
    broken = [one for tally in tallies for one in tally.broken]
    sys.stdout.write(table(tallies) + "\n")
    sys.stdout.write(
        f"{points} points at {places} places: {sum(t.lost for t in tallies)} lost,"
        f" {sum(t.doubled for t in tallies)} doubled,"
        f" {sum(t.copies for t in tallies)} extra copies, {len(broken)} broken invariants\n"
    )
    sys.exit(bool(broken) or not points)


if __name__ == "__main__":
    main()
