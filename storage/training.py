"""Training sessions and who comes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial


class Session(Base):
    """A training at one place and time; `unit_id` None means all staff."""

    __tablename__ = "training_session"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    title: Mapped[str]
    starts_at: Mapped[datetime]
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
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
