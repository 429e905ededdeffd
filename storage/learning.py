"""Micro-lessons: what each person was given and answered, and when the next card is due."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ForeignKey,
    UniqueConstraint,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial, Tx, UtcDateTime, insert_once, put_rows, upsert
from storage.due import Occurrence
from storage.office import Unit
from storage.staff import Role, Staff


class Card(Base):
    """One lesson in one person's memory (FSRS), due on a local day."""

    __tablename__ = "card"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    lesson: Mapped[str] = mapped_column(primary_key=True)  # "pelayanan/standar"
    fsrs: Mapped[dict[str, Any]] = mapped_column(JSON)
    due_date: Mapped[str]


class Given(Base):
    """The lesson somebody got on one local day: at most one, in the version that was asked."""

    __tablename__ = "lesson_given"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    local_date: Mapped[str] = mapped_column(primary_key=True)
    lesson: Mapped[str]
    version: Mapped[str]
    target: Mapped[str]  # how its message is edited: a platform id, or "@" + reference


class Review(Base):
    """The answer to the lesson given on one local day; `choice` counts from 0."""

    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("person_id", "local_date"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    lesson: Mapped[str]
    version: Mapped[str]
    local_date: Mapped[str]
    choice: Mapped[int]
    correct: Mapped[bool]
    at: Mapped[datetime]


class Gift(NamedTuple):
    """A lesson given to somebody on one local day, and the answer if there is one."""

    person_id: int
    local_date: str
    lesson: str
    version: str
    target: str
    choice: int | None = None
    correct: bool | None = None


class Memory(NamedTuple):
    """One lesson in one person's memory."""

    lesson: str
    fsrs: dict[str, Any]
    due_date: str


class Wish(NamedTuple):
    """A civil servant who wants lessons: at which local hour, and from which day on."""

    person_id: int
    name: str
    zone: str
    hour: int
    lessons_from: str


async def fall_due(
    tx: Tx,
    *,
    zone: str,
    no_unit: bool,
    local_date: str,
    hours: Mapping[int, datetime],
    until: datetime,
    lessons: Collection[str],
) -> int:
    """Write down today's lessons in one zone: of everybody whose hour is among `hours`.

    `hours` maps a local hour to its moment. Nothing falls due for who has had a lesson today,
    pauses, or has neither a new lesson nor a repetition to do. With `no_unit`, people without
    a unit live in this zone too. Returns how many rows are new.
    """
    if not hours:
        return 0
    known = (
        select(func.count(Card.lesson))
        .where(Card.person_id == Staff.person_id, Card.lesson.in_(lessons))
        .scalar_subquery()
    )
    repeats = exists().where(
        Card.person_id == Staff.person_id,
        Card.lesson.in_(lessons),
        Card.due_date <= local_date,
    )
    given = exists().where(Given.person_id == Staff.person_id, Given.local_date == local_date)
    here = Unit.zone == zone
    moments = {hour: literal(at, UtcDateTime) for hour, at in hours.items()}
    who = (
        select(
            literal("lesson"),
            literal(local_date),
            Staff.person_id,
            case(moments, value=Staff.lesson_hour),
            literal(until, UtcDateTime),
            literal("due"),
            literal(""),
        )
        .join(Role, Role.person_id == Staff.person_id)
        .outerjoin(Unit, Unit.id == Staff.unit_id)
        .where(
            Role.role == "staff",
            Role.ended_at.is_(None),
            or_(here, Staff.unit_id.is_(None)) if no_unit else here,
            Staff.lesson_hour.in_(hours),
            Staff.lessons_from <= local_date,
            or_(known < len(lessons), repeats),
            ~given,
        )
    )
    columns = ["rule", "local_date", "person_id", "due_at", "until", "state", "reason"]
    done = await tx.execute(
        upsert(tx.dialect.name, Occurrence).from_select(columns, who).on_conflict_do_nothing()
    )
    return int(done.rowcount)


async def give(tx: Tx, gifts: Sequence[Gift]) -> set[tuple[int, str]]:
    """Write down who is given which lesson; returns the (person, day) that had none yet."""
    if not gifts:
        return set()
    bare = [{name: getattr(gift, name) for name in _GIVEN} for gift in gifts]
    rows = await tx.execute(
        upsert(tx.dialect.name, Given)
        .values(bare)
        .on_conflict_do_nothing()
        .returning(Given.person_id, Given.local_date)
    )
    return {(person_id, day) for person_id, day in rows}


_GIVEN = ("person_id", "local_date", "lesson", "version", "target")


async def send_again(tx: Tx, gift: Gift) -> None:
    """Remember the newer message of a lesson that was given already."""
    await tx.execute(
        update(Given)
        .where(Given.person_id == gift.person_id, Given.local_date == gift.local_date)
        .values(target=gift.target)
    )


async def gift(tx: Tx, person_id: int, local_date: str) -> Gift | None:
    """What somebody was given on a day, with the answer; None if nothing."""
    return await _newest(tx, person_id, Given.local_date == local_date)


async def newest_gift(tx: Tx, person_id: int, lesson: str | None = None) -> Gift | None:
    """What somebody was given last, of all lessons or of one; None if nothing."""
    return await _newest(tx, person_id, True if lesson is None else Given.lesson == lesson)


async def _newest(tx: Tx, person_id: int, which: Any) -> Gift | None:
    row = (
        await tx.execute(
            select(*(getattr(Given, name) for name in _GIVEN), Review.choice, Review.correct)
            .outerjoin(
                Review,
                and_(Review.person_id == Given.person_id, Review.local_date == Given.local_date),
            )
            .where(Given.person_id == person_id, which)
            .order_by(Given.local_date.desc())
            .limit(1)
        )
    ).first()
    return None if row is None else Gift._make(row)


async def given_on(tx: Tx, days: Mapping[int, str]) -> set[int]:
    """Which of these people were given a lesson on the day named beside each."""
    rows = await tx.execute(
        select(Given.person_id, Given.local_date).where(
            Given.person_id.in_(days), Given.local_date.in_(set(days.values()))
        )
    )
    return {person for person, day in rows if days[person] == day}


async def add_review(
    tx: Tx, gift: Gift, choice: int, *, correct: bool, version: str, at: datetime
) -> bool:
    """Keep the first answer to a given lesson; False when there is one already."""
    return await insert_once(
        tx,
        Review,
        person_id=gift.person_id,
        lesson=gift.lesson,
        version=version,
        local_date=gift.local_date,
        choice=choice,
        correct=correct,
        at=at,
    )


async def memories(tx: Tx, person_ids: Collection[int]) -> dict[int, list[Memory]]:
    """What each of these people remembers, card by card."""
    rows = await tx.execute(
        select(Card.person_id, Card.lesson, Card.fsrs, Card.due_date)
        .where(Card.person_id.in_(person_ids))
        .order_by(Card.due_date, Card.lesson)
    )
    found: dict[int, list[Memory]] = {}
    for person_id, *memory in rows:
        found.setdefault(person_id, []).append(Memory(*memory))
    return found


async def keep_card(
    tx: Tx, person_id: int, lesson: str, *, fsrs: Mapping[str, Any], due_date: str
) -> None:
    """Put a card in the place of what it was before."""
    card = {"person_id": person_id, "lesson": lesson, "fsrs": dict(fsrs), "due_date": due_date}
    await put_rows(tx, Card, [card])


async def wishes(
    tx: Tx, person_ids: Collection[int] | None, *, limit: int | None = None
) -> list[Wish]:
    """When lessons may come to those staff (None: to all of them), by name."""
    wanted = (
        select(
            Staff.person_id,
            Staff.name,
            func.coalesce(Unit.zone, ""),
            Staff.lesson_hour,
            Staff.lessons_from,
        )
        .join(Role, Role.person_id == Staff.person_id)
        .outerjoin(Unit, Unit.id == Staff.unit_id)
        .where(Role.role == "staff", Role.ended_at.is_(None), Staff.lesson_hour.is_not(None))
        .order_by(Staff.name, Staff.person_id)
    )
    if limit is not None:
        wanted = wanted.limit(limit)
    if person_ids is not None:
        wanted = wanted.where(Staff.person_id.in_(person_ids))
    return [Wish._make(row) for row in await tx.execute(wanted)]


async def zones(tx: Tx) -> list[str]:
    """The time zones in which units lie."""
    return list((await tx.execute(select(Unit.zone).distinct().order_by(Unit.zone))).scalars())
