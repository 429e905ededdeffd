"""Messages per second and processor seconds per 1,000, beside bare loops that store nothing.

    python -m bench.outbound                  # five rounds at full speed, then 60 s at 1,000/s
    python -m bench.outbound --only tanggap --rounds 1 --paced 20

Ours is an announcement the way the product makes one: agreed to while `run` is at work, frozen
into the outbox, claimed, sent, settled; the processor time of all that counts, from the agreement
to the last row settled. The others call `Bot.send_message` in a loop. TLS, a network of 50 ms,
each program on one core. Exit 1 when the paced form misses `LEAST` or `MOST`.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, text

from bench.announce import until_nine
from bench.battle import sync_url
from bench.paired import Stub, Tanggap, keep, make_ready, medians, peer, table, tanggap, workshop
from bench.peers.pouring import FIRST_CHAT, TEXT
from bench.stub import cpu_of
from domain import announcing, consent
from domain.announcing import Plan
from storage.base import random_id
from storage.people import Address, Consent, Person
from storage.session import Database
from talk.messages import Outbound
from talk.text import plain

NETWORK = 0.05  # seconds
IN_FLIGHT = {"send_ptb": 64, "send_aiogram": 128}
CONTESTANTS = ("tanggap", *IN_FLIGHT)
MESSAGES = {"tanggap": 5_000, "send_ptb": 1_000, "send_aiogram": 5_000}  # at full speed
UNPACED = 1e6  # messages a second: never the limit
RATE = 1000.0
LEAST, MOST = 980.0, 0.7  # messages a second, share of a core; at RATE
BOT = 7000000001
ZONE = "Asia/Jakarta"


async def subscribe(database_url: str, count: int, now: datetime) -> int:
    """So many citizens who agreed to announcements, in bulk; one of them, as an author."""
    people = [random_id() for _ in range(count)]
    said = {"purpose": consent.ANNOUNCEMENT, "version": consent.VERSION, "channel": "telegram"}
    database = Database(database_url, beside=True)
    async with database.transaction() as tx:
        await tx.execute(insert(Person), [{"id": one, "language": "id"} for one in people])
        await tx.execute(
            insert(Address),
            [
                {"id": random_id(), "channel": "telegram", "bot_id": BOT, "person_id": one}
                | {"key": str(FIRST_CHAT + number)}
                for number, one in enumerate(people)
            ],
        )
        await tx.execute(
            insert(Consent), [{"person_id": one, "given_at": now} | said for one in people]
        )
    await database.close()
    return people[0]


async def agree(database_url: str, author: int, now: datetime) -> None:
    """Agree to an announcement for all citizens, beside the running program."""
    body = Outbound(plain(TEXT))
    database = Database(database_url, beside=True)
    async with database.transaction() as tx:
        await announcing.create(
            tx,
            author_id=author,
            audience="citizens",
            text=TEXT,
            sender="Kota Contoh",
            sheets={"id": body, "en": body},
            plan=Plan(now, "", None),
            zone=ZONE,
            now=now,
        )
    await database.close()


async def settled(database_url: str, count: int, patience: float) -> float:
    """Wait until all rows are sent; when that was (monotonic). Raises RuntimeError."""
    engine = create_engine(sync_url(database_url))
    states = text("select state, count(*) from outbox where lane = 'broadcast' group by state")
    end = time.monotonic() + patience
    found: dict[str, int] = {}
    try:
        while time.monotonic() < end:
            with engine.connect() as connection:
                found = {state: n for state, n in connection.execute(states)}
            if found.get("sent", 0) == count:
                return time.monotonic()
            await asyncio.sleep(0.02)
    finally:
        engine.dispose()
    raise RuntimeError(f"not all of {count} were sent: {found}")


class Ours:
    """Installations with a list of citizens, each used for one announcement."""

    def __init__(self, base: Path) -> None:
        """Prepared below `base` when first needed."""
        self._base = base
        self._ahead = until_nine(datetime.now(UTC))
        self._made: dict[int, int] = {}  # citizens → author
        self._uses = 0

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    async def _office(self, stub: Stub, count: int) -> tuple[Tanggap, int]:
        """A copy of an installation with so many citizens, and who may announce there."""
        certificate, master = self._base / "cert.pem", self._base / f"of-{count}"
        if count not in self._made:
            office = tanggap(master, stub, certificate)
            await asyncio.to_thread(office.prepare)
            self._made[count] = await subscribe(office.database_url, count, self._now())
        self._uses += 1
        folder = self._base / f"use-{self._uses}"
        office = tanggap(folder, stub, certificate)
        shutil.copytree(master, folder, dirs_exist_ok=True)
        return office, self._made[count]

    async def send(self, stub: Stub, count: int, rate: float) -> dict[str, float]:
        """One announcement; `rate` 0 is as fast as it goes."""
        office, author = await self._office(stub, count)
        office.send_per_second = int(rate) or 1000
        office.program = ("bench.at", str(self._ahead.total_seconds()))
        if not rate:
            office.program += (str(UNPACED),)
        office.start()
        try:
            await office.ready()
            await stub.order("until", messages=0, patience=0)
            cpu = cpu_of(office.pid)
            await agree(office.database_url, author, self._now())
            told = await stub.order("until", messages=count, patience=120 + count / (rate or 50))
            ended = await settled(office.database_url, count, 60.0)
            cpu = cpu_of(office.pid) - cpu
        finally:
            office.kill()
            shutil.rmtree(office.folder)
        return figures(told, count, cpu, ended - told["first"])


async def theirs(base: Path, name: str, stub: Stub, count: int, rate: float) -> dict[str, float]:
    """One bare loop, in a process of its own."""
    folder = base / f"{name}-{time.monotonic_ns()}"
    program = peer(name, str(IN_FLIGHT[name]), folder, stub, base / "cert.pem")
    program.start()
    try:
        await asyncio.to_thread(program.heard, "ready")
        await stub.order("until", messages=0, patience=0)
        cpu = cpu_of(program.pid)
        program.tell(f"{count} {rate}")
        patience = 2 * count / rate if rate else 120.0
        told = await stub.order("until", messages=count, patience=patience)
        cpu = cpu_of(program.pid) - cpu
    finally:
        program.stop()
    return figures(told, int(told["messages"]), cpu, told["last"] - told["first"])


def figures(told: dict[str, Any], count: int, cpu: float, seconds: float) -> dict[str, float]:
    """What is compared: from the first message accepted to the last, with us to its settling."""
    return {
        "messages/s": count / seconds,
        "cpu s per 1,000": cpu / count * 1000,
        "core": cpu / seconds,
        "slowest 5 s": told["slowest"],
    }


async def run(
    names: list[str], rounds: int, paced: float, messages: int | None, rate: float = RATE
) -> list[dict[str, Any]]:
    """Full speed in turns, then each paced at `rate` for `paced` seconds (0: not at all)."""
    if set(names) - {"tanggap"}:
        make_ready()
    loads = [(0.0, round_) for round_ in range(1, rounds + 1)] + ([(rate, 1)] if paced else [])
    taken: dict[tuple[float, str], list[dict[str, float]]] = {}
    with workshop() as base:
        ours, stub = Ours(base), Stub(base, NETWORK)
        try:
            for pace, number in loads:
                for name in names:
                    count = int(pace * paced) or messages or MESSAGES[name]
                    if name == "tanggap":
                        row = await ours.send(stub, count, pace)
                    else:
                        row = await theirs(base, name, stub, count, pace)
                    taken.setdefault((pace, name), []).append(row)
                    print(table([{"round": number, "pace": pace, "bot": name, **row}]), flush=True)
        finally:
            stub.close()
    rows = [{"pace": pace, "bot": name, **medians(found)} for (pace, name), found in taken.items()]
    keep("outbound", {"rows": rows})
    return rows


def missed(rows: list[dict[str, Any]]) -> bool:
    """Whether our paced form is too slow or too dear."""
    return any(
        row["messages/s"] < LEAST or row["core"] > MOST
        for row in rows
        if row["bot"] == "tanggap" and row["pace"] == RATE
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=list(CONTESTANTS), metavar="BOT")
    parser.add_argument("--rounds", type=int, default=5, help="at full speed")
    parser.add_argument("--paced", type=float, default=60.0, help="seconds of the paced form")
    parser.add_argument("--messages", type=int, help="of each round at full speed")
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.only, asked.rounds, asked.paced, asked.messages))
    print(table(rows))
    sys.exit(missed(rows))


if __name__ == "__main__":
    main()
