"""Announcements: what was written, for whom, and how far it got."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial


class Announcement(Base):
    """One announcement; its outbox rows carry the batch ``ann:<id>``.

    States: frozen (recipients being written down) → sending → done | stopped.
    """

    __tablename__ = "announcement"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str]
    audience: Mapped[str]  # "citizens" | "staff" | "unit:<id>"
    state: Mapped[str]
    recipients: Mapped[int] = mapped_column(default=0)
    frozen_upto: Mapped[int] = mapped_column(default=0)  # last person written down, in key order
    created_at: Mapped[datetime]
    not_before: Mapped[datetime | None]  # quiet hours: when it may go
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    progress: Mapped[str] = mapped_column(default="")  # "@ref" of the author's progress message
    reported: Mapped[str] = mapped_column(default="")  # the figures last shown there
