"""Due things: rows unique per (rule, local date, person)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, select
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
    return {date.fromisoformat(day): holiday for day, holiday in rows.tuples()}
