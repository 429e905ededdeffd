"""Hours of ordinary days with a kill now and then: nothing lost, memory flat, nothing left open.

    python -m bench.soak --minutes 2                  # for each database; half of it with kills
    python -m bench.soak --minutes 240 --every 30

The real process under a few citizens at a time. In the first half it is killed about every so many
seconds; in the second it lives on, and its memory, files and transactions are watched.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from bench.battle import Office, grounds, show, sync_url
from bench.proc import Reading, reading
from bench.siege import Siege, failed, siege

CITIZENS = 4  # at once: an office on an ordinary day, and not a burst
LOOK = 1.0  # seconds between two looks at the process
OPEN_FOR = 60.0  # seconds that a transaction may stay open


@dataclass
class Watch:
    """What was seen of one process: memory and files over time, the oldest transaction."""

    at: list[float] = field(default_factory=list)
    seen: list[Reading] = field(default_factory=list)
    oldest_s: float = 0.0
    log_mib: float = 0.0  # the largest that SQLite's log was

    @property
    def growth(self) -> float:
        """MiB a minute, the trend over all that was seen but the first third."""
        start = len(self.at) // 3
        memory = [one.rss for one in self.seen[start:]]
        return statistics.linear_regression(self.at[start:], memory).slope * 60

    async def look(self, office: Office, seconds: float) -> None:
        """Watch the process that lives now."""
        assert office.process is not None
        engine = create_engine(sync_url(office.database_url))
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        try:
            while loop.time() < end:
                self.at.append(loop.time())
                self.seen.append(reading(office.process.pid))
                if engine.dialect.name == "postgresql":
                    with engine.connect() as connection:
                        age = connection.execute(text(_OLDEST)).scalar_one()
                    self.oldest_s = max(self.oldest_s, float(age))
                else:
                    self._log(make_url(office.database_url).database or "")
                await asyncio.sleep(LOOK)
        finally:
            engine.dispose()

    def _log(self, file: str) -> None:
        with suppress(FileNotFoundError):
            self.log_mib = max(self.log_mib, Path(file + "-wal").stat().st_size / 2**20)


_OLDEST = (
    "select coalesce(max(extract(epoch from now() - xact_start)), 0) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)


async def kills(under: Siege, seconds: float, every: float, chance: random.Random) -> int:
    """Kill the process about every so many seconds, for so long; how often that was."""
    loop, done = asyncio.get_running_loop(), 0
    end = loop.time() + seconds
    while (pause := every * chance.uniform(0.5, 1.5)) < end - loop.time():
        await asyncio.sleep(pause)
        under.office.kill()
        under.office.start()
        await under.office.ready()
        done += 1
    await asyncio.sleep(max(0.0, end - loop.time()))
    return done


async def battle(
    *, database_url: str, folder: Path, minutes: float, every: float, seed: int = 1
) -> dict[str, Any]:
    """One database: half of the time with kills, half of it in peace, and the judge."""
    watch, half = Watch(), minutes * 30
    async with siege(
        mode="polling", database_url=database_url, folder=folder, seed=seed, citizens=CITIZENS
    ) as under:
        killed = await kills(under, half, every, random.Random(seed))
        await watch.look(under.office, half)
    return under.row | {
        "minutes": minutes,
        "kills": killed,
        "rss_mib": round(watch.seen[-1].rss, 1),
        "growth_mib_a_minute": round(watch.growth, 2),
        "growth_allowed": round(0.2 + 10 / half * 60, 2),  # in a short look much is warming up
        "files": [watch.seen[0].files, watch.seen[-1].files],
        "oldest_transaction_s": round(watch.oldest_s, 1),
        "log_mib": round(watch.log_mib, 1),
    }


def unsound(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    first, last = row["files"]
    return bool(
        failed(row)
        or row["growth_mib_a_minute"] > row["growth_allowed"]
        or last > first + 20
        or row["oldest_transaction_s"] > OPEN_FOR
        or row["log_mib"] > 64
    )


async def run(minutes: float, every: float, databases: list[str]) -> list[dict[str, Any]]:
    """Both databases, one after the other."""
    rows = []
    async for folder, url in grounds(databases):
        rows.append(await battle(database_url=url, folder=folder, minutes=minutes, every=every))
        show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120, help="for each database")
    parser.add_argument("--every", type=float, default=30, help="seconds between kills, about")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.minutes, asked.every, asked.databases))
    sys.exit(any(unsound(row) for row in rows))


if __name__ == "__main__":
    main()
