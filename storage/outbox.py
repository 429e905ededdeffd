"""Messages on their way out: rows with a named state, each made unique by its cause.

Those of an announcement need no index for that: `recipients.freeze` remembers, in the commit that
writes them, how far it came.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Index,
    String,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage import announcements
from storage.announcements import Announcement
from storage.base import Base, Serial, Tx, insert_new
from storage.ledger import count
from storage.people import Address
from talk.messages import Lane, Parcel, Policy, encode
from talk.reference import reference


class State(StrEnum):
    """Where a message stands; every row is in exactly one of these."""

    READY = "ready"  # waits for its turn (`not_before`, pace, the one before it)
    SENDING = "sending"  # handed to the platform, no answer yet
    SENT = "sent"
    FAILED = "failed"  # the platform refused it, or the person shut us out; `error` says why
    UNCERTAIN = "uncertain"  # nobody knows; with `not_before` it is resent then, else it stays
    EXPIRED = "expired"  # its time was over before it could be sent
    CANCELLED = "cancelled"  # a newer edit or a stop made it pointless


_REPLY_LIVES = timedelta(minutes=10)
_EDIT_LIVES = timedelta(hours=1)

# States in the conditions of partial indexes must be written out: a bound value would not match.
READY: ColumnElement[str] = literal_column("'ready'")
POSTPONED = text("outbox.state in ('ready', 'uncertain') and outbox.not_before is not null")
TRACEABLE = text("outbox.lane = 'interactive' and outbox.address_id is not null")
RARE = text("outbox.state not in ('ready', 'sent')")  # in the air, or ended otherwise: never many
OWN = text("outbox.sheet_id is null")  # nothing is ever asked of one among a million alike


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Sheet(Base):
    """A text shared by many rows (an announcement in one language), frozen when written."""

    __tablename__ = "sheet"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    cause: Mapped[str]
    language: Mapped[str]
    body: Mapped[str]


class Outbox(Base):
    """One message to one address. Body and address of a reply are emptied once settled.

    Each index costs every row of an announcement, and again whenever its state changes: there is
    none that two questions could share, and none over what nobody asks for.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_ready", "lane", "not_before", "id", "batch", **_where("state = 'ready'")),
        Index(
            "ix_outbox_postponed",
            "not_before",
            **_where("state in ('ready', 'uncertain') and not_before is not null"),
        ),
        Index(
            "ix_outbox_traceable",
            "settled_at",
            **_where("lane = 'interactive' and address_id is not null"),
        ),
        Index("ix_outbox_ref", "ref", **_where("sheet_id is null")),
        Index("uq_outbox_cause", "cause", unique=True, **_where("sheet_id is null")),
        Index("ix_outbox_rare", "state", "batch", **_where("state not in ('ready', 'sent')")),
        Index("ix_outbox_address", "address_id", "state"),
    )
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    cause: Mapped[str]
    ref: Mapped[str]
    batch: Mapped[str] = mapped_column(default="")  # what it is part of: "ann:7"
    address_id: Mapped[int | None]  # no foreign keys: a million rows would be a million questions
    lane: Mapped[str]
    policy: Mapped[str]
    body: Mapped[str | None]
    sheet_id: Mapped[int | None]
    edits: Mapped[str] = mapped_column(default="")
    strip: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(default=State.READY)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    owner: Mapped[str] = mapped_column(default="")
    deadline: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    message: Mapped[str] = mapped_column(default="")  # the platform's id, once sent
    error: Mapped[str] = mapped_column(default="")


# Built once: building a statement takes longer than running it.
_OUTDATE = (
    update(Outbox)
    .where(
        Outbox.address_id == bindparam("of"),
        Outbox.edits == bindparam("target"),
        or_(Outbox.state == State.READY, Outbox.state == State.UNCERTAIN),
    )
    .values(state=State.CANCELLED, settled_at=bindparam("at"), body=None, error="newer edit")
    .execution_options(synchronize_session=None)
)
_ARRIVED = (
    update(Outbox)
    .where(OWN, Outbox.ref.in_(bindparam("refs", expanding=True)))
    .where(Outbox.state == State.UNCERTAIN)
    .values(state=State.SENT, not_before=None, settled_at=bindparam("at"), body=None, error="")
    .execution_options(synchronize_session=None)
)
_OUT = (State.SENDING, State.SENT, State.UNCERTAIN)  # it may have been seen
_MAY_ANSWER = select(Outbox.id).where(
    OWN,
    Outbox.ref == bindparam("named"),
    Outbox.state.in_(_OUT),
    Outbox.created_at <= bindparam("received"),
)


