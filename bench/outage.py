"""PostgreSQL is away while people tap, for less and for longer than Telegram keeps a tap (150 s).

python -m bench.outage --seconds 60 600       # each in {polling, webhook} × {spool, no spool}
python -m bench.outage --seconds 600 --jump   # in a moment: Telegram's clock jumps in the middle
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from bench.battle import LABELS, Office, quiet, show, sync_url, telegram, until
from simulator import Phone, Simulator
from simulator.record import Issued
from tests.kit.databases import new_postgres
from tests.kit.postgres import Postgres, postgres

KEPT = 150.0  # seconds for which Telegram keeps a tap
SOON = 15.0  # seconds after the database's return: all that is kept was taken, nothing waits


@dataclass
class Spooling(Office):
    """An office with a spool, or without one."""

    spooled: bool = field(default=True, kw_only=True)

    @property
    def environment(self) -> dict[str, str]:
        """What the program finds in its environment."""
        spool = str(self.folder / "spool") if self.spooled else ""
        return {**super().environment, "TANGGAP_SPOOL_DIR": spool}

    @property
    def waiting(self) -> bool:
        """Whether anything is in the spool."""
        return any(path.stat().st_size for path in (self.folder / "spool").glob("*"))


@dataclass
class Outage:
    """A database that goes away under a program, and the people who tap meanwhile."""

    server: Postgres
    simulator: Simulator
    office: Spooling
    phones: list[Phone] = field(default_factory=list)
    jumped: float = 0.0  # seconds that Telegram's clock is ahead of ours

    async def offer(self, people: int) -> None:
        """Start the program, and bring so many citizens to the four labels."""
        payloads = await asyncio.to_thread(self.office.prepare)
        self.office.start()
        await self.office.ready()
        self.phones = [self.simulator.person(f"warga {n}") for n in range(people)]
        for n, phone in enumerate(self.phones):
            await phone.start(payloads[n % len(payloads)])
        await until(lambda: all(phone.standing(LABELS[0]) for phone in self.phones))

    async def away(self) -> None:
        """PostgreSQL is stopped at once; every connection is cut."""
        await asyncio.to_thread(self.server.stop)

    async def tap(self, phones: list[Phone], seconds: float) -> None:
        """One after the other, evenly over so many seconds."""
        for n, phone in enumerate(phones):
            await phone.tap(LABELS[n % len(LABELS)])
            await asyncio.sleep(seconds / len(phones))

    async def jump(self, seconds: float) -> None:
        """So much time passes for Telegram, after it tried at least once to hand over each tap."""
        record = self.simulator.record
        issued = {int(entry.update["update_id"]) for entry in record.issued}
        await until(lambda: issued <= set(record.handed))
        if self.office.spooled:
            await until(lambda: not self.simulator.updates.pending)
        self.jumped += seconds

    async def back(self) -> float:
        """PostgreSQL is there again; seconds from then until nothing waits anywhere."""
        await asyncio.to_thread(self.server.start)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await until(lambda: not self.simulator.updates.pending and not self.office.waiting)
        await quiet(self.office)
        return loop.time() - began

    def ages(self) -> tuple[list[float], list[float]]:
        """How old the taps are now, in Telegram's seconds: those it kept, those it dropped."""
        now, lost = self.simulator.cloud.now(), set(self.simulator.record.lost)
        ages: tuple[list[float], list[float]] = [], []
        for entry in self.simulator.record.entries:
            if isinstance(entry, Issued) and "callback_query" in entry.update:
                age = (now - datetime.fromisoformat(entry.at)).total_seconds()
                ages[entry.update["update_id"] in lost].append(age)
        return ages

    def stored(self) -> int:
        """Ratings in the database."""
        engine = create_engine(sync_url(self.office.database_url))
        with engine.connect() as connection:
            found = connection.execute(text("select count(*) from response")).scalar_one()
        engine.dispose()
        return int(found)


async def battle(
    *,
    mode: str,
    spooled: bool,
    server: Postgres,
    folder: Path,
    seconds: float,
    people: int = 100,
    jump: bool = False,
) -> dict[str, Any]:
    """One outage with taps all through it, and the judge.

    With `jump` two halves of the taps stand on the two sides of it.
    """
    outage: Outage

    def jumped() -> timedelta:
        return timedelta(seconds=outage.jumped)

    url = await new_postgres(server.uri, migrated=False)
    async with telegram(jumped=jumped) as (simulator, port):
        office = Spooling(folder, url, mode, port, spooled=spooled)
        outage = Outage(server, simulator, office)
        await outage.offer(people)
        await outage.away()
        if jump:
            half = people // 2
            await outage.tap(outage.phones[:half], 1)
            await outage.jump(seconds)
            await outage.tap(outage.phones[half:], 1)
        else:
            await outage.tap(outage.phones, seconds)
        drained = await outage.back()
        kept, lost = outage.ages()
        status = office.terminate()
        broken = await asyncio.to_thread(office.findings, simulator, exact=True)
        stored = outage.stored()
    return {
        "mode": mode,
        "spool": spooled,
        "away_s": seconds,
        "given": people,
        "stored": stored,
        "lost": people - stored,
        # As Telegram's clock stood when all was quiet again.
        "oldest_kept_s": round(max(kept, default=0.0), 1),
        "youngest_lost_s": round(min(lost), 1) if lost else None,
        "drained_s": round(drained, 1),
        "exit": status,
        "broken": broken,
    }


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise: nothing lost, or without a spool nothing but old taps."""
    youngest = row["youngest_lost_s"]
    may_lose = not row["spool"] and youngest is not None and youngest > KEPT - SOON
    return bool(
        row["broken"] or row["exit"] or row["drained_s"] > SOON or (row["lost"] and not may_lose)
    )


async def run(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """All combinations, one after the other."""
    rows = []
    with postgres(durable=True) as server:
        for seconds in asked.seconds:
            for mode in asked.modes:
                for spooled in (True, False):
                    with tempfile.TemporaryDirectory(prefix="tanggap-") as folder:
                        rows.append(
                            await battle(
                                mode=mode,
                                spooled=spooled,
                                server=server,
                                folder=Path(folder),
                                seconds=seconds,
                                people=asked.people,
                                jump=asked.jump,
                            )
                        )
                    show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", nargs="+", type=float, default=[60.0], help="of outage")
    parser.add_argument("--people", type=int, default=100, help="who tap once each meanwhile")
    parser.add_argument("--modes", nargs="+", default=["polling", "webhook"])
    parser.add_argument("--jump", action="store_true", help="let Telegram's clock jump instead")
    rows = asyncio.run(run(parser.parse_args()))
    bad = [row for row in rows if failed(row)]
    spooled = [row for row in rows if row["spool"]]
    sys.stdout.write(
        f"with a spool {sum(row['lost'] for row in spooled)} of "
        f"{sum(row['given'] for row in spooled)} taps lost, without one "
        f"{sum(row['lost'] for row in rows if not row['spool'])}: "
    )
    sys.stdout.write("FAILED\n" if bad else "as promised\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
