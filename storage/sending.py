"""The sender's side of the outbox: take rows in hand, write down how each try ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    Boolean,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from storage.base import Tx
from storage.outbox import POSTPONED, READY, Outbox, State
from storage.people import Address
from talk.messages import Lane, Policy


class Claimed(NamedTuple):
    """A row in the sender's hands."""

    id: int
    ref: str
    lane: str
    policy: str
    body: str | None
    sheet_id: int | None
    edits: str
    strip: bool
    attempts: int  # earlier tries
    resend: bool  # an earlier try may have arrived
    expires_at: datetime | None
    address_id: int
    channel: str
    bot_id: int
    key: str


class Hand(NamedTuple):
    """What one claim brought."""

    rows: list[Claimed]
    due: datetime | None  # when the earliest postponed message was due, before the claim
    more: bool  # whether anything waited that might go by now, before the claim


class Outcome(NamedTuple):
    """How one try ended."""

    id: int
    state: State
    message: str = ""
    error: str = ""
    not_before: datetime | None = None  # when to try again (READY) or to resend (UNCERTAIN)


_MESSAGE = (  # as in `Claimed`
    Outbox.id,
    Outbox.ref,
    Outbox.lane,
    Outbox.policy,
    Outbox.body,
    Outbox.sheet_id,
    Outbox.edits,
    Outbox.strip,
)
_EARLIER = aliased(Outbox)
_AT_ONCE = and_(Outbox.state == READY, Outbox.not_before.is_(None))
_DUE = Outbox.not_before <= bindparam("now")
_BLOCKED = exists().where(
    _EARLIER.address_id == Outbox.address_id,
    _EARLIER.id != Outbox.id,
    or_(
        _EARLIER.state == State.SENDING,
        and_(
            _EARLIER.state == State.READY,
            _EARLIER.id < Outbox.id,
            _EARLIER.lane == Outbox.lane,
            or_(
                _EARLIER.not_before.is_(None),
                _EARLIER.not_before <= bindparam("now"),
                _EARLIER.attempts > 0,
            ),
        ),
    ),
)
_CLAIMED = (
    select(
        *_MESSAGE,
        Outbox.attempts,
        (Outbox.state == State.UNCERTAIN).label("resend"),
        Outbox.expires_at,
        Address.id.label("address_id"),
        Address.channel,
        Address.bot_id,
        Address.key,
    )
    .join(Address, Address.id == Outbox.address_id)
    .where(Outbox.lane == bindparam("lane"), ~_BLOCKED)
    .where(Outbox.address_id.not_in(bindparam("held", expanding=True)))
    .order_by(Outbox.not_before, Outbox.id)
    .limit(bindparam("room", type_=Integer))
)
# Written once: building them anew costs more than running them. Each ends at its limit on an
# index of its own; one with "or" would read a whole announcement for every reply.
_WAITING = _CLAIMED.where(_AT_ONCE)
_POSTPONED = _CLAIMED.where(Outbox.state == READY, _DUE)
_RESEND = _CLAIMED.where(POSTPONED, Outbox.state == State.UNCERTAIN, _DUE)
_OVERVIEW = select(
    select(func.min(Outbox.not_before)).where(POSTPONED).scalar_subquery(),
    *(exists().where(Outbox.lane == lane, _AT_ONCE) for lane in Lane),
)
_SENDING = (
    update(Outbox)
    .values(
        state=State.SENDING,
        attempts=Outbox.attempts + 1,
        owner=bindparam("by"),
        # The database's own time: a movable clock must not shorten a lease.
        deadline=func.now(),
        not_before=None,
    )
    .execution_options(synchronize_session=None)
)
_TAKE = _SENDING.where(Outbox.id.in_(bindparam("ids", expanding=True)))
_TAKE_NEW = _SENDING.where(
    Outbox.cause.in_(bindparam("causes", expanding=True)),
    Outbox.lane == Lane.INTERACTIVE,
    _AT_ONCE,
    ~_BLOCKED,
).returning(
    *_MESSAGE,
    literal(0),
    literal(False),
    Outbox.expires_at,
    Outbox.address_id,
)