async def put(tx: Tx, parcels: Sequence[Parcel], *, at: datetime, batch: str = "") -> int:
    """Put messages out to be sent; a cause that is already there is left alone.

    A reply that could not be sent for 10 minutes, an edit for an hour, is not sent any more.

    A newer edit of a message cancels older edits of it that were not sent. Returns how many
    rows are new.
    """
    if not parcels:
        return 0
    edits = [
        {"of": p.address_id, "target": p.edits, "at": at}
        for p in parcels
        if p.edits and not p.strip
    ]
    if edits:
        await tx.execute(_OUTDATE, edits)
    new = await insert_new(
        tx,
        Outbox,
        [
            {
                "cause": p.cause,
                "ref": reference(p.cause),
                "batch": batch,
                "address_id": p.address_id,
                "lane": p.lane,
                "policy": Policy.A if p.edits else p.policy,
                "body": None if p.body is None else encode(p.body),
                "sheet_id": None,
                "edits": p.edits,
                "strip": p.strip,
                "state": State.READY,
                "attempts": 0,
                "created_at": at,
                "not_before": p.not_before,
                "expires_at": p.expires_at or _expiry(p, at),
                "owner": "",
                "message": "",
                "error": "",
            }
            for p in parcels
        ],
    )
    if new:
        await count(tx, {("outbox.put", ""): new})
    return new


def _expiry(parcel: Parcel, at: datetime) -> datetime:
    start = max(at, parcel.not_before or at)
    return start + (_EDIT_LIVES if parcel.edits else _REPLY_LIVES)


async def put_sheet(tx: Tx, *, cause: str, language: str, body: str) -> int:
    """Freeze a text that many rows will share; returns its id."""
    statement = insert(Sheet).values(cause=cause, language=language, body=body)
    return int((await tx.execute(statement.returning(Sheet.id))).scalar_one())


async def sheet(tx: Tx, sheet_id: int) -> str:
    """A frozen text."""
    return (await tx.execute(select(Sheet.body).where(Sheet.id == sheet_id))).scalar_one()


async def message_of(tx: Tx, ref: str) -> tuple[State, str] | None:
    """State and platform id of the message with this reference; None if there is none."""
    asked = select(Outbox.state, Outbox.message).where(OWN, Outbox.ref == ref)
    row = (await tx.execute(asked)).first()
    return None if row is None else (State(row.state), row.message)


async def may_answer(tx: Tx, ref: str, *, received_at: datetime) -> bool:
    """Whether words that came in then can answer the message with this reference.

    Not when it has not gone out, or was only written after they had come.
    """
    return await tx.scalar(_MAY_ANSWER, {"named": ref, "received": received_at}) is not None


async def newest(tx: Tx, refs: Collection[str]) -> str | None:
    """Which of these messages was put out last; None when none of them is known."""
    known = select(Outbox.ref).where(OWN, Outbox.ref.in_(refs))
    return await tx.scalar(known.order_by(Outbox.id.desc()).limit(1))


async def arrived(tx: Tx, refs: Collection[str], *, at: datetime) -> None:
    """A tap on its button proves that an uncertain message arrived."""
    await tx.execute(_ARRIVED, {"refs": list(refs), "at": at})


async def cancel_for(
    tx: Tx, address_id: int, *, at: datetime, reason: str, before: datetime | None = None
) -> None:
    """Somebody shut us out: what waits for that address (put out before then) is pointless."""
    waits = or_(
        Outbox.state == State.READY,
        and_(Outbox.state == State.UNCERTAIN, Outbox.not_before.is_not(None)),
    )
    pointless = update(Outbox).where(Outbox.address_id == address_id, waits)
    if before is not None:
        pointless = pointless.where(Outbox.created_at < before)
    await tx.execute(
        pointless.values(
            state=State.CANCELLED, settled_at=at, not_before=None, body=None, error=reason
        )
    )


async def cancel_announcements(tx: Tx, person_id: int, *, at: datetime) -> int:
    """Somebody wants no announcements any more: take back those to citizens that wait for her."""
    await announcements.written_down(tx)
    hers = select(Address.id).where(Address.person_id == person_id)
    to_citizens = select(literal("ann:").concat(cast(Announcement.id, String))).where(
        Announcement.audience == "citizens"
    )
    done = await tx.execute(
        update(Outbox)
        .where(
            Outbox.address_id.in_(hers),
            Outbox.state == State.READY,
            Outbox.batch.in_(to_citizens),
        )
        .values(state=State.CANCELLED, settled_at=at, body=None, error="opted out")
    )
    return done.rowcount


async def cancel_batch(tx: Tx, batch: str, *, at: datetime, reason: str) -> int:
    """Stop what has not left yet; returns how many rows."""
    done = await tx.execute(
        update(Outbox)
        .where(Outbox.lane.in_(Lane), Outbox.state == READY, Outbox.batch == batch)
        .values(state=State.CANCELLED, settled_at=at, error=reason)
    )
    return done.rowcount


async def scrub(tx: Tx, *, before: datetime) -> int:
    """Forget to whom replies went that are settled since before `before`.

    Order and time of replies beside an address would tell who gave which rating.
    """
    done = await tx.execute(
        update(Outbox)
        .where(
            TRACEABLE,
            Outbox.settled_at <= before,
        )
        .values(address_id=None, edits="", body=None)
    )
    return done.rowcount


async def states(tx: Tx) -> dict[str, int]:
    """How many rows stand in each state."""
    counted = select(Outbox.state, func.count()).group_by(Outbox.state)
    return dict((await tx.execute(counted)).all())


async def next_due(tx: Tx) -> datetime | None:
    """When the earliest postponed row wants to go."""
    return await tx.scalar(select(func.min(Outbox.not_before)).where(POSTPONED))
