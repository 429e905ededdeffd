"""Training sessions and who comes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial, Tx, UtcDateTime, upsert
from storage.due import Occurrence
from storage.roles import branch
from storage.staff import Role, Staff


class Session(Base):
    """A training at one place and time; `unit_id` None means all staff."""

    __tablename__ = "training_session"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    title: Mapped[str]
    starts_at: Mapped[datetime] = mapped_column(index=True)
    zone: Mapped[str]
    place: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    created_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class Invitee(Base):
    """One person asked to a session: answer "", "yes" or "no"."""

    __tablename__ = "training_invitee"
    session_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]


class Training(NamedTuple):
    """One session as it stands."""

    id: int
    title: str
    starts_at: datetime
    zone: str
    place: str
    unit_id: int | None
    created_by: int
    created_at: datetime
    cancelled_at: datetime | None


class Counts(NamedTuple):
    """How the invited answered."""

    yes: int = 0
    no: int = 0
    open: int = 0

    @property
    def invited(self) -> int:
        """How many were asked."""
        return self.yes + self.no + self.open


class Guest(NamedTuple):
    """One invited person and the answer so far."""

    person_id: int
    name: str
    answer: str


_COLUMNS = tuple(Session.__table__.c[name] for name in Training._fields)


async def create_session(
    tx: Tx,
    *,
    title: str,
    starts_at: datetime,
    zone: str,
    place: str,
    unit_id: int | None,
    created_by: int,
    at: datetime,
) -> int:
    """Write a session down; returns its id. Nobody is invited yet."""
    found = await tx.scalar(
        insert(Session)
        .values(
            title=title,
            starts_at=starts_at,
            zone=zone,
            place=place,
            unit_id=unit_id,
            created_by=created_by,
            created_at=at,
        )
        .returning(Session.id)
    )
    assert isinstance(found, int)
    return found


async def invite_staff(tx: Tx, session_id: int, unit_id: int | None) -> int:
    """Invite everybody who is staff now in a unit and the units below it, or (None) everywhere.

    Returns how many are new on the list.
    """
    who = select(literal(session_id), Role.person_id, literal("")).where(*_serving(unit_id))
    done = await tx.execute(
        upsert(tx.dialect.name, Invitee)
        .from_select(["session_id", "person_id", "answer"], who)
        .on_conflict_do_nothing()
    )
    return int(done.rowcount)


async def serving(tx: Tx, unit_id: int | None) -> int:
    """How many people would be invited now."""
    found = select(func.count()).select_from(Role).where(*_serving(unit_id))
    return await tx.scalar(found) or 0


def _serving(unit_id: int | None) -> list[ColumnElement[bool]]:
    """Who is staff now in a unit and the units below it, or (None) everywhere."""
    who: list[ColumnElement[bool]] = [Role.role == "staff", Role.ended_at.is_(None)]
    if unit_id is not None:
        who.append(Role.unit_id.in_(branch(unit_id)))
    return who


async def session(tx: Tx, session_id: int) -> Training | None:
    """One session; None if there is none."""
    row = (await tx.execute(select(*_COLUMNS).where(Session.id == session_id))).first()
    return None if row is None else Training._make(row)


async def sessions(
    tx: Tx,
    *,
    after: datetime,
    unit_id: int | None = None,
    cancelled: bool = False,
    limit: int | None = None,
) -> list[Training]:
    """Sessions that start after a moment, soonest first.

    With `unit_id` only those of the unit and the units below it. Cancelled ones are left out
    unless asked for.
    """
    wanted = select(*_COLUMNS).where(Session.starts_at > after)
    if unit_id is not None:
        wanted = wanted.where(Session.unit_id.in_(branch(unit_id)))
    if not cancelled:
        wanted = wanted.where(Session.cancelled_at.is_(None))
    wanted = wanted.order_by(Session.starts_at, Session.id)
    rows = await tx.execute(wanted if limit is None else wanted.limit(limit))
    return [Training._make(row) for row in rows]


async def of_person(tx: Tx, person_id: int, *, after: datetime) -> list[tuple[Training, str]]:
    """The sessions a person is invited to and her answers, soonest first; cancelled ones too."""
    rows = await tx.execute(
        select(*_COLUMNS, Invitee.answer)
        .join(Invitee, Invitee.session_id == Session.id)
        .where(Invitee.person_id == person_id, Session.starts_at > after)
        .order_by(Session.starts_at, Session.id)
    )
    return [(Training._make(row[:-1]), row[-1]) for row in rows]


async def invitees(tx: Tx, session_id: int) -> list[Guest]:
    """Everybody invited to a session, by name."""
    rows = await tx.execute(
        select(Invitee.person_id, func.coalesce(Staff.name, ""), Invitee.answer)
        .outerjoin(Staff, Staff.person_id == Invitee.person_id)
        .where(Invitee.session_id == session_id)
        .order_by(Staff.name, Invitee.person_id)
    )
    return [Guest._make(row) for row in rows]


async def answers(tx: Tx, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The answers of many (session, person); who is not invited is absent."""
    session_ids = {session_id for session_id, _ in pairs}
    people = {person_id for _, person_id in pairs}
    rows = await tx.execute(
        select(Invitee.session_id, Invitee.person_id, Invitee.answer).where(
            Invitee.session_id.in_(session_ids), Invitee.person_id.in_(people)
        )
    )
    return {(row.session_id, row.person_id): row.answer for row in rows}


