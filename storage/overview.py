"""The whole at a glance: what `doctor` looks at and what the demo's panel shows."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select, text

from storage import inbox, outbox, seeding
from storage.base import Tx
from storage.inbox import Inbox
from storage.office import Unit
from storage.outbox import Outbox, State
from storage.responses import Response


class Backlog(NamedTuple):
    """What stands in a queue, by state, and since when the oldest waits that could go."""

    states: dict[str, int]
    oldest: datetime | None


class Overview(NamedTuple):
    """What is in a database."""

    inbox: Backlog
    outbox: Backlog
    units: int
    sample: dict[str, int]
    zones: list[str]


async def overview(tx: Tx, *, now: datetime) -> Overview:
    """Queues, offices and the sample as they stand."""
    received = select(func.min(Inbox.received_at)).where(Inbox.state == inbox.WAITING)
    # Held back on purpose (quiet hours, a resend to come) is not waiting.
    free = or_(Outbox.not_before.is_(None), Outbox.not_before <= now)
    ready = select(func.min(Outbox.created_at)).where(Outbox.state == State.READY, free)
    units = await tx.execute(select(func.count()).select_from(Unit))
    zones = await tx.execute(select(Unit.zone).distinct().order_by(Unit.zone))
    return Overview(
        Backlog(await inbox.states(tx), await tx.scalar(received)),
        Backlog(await outbox.states(tx), await tx.scalar(ready)),
        units.scalar_one(),
        await seeding.sample_size(tx),
        list(zones.scalars()),
    )


async def responses(tx: Tx) -> dict[str, int]:
    """Responses by instrument."""
    rows = await tx.execute(
        select(Response.instrument, func.count()).group_by(Response.instrument)
    )
    return {key: n for key, n in rows}


async def idle(tx: Tx, *, now: datetime) -> bool:
    """Whether no update waits to be handled and no message that may go waits to be sent."""
    waiting = select(Inbox.id).where(Inbox.state == inbox.WAITING).limit(1)
    going = (
        select(Outbox.id)
        .where(
            or_(
                Outbox.state == State.SENDING,
                (Outbox.state == State.READY)
                & or_(Outbox.not_before.is_(None), Outbox.not_before <= now),
            )
        )
        .limit(1)
    )
    return await tx.scalar(waiting) is None and await tx.scalar(going) is None


async def latest_moment(tx: Tx) -> datetime | None:
    """The latest time at which anything came in or went out; a movable clock goes on from it."""
    moments = [
        await tx.scalar(select(func.max(Inbox.received_at))),
        await tx.scalar(select(func.max(Outbox.created_at))),
    ]
    return max((moment for moment in moments if moment is not None), default=None)


async def database_time(tx: Tx) -> datetime | None:
    """What time PostgreSQL thinks it is; None on SQLite, which has no clock of its own."""
    if tx.dialect.name != "postgresql":
        return None
    found: datetime = (await tx.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return found
