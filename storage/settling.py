"""How each try to send ended: written down at once, and settled after a crash."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from msgspec import json
from sqlalchemy import ARRAY, BigInteger, String, and_, bindparam, cast, func, select, update

from storage.base import Tx
from storage.inbox import LONGEST_WAIT
from storage.outbox import RARE, READY, Outbox, State, cancel_for
from storage.people import set_active
from talk.messages import Lane, Policy


class Outcome(NamedTuple):
    """How one try ended."""

    id: int
    state: State
    message: str = ""
    error: str = ""
    not_before: datetime | None = None  # when to try again (READY) or to resend (UNCERTAIN)


# Of rows in the air: an earlier try may have arrived.
_RESENT = Outbox.not_before.is_not(None)
_FINAL = (State.SENT, State.FAILED, State.EXPIRED, State.CANCELLED)
_SOON = tuple(lane for lane in Lane if lane is not Lane.BROADCAST)


@cache
def _settle(database: str, final: bool) -> Any:
    """Rows that ended alike, but for the platform's ids of their messages."""
    if database == "postgresql":
        ids = bindparam("ids", type_=ARRAY(BigInteger))
        messages = bindparam("messages", type_=ARRAY(String))
        told = func.unnest(ids, messages).table_valued("key", "value").render_derived()
    else:
        told = func.json_each(bindparam("messages", type_=String)).table_valued("key", "value")
    values: dict[str, Any] = {
        name: bindparam(f"new_{name}") for name in ("state", "error", "not_before", "settled_at")
    }
    if final:
        values["body"] = None
    return (
        update(Outbox)
        .where(Outbox.id == cast(told.c.key, BigInteger))
        .where(Outbox.owner == bindparam("by"), Outbox.state == State.SENDING)
        .values(**values, message=told.c.value, deadline=None)
        .execution_options(synchronize_session=None)
    )


async def settle(tx: Tx, outcomes: Sequence[Outcome], *, owner: str, at: datetime) -> None:
    """Write down how tries ended, for rows still in the hands of `owner`."""
    database = tx.dialect.name
    alike: dict[tuple[State, str, datetime | None], dict[int, str]] = {}
    for number, state, message, error, not_before in outcomes:
        alike.setdefault((state, error, not_before), {})[number] = message
    for (state, error, not_before), messages in alike.items():
        final = state in _FINAL
        asked: dict[str, Any] = {
            "by": owner,
            "new_state": state,
            "new_error": error[:300],
            "new_not_before": not_before,
            "new_settled_at": at if final or not not_before else None,
        }
        if database == "postgresql":
            asked |= {"ids": list(messages), "messages": list(messages.values())}
        else:
            asked["messages"] = json.encode(messages).decode()
        await tx.execute(_settle(database, final), asked)


async def shut_out(tx: Tx, address_id: int, *, told: int, since: datetime, at: datetime) -> None:
    """This person is gone, says the platform: the address rests until she comes back.

    It was asked at `since`, with the message `told`, and she may have come back since: what was
    put out later is left to be tried, and only where there is nothing later the address rests.
    """
    await cancel_for(tx, address_id, at=at, reason="blocked", before=since)
    later = select(Outbox.id).where(
        Outbox.address_id == address_id, Outbox.id > told, Outbox.created_at >= since
    )
    if await tx.scalar(later.limit(1)) is None:
        await set_active(tx, address_id, False)


async def overdue(tx: Tx, *, now: datetime) -> bool:
    """Whether anything is to be given up: to look through a million that wait takes a second."""
    found = select(Outbox.id).where(Outbox.state == READY, Outbox.expires_at <= now).limit(1)
    return await tx.scalar(found) is not None


async def expire(tx: Tx, *, now: datetime) -> int:
    """Give up on what was not sent in its time."""
    done = await tx.execute(
        update(Outbox)
        .where(Outbox.state == READY, Outbox.expires_at <= now)
        .values(state=State.EXPIRED, settled_at=now, body=None)
    )
    return done.rowcount


async def bring_forward(tx: Tx, *, now: datetime) -> int:
    """Let go what waits for a moment that only a clock ahead of the right one can have named.

    Until then it would hold back all that is for the same chat. Announcements wait for days by
    right. Returns how many it were.
    """
    far = and_(Outbox.lane.in_(_SOON), Outbox.not_before > now + LONGEST_WAIT)
    unsure = and_(RARE, Outbox.state == State.UNCERTAIN)
    moved = 0
    for waits in (Outbox.state == READY, unsure):
        done = await tx.execute(update(Outbox).where(waits, far).values(not_before=now))
        moved += done.rowcount
    return moved


async def release(tx: Tx, *, owner: str, flying: Collection[int], now: datetime) -> None:
    """Put back what `owner` claimed in a commit whose answer was lost: it was never handed over.

    `flying` are the rows really in hand. A resend stays one, for its first try may have arrived.
    """
    ours = and_(RARE, Outbox.state == State.SENDING, Outbox.owner == owner)
    lost = and_(ours, Outbox.id.not_in([*flying]))
    back = {"attempts": Outbox.attempts - 1, "deadline": None}
    await tx.execute(
        update(Outbox).where(lost, _RESENT).values(**back, state=State.UNCERTAIN, not_before=now)
    )
    await tx.execute(update(Outbox).where(lost).values(**back, state=State.READY))


async def recover(tx: Tx, *, now: datetime, resend_at: datetime) -> dict[str, int]:
    """A sole process starts: nobody can still be sending, so settle what was left in the air.

    Idempotent edits go again; replies get their one resend; the rest stays uncertain.
    """
    left = and_(RARE, Outbox.state == State.SENDING)
    one_resend = and_(Outbox.policy.in_((Policy.B, Policy.E)), ~_RESENT)
    again = await tx.execute(
        update(Outbox)
        .where(left, Outbox.policy == Policy.A)
        .values(state=State.READY, not_before=None, deadline=None)
    )
    later = await tx.execute(
        update(Outbox)
        .where(left, one_resend)
        .values(state=State.UNCERTAIN, not_before=resend_at, deadline=None, error="stopped")
    )
    stays = await tx.execute(
        update(Outbox)
        .where(left)
        .values(
            state=State.UNCERTAIN, not_before=None, settled_at=now, deadline=None, error="stopped"
        )
    )
    return {"again": again.rowcount, "resend": later.rowcount, "uncertain": stays.rowcount}