async def set_answer(
    tx: Tx, session_id: int, person_id: int, answer: str, *, at: datetime
) -> bool:
    """Keep an invited person's answer until the session starts or is cancelled.

    Tells whether it was kept: False when not invited, cancelled or already begun.
    """
    done = await tx.execute(
        update(Invitee)
        .where(
            Invitee.session_id == session_id,
            Invitee.person_id == person_id,
            exists().where(
                Session.id == session_id,
                Session.cancelled_at.is_(None),
                Session.starts_at > at,
            ),
        )
        .values(answer=answer, answered_at=at)
    )
    return done.rowcount > 0


async def fall_due(
    tx: Tx,
    *,
    session_id: int,
    kind: str,
    local_date: str,
    due_at: datetime,
    until: datetime,
    answers: Collection[str],
) -> int:
    """Write down one reminder of one session for those whose answer is among `answers`.

    Who answered after its moment knows what it would say. Returns how many rows are new.
    """
    who = _occurrences(session_id, kind, local_date, due_at, until).where(
        Invitee.answer.in_(answers),
        or_(Invitee.answered_at.is_(None), Invitee.answered_at <= due_at),
    )
    return await _write(tx, who)


async def fall_due_cancelled(
    tx: Tx, *, session_id: int, local_date: str, due_at: datetime, until: datetime
) -> int:
    """Write down the notice that a session is off, for those who knew of it and did not refuse.

    Returns how many rows are new.
    """
    told = exists().where(
        Occurrence.rule == rule(session_id, "invite"),
        Occurrence.person_id == Invitee.person_id,
        Occurrence.state == "handed",
    )
    who = _occurrences(session_id, "cancelled", local_date, due_at, until).where(
        or_(Invitee.answer == "yes", and_(Invitee.answer == "", told))
    )
    return await _write(tx, who)


def rule(session_id: int, kind: str) -> str:
    """The name of one reminder of one session."""
    return f"training:{session_id}:{kind}"


def _occurrences(
    session_id: int, kind: str, local_date: str, due_at: datetime, until: datetime
) -> Any:
    return select(
        literal(rule(session_id, kind)),
        literal(local_date),
        Invitee.person_id,
        literal(due_at, UtcDateTime),
        literal(until, UtcDateTime),
        literal("due"),
        literal(""),
    ).where(Invitee.session_id == session_id)


async def _write(tx: Tx, who: Any) -> int:
    columns = ["rule", "local_date", "person_id", "due_at", "until", "state", "reason"]
    done = await tx.execute(
        upsert(tx.dialect.name, Occurrence).from_select(columns, who).on_conflict_do_nothing()
    )
    return int(done.rowcount)


async def counts(tx: Tx, session_ids: Collection[int]) -> dict[int, Counts]:
    """How the invited of each session answered; a session without guests counts 0."""
    rows = await tx.execute(
        select(Invitee.session_id, Invitee.answer, func.count())
        .where(Invitee.session_id.in_(session_ids))
        .group_by(Invitee.session_id, Invitee.answer)
    )
    found: dict[int, dict[str, int]] = {session_id: {} for session_id in session_ids}
    for session_id, answer, n in rows:
        found[session_id][answer or "open"] = n
    return {session_id: Counts(**by_answer) for session_id, by_answer in found.items()}


async def cancel(tx: Tx, session_id: int, *, at: datetime) -> bool:
    """Call a session off; tell whether it was still on and had not begun."""
    done = await tx.execute(
        update(Session)
        .where(Session.id == session_id, Session.cancelled_at.is_(None), Session.starts_at > at)
        .values(cancelled_at=at)
    )
    return done.rowcount > 0
