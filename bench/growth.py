"""What a tap costs with ten thousand, a million, ten million stored answers: it must not grow.

    python -m bench.growth --answers 10000 100000 1000000 10000000

Databases of all sizes (`bench.history`) are measured in turns, round by round, so that whatever
else the machine does hits all alike. Citizens rate and fill in the survey through the program's
own Ingest, Worker and Sender, in this process; the platform answers at once. What the ticks and a
start cost at each size is told as well. All of it stays in memory: the disk is not measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import history
from bench.battle import TOKEN, Office, show, telegram
from bench.proc import family, reading
from bench.rest import until_ready
from bench.visitors import Platform, Visitor, tap, walk
from bot.program import Program
from bot.ticks import ticks
from channels.telegram import Telegram
from content import Bank, load
from domain.keys import Keys
from handlers import journeys
from storage.session import Database
from tests.kit.clock import HandClock
from tests.kit.databases import new_postgres, postgres_server

GROWTH = 1.2  # how much more a tap may cost at the largest size than at the smallest
KEYS = Keys(b"s" * 48)


@dataclass
class Site:
    """One program on one prepared database."""

    answers: int
    url: str
    program: Program
    platform: Platform
    clock: HandClock
    spawned: list[Coroutine[Any, Any, None]]
    servers: int  # the process of its database server, 0 for none
    number: int = 0

    def spent(self) -> float:
        """Processor seconds so far, of this process and of the database server."""
        own = time.process_time()
        return own + (sum(family(self.servers)) if self.servers else 0.0)

    async def turns(self, updates: Sequence[bytes]) -> None:
        """These updates come in together, are handled, and their answers are sent."""
        await self.program.ingest.store(updates)
        while await self.program.worker.step():
            await self._detached()
        while await self.program.sender.step():
            await self._detached()
        self.clock.advance(timedelta(seconds=3))  # the pace and the floods see a calm day

    async def _detached(self) -> None:
        while self.spawned:
            work, self.spawned[:] = self.spawned[:], []
            await asyncio.gather(*work)

    def visitor(self) -> Visitor:
        """Somebody new, in front of the next counter."""
        self.number += 1
        payload = history.points()[self.number % history.SERVICES]
        return Visitor(self.platform, 5_000_000_000 + self.number, payload)


@asynccontextmanager
async def site(
    bank: Bank, answers: int, url: str, now: datetime, server: int
) -> AsyncIterator[Site]:
    """A program on a prepared database."""
    platform, clock = Platform(), HandClock(now)
    spawned: list[Coroutine[Any, Any, None]] = []
    database = Database(url, pool_size=2)
    channel = Telegram(token=TOKEN, key=KEYS.key("callback"), request=platform)
    program = Program(
        database=database,
        channel=channel,
        router=journeys.router(),
        bank=bank,
        keys=KEYS,
        clock=clock,
        spawn=spawned.append,
        send_per_second=1000.0,
    )
    await channel.start()
    await program.open()
    try:
        yield Site(answers, url, program, platform, clock, spawned, server)
    finally:
        await channel.stop()
        await database.close()


class Book:
    """What things cost at each site, round by round: (kind, site) → one sum for each round."""

    def __init__(self) -> None:
        """Begin empty."""
        self.costs: dict[str, dict[int, list[float]]] = {}

    def begin_round(self) -> None:
        """What is noted from now on belongs to another round."""
        for sites in self.costs.values():
            for rounds in sites.values():
                rounds.append(0.0)

    async def note(self, one: Site, work: Awaitable[object], each: int, *kinds: str) -> None:
        """Do `work`, and note what it cost for each of `each` things under all these kinds."""
        began, before = time.perf_counter(), one.spent()
        await work
        cpu, wall = one.spent() - before, time.perf_counter() - began
        for kind in kinds:
            for name, seconds in ((kind, cpu), (f"{kind}, wall", wall)):
                rounds = self.costs.setdefault(name, {}).setdefault(one.answers, [0.0])
                rounds[-1] += seconds / each * 1000

    def rows(self, smallest: int) -> list[dict[str, Any]]:
        """For each kind the median milliseconds at each size, and how many times the smallest's.

        Times are compared within a round and their median told, whatever else went on.
        """
        found = []
        for kind, sites in self.costs.items():
            row: dict[str, Any] = {"cost": kind}
            for answers, rounds in sites.items():
                pairs = zip(rounds[1:], sites[smallest][1:], strict=True)  # the first warms up
                row[f"ms at {answers}"] = round(statistics.median(rounds[1:]), 2)
                row[f"x at {answers}"] = round(statistics.median(m / s for m, s in pairs), 2)
            found.append(row)
        return found


async def measured(
    urls: dict[int, str], *, rounds: int, now: datetime, server: int
) -> list[dict[str, Any]]:
    """All sizes in turns; a row for each kind of cost."""
    async with AsyncExitStack() as stack:
        bank = load()
        sites = [
            await stack.enter_async_context(site(bank, answers, url, now, server))
            for answers, url in urls.items()
        ]
        book = Book()
        for number in range(rounds + 1):
            book.begin_round()
            gc.collect()
            turned = sites[number % len(sites) :] + sites[: number % len(sites)]
            for at_once in (1, 32):
                await visits(turned, at_once, book)
            for one in turned:
                for tick in ticks(one.program):
                    await book.note(one, tick.run(), 1, f"tick {tick.name}")
                one.clock.advance(timedelta(minutes=6))
        return book.rows(sites[0].answers)


async def visits(sites: Sequence[Site], at_once: int, book: Book) -> None:
    """At each site so many visitors, in step with one another, from the QR to the receipt."""
    crowds = [[one.visitor() for _ in range(at_once)] for one in sites]
    how = "alone" if at_once == 1 else f"{at_once} at once"
    for kind, label in walk():
        for one, crowd in zip(sites, crowds, strict=True):
            updates = [tap(visitor, label) for visitor in crowd]
            kinds = (f"{kind} ({how})", f"whole visit ({how})")
            await book.note(one, one.turns(updates), at_once, *kinds)


async def starts(urls: dict[int, str], times: int) -> list[dict[str, Any]]:
    """How long the real process takes from its start to ready, in turns."""
    took: dict[int, list[float]] = defaultdict(list)
    spent: dict[int, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="tanggap-growth-") as folder:
        async with telegram() as (_, port):
            (Path(folder) / "secret").write_text("s" * 48)
            (Path(folder) / "secret").chmod(0o600)
            for _ in range(times):
                for answers, url in urls.items():
                    office = Office(Path(folder), url, "polling", port)
                    took[answers].append(await asyncio.to_thread(until_ready, office, 900.0))
                    assert office.process is not None
                    spent[answers].append(reading(office.process.pid).cpu)
                    await asyncio.to_thread(office.terminate)
    return [
        {
            "cost": kind,
            **{f"s at {n}": round(statistics.median(all_), 2) for n, all_ in of.items()},
        }
        for kind, of in (("start to ready", took), ("start, processor", spent))
    ]


def beyond(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The kinds of turn whose processor time grew beyond what is allowed."""
    turns = [row for row in rows if ")" in row["cost"] and not row["cost"].endswith("wall")]
    grown = [(row["cost"], row[list(row)[-1]]) for row in turns]
    return [f"{kind}: {ratio} x" for kind, ratio in grown if ratio > GROWTH]


