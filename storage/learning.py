"""Micro-lessons: what each person has learned and when the next card is due."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial


class Card(Base):
    """One lesson in one person's memory (FSRS), due on a local day."""

    __tablename__ = "card"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    lesson: Mapped[str] = mapped_column(primary_key=True)  # "pelayanan/standar"
    fsrs: Mapped[dict[str, Any]] = mapped_column(JSON)
    due_date: Mapped[str]


class Review(Base):
    """One answer to a lesson's question, with the version that was asked."""

    __tablename__ = "review"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    lesson: Mapped[str]
    version: Mapped[str]
    local_date: Mapped[str]
    choice: Mapped[int]
    correct: Mapped[bool]
    at: Mapped[datetime]
