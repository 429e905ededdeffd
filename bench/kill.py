"""SIGKILL of the real process at random moments under load: nothing lost, nothing doubled.

python -m bench.kill --kills 50        # for each of {polling, webhook} × {SQLite, PostgreSQL}
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

from bench.battle import Crowd, Office, grounds, judge, quiet, show, telegram

# At once. Telegram comes back to a webhook that failed after longer and longer pauses, in which a
# citizen waits, so it takes more of them to make the same load.
CITIZENS = {"polling": 25, "webhook": 75}
PATIENCE = {"polling": 60.0, "webhook": 180.0}  # seconds


async def battle(
    *, mode: str, database_url: str, folder: Path, kills: int, seed: int
) -> dict[str, Any]:
    """One combination: load from many citizens, `kills` kills at random moments, the judge."""
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    async with telegram() as (simulator, port):
        office = Office(folder, database_url, mode, port)
        payloads = await asyncio.to_thread(office.prepare)
        crowd = Crowd(simulator, payloads, seed, patience=PATIENCE[mode])
        office.start()
        starts = [await office.ready()]
        began = loop.time()
        running = loop.create_task(crowd.run(CITIZENS[mode]))
        up = 0.0
        for _ in range(kills):
            since = loop.time()
            await asyncio.sleep(chance.uniform(0.15, 1.6))
            up += loop.time() - since
            office.kill()
            office.start()
            starts.append(await office.ready())
        issued = len(simulator.record.issued)
        seconds = loop.time() - began
        crowd.stopping = True
        await asyncio.wait_for(running, 120)
        await quiet(office)
        status = office.terminate()
        verdict = judge(office, crowd)
        reconcile = await asyncio.to_thread(office.command, "reconcile", "--json")
    return {
        "mode": mode,
        "database": database_url.split("+")[0].split(":")[0],
        "kills": kills,
        "updates": issued,
        "updates_per_second_up": round(issued / max(up, 0.1), 1),
        "seconds": round(seconds, 1),
        "restart_median_s": round(sorted(starts)[len(starts) // 2], 2),
        "thanked": crowd.thanked,
        "unanswered": crowd.slow,
        "exit": status,
        "reconcile": json.loads(reconcile).get("ok", True),
        **verdict.__dict__,
    }


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    return bool(
        row["lost"]
        or row["doubled"]
        or row["unnamed"]
        or row["waiting"]
        or row["expired_updates"]
        or row["unanswered"]
        or row["exit"]
        or not row["reconcile"]
    )


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
