"""A plain model of what falls due, and the small office it is about.

Each occurrence is handed over exactly once, or skipped by the rule that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select

from domain.keys import Keys
from handlers import due
from handlers.turn import House
from storage import ledger
from storage.due import Occurrence
from storage.learning import Given
from storage.ledger import Ledger
from storage.office import Unit
from storage.outbox import Outbox
from storage.people import Address, Person
from storage.session import Database
from storage.staff import Role, Staff
from storage.training import Invitee, Session
from tests.kit.crowd import BOT
from tests.kit.world import BANK

BEGIN = datetime(2026, 12, 14, tzinfo=UTC)  # a Monday, 07.00 WIB
OFF = {date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1), date(2027, 1, 5)}
ZONES = {1: "Asia/Jakarta", 2: "Asia/Makassar", 3: "Asia/Jayapura"}
PEOPLE = {  # person → (unit, lesson hour)
    11: (1, 8), 12: (1, 15), 13: (1, None), 21: (2, 9), 22: (2, 12), 31: (3, 8), 32: (3, 10),
}  # fmt: skip
HOUSE = House(bank=BANK, keys=Keys(b"k" * 32), link=lambda payload: payload)


class Plan(NamedTuple):
    """One session, as the model knows it."""

    id: int
    unit: int
    starts: datetime
    answers: dict[int, str]


# --- the model: plain days and hours --------------------------------------------------------


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in OFF


def before(day: date) -> date:
    while not works(day):
        day -= timedelta(days=1)
    return day


def here(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


def there(day: date, hour: time, zone: str) -> datetime:
    return datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)


def opening(at: datetime, zone: str) -> datetime:
    """This moment or, outside 07.30–17.00 of working days, the next half past seven."""
    local = here(at, zone)
    if works(local.date()) and time(7, 30) <= local.time() < time(17):
        return at
    day = local.date()
    if not works(day) or local.time() >= time(17):
        day += timedelta(days=1)
        while not works(day):
            day += timedelta(days=1)
    return there(day, time(7, 30), zone)


class Entry:
    """One occurrence of the model."""

    def __init__(self, due_at: datetime, until: datetime, zone: str, quiet: bool) -> None:
        self.due_at, self.until, self.zone, self.quiet = due_at, until, zone, quiet
        self.state = "due"

    def tick(self, now: datetime) -> None:
        if self.state != "due":
            return
        if now >= self.until:
            self.state = "skipped"
        elif now >= self.due_at:
            opens = opening(now, self.zone)
            if self.quiet and now < opens < self.until:
                self.due_at = opens
            else:
                self.state = "handed"


class Model:
    """Everything that should have become due."""

    def __init__(self, sessions: list[Plan]) -> None:
        self.sessions = sessions
        self.entries: dict[tuple[str, str, int], Entry] = {}

    def tick(self, now: datetime) -> None:
        for key, entry in (*self._lessons(now), *self._trainings(now)):
            if entry.due_at <= now:
                self.entries.setdefault(key, entry)
        for entry in self.entries.values():
            entry.tick(now)

    def _lessons(self, now: datetime) -> Iterator[tuple[tuple[str, str, int], Entry]]:
        for person, (unit, hour) in PEOPLE.items():
            day = here(now, ZONES[unit]).date()
            if hour is not None and works(day):
                at, until = (there(day, t, ZONES[unit]) for t in (time(hour), time(15, 30)))
                yield ("lesson", day.isoformat(), person), Entry(at, until, ZONES[unit], False)

    def _trainings(self, now: datetime) -> Iterator[tuple[tuple[str, str, int], Entry]]:
        for plan in self.sessions:
            if plan.starts <= now:
                continue
            zone = ZONES[plan.unit]
            for person, answer in plan.answers.items():
                for kind, at, until in self._moments(plan, zone):
                    wanted = {"invite": [""], "hour": ["yes"]}.get(kind, ["", "yes"])
                    if answer in wanted:
                        rule = f"training:{plan.id}:{kind}"
                        day = here(at, zone).date().isoformat()
                        yield (rule, day, person), Entry(at, until, zone, kind != "hour")

    def _moments(self, plan: Plan, zone: str) -> Iterator[tuple[str, datetime, datetime]]:
        hour = plan.starts - timedelta(hours=1)
        invite = opening(BEGIN, zone)
        if invite > hour:
            invite = BEGIN
        yield "invite", invite, plan.starts
        if hour > BEGIN:
            yield "hour", hour, plan.starts
        day = here(plan.starts, zone).date()
        h7, h1 = before(day - timedelta(days=7)), before(day - timedelta(days=1))
        invited = here(invite, zone).date()
        for kind, when in (("h7", h7), ("h1", h1)):
            if when > invited and (kind == "h1" or h7 != h1):
                yield kind, there(when, time(8), zone), there(when, time(17), zone)


# --- the same in the database ----------------------------------------------------------------


async def set_up(database: Database, sessions: list[Plan]) -> None:
    async with database.transaction() as tx:
        for table in (Outbox, Occurrence, Given, Ledger, Invitee, Session):
            await tx.execute(delete(table))
        if not (await tx.execute(select(Unit.id))).first():
            await tx.execute(
                insert(Unit),
                [{"id": u, "key": f"u{u}", "name": f"U{u}", "zone": z, "parent_id": None,
                  "sample": False} for u, z in ZONES.items()],
            )  # fmt: skip
            for person, (unit, hour) in PEOPLE.items():
                await tx.execute(insert(Person).values(id=person, language="id", sample=False))
                await tx.execute(
                    insert(Address).values(
                        id=person, channel="telegram", bot_id=BOT, key=str(person),
                        person_id=person, active=True,
                    )
                )  # fmt: skip
                await tx.execute(
                    insert(Staff).values(
                        person_id=person, name=f"P{person}", unit_id=unit,
                        position_group="pelaksana", lesson_hour=hour, lessons_from="",
                    )
                )  # fmt: skip
                await tx.execute(
                    insert(Role).values(person_id=person, role="staff", unit_id=unit, since=BEGIN)
                )
        for plan in sessions:
            await tx.execute(
                insert(Session).values(
                    id=plan.id, title="Latihan", starts_at=plan.starts, zone=ZONES[plan.unit],
                    place="Aula", unit_id=plan.unit, created_by=11, created_at=BEGIN,
                )
            )  # fmt: skip
            for person, answer in plan.answers.items():
                await tx.execute(
                    insert(Invitee).values(session_id=plan.id, person_id=person, answer=answer)
                )


async def tick(database: Database, now: datetime, *, limit: int = 3) -> None:
    """What the metronome does, in rounds of at most `limit`."""
    while True:
        async with database.transaction() as tx:
            if not await due.hand_over(HOUSE, tx, now, limit=limit):
                return


async def compare(database: Database, model: Model) -> None:
    async with database.reading() as tx:
        rows = await tx.execute(select(Occurrence.__table__))
        real = {(r.rule, r.local_date, r.person_id): (r.state, r.due_at) for r in rows}
        causes = set((await tx.execute(select(Outbox.cause))).scalars())
        booked = await ledger.total(tx, "occurrence.handed")
    assert real == {key: (one.state, one.due_at) for key, one in model.entries.items()}
    handed = {key for key, one in model.entries.items() if one.state == "handed"}
    assert causes == {f"occ:{rule}:{day}:{person}" for rule, day, person in handed}
    assert booked == len(handed)
