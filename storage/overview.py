"""The whole at a glance: what `doctor` looks at and what the demo's panel shows."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, literal_column, or_, select, text

from storage import inbox, seeding
from storage.base import Tx
from storage.inbox import Inbox
from storage.office import Unit
from storage.outbox import RARE, READY, Outbox, State
from storage.responses import Response

# Written out, like the outbox's, so that the index over what waits serves: of what is done there
# may be millions of rows, and to look through them takes seconds.
_WAITING = Inbox.state == literal_column("'waiting'")
_READY = Outbox.state == READY


class Backlog(NamedTuple):
    """What stands in a queue, by state, and since when the oldest waits that could go.

    How many messages were sent is not in it: that is the one thing that takes long to count.
    """

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
    received = select(func.min(Inbox.received_at)).where(_WAITING)
    # Held back on purpose (quiet hours, a resend to come) is not waiting.
    free = or_(Outbox.not_before.is_(None), Outbox.not_before <= now)
    ready = select(func.min(Outbox.created_at)).where(_READY, free)
    units = await tx.execute(select(func.count()).select_from(Unit))
    zones = await tx.execute(select(Unit.zone).distinct().order_by(Unit.zone))
    return Overview(
        Backlog(await inbox.states(tx), await tx.scalar(received)),
        Backlog(await unsent(tx), await tx.scalar(ready)),
        units.scalar_one(),
        await seeding.sample_size(tx),
        list(zones.scalars()),
    )


async def waiting(tx: Tx) -> int:
    """How many updates wait to be handled."""
    return (await tx.execute(select(func.count()).where(_WAITING))).scalar_one()


async def unsent(tx: Tx) -> dict[str, int]:
    """How many messages stand in each state but "sent"; quick, however long the history."""
    ready = (await tx.execute(select(func.count()).where(_READY))).scalar_one()
    rare = await tx.execute(select(Outbox.state, func.count()).where(RARE).group_by(Outbox.state))
    return {**({State.READY.value: ready} if ready else {}), **dict(rare.all())}


async def responses(tx: Tx) -> dict[str, int]:
    """Responses by instrument."""
    rows = await tx.execute(
        select(Response.instrument, func.count()).group_by(Response.instrument)
    )
    return {key: n for key, n in rows}


async def idle(tx: Tx, *, now: datetime) -> bool:
    """Whether no update waits to be handled and no message that may go waits to be sent."""
    due = or_(Outbox.not_before.is_(None), Outbox.not_before <= now)
    looks = (
        select(Inbox.id).where(_WAITING),
        select(Outbox.id).where(and_(RARE, Outbox.state == State.SENDING)),
        select(Outbox.id).where(_READY, due),
    )
    for look in looks:
        if await tx.scalar(look.limit(1)) is not None:
            return False
    return True


async def latest_moment(tx: Tx) -> datetime | None:
    """The latest time at which anything came in or went out; a movable clock goes on from it."""
    moments = [
        await tx.scalar(select(func.max(Inbox.received_at))),
        await tx.scalar(select(Outbox.created_at).order_by(Outbox.id.desc()).limit(1)),
    ]
    return max((moment for moment in moments if moment is not None), default=None)


async def database_time(tx: Tx) -> datetime | None:
    """What time PostgreSQL thinks it is; None on SQLite, which has no clock of its own."""
    if tx.dialect.name != "postgresql":
        return None
    found: datetime = (await tx.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return found