async def run(
    sizes: Sequence[int], databases: Sequence[str], *, rounds: int, times: int
) -> list[str]:
    """Prepare and measure each kind of database; what grew too much."""
    grown: list[str] = []
    now = datetime.now(UTC)
    for kind in databases:
        with tempfile.TemporaryDirectory(prefix="tanggap-growth-") as base, ExitStack() as stack:
            uri = stack.enter_context(postgres_server(durable=True)) if kind != "sqlite" else ""
            urls = {}
            for answers in sizes:
                urls[answers] = f"sqlite+aiosqlite:///{base}/{answers}.db"
                if uri:
                    urls[answers] = await new_postgres(uri, migrated=False)
                began = time.perf_counter()
                await history.fill(urls[answers], answers, now=now)
                show(
                    {
                        "database": kind,
                        "answers": answers,
                        "filled_s": int(time.perf_counter() - began),
                    }
                )
            rows = await measured(urls, rounds=rounds, now=now, server=postmaster(uri))
            rows += await starts(urls, times)
            for row in rows:
                show({"database": kind, **row})
            grown += [f"{kind}: {one}" for one in beyond(rows)]
    return grown


def postmaster(uri: str) -> int:
    """The process id of the server behind an address; 0 for none."""
    if not uri:
        return 0
    import psycopg

    with psycopg.connect(uri) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row is not None
    return int(row[0].split()[0])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [10_000, 100_000, 1_000_000, 10_000_000]
    parser.add_argument("--answers", type=int, nargs="+", default=sizes)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--starts", type=int, default=3)
    asked = parser.parse_args()
    grown = asyncio.run(
        run(
            sorted(asked.answers),
            asked.databases,
            rounds=asked.rounds,
            times=asked.starts,
        )
    )
    sys.stdout.write(json.dumps({"allowed": GROWTH, "beyond": grown}) + "\n")
    sys.exit(bool(grown))


if __name__ == "__main__":
    main()
