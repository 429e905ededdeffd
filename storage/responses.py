"""What citizens answered: rows that lead back to nobody.

A response has a random key and coarse facts only. The table that knows "already answered today"
is joined to nothing. On SQLite these tables are WITHOUT ROWID, for the order of insertion would
be a link; on PostgreSQL `storage.anonymity` rewrites them in the order of their random keys.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import UNORDERED, Base


class Response(Base):
    """One submitted questionnaire, quick or whole; each once per visit."""

    __tablename__ = "response"
    __table_args__ = (
        Index("ix_response_service_date", "service_id", "instrument", "local_date"),
        UNORDERED,
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    instrument: Mapped[str]  # "quick" | "skm"
    version: Mapped[str]
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    point_id: Mapped[int | None] = mapped_column(ForeignKey("service_point.id"))
    local_date: Mapped[str]  # ISO, in the unit's zone
    half_day: Mapped[str]  # "am" | "pm"
    channel: Mapped[str]
    language: Mapped[str]
    notice: Mapped[str]  # version of the notice shown
    visit_kind: Mapped[str]  # "poster" | "ticket" | "invitation" | "assisted" | "search"
    duration: Mapped[str]  # "fast" | "normal" | "slow"
    staff: Mapped[bool]  # from an account of the staff
    burst: Mapped[bool]  # among many at one point in a short time


class Answer(Base):
    """One answer, by the key of its item, never by position."""

    __tablename__ = "answer"
    __table_args__ = (UNORDERED,)
    response_key: Mapped[str] = mapped_column(
        ForeignKey("response.key", ondelete="CASCADE"), primary_key=True
    )
    item: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class Comment(Base):
    """What a citizen wrote, personal data masked before it was ever stored."""

    __tablename__ = "comment"
    __table_args__ = (UNORDERED,)
    response_key: Mapped[str] = mapped_column(
        ForeignKey("response.key", ondelete="CASCADE"), primary_key=True
    )
    text: Mapped[str]


class Once(Base):
    """A keyed hash per (address, service, local day, instrument); joined to nothing."""

    __tablename__ = "once"
    __table_args__ = (UNORDERED,)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(index=True)


class PeriodKey(Base):
    """The random key of one period's hashes, wrapped by the installation's secret.

    Destroyed when the period is over; what is left cannot be tested against anybody.
    """

    __tablename__ = "period_key"
    period: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]
