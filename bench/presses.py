"""Two hundred presses of one visit at once, through the door: one rating, whatever happens.

    python -m bench.presses --times 100

The presses come as one person's app may send them: each an update and a query of its own, the four
labels mixed, 200 requests under way at once, while the workers handle what is stored already (one
on SQLite, four on PostgreSQL).
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from bench.battle import show
from bot import logs
from bot.run import WORKERS_ON_POSTGRES
from storage.responses import Answer, Response
from tests.kit.doorway import Doorway, press
from tests.kit.grounds import world_on
from tests.kit.office import LOKET, small_city
from tests.kit.world import World

PRESSES = 200


async def visit(world: World, door: Doorway, name: str, numbers: Any) -> Counter[int]:
    """One citizen scans, and 200 presses arrive at once; the statuses of their answers."""
    phone = world.phone(name)
    await phone.start(LOKET)
    await world.settle()
    question, chance = phone.last, random.Random(name)
    data = [button.value for row in question.keyboard for button in row]
    bodies = [
        press(next(numbers), phone.user_id, str(chance.choice(data)), question.id)
        for _ in range(PRESSES)
    ]
    arriving = True

    async def work() -> None:
        while await world.program.worker.step() or arriving:
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(1 if world.database.is_sqlite else WORKERS_ON_POSTGRES):
            group.create_task(work())
        statuses = await asyncio.gather(*(door.post(body) for body in bodies))
        arriving = False
    await world.settle()
    return Counter(statuses)


async def storm(world: World, times: int) -> dict[str, Any]:
    """So many citizens, one after the other; how many ratings each visit has in the end."""
    await small_city(world.database)
    door, numbers = Doorway(world), itertools.count(900_000_001)
    ratings: Counter[int] = Counter()
    statuses: Counter[int] = Counter()
    began, before = time.process_time(), 0
    for number in range(times):
        statuses += await visit(world, door, f"Warga {number}", numbers)
        async with world.database.reading() as tx:
            found = int(await tx.scalar(select(func.count()).select_from(Response)) or 0)
        ratings[found - before] += 1
        before = found
    async with world.database.reading() as tx:
        answers = await tx.scalar(select(func.count()).select_from(Answer))
    return {
        "visits": times,
        "presses": statuses.total(),
        "statuses": dict(statuses),
        "ratings_per_visit": dict(ratings),
        "answers": answers,
        "cpu_s": round(time.process_time() - began, 1),
    }


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    once = {1: row["visits"]}
    taken = {200: row["presses"]}
    return bool(
        row["ratings_per_visit"] != once
        or row["answers"] != row["visits"]
        or row["statuses"] != taken
        or row["presses"] != PRESSES * row["visits"]
    )


async def run(times: int, databases: Sequence[str]) -> list[dict[str, Any]]:
    """Each database, one after the other."""
    rows = []
    for kind in databases:
        async with world_on(kind) as world:
            rows.append({"database": kind, **await storm(world, times)})
        show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    logs.configure("ERROR")  # that a chat sends too much is meant
    rows = asyncio.run(run(asked.times, asked.databases))
    bad = [row for row in rows if failed(row)]
    sys.stdout.write("FAILED\n" if bad else "one rating for each visit\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
