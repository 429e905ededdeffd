"""What may go now: the sender takes rows in hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from msgspec import json
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from storage.base import Tx
from storage.outbox import OWN, POSTPONED, READY, Outbox, State
from storage.people import Address
from talk.messages import Lane


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


class Passed(NamedTuple):
    """Announcements before `id` had left when all were last looked at, so many claims ago.

    PostgreSQL would walk past each of them again, for every claim, until it is vacuumed. A row
    with a smaller number may still come to light (numbers are drawn before they are committed, a
    claim may be taken back), so all are looked at again and again.
    """

    id: int = 0
    claims: int = 0


_ALL = Passed()


class Hand(NamedTuple):
    """What one claim brought."""

    rows: list[Claimed]
    due: datetime | None  # when the earliest postponed message was due, before the claim
    more: bool  # whether anything waited that might go by now, before the claim
    passed: Passed  # for the next claim


# --- lists of any length in one statement ---------------------------------------------------


def _numbers(database: str, name: str) -> Select[tuple[int]]:
    """The numbers of a list that is bound as `name`, as rows."""
    if database == "postgresql":
        return select(func.unnest(bindparam(name, type_=ARRAY(BigInteger))))
    return select(func.json_each(bindparam(name, type_=String)).table_valued("value").c.value)


def _bound(tx: Tx, numbers: Iterable[int]) -> Any:
    """A list as `_numbers` takes it."""
    listed = list(numbers)
    return listed if tx.dialect.name == "postgresql" else json.encode(listed).decode()


# --- in hand --------------------------------------------------------------------------------

# Statements are written once: building them anew costs more than running them.

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
# Both states at once: asked for what is ready alone, PostgreSQL would rather walk through that.
_BLOCKED = exists().where(
    _EARLIER.address_id == Outbox.address_id,
    _EARLIER.state.in_((State.SENDING, State.READY)),
    or_(
        _EARLIER.state == State.SENDING,
        and_(
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
# Each ends at its limit on an index of its own; one with "or" would read a whole announcement
# for every reply. What waits begins at the first: PostgreSQL walks only once past what is gone.
_WAITING = (_AT_ONCE, Outbox.id >= bindparam("first"))
_POSTPONED = (Outbox.state == READY, _DUE)
_RESEND = (POSTPONED, Outbox.state == State.UNCERTAIN, _DUE)

_ONE: ColumnElement[int] = literal_column("1")
_LOOK = 50  # claims after which all announcements are looked at again


def _first(lane: Lane) -> ColumnElement[int | None]:
    """What is next in a lane. In order: without it PostgreSQL may read the sent to find one."""
    named = literal(lane, literal_execute=True)
    waits = select(Outbox.id).where(Outbox.lane == named, _AT_ONCE)
    if lane == Lane.BROADCAST:
        waits = waits.where(Outbox.id >= bindparam("passed"))
    return waits.order_by(Outbox.not_before, Outbox.id).limit(_ONE).scalar_subquery()


_OVERVIEW = select(
    select(func.min(Outbox.not_before)).where(POSTPONED).scalar_subquery(),
    *(_first(lane) for lane in Lane),
)
_SENDING = (
    update(Outbox)
    .values(
        state=State.SENDING,
        attempts=Outbox.attempts + 1,
        owner=bindparam("by"),
        # The database's own time: a movable clock must not shorten a lease.
        deadline=func.now(),
        # Kept for a resend, to tell it from a first try, should how it ends never be heard.
        not_before=case((Outbox.state == State.UNCERTAIN, Outbox.not_before)),
    )
    .execution_options(synchronize_session=None)
)
_TAKE_NEW = _SENDING.where(
    OWN,
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


@cache
def _claimed(database: str, kind: tuple[ColumnElement[bool], ...]) -> Any:
    """Messages of one lane whose turn it is."""
    found = (
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
        .where(Outbox.lane == bindparam("lane"), *kind, ~_BLOCKED)
        .where(Address.bot_id + 0 == bindparam("bot"))  # found by their keys, by no index of this
        .where(Outbox.address_id.not_in(_numbers(database, "held")))
        .order_by(Outbox.not_before, Outbox.id)
        .limit(bindparam("room", type_=Integer))
    )
    if database == "postgresql":
        return found.with_for_update(skip_locked=True, of=Outbox)
    return found


@cache
def _take(database: str) -> Any:
    return _SENDING.where(Outbox.id.in_(_numbers(database, "ids")))


async def claim(
    tx: Tx,
    *,
    most: int,
    others: int,
    owner: str,
    bot_id: int,
    now: datetime,
    held: Collection[int] = (),
    yielding: Collection[int] = (),
    passed: Passed = _ALL,
) -> Hand:
    """Take messages whose turn it is, earlier lanes first: `most` in all, replies among them.

    Of all lanes but that of replies together, `others` at the most. One message in flight per
    address; within a lane, an address gets its messages in order. `held` addresses get nothing,
    `yielding` ones the replies for which the others leave room. `passed` comes from the claim
    before, if that was this caller's. What goes to people who know another bot (its token stood
    in the settings before) waits for that bot.
    """
    if passed.claims >= _LOOK:
        passed = _ALL
    claimed: dict[int, Claimed] = {}  # by address: a resend and a new message may both be due
    database = tx.dialect.name
    due, *found = (await tx.execute(_OVERVIEW, {"passed": passed.id})).one()
    first = dict(zip(Lane, found, strict=True))
    postponed = [] if due is None or due > now else [_RESEND, _POSTPONED]
    limit = most
    for lane in Lane:
        kinds = postponed if first[lane] is None else [*postponed, _WAITING]
        turns = [yielding, ()] if yielding and lane == Lane.INTERACTIVE else [()]
        for last, kind in product(turns, kinds):
            if limit <= len(claimed):
                break
            asked = {
                "lane": lane,
                "bot": bot_id,
                "first": first[lane],
                "now": now,
                "held": _bound(tx, [*held, *last, *claimed]),
                "room": limit - len(claimed),
            }
            for row in (await tx.execute(_claimed(database, kind), asked)).all():
                one = Claimed._make(row)
                claimed.setdefault(one.address_id, one)
        if lane == Lane.INTERACTIVE:
            limit = min(most, len(claimed) + others)
    if claimed:
        ids = _bound(tx, (row.id for row in claimed.values()))
        await tx.execute(_take(database), {"ids": ids, "by": owner})
    return Hand(
        sorted(claimed.values(), key=lambda row: row.id),
        due,
        any(found) or bool(postponed) or passed.id > 0,
        Passed(first[Lane.BROADCAST] or 0, passed.claims + 1 if passed.id else 0),
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
