"""Updates as they came in: stored before they are read, confirmed only after that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Index,
    Integer,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from storage.base import Base, Serial, Tx, insert_new, put_rows
from storage.ledger import count

WAITING, DONE, QUARANTINED = "waiting", "done", "quarantined"
# Written out, so that the partial index serves.
_WAITING: ColumnElement[str] = literal_column("'waiting'")
KEPT_FOR_DEDUPE = timedelta(days=7)
LONGEST_WAIT = timedelta(hours=1)
"""No second try is put off for so long: a moment further ahead was named by a clock that has been
set back since, and has come."""


class Inbox(Base):
    """One update. `raw` and `chat` are emptied when it is done; the keyed hash stays 7 days."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("bot_id", "update_id", "payload_hash"),
        Index(
            "ix_inbox_waiting",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_inbox_received_at", "received_at"),
    )
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    channel: Mapped[str]
    bot_id: Mapped[int]
    update_id: Mapped[int]
    payload_hash: Mapped[bytes]
    sort: Mapped[str]  # the update's type, "" when it could not be told
    chat: Mapped[str]  # "" when there is none, and once done
    raw: Mapped[bytes]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")


class PollCursor(Base):
    """The offset that confirms, to the platform, all that is stored here."""

    __tablename__ = "poll_cursor"
    bot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next_offset: Mapped[int]


class Arrival(NamedTuple):
    """An update at the door."""

    update_id: int
    payload_hash: bytes
    sort: str
    chat: str
    raw: bytes


class Waiting(NamedTuple):
    """An update to be handled."""

    id: int
    channel: str
    bot_id: int
    chat: str
    raw: bytes
    attempts: int
    received_at: datetime


_POSTPONED = aliased(Inbox)
_NOW: ColumnElement[datetime] = bindparam("now")
_FAR: ColumnElement[datetime] = bindparam("far")
# A sum has no index: SQLite would rather look through all that this bot ever took in, for days.
_BOT: ColumnElement[int] = bindparam("bot")
_OURS = Inbox.bot_id + 0 == _BOT
# Both built once: building them takes longer than running them. Who may not be heard now stands
# in the query, not after it: one chat's long queue must not fill the limit for all.
_TAKE = (
    select(
        Inbox.id,
        Inbox.channel,
        Inbox.bot_id,
        Inbox.chat,
        Inbox.raw,
        Inbox.attempts,
        Inbox.received_at,
    )
    .where(
        Inbox.state == _WAITING,
        _OURS,
        or_(
            Inbox.next_try_at.is_(None),
            Inbox.next_try_at <= _NOW,
            Inbox.next_try_at > _FAR,
        ),
        Inbox.chat.not_in(bindparam("busy", expanding=True)),
        Inbox.chat.not_in(
            select(_POSTPONED.chat).where(
                _POSTPONED.state == _WAITING,
                _POSTPONED.bot_id + 0 == _BOT,  # a person is the same chat to every bot
                _POSTPONED.next_try_at > _NOW,
                _POSTPONED.next_try_at <= _FAR,
                _POSTPONED.chat != "",
            )
        ),
    )
    .order_by(Inbox.id)
    .limit(bindparam("limit", type_=Integer))
)
_OLDEST = (
    select(Inbox.received_at).where(Inbox.state == _WAITING, _OURS).order_by(Inbox.id).limit(1)
)
_NEXT_TRY = select(func.min(Inbox.next_try_at)).where(Inbox.state == _WAITING, _OURS)
_FINISH = (
    update(Inbox)
    .where(Inbox.id.in_(bindparam("ids", expanding=True)))
    .values(state=DONE, raw=b"", chat="", next_try_at=None, error="")
    .execution_options(synchronize_session=None)
)


async def store(
    tx: Tx,
    channel: str,
    bot_id: int,
    arrivals: Sequence[Arrival],
    *,
    at: datetime,
    next_offset: int | None = None,
) -> int:
    """Store what is new among `arrivals`; with polling, move the cursor in the same breath.

    Returns how many were new.
    """
    new = 0
    if arrivals:
        rows = [
            {
                **a._asdict(),
                "channel": channel,
                "bot_id": bot_id,
                "received_at": at,
                "state": WAITING,
                "attempts": 0,
                "error": "",
            }
            for a in arrivals
        ]
        new = await insert_new(tx, Inbox, rows)
        if new:
            await count(tx, {("inbox.stored", ""): new})
    if next_offset is not None:
        await put_rows(tx, PollCursor, [{"bot_id": bot_id, "next_offset": next_offset}])
    return new


async def cursor(tx: Tx, bot_id: int) -> int:
    """The offset to poll from; 0 before the first update."""
    found = await tx.scalar(select(PollCursor.next_offset).where(PollCursor.bot_id == bot_id))
    return found or 0


async def take(
    tx: Tx, limit: int, *, bot_id: int, now: datetime, busy: Collection[str] = ()
) -> list[Waiting]:
    """The oldest updates that may be handled now, never past an earlier one of the same chat.

    What another bot took in (its token stood in the settings before) waits for that bot.
    """
    asked = {
        "bot": bot_id,
        "busy": list(busy),
        "now": now,
        "far": now + LONGEST_WAIT,
        "limit": limit,
    }
    rows = await tx.execute(_TAKE, asked)
    return [Waiting._make(row) for row in rows]


async def finish(tx: Tx, ids: Sequence[int]) -> None:
    """These are done: what they said is forgotten, that they came is not."""
    await tx.execute(_FINISH, {"ids": list(ids)})


async def retry(tx: Tx, inbox_id: int, *, at: datetime, error: str) -> None:
    """A bug struck; try this one once more at `at`."""
    await tx.execute(
        update(Inbox)
        .where(Inbox.id == inbox_id)
        .values(attempts=Inbox.attempts + 1, next_try_at=at, error=error)
    )


async def quarantine(tx: Tx, inbox_id: int, *, shape: bytes, error: str) -> None:
    """Set one aside: only its `shape` stays (keys and types, nobody's words)."""
    await tx.execute(
        update(Inbox)
        .where(Inbox.id == inbox_id)
        .values(
            state=QUARANTINED,
            raw=shape,
            chat="",
            attempts=Inbox.attempts + 1,
            next_try_at=None,
            error=error,
        )
    )


async def next_try(tx: Tx, *, bot_id: int) -> datetime | None:
    """When the earliest postponed update wants its second try."""
    return await tx.scalar(_NEXT_TRY, {"bot": bot_id})


async def oldest(tx: Tx, *, bot_id: int) -> datetime | None:
    """When the update came in that waits longest; None when nothing waits."""
    return await tx.scalar(_OLDEST, {"bot": bot_id})


async def states(tx: Tx) -> dict[str, int]:
    """How many updates stand in each state."""
    rows = await tx.execute(select(Inbox.state, func.count()).group_by(Inbox.state))
    return dict(rows.all())


async def forget_old(tx: Tx, *, now: datetime) -> int:
    """Drop dedupe hashes older than 7 days; the ledger remembers how many there were.

    The newest row stays, however old: SQLite numbers what follows after it, and replies are known
    by the number of what they answer. Counted anew from 1, they would seem to be sent already.
    """
    newest = select(func.max(Inbox.id)).scalar_subquery()
    old = and_(
        Inbox.state == DONE,
        Inbox.received_at < now - KEPT_FOR_DEDUPE,
        Inbox.id < newest,
    )
    done = await tx.execute(delete(Inbox).where(old))
    if done.rowcount:
        await count(tx, {("inbox.forgotten", ""): done.rowcount})
    return done.rowcount
