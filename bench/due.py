"""A thousand small offices, each through days of restarts, downtime and a clock that jumps.

    python -m bench.due --runs 1000

Lessons and trainings of seven civil servants in three zones, on a clock moved by hand. In each run
several things happen at random: hours pass, a tick comes twice, the program is started anew
between handing over and sending, is down for days, is killed with messages in the air, the hour
is set forward or back by an hour or a day. A plain model says what had to be told (`handed`), and
what the rules set aside; the phones say what was told. Nothing may be missed or come twice. What a
kill caught in the air is the one thing nobody can know: it is listed (`unsure`), not told again.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bench.battle import show
from bot import logs
from simulator.record import Accepted
from storage.outbox import Outbox, State
from tests.kit.due_model import BEGIN, PEOPLE, ZONES, Model, Plan, compare, set_up, tick
from tests.kit.grounds import world_on
from tests.kit.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JUMPS = (HOUR, -HOUR, DAY, -DAY)


class Run:
    """One office and what becomes of it."""

    def __init__(self, world: World, seed: str) -> None:
        """Everything that happens follows from `seed`."""
        self.world = world
        self.chance = random.Random(seed)
        self.model = Model(self._plans())
        self.troubles: Counter[str] = Counter()

    def _plans(self) -> list[Plan]:
        chance = self.chance
        plans = []
        for number in range(1, chance.randint(1, 3) + 1):
            unit = chance.choice(sorted(ZONES))
            starts = BEGIN + timedelta(minutes=chance.randint(60, 12 * 24 * 60))
            answer = chance.choice(["", "yes", "no"])
            invited = [person for person, (home, _) in PEOPLE.items() if home == unit]
            plans.append(Plan(number, unit, starts, dict.fromkeys(invited, answer)))
        return plans

    async def live(self) -> dict[str, int]:
        """Everything, and then what the model and the phones say of it."""
        world = self.world
        await set_up(world.database, self.model.sessions)
        await self._start_anew()
        world.clock.jump(BEGIN - world.clock.now())
        book = len(world.simulator.record.entries)
        events: dict[str, Callable[[], Awaitable[None]]] = {
            "hours": self._hours,
            "tick twice": self._twice,
            "restart": self._restart,
            "down": self._down,
            "killed": self._killed,
            "clock": self._jump,
        }
        for _ in range(self.chance.randint(5, 9)):
            name = self.chance.choice(list(events))
            self.troubles[name] += 1
            await events[name]()
            await self._send()
        return await self._judge(book)

    async def _start_anew(self) -> None:
        """What a start does for messages; the content's versions are kept once, not each time."""
        world = self.world
        world.program = world._new_program()
        await world.program.channel.start()
        await world.program.sender.recover()

    async def _send(self) -> None:
        sender, clock = self.world.program.sender, self.world.clock
        while await sender.step():
            pass
        while (wait := sender._pace.wait(clock.monotonic())) is not None:
            clock.advance(timedelta(seconds=wait))
            while await sender.step():
                pass

    async def _tick(self) -> None:
        now = self.world.clock.now()
        await tick(self.world.database, now, limit=self.chance.choice([3, 100]))
        self.model.tick(now)

    async def _hours(self) -> None:
        self.world.clock.advance(timedelta(minutes=self.chance.randint(1, 14 * 60)))
        await self._tick()

    async def _twice(self) -> None:
        await self._tick()
        await self._tick()

    async def _restart(self) -> None:
        """Started anew between handing over and sending."""
        await self._hours()
        await self._start_anew()

    async def _down(self) -> None:
        await self._start_anew()
        self.world.clock.advance(timedelta(hours=self.chance.randint(1, 80)))
        await self._tick()

    async def _killed(self) -> None:
        """Killed with messages in the air: before the calls, or before their answers are kept."""
        await self._hours()
        sender = self.world.program.sender
        claimed = await sender.claim()
        if self.chance.random() < 0.5:
            await asyncio.gather(*(sender.deliver(row) for row in claimed))
        await self._start_anew()

    async def _jump(self) -> None:
        by = self.chance.choice(JUMPS)
        self.world.clock.jump(max(by, BEGIN - self.world.clock.now()))
        await self._tick()

    async def _judge(self, book: int) -> dict[str, int]:
        await compare(self.world.database, self.model)
        async with self.world.database.reading() as tx:
            rows = (await tx.execute(select(Outbox.cause, Outbox.state, Outbox.message))).all()
        told = Counter(
            entry.message_id
            for entry in self.world.simulator.record.entries[book:]
            if isinstance(entry, Accepted) and entry.method == "sendMessage"
        )
        sent = {int(row.message) for row in rows if row.state == State.SENT}
        unsure = sum(row.state == State.UNCERTAIN for row in rows)
        return {
            "handed": len(rows),
            "told": len(sent & told.keys()),
            "missed": len(rows) - len(sent & told.keys()) - unsure,
            "doubled": max(0, told.total() - len(sent) - unsure),
            "unsure": unsure,
            "set_aside": sum(entry.state == "skipped" for entry in self.model.entries.values()),
        }


async def thousand(world: World, runs: int, seed: int) -> dict[str, Any]:
    """So many runs on one database. AssertionError when product and model disagree."""
    for person in PEOPLE:
        world.simulator.person(str(person), user_id=person)._person.started = True
    began, sums, troubles = time.process_time(), Counter[str](), Counter[str]()
    for number in range(runs):
        run = Run(world, f"{seed}:{number}")
        try:
            sums.update(await run.live())
        except AssertionError as error:
            raise AssertionError(f"run {seed}:{number}") from error
        troubles += run.troubles
    return {
        "runs": runs,
        **sums,
        "troubles": dict(troubles),
        "cpu_s": round(time.process_time() - began, 1),
    }


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    return bool(row["missed"] or row["doubled"] or row["told"] < row["runs"])


async def run(runs: int, seed: int, databases: Sequence[str]) -> list[dict[str, Any]]:
    """Each database, one after the other."""
    rows = []
    for kind in databases:
        async with world_on(kind) as world:
            rows.append({"database": kind, **await thousand(world, runs, seed)})
        show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    logs.configure("ERROR")  # that a start found messages in the air is meant
    rows = asyncio.run(run(asked.runs, asked.seed, asked.databases))
    bad = [row for row in rows if failed(row)]
    sys.stdout.write("FAILED\n" if bad else "0 missed, 0 doubled\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