async def claim(
    tx: Tx,
    limits: Sequence[tuple[Lane, int]],
    *,
    owner: str,
    now: datetime,
    held: Collection[int] = (),
    most: int,
) -> Hand:
    """Take messages whose turn it is, lane by lane, so many of each and `most` in all.

    One message in flight per address; within a lane, an address gets its messages in order.
    `held` addresses get nothing now.
    """
    claimed: dict[int, Claimed] = {}  # by address: a resend and a new message may both be due
    due, *filled = (await tx.execute(_OVERVIEW)).one()
    waiting = dict(zip(Lane, filled, strict=True))
    postponed = [] if due is None or due > now else [_RESEND, _POSTPONED]
    for lane, limit in limits:
        for kind in [*postponed, _WAITING] if waiting[lane] else postponed:
            room = min(limit, most - len(claimed))
            if room <= 0:
                break
            if tx.dialect.name == "postgresql":
                kind = kind.with_for_update(skip_locked=True, of=Outbox)
            asked = {"lane": lane, "now": now, "held": [*held, *claimed], "room": room}
            for row in map(Claimed._make, await tx.execute(kind, asked)):
                claimed.setdefault(row.address_id, row)
    if claimed:
        ids = [row.id for row in claimed.values()]
        await tx.execute(_TAKE, {"ids": ids, "by": owner})
    return Hand(
        sorted(claimed.values(), key=lambda row: row.id), due, any(filled) or bool(postponed)
    )


async def take_new(
    tx: Tx,
    causes: Collection[str],
    *,
    owner: str,
    now: datetime,
    to: Mapping[int, tuple[str, int, str]],
) -> list[Claimed]:
    """Take replies in the transaction that put them out: what may go waits for no second commit.

    Those an earlier message of their address stands before stay for `claim`. `to` tells channel,
    bot and key of each address.
    """
    asked = {"causes": list(causes), "by": owner, "now": now}
    rows = (await tx.execute(_TAKE_NEW, asked)).all()
    taken = [Claimed._make((*row, *to[row.address_id])) for row in rows]
    return sorted(taken, key=lambda row: row.id)


_FINAL = (State.SENT, State.FAILED, State.EXPIRED, State.CANCELLED)
_SETTLE = (
    update(Outbox)
    .where(
        Outbox.id == bindparam("b_id"),
        Outbox.owner == bindparam("b_owner"),
        Outbox.state == State.SENDING,
    )
    .values(
        state=bindparam("b_state"),
        message=bindparam("b_message"),
        error=bindparam("b_error"),
        not_before=bindparam("b_not_before"),
        settled_at=bindparam("b_settled"),
        deadline=None,
        body=case((bindparam("b_final", type_=Boolean), None), else_=Outbox.body),
    )
    .execution_options(synchronize_session=None)
)


async def settle(tx: Tx, outcomes: Sequence[Outcome], *, owner: str, at: datetime) -> None:
    """Write down how tries ended, for rows still in the hands of `owner`."""
    if not outcomes:
        return
    await tx.execute(
        _SETTLE,
        [
            {
                "b_id": o.id,
                "b_owner": owner,
                "b_state": o.state,
                "b_message": o.message,
                "b_error": o.error[:300],
                "b_not_before": o.not_before,
                "b_settled": at if o.state in _FINAL or not o.not_before else None,
                "b_final": o.state in _FINAL,
            }
            for o in outcomes
        ],
    )


async def expire(tx: Tx, *, now: datetime) -> int:
    """Give up on what was not sent in its time."""
    done = await tx.execute(
        update(Outbox)
        .where(Outbox.state == READY, Outbox.expires_at <= now)
        .values(state=State.EXPIRED, settled_at=now, body=None)
    )
    return done.rowcount


async def release(tx: Tx, *, owner: str, flying: Collection[int], now: datetime) -> None:
    """Put back what `owner` claimed in a commit whose answer was lost: it was never handed over.

    `flying` are the rows really in hand. A resend stays one, for its first try may have arrived.
    """
    lost = and_(Outbox.state == State.SENDING, Outbox.owner == owner, Outbox.id.not_in([*flying]))
    resend = and_(Outbox.policy.in_((Policy.B, Policy.E)), Outbox.attempts > 1)
    back = {"attempts": Outbox.attempts - 1, "deadline": None}
    await tx.execute(
        update(Outbox).where(lost, resend).values(**back, state=State.UNCERTAIN, not_before=now)
    )
    await tx.execute(update(Outbox).where(lost).values(**back, state=State.READY))


async def recover(tx: Tx, *, now: datetime, resend_at: datetime) -> dict[str, int]:
    """A sole process starts: nobody can still be sending, so settle what was left in the air.

    Idempotent edits go again; replies get their one resend; the rest stays uncertain.
    """
    left = Outbox.state == State.SENDING
    one_resend = and_(Outbox.policy.in_((Policy.B, Policy.E)), Outbox.attempts <= 1)
    again = await tx.execute(
        update(Outbox)
        .where(left, Outbox.policy == Policy.A)
        .values(state=State.READY, deadline=None)
    )
    later = await tx.execute(
        update(Outbox)
        .where(left, one_resend)
        .values(state=State.UNCERTAIN, not_before=resend_at, deadline=None, error="stopped")
    )
    stays = await tx.execute(
        update(Outbox)
        .where(left)
        .values(state=State.UNCERTAIN, settled_at=now, deadline=None, error="stopped")
    )
    return {"again": again.rowcount, "resend": later.rowcount, "uncertain": stays.rowcount}
