"""Announcements: what was written, for whom, and how far it got."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial, Tx, insert_once


class Announcement(Base):
    """One announcement; its outbox rows carry the batch ``ann:<id>``.

    States: frozen (recipients being written down) → sending → done | stopped. It is finished
    when none of its messages can still change.
    """

    __tablename__ = "announcement"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    sender: Mapped[str]  # the office that speaks
    text: Mapped[str]
    audience: Mapped[str]  # "citizens" | "staff" | "unit:<id>"
    resend_of: Mapped[int | None] = mapped_column(ForeignKey("announcement.id"), unique=True)
    state: Mapped[str]
    recipients: Mapped[int] = mapped_column(default=0)
    frozen_upto: Mapped[int] = mapped_column(default=0)  # last person written down, in key order
    created_at: Mapped[datetime]
    not_before: Mapped[datetime | None]  # quiet hours: when it may go
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    progress: Mapped[str] = mapped_column(default="")  # "@ref" of the author's progress message
    reported: Mapped[str] = mapped_column(default="")  # the figures last shown there
    reported_at: Mapped[datetime | None]


class AnnouncementDay(Base):
    """A local day on which citizens get an announcement: one a day, whoever sends it."""

    __tablename__ = "announcement_day"
    local_date: Mapped[str] = mapped_column(primary_key=True)
    announcement_id: Mapped[int | None] = mapped_column(ForeignKey("announcement.id"))


class Written(NamedTuple):
    """One announcement as it stands."""

    id: int
    author_id: int
    sender: str
    text: str
    audience: str
    resend_of: int | None
    state: str
    recipients: int
    created_at: datetime
    not_before: datetime | None
    expires_at: datetime
    finished_at: datetime | None
    progress: str
    reported: str
    reported_at: datetime | None

    @property
    def batch(self) -> str:
        """What its outbox rows are part of."""
        return batch(self.id)


_COLUMNS = tuple(Announcement.__table__.c[name] for name in Written._fields)


def batch(announcement_id: int) -> str:
    """What the outbox rows of an announcement are part of."""
    return f"ann:{announcement_id}"


# --- the announcement itself ----------------------------------------------------------------


async def add(tx: Tx, **values: Any) -> int:
    """Write a new announcement down, with nobody on its list yet; returns its id."""
    written = insert(Announcement).values(state="frozen", **values).returning(Announcement.id)
    return (await tx.execute(written)).scalar_one()


async def get(tx: Tx, announcement_id: int, *, hold: bool = False) -> Written | None:
    """One announcement; None if there is none. With `hold`, nobody else changes it meanwhile."""
    found = select(*_COLUMNS).where(Announcement.id == announcement_id)
    row = (await tx.execute(found.with_for_update() if hold else found)).first()
    return None if row is None else Written._make(row)


async def latest(tx: Tx, *, author_id: int | None, limit: int) -> list[Written]:
    """The newest announcements, of one author or of all."""
    wanted = select(*_COLUMNS).order_by(Announcement.id.desc()).limit(limit)
    if author_id is not None:
        wanted = wanted.where(Announcement.author_id == author_id)
    return [Written._make(row) for row in await tx.execute(wanted)]


async def unfinished(tx: Tx) -> list[Written]:
    """Announcements of which something can still change, oldest first."""
    rows = await tx.execute(
        select(*_COLUMNS).where(Announcement.finished_at.is_(None)).order_by(Announcement.id)
    )
    return [Written._make(row) for row in rows]


async def written_down(tx: Tx) -> None:
    """Wait for whoever writes down recipients now; nobody begins to before `tx` ends.

    On PostgreSQL a list is made of what was so when it was begun: who left meanwhile stands in it.
    """
    lists = select(Announcement.id).where(Announcement.state == "frozen")
    await tx.execute(lists.with_for_update(read=True))


async def resent_as(tx: Tx, announcement_id: int) -> int | None:
    """The announcement that repeats this one to the uncertain; None if there is none."""
    return await tx.scalar(
        select(Announcement.id).where(Announcement.resend_of == announcement_id)
    )


async def change(tx: Tx, announcement_id: int, **values: Any) -> None:
    """Set columns of an announcement."""
    await tx.execute(
        update(Announcement).where(Announcement.id == announcement_id).values(**values)
    )


async def stop(tx: Tx, announcement_id: int) -> bool:
    """Let nothing more be written down or sent; tell whether it was still under way."""
    done = await tx.execute(
        update(Announcement)
        .where(
            Announcement.id == announcement_id,
            Announcement.state.in_(("frozen", "sending")),
            Announcement.finished_at.is_(None),
        )
        .values(state="stopped")
    )
    return done.rowcount > 0


# --- one a day ------------------------------------------------------------------------------


async def days_taken(tx: Tx, since: str) -> set[str]:
    """The local days from `since` on that citizens' announcements have taken."""
    rows = await tx.scalars(
        select(AnnouncementDay.local_date).where(AnnouncementDay.local_date >= since)
    )
    return set(rows)


async def days_of(tx: Tx, announcement_id: int) -> set[str]:
    """The local days that an announcement has taken."""
    rows = await tx.scalars(
        select(AnnouncementDay.local_date).where(
            AnnouncementDay.announcement_id == announcement_id
        )
    )
    return set(rows)


async def take_day(tx: Tx, local_date: str) -> bool:
    """Take a day for an announcement that is about to be written; False when it is taken."""
    return await insert_once(tx, AnnouncementDay, local_date=local_date, announcement_id=None)


async def name_day(tx: Tx, local_date: str, announcement_id: int) -> None:
    """Say which announcement has taken the day."""
    await tx.execute(
        update(AnnouncementDay)
        .where(AnnouncementDay.local_date == local_date)
        .values(announcement_id=announcement_id)
    )


async def free_days(tx: Tx, announcement_id: int) -> None:
    """Give back the days of an announcement of which nothing left."""
    await tx.execute(
        delete(AnnouncementDay).where(AnnouncementDay.announcement_id == announcement_id)
    )
