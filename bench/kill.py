"""SIGKILL of the real process at random moments under load: nothing lost, nothing doubled.

python -m bench.kill --kills 50        # for each of {polling, webhook} × {SQLite, PostgreSQL}
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from pathlib import Path
from typing import Any

from bench.battle import grounds, show
from bench.siege import failed, siege


async def battle(
    *, mode: str, database_url: str, folder: Path, kills: int, seed: int
) -> dict[str, Any]:
    """One combination: load from many citizens, `kills` kills at random moments, the judge."""
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    began, up, starts = loop.time(), 0.0, []
    async with siege(mode=mode, database_url=database_url, folder=folder, seed=seed) as under:
        for _ in range(kills):
            since = loop.time()
            await asyncio.sleep(chance.uniform(0.15, 1.6))
            up += loop.time() - since
            under.office.kill()
            under.office.start()
            starts.append(await under.office.ready())
    return under.row | {
        "kills": kills,
        "updates_per_second_up": round(under.row["updates"] / max(up, 0.1), 1),
        "seconds": round(loop.time() - began, 1),
        "restart_median_s": round(sorted(starts)[len(starts) // 2], 2),
    }


async def run(
    kills: int, seed: int, modes: list[str], databases: list[str]
) -> list[dict[str, Any]]:
    """All combinations, one after the other."""
    rows = []
    for mode in modes:
        async for folder, url in grounds(databases):
            rows.append(
                await battle(mode=mode, database_url=url, folder=folder, kills=kills, seed=seed)
            )
            show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="kills for each combination")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--modes", nargs="+", default=["polling", "webhook"])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.kills, asked.seed, asked.modes, asked.databases))
    bad = [row for row in rows if failed(row)]
    total = sum(row["kills"] for row in rows)
    sys.stdout.write(f"{total} kills, {sum(r['given'] for r in rows)} ratings: ")
    sys.stdout.write("FAILED\n" if bad else "0 lost, 0 doubled, every row in a named state\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
