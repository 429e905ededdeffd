"""Civil servants: roles, invitations, preferences, self-assessments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial


class Role(Base):
    """What somebody may do, read on every request: "staff" or "admin", in one unit."""

    __tablename__ = "role"
    __table_args__ = (
        Index(
            "uq_role_in_force",
            "person_id",
            "role",
            unique=True,
            sqlite_where=text("ended_at is null"),
            postgresql_where=text("ended_at is null"),
        ),
    )
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Invitation(Base):
    """A one-time way into a role: only its hash is kept; 48 hours."""

    __tablename__ = "invitation"
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    role: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Staff(Base):
    """A civil servant: name, position group, and the hour lessons may come."""

    __tablename__ = "staff"
    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    position_group: Mapped[str] = mapped_column(default="")
    lesson_hour: Mapped[int | None]  # local hour 0–23; None: no lessons wanted


class Assessment(Base):
    """A self-assessment ("pemetaan mandiri"); its answers point to the version asked."""

    __tablename__ = "assessment"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    version: Mapped[str]
    position_group: Mapped[str]
    finished_at: Mapped[datetime]


class AssessmentAnswer(Base):
    """The level somebody gave herself in one competence."""

    __tablename__ = "assessment_answer"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int]
