"""The sender's side of the outbox: take rows in hand, write down how each try ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from storage.base import Tx
from storage.outbox import Outbox, State
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


class Outcome(NamedTuple):
    """How one try ended."""

    id: int
    state: State
    message: str = ""
    error: str = ""
    not_before: datetime | None = None  # when to try again (READY) or to resend (UNCERTAIN)


async def claim(
    tx: Tx,
    limits: Sequence[tuple[Lane, int]],
    *,
    owner: str,
    now: datetime,
    held: Collection[int] = (),
    most: int,
) -> list[Claimed]:
    """Take messages whose turn it is, lane by lane, so many of each and `most` in all.

    One message in flight per address; within a lane, an address gets its messages in order.
    `held` addresses get nothing now.
    """
    earlier = aliased(Outbox)
    blocked = exists().where(
        earlier.address_id == Outbox.address_id,
        earlier.id != Outbox.id,
        or_(
            earlier.state == State.SENDING,
            and_(
                earlier.state == State.READY,
                earlier.id < Outbox.id,
                earlier.lane == Outbox.lane,
                or_(earlier.not_before.is_(None), earlier.not_before <= now, earlier.attempts > 0),
            ),
        ),
    )
    due = or_(
        and_(
            Outbox.state == State.READY, or_(Outbox.not_before.is_(None), Outbox.not_before <= now)
        ),
        and_(
            Outbox.state == State.UNCERTAIN,
            Outbox.not_before.is_not(None),
            Outbox.not_before <= now,
        ),
    )
    ids: list[int] = []
    taken: set[int] = set()
    for lane, limit in limits:
        room = min(limit, most - len(ids))
        if room <= 0:
            continue
        found = select(Outbox.id, Outbox.address_id).where(Outbox.lane == lane, due, ~blocked)
        if held or taken:
            found = found.where(Outbox.address_id.not_in([*held, *taken]))
        found = found.order_by(Outbox.id).limit(room)
        if tx.dialect.name == "postgresql":
            found = found.with_for_update(skip_locked=True, of=Outbox)
        for row_id, address_id in await tx.execute(found):
            if (
                address_id is not None and address_id not in taken
            ):  # a resend and a new message may both be due
                ids.append(row_id)
                taken.add(address_id)
    if not ids:
        return []
    rows = await tx.execute(
        select(
            Outbox.id,
            Outbox.ref,
            Outbox.lane,
            Outbox.policy,
            Outbox.body,
            Outbox.sheet_id,
            Outbox.edits,
            Outbox.strip,
            Outbox.attempts,
            (Outbox.state == State.UNCERTAIN).label("resend"),
            Outbox.expires_at,
            Address.id.label("address_id"),
            Address.channel,
            Address.bot_id,
            Address.key,
        )
        .join(Address, Address.id == Outbox.address_id)
        .where(Outbox.id.in_(ids))
        .order_by(Outbox.id)
    )
    claimed = [Claimed._make(row) for row in rows]
    await tx.execute(
        update(Outbox)
        .where(Outbox.id.in_(ids))
        .values(
            state=State.SENDING,
            attempts=Outbox.attempts + 1,
            owner=owner,
            # The database's own time: a movable clock must not shorten a lease.
            deadline=func.now() if tx.dialect.name == "postgresql" else now,
            not_before=None,
        )
    )
    return claimed


async def settle(tx: Tx, outcomes: Sequence[Outcome], *, owner: str, at: datetime) -> None:
    """Write down how tries ended, for rows still in the hands of `owner`."""
    if not outcomes:
        return
    final = (State.SENT, State.FAILED, State.EXPIRED, State.CANCELLED)
    table = Outbox.__table__
    await tx.execute(
        update(Outbox)
        .where(
            table.c.id == bindparam("b_id"),
            table.c.owner == bindparam("b_owner"),
            table.c.state == State.SENDING,
        )
        .values(
            state=bindparam("b_state"),
            message=bindparam("b_message"),
            error=bindparam("b_error"),
            not_before=bindparam("b_not_before"),
            settled_at=bindparam("b_settled"),
            deadline=None,
            body=case((bindparam("b_final", type_=None), None), else_=table.c.body),
        )
        .execution_options(synchronize_session=None),
        [
            {
                "b_id": o.id,
                "b_owner": owner,
                "b_state": o.state,
                "b_message": o.message,
                "b_error": o.error[:300],
                "b_not_before": o.not_before,
                "b_settled": at if o.state in final or not o.not_before else None,
                "b_final": o.state in final,
            }
            for o in outcomes
        ],
    )


async def expire(tx: Tx, *, now: datetime) -> int:
    """Give up on what was not sent in its time."""
    done = await tx.execute(
        update(Outbox)
        .where(Outbox.state == State.READY, Outbox.expires_at <= now)
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
