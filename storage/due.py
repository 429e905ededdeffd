"""Due things: rows unique per (rule, local date, person)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, func, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Tx


class Occurrence(Base):
    """Something that falls due once: "due" → "handed" (to the outbox) | "skipped" (with why)."""

    __tablename__ = "occurrence"
    __table_args__ = (Index("ix_occurrence_state_due", "state", "due_at"),)
    rule: Mapped[str] = mapped_column(primary_key=True)  # "lesson", "training:7:h1"
    local_date: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    due_at: Mapped[datetime]
    until: Mapped[datetime]  # from then on it is too late
    state: Mapped[str] = mapped_column(default="due")
    reason: Mapped[str] = mapped_column(default="")


class HolidayOverride(Base):
    """A day the office adds to the national calendar, or takes out of it."""

    __tablename__ = "holiday_override"
    local_date: Mapped[str] = mapped_column(primary_key=True)
    is_holiday: Mapped[bool]
    name: Mapped[str] = mapped_column(default="")


async def holiday_overrides(tx: Tx) -> dict[date, bool]:
    """Days the office made holidays (True) or took out of the national calendar (False)."""
    rows = await tx.execute(select(HolidayOverride.local_date, HolidayOverride.is_holiday))
    return {date.fromisoformat(day): holiday for day, holiday in rows}


class Due(NamedTuple):
    """One occurrence whose time has come."""

    rule: str
    local_date: str
    person_id: int
    due_at: datetime
    until: datetime

    @property
    def cause(self) -> str:
        """What makes its message unique."""
        return f"occ:{self.rule}:{self.local_date}:{self.person_id}"


_KEY = (Occurrence.rule, Occurrence.local_date, Occurrence.person_id)


async def skip_late(tx: Tx, *, now: datetime) -> int:
    """Set aside what nobody could hand over in its time; returns how many."""
    done = await tx.execute(
        update(Occurrence)
        .where(Occurrence.state == "due", Occurrence.until <= now)
        .values(state="skipped", reason="late")
    )
    return done.rowcount


async def skip_rules(tx: Tx, prefix: str, *, reason: str) -> int:
    """Set aside what waits under all rules that begin with `prefix`; returns how many."""
    done = await tx.execute(
        update(Occurrence)
        .where(Occurrence.state == "due", Occurrence.rule.startswith(prefix, autoescape=True))
        .values(state="skipped", reason=reason)
    )
    return done.rowcount


async def take(tx: Tx, *, now: datetime, limit: int) -> list[Due]:
    """What is due now and waits, the longest waiting first; held by `tx` on PostgreSQL."""
    wanted = (
        select(*_KEY, Occurrence.due_at, Occurrence.until)
        .where(Occurrence.state == "due", Occurrence.due_at <= now)
        .order_by(Occurrence.due_at, *_KEY)
        .limit(limit)
    )
    if tx.dialect.name == "postgresql":
        wanted = wanted.with_for_update(skip_locked=True)
    return [Due._make(row) for row in await tx.execute(wanted)]


async def close(tx: Tx, entries: Collection[Due], *, state: str, reason: str = "") -> None:
    """Mark occurrences as handed over, or as skipped for one reason."""
    if not entries:
        return
    keys = [entry[:3] for entry in entries]
    await tx.execute(
        update(Occurrence).where(tuple_(*_KEY).in_(keys)).values(state=state, reason=reason)
    )


async def postpone(tx: Tx, entries: Collection[Due], *, to: datetime) -> None:
    """Let what came into quiet hours wait."""
    keys = [entry[:3] for entry in entries]
    await tx.execute(update(Occurrence).where(tuple_(*_KEY).in_(keys)).values(due_at=to))


async def waiting(tx: Tx, *, limit: int) -> list[Due]:
    """What waits, soonest first."""
    rows = await tx.execute(
        select(*_KEY, Occurrence.due_at, Occurrence.until)
        .where(Occurrence.state == "due")
        .order_by(Occurrence.due_at, *_KEY)
        .limit(limit)
    )
    return [Due._make(row) for row in rows]


async def tally(tx: Tx) -> dict[tuple[str, str], int]:
    """How many occurrences stand in each state for each reason."""
    rows = await tx.execute(
        select(Occurrence.state, Occurrence.reason, func.count()).group_by(
            Occurrence.state, Occurrence.reason
        )
    )
    return {(state, reason): n for state, reason, n in rows}
