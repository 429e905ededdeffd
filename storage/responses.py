"""What citizens answered: rows that lead back to nobody.

A response has a random key and coarse facts only. The table that knows "already answered today"
is joined to nothing. On SQLite these tables are WITHOUT ROWID, for the order of insertion would
be a link; on PostgreSQL `storage.anonymity` rewrites them in the order of their random keys.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, Integer, bindparam, delete, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import UNORDERED, Base, Tx, forget_read, insert_once, put_rows, read_once


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


class Sum(NamedTuple):
    """How many answered one item, and the sum of their answers."""

    item: str
    n: int
    sum: int


# Built once: building a statement takes longer than running it.
_RESPONSE, _ANSWER = insert(Response), insert(Answer)
_WRAPPED = select(PeriodKey.wrapped).where(PeriodKey.period == bindparam("period"))
_CROWDED = (
    select(Response.key)
    .where(
        Response.service_id == bindparam("service_id"),
        Response.instrument == bindparam("instrument"),
        Response.local_date == bindparam("local_date"),
        Response.point_id == bindparam("point_id"),
        Response.half_day == bindparam("half_day"),
    )
    .offset(bindparam("before", type_=Integer))
    .limit(1)
)
_SPENT = select(Once.key).where(Once.key.in_(bindparam("keys", expanding=True)))


async def record(tx: Tx, *, answers: Mapping[str, int], comment: str, **row: Any) -> None:
    """Write down one submitted response with its answers and its masked comment, if any."""
    await tx.execute(_RESPONSE, row)
    if answers:
        await tx.execute(
            _ANSWER,
            [
                {"response_key": row["key"], "item": item, "value": value}
                for item, value in sorted(answers.items())
            ],
        )
    if comment:
        await tx.execute(insert(Comment).values(response_key=row["key"], text=comment))


async def version_of(tx: Tx, key: str) -> str | None:
    """The version of the questionnaire a response answered; None if there is no such response."""
    return await tx.scalar(select(Response.version).where(Response.key == key))


async def answers_of(tx: Tx, key: str) -> dict[str, int]:
    """The answers of one response, by item."""
    rows = await tx.execute(select(Answer.item, Answer.value).where(Answer.response_key == key))
    return {item: value for item, value in rows}


async def comment_of(tx: Tx, key: str) -> str:
    """The comment of one response; "" if there is none."""
    return await tx.scalar(select(Comment.text).where(Comment.response_key == key)) or ""


async def set_answer(tx: Tx, key: str, item: str, value: int | None) -> None:
    """Correct one answer in place; None takes it back."""
    if value is None:
        await tx.execute(delete(Answer).where(Answer.response_key == key, Answer.item == item))
        return
    await put_rows(tx, Answer, [{"response_key": key, "item": item, "value": value}])


async def set_comment(tx: Tx, key: str, text: str) -> None:
    """Correct the comment in place; "" takes it back."""
    if not text:
        await tx.execute(delete(Comment).where(Comment.response_key == key))
        return
    await put_rows(tx, Comment, [{"response_key": key, "text": text}])


async def crowded(
    tx: Tx, service_id: int, instrument: str, local_date: str, point_id: int, half_day: str, n: int
) -> bool:
    """Whether a point already has `n` responses to one instrument in one half-day."""
    asked = {
        "service_id": service_id,
        "instrument": instrument,
        "local_date": local_date,
        "point_id": point_id,
        "half_day": half_day,
        "before": n - 1,
    }
    found = await tx.scalar(_CROWDED, asked)
    return found is not None


# --- once per visit ------------------------------------------------------------------------


async def wrapped_key(tx: Tx, period: str) -> bytes | None:
    """The wrapped key of a period; None before its first response and after its end."""

    async def read() -> bytes | None:
        return await tx.scalar(_WRAPPED, {"period": period})

    return await read_once(tx, "period key", period, read=read)


async def wrapped_keys(tx: Tx) -> dict[str, bytes]:
    """The wrapped keys of all periods that are not over."""
    rows = await tx.execute(select(PeriodKey.period, PeriodKey.wrapped))
    return dict(rows.all())


async def keep_wrapped_key(tx: Tx, period: str, wrapped: bytes) -> bytes:
    """Keep the key of a period unless there is one; returns the one in force."""
    await insert_once(tx, PeriodKey, period=period, wrapped=wrapped)
    forget_read(tx, "period key", period)
    kept = await wrapped_key(tx, period)
    assert kept is not None
    return kept


async def spend(tx: Tx, key: bytes, period: str) -> bool:
    """Mark a visit as answered; False when it was already."""
    return await insert_once(tx, Once, key=key, period=period)


async def spent(tx: Tx, keys: Collection[bytes]) -> set[bytes]:
    """Which of these visits are answered already."""
    rows = await tx.execute(_SPENT, {"keys": list(keys)})
    return set(rows.scalars())


# --- aggregates ----------------------------------------------------------------------------


def _within(service_ids: Collection[int], instrument: str, first: str, last: str) -> Any:
    return (
        Response.service_id.in_(service_ids)
        & (Response.instrument == instrument)
        & Response.local_date.between(first, last)
    )


async def how_many(
    tx: Tx, service_ids: Collection[int], instrument: str, first: str, last: str
) -> dict[str, int]:
    """Responses to an instrument between two local dates (both included), by its version."""
    rows = await tx.execute(
        select(Response.version, func.count())
        .where(_within(service_ids, instrument, first, last))
        .group_by(Response.version)
        .order_by(Response.version)
    )
    return {version: n for version, n in rows}


async def sums(
    tx: Tx,
    service_ids: Collection[int],
    instrument: str,
    items: Collection[str],
    first: str,
    last: str,
) -> list[Sum]:
    """Number and sum of the answers to each item between two local dates (both included)."""
    rows = await tx.execute(
        select(Answer.item, func.count(), func.sum(Answer.value))
        .join(Response, Response.key == Answer.response_key)
        .where(_within(service_ids, instrument, first, last), Answer.item.in_(items))
        .group_by(Answer.item)
    )
    return [Sum(item, n, int(total)) for item, n, total in rows]
