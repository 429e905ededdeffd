"""Reminders that fall due while the real process is down, stands still, or its clock jumps.

    python -m bench.reminders

Twenty civil servants said they would come; the note one hour before falls due in the middle of the
trouble. Down for 4 s, or stopped for 5 s: each gets it exactly once. A clock that jumps an hour
ahead or back, or a day: never twice, and none only where the training has begun meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from bench.announce import until_nine
from bench.battle import Office, grounds, quiet, show, telegram
from simulator import Phone, Simulator
from simulator.record import Accepted
from storage import people
from storage.due import Occurrence
from storage.session import Database
from storage.staff import Role, Staff
from storage.training import Invitee, Session

PEOPLE = 20
LEAD = 4.0  # seconds from a plan to its moment
PATIENCE = 40.0  # the tick comes every 15 s
HOUR = timedelta(hours=1)

TROUBLES: dict[str, timedelta | None] = {
    "4 s down": None,
    "5 s blocked": None,
    "clock +1 h": HOUR,
    "clock -1 h": -HOUR,
    "clock +1 day": timedelta(days=1),
}


class Hall:
    """The office, its twenty civil servants, and what they were told."""

    def __init__(self, office: Office, simulator: Simulator, ahead: timedelta) -> None:
        """Nobody is known as yet; the program's clock is `ahead` of this machine's."""
        self.office = office
        self.simulator = simulator
        self.ahead = ahead
        self.phones: list[Phone] = [simulator.person(f"pegawai {n}") for n in range(PEOPLE)]
        self._people: list[int] = []

    @property
    def now(self) -> datetime:
        """The program's time."""
        return datetime.now(UTC) + self.ahead

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The program's database, from beside it."""
        opened = Database(self.office.database_url, beside=True)
        try:
            yield opened
        finally:
            await opened.close()

    async def employ(self) -> None:
        """Make all of them civil servants, without the way there."""
        keys = [(str(phone.chat_id), "id") for phone in self.phones]
        for phone in self.phones:
            phone._person.started = True
        async with self.database() as database, database.transaction() as tx:
            known = await people.callers(tx, "telegram", self.simulator.bot_id, keys)
            self._people = [known[key].person_id for key, _ in keys]
            staff = [{"person_id": one, "name": str(one)} for one in self._people]
            await tx.execute(insert(Staff), [{**row, "unit_id": None} for row in staff])
            role = {"role": "staff", "unit_id": None, "since": self.now}
            await tx.execute(insert(Role), [{"person_id": one, **role} for one in self._people])

    async def plan(self, title: str) -> int:
        """A training that begins in an hour and `LEAD`, to which all have said yes; its id."""
        async with self.database() as database, database.transaction() as tx:
            row = {
                "title": title,
                "starts_at": self.now + HOUR + timedelta(seconds=LEAD),
                "zone": "Asia/Jakarta",
                "place": "Aula",
                "created_by": self._people[0],
                "created_at": self.now - timedelta(days=30),
            }
            made = await tx.execute(insert(Session).values(row).returning(Session.id))
            session_id = int(made.scalar_one())
            yes = {"session_id": session_id, "answer": "yes"}
            await tx.execute(insert(Invitee), [{**yes, "person_id": one} for one in self._people])
        return session_id

    async def states(self, session_id: int) -> Counter[str]:
        """How the notes one hour before stand."""
        rule = f"training:{session_id}:hour"
        async with self.database() as database, database.reading() as tx:
            found = await tx.scalars(select(Occurrence.state).where(Occurrence.rule == rule))
            return Counter(found)

    def copies(self, title: str) -> list[int]:
        """How often each of the twenty was told of a training that is near."""
        told = Counter(
            entry.chat_id
            for entry in self.simulator.record.accepted
            if isinstance(entry, Accepted)
            and entry.method == "sendMessage"
            and title in entry.text
        )
        return [told[phone.chat_id] for phone in self.phones]

    async def restart(self, jump: timedelta = timedelta()) -> None:
        """Start the program again, its clock moved by `jump`."""
        self.ahead += jump
        self.office.program = ("bench.at", str(self.ahead.total_seconds()))
        await asyncio.to_thread(self.office.start)
        await self.office.ready()


async def suffer(hall: Hall, trouble: str, jump: timedelta | None) -> None:
    """One kind of trouble around the moment that is `LEAD` seconds away."""
    office = hall.office
    assert office.process is not None
    if trouble == "5 s blocked":
        await asyncio.sleep(LEAD - 1)
        office.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(5)
        office.process.send_signal(signal.SIGCONT)
    elif jump is None:
        await asyncio.sleep(LEAD - 1)
        await asyncio.to_thread(office.kill)
        await asyncio.sleep(4)
        await hall.restart()
    else:
        # Ahead before its moment, back after it: the two ways to meet it wrongly.
        await asyncio.sleep(LEAD - 2 if jump > timedelta() else LEAD + 20)
        await asyncio.to_thread(office.kill)
        await hall.restart(jump)
        if jump < timedelta():
            await asyncio.sleep(20)  # time enough to tell everybody a second time


async def settled(hall: Hall, session_id: int) -> Counter[str]:
    """Wait until all notes are handed over or set aside, and all messages are out."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while loop.time() < end:
        states = await hall.states(session_id)
        if states.total() == PEOPLE and not states["due"]:
            break
        await asyncio.sleep(0.5)
    await quiet(hall.office)
    return await hall.states(session_id)


async def battle(*, database_url: str, folder: Path, troubles: Sequence[str]) -> list[Any]:
    """One database: each kind of trouble with a training of its own."""
    rows = []
    ahead = until_nine(datetime.now(UTC))
    async with telegram(ahead) as (simulator, port):
        office = Office(folder, database_url, "polling", port, send_per_second=28)
        hall = Hall(office, simulator, ahead)
        await asyncio.to_thread(office.prepare)
        await hall.employ()
        await hall.restart()
        for number, trouble in enumerate(troubles, 1):
            title = f"Pelatihan nomor {number}."
            session_id = await hall.plan(title)
            await suffer(hall, trouble, TROUBLES[trouble])
            states = await settled(hall, session_id)
            copies = Counter(hall.copies(title))
            rows.append(
                {
                    "database": database_url.split("+")[0],
                    "trouble": trouble,
                    "once": copies[1],
                    "never": copies[0],
                    "more": PEOPLE - copies[0] - copies[1],
                    "handed": states["handed"],
                    "skipped": states["skipped"],
                }
            )
        office.terminate()
        broken = await asyncio.to_thread(office.findings, simulator)
    return [{**row, "broken": broken} for row in rows]


def failed(row: Any) -> bool:
    """Whether a row breaks a promise."""
    all_must_come = TROUBLES[row["trouble"]] is None or row["trouble"] == "clock -1 h"
    return bool(
        row["broken"]
        or row["more"]
        or row["once"] != row["handed"]
        or (all_must_come and row["once"] != PEOPLE)
    )


async def run(databases: list[str]) -> list[Any]:
    """Both databases, one after the other."""
    rows = []
    async for folder, url in grounds(databases):
        for row in await battle(database_url=url, folder=folder, troubles=list(TROUBLES)):
            rows.append(row)
            show(row)
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    rows = asyncio.run(run(parser.parse_args().databases))
    bad = [row for row in rows if failed(row)]
    sys.stdout.write("FAILED\n" if bad else "each exactly once, or set aside by its rule\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
