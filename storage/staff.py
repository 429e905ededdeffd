"""Civil servants: roles, invitations, preferences, self-assessments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial, Tx, upsert
from storage.office import Unit


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
    used_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


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
    lessons_from: Mapped[str] = mapped_column(default="")  # no lesson before this local day


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


class Offer(NamedTuple):
    """An invitation as it stands, with its unit's name ("" for the whole government)."""

    hash: bytes
    role: str
    unit_id: int | None
    unit_name: str
    expires_at: datetime
    used_by: int | None


class Servant(NamedTuple):
    """A civil servant as known now, with the unit's name and zone ("" without a unit)."""

    person_id: int
    name: str
    unit_id: int | None
    unit_name: str
    zone: str
    position_group: str
    lesson_hour: int | None
    lessons_from: str


class Assessed(NamedTuple):
    """A finished self-assessment and its levels by item."""

    id: int
    version: str
    position_group: str
    finished_at: datetime
    levels: Mapping[str, int]


# --- invitations ----------------------------------------------------------------------------


async def add_invitation(
    tx: Tx, digest: bytes, role: str, unit_id: int | None, *, at: datetime, expires_at: datetime
) -> None:
    """Keep the hash of a new invitation."""
    await tx.execute(
        insert(Invitation).values(
            hash=digest, role=role, unit_id=unit_id, created_at=at, expires_at=expires_at
        )
    )


async def invitation(tx: Tx, digest: bytes) -> Offer | None:
    """The invitation with this hash; None if there never was one."""
    row = (
        await tx.execute(
            select(
                Invitation.hash,
                Invitation.role,
                Invitation.unit_id,
                Unit.name,
                Invitation.expires_at,
                Invitation.used_by,
            )
            .outerjoin(Unit, Unit.id == Invitation.unit_id)
            .where(Invitation.hash == digest)
        )
    ).first()
    return None if row is None else Offer._make(row)._replace(unit_name=row.name or "")


async def use_invitation(tx: Tx, digest: bytes, person_id: int, *, at: datetime) -> bool:
    """Use an invitation up; False when it was used or its time is over."""
    done = await tx.execute(
        update(Invitation)
        .where(
            Invitation.hash == digest,
            Invitation.used_at.is_(None),
            Invitation.expires_at > at,
        )
        .values(used_at=at, used_by=person_id)
    )
    return done.rowcount > 0


# --- civil servants -------------------------------------------------------------------------


async def enlist(tx: Tx, person_id: int, unit_id: int | None) -> None:
    """Make somebody known as a civil servant of a unit; what is known already stays."""
    statement = upsert(tx.dialect.name, Staff).values(
        person_id=person_id, name="", unit_id=unit_id, position_group="", lessons_from=""
    )
    await tx.execute(
        statement.on_conflict_do_update(index_elements=["person_id"], set_={"unit_id": unit_id})
    )


async def servant(tx: Tx, person_id: int) -> Servant | None:
    """A civil servant; None if the person never became one."""
    row = (
        await tx.execute(
            select(
                Staff.person_id,
                Staff.name,
                Staff.unit_id,
                Unit.name.label("unit_name"),
                Unit.zone,
                Staff.position_group,
                Staff.lesson_hour,
                Staff.lessons_from,
            )
            .outerjoin(Unit, Unit.id == Staff.unit_id)
            .where(Staff.person_id == person_id)
        )
    ).first()
    if row is None:
        return None
    return Servant._make(row)._replace(unit_name=row.unit_name or "", zone=row.zone or "")


async def set_name(tx: Tx, person_id: int, name: str) -> None:
    """Keep the name a civil servant gave."""
    await tx.execute(update(Staff).where(Staff.person_id == person_id).values(name=name))


async def set_position(tx: Tx, person_id: int, position_group: str) -> None:
    """Keep the position group a civil servant chose."""
    await tx.execute(
        update(Staff).where(Staff.person_id == person_id).values(position_group=position_group)
    )


async def set_lessons(tx: Tx, person_id: int, *, hour: int | None, lessons_from: str = "") -> None:
    """Keep when lessons may come: the local hour (None: not at all), and from which day on."""
    await tx.execute(
        update(Staff)
        .where(Staff.person_id == person_id)
        .values(lesson_hour=hour, lessons_from=lessons_from)
    )


# --- self-assessments -----------------------------------------------------------------------


async def add_assessment(
    tx: Tx,
    person_id: int,
    *,
    version: str,
    position_group: str,
    levels: Mapping[str, int],
    at: datetime,
) -> int:
    """Keep a finished self-assessment with all its answers; returns its id."""
    found = await tx.scalar(
        insert(Assessment)
        .values(
            person_id=person_id, version=version, position_group=position_group, finished_at=at
        )
        .returning(Assessment.id)
    )
    assert isinstance(found, int)
    await tx.execute(
        insert(AssessmentAnswer),
        [{"assessment_id": found, "item": item, "level": level} for item, level in levels.items()],
    )
    return found


async def assessments(tx: Tx, person_id: int, *, limit: int) -> list[Assessed]:
    """A person's finished self-assessments, the newest first."""
    rows = await tx.execute(
        select(
            Assessment.id, Assessment.version, Assessment.position_group, Assessment.finished_at
        )
        .where(Assessment.person_id == person_id)
        .order_by(Assessment.finished_at.desc(), Assessment.id.desc())
        .limit(limit)
    )
    found = [Assessed(*row, levels={}) for row in rows]
    answers = await tx.execute(
        select(
            AssessmentAnswer.assessment_id, AssessmentAnswer.item, AssessmentAnswer.level
        ).where(AssessmentAnswer.assessment_id.in_([one.id for one in found]))
    )
    levels: dict[int, dict[str, int]] = {}
    for assessment_id, item, level in answers:
        levels.setdefault(assessment_id, {})[item] = level
    return [one._replace(levels=levels.get(one.id, {})) for one in found]
