"""Who gets an announcement: counted, written down in chunks, held back, called off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    case,
    cast,
    false,
    func,
    insert,
    literal,
    null,
    select,
    text,
    true,
    union_all,
    update,
)

from storage.announcements import Announcement, batch, change
from storage.base import Tx
from storage.ledger import count
from storage.near import at_length
from storage.office import Unit
from storage.outbox import RARE, READY, Outbox, Sheet, State
from storage.people import Address, Consent, Person
from storage.roles import branch
from storage.staff import Role
from talk.messages import Lane, Policy

CHUNK = 10_000
"""Recipients written down in one transaction; the writer is free between two of them."""

# Of a chunk PostgreSQL knows what its last count says. When that is "one row" of each table, it
# compares all with all: 10^8 pairs of 10,000 people, the statement ends by its limit, and the next
# try goes the same way.
_JOIN_AT_ONCE = text("SET LOCAL enable_nestloop = off")

_READY = (Outbox.lane == Lane.BROADCAST, Outbox.state == READY)

# --- who gets it ----------------------------------------------------------------------------


def _members(audience: str) -> tuple[Any, list[ColumnElement[bool]]]:
    """The column that names who belongs to an audience, and the conditions on its table."""
    if audience == "citizens":
        return Consent.__table__.c.person_id, [
            Consent.purpose == "announcement",
            Consent.withdrawn_at.is_(None),
        ]
    among: list[ColumnElement[bool]] = [Role.role == "staff", Role.ended_at.is_(None)]
    if audience != "staff":
        among.append(Role.unit_id.in_(branch(int(audience.removeprefix("unit:")))))
    return Role.__table__.c.person_id, among


def _reached(
    audience: str, resend_of: int | None, *, above: int = 0, upto: int | None = None
) -> Select[Any]:
    """Person, address and language of everybody an announcement is for, reachable now.

    Whoever has two addresses stands in it once, with one of them. Only people with keys above
    `above` and not above `upto`; said of each table, so that a chunk of a million is read by its
    own keys.
    """
    who, among = _members(audience)
    for key in (who, Address.person_id, Person.id):
        among.append(key > above)
        if upto is not None:
            among.append(key <= upto)
    if resend_of is not None:
        unsure = select(Outbox.address_id).where(
            RARE, Outbox.state == State.UNCERTAIN, Outbox.batch == batch(resend_of)
        )
        among.append(Address.id.in_(unsure))
    return (
        select(
            who,
            func.min(Address.id),
            func.min(Person.language),  # of one person: there is only one
        )
        .select_from(who.table)
        .join(Address, Address.person_id == who)
        .join(Person, Person.id == who)
        .where(*among, Address.active.is_(true()))
        .group_by(who)
    )


async def reach(tx: Tx, audience: str, *, resend_of: int | None = None) -> int:
    """How many people would get an announcement now."""
    found = _reached(audience, resend_of).subquery()
    async with at_length(tx):
        return await tx.scalar(select(func.count()).select_from(found)) or 0


async def zones(tx: Tx, audience: str) -> set[str]:
    """The zones in which an announcement arrives; citizens live where the units are."""
    found = select(Unit.zone).distinct()
    if audience.startswith("unit:"):
        found = found.where(Unit.id.in_(branch(int(audience.removeprefix("unit:")))))
    return set(await tx.scalars(found))


async def freeze(tx: Tx, announcement_id: int, *, at: datetime, chunk: int = CHUNK) -> bool:
    """Write down the next recipients, in the order of their keys; tell whether any may be left.

    Nobody stands there twice: how far it came is read under a lock and committed with the rows, so
    that a second one waits, and goes on after a crash where the last commit ended.
    """
    wanted = select(Announcement.__table__).where(Announcement.id == announcement_id)
    row = (await tx.execute(wanted.with_for_update())).one()
    if row.state != "frozen":
        return False
    who, among = _members(row.audience)
    last = await tx.scalar(
        select(who).where(*among, who > row.frozen_upto).order_by(who).offset(chunk - 1).limit(1)
    )
    if tx.dialect.name == "postgresql":
        await tx.execute(_JOIN_AT_ONCE)
    found = _reached(row.audience, row.resend_of, above=row.frozen_upto, upto=last)
    person, address, spoken = found.selected_columns
    cause = literal(f"{batch(row.id)}:") + cast(person, String)
    sheets = await _sheets(tx, row.id)
    values: Mapping[str, ColumnElement[Any]] = {
        "cause": cause,
        "ref": literal(batch(row.id)),  # it has no button, and nothing resends it
        "batch": literal(batch(row.id)),
        "address_id": address,
        "lane": literal(str(Lane.BROADCAST)),
        "policy": literal(str(Policy.D)),
        "body": cast(null(), String),
        "sheet_id": case(
            *((spoken == language, sheet) for language, sheet in sheets.items()),
            else_=sheets["id"],
        ),
        "edits": literal(""),
        "strip": false(),
        "state": literal(str(State.READY)),
        "attempts": literal(0),
        "created_at": literal(at, Outbox.created_at.type),
        "not_before": literal(row.not_before, Outbox.not_before.type),
        "expires_at": literal(row.expires_at, Outbox.expires_at.type),
        "owner": literal(""),
        "message": literal(""),
        "error": literal(""),
    }
    done = await tx.execute(
        insert(Outbox)
        .from_select(list(values), found.with_only_columns(*values.values()).order_by(person))
        .execution_options(preserve_rowcount=True)
    )
    if done.rowcount:
        await count(tx, {("outbox.put", ""): done.rowcount})
    await change(
        tx,
        row.id,
        recipients=row.recipients + done.rowcount,
        frozen_upto=row.frozen_upto if last is None else last,
        state="sending" if last is None else "frozen",
    )
    return last is not None


async def _sheets(tx: Tx, announcement_id: int) -> dict[str, int]:
    rows = await tx.execute(
        select(Sheet.language, Sheet.id).where(Sheet.cause == batch(announcement_id))
    )
    return {language: sheet_id for language, sheet_id in rows}


# --- on the way -----------------------------------------------------------------------------


async def left(tx: Tx, announcement_id: int) -> set[State]:
    """In which states that can still change any of its rows stand: ready, sending."""
    of = Outbox.batch == batch(announcement_id)
    flying = select(Outbox.state).where(RARE, Outbox.state == State.SENDING, of).limit(1)
    waits = select(Outbox.state).where(*_READY, of).limit(1)
    found = await tx.scalars(union_all(*(select(one.subquery()) for one in (flying, waits))))
    return {State(state) for state in found}


async def states(tx: Tx, announcement_id: int) -> dict[str, int]:
    """How many of its rows stand in each state.

    Those that were sent are not counted, they are what is left of all: a million of them would be
    read again and again. `reconcile` does count them.
    """
    of = Outbox.batch == batch(announcement_id)
    rows = select(Announcement.recipients).where(Announcement.id == announcement_id)
    counts = union_all(
        select(literal("sent"), rows.scalar_subquery()),
        select(literal("ready"), func.count()).where(*_READY, of),
        select(Outbox.state, func.count()).where(RARE, of).group_by(Outbox.state),
    )
    async with at_length(tx):
        counted = await tx.execute(counts)
    found = {state: n for state, n in counted}
    found[State.SENT] -= sum(n for state, n in found.items() if state != State.SENT)
    return {state: n for state, n in found.items() if n}


async def reasons(tx: Tx, announcement_id: int) -> dict[tuple[str, str], int]:
    """How many rows did not (surely) arrive, by state and reason."""
    rows = await tx.execute(
        select(Outbox.state, Outbox.error, func.count())
        .where(RARE, Outbox.batch == batch(announcement_id))
        .group_by(Outbox.state, Outbox.error)
    )
    return {(state, error): n for state, error, n in rows}


async def hold(tx: Tx, announcement_id: int, *, until: datetime, chunk: int = 2 * CHUNK) -> bool:
    """Let what has not left wait until `until`, so many rows; tell whether any may be left."""
    latest = until + timedelta(days=1)
    early = _early(announcement_id, until, chunk).limit(chunk)
    done = await tx.execute(
        update(Outbox)
        .where(Outbox.id.in_(early), Outbox.state == State.READY)
        .values(
            not_before=until,
            expires_at=case(
                (Outbox.expires_at < latest, literal(latest, Outbox.expires_at.type)),
                else_=Outbox.expires_at,
            ),
        )
    )
    return done.rowcount == chunk


async def waiting(tx: Tx, announcement_id: int, *, before: datetime) -> bool:
    """Whether something of it waits that may leave before `before`."""
    return await tx.scalar(_early(announcement_id, before, 1).limit(1)) is not None


def _early(announcement_id: int, before: datetime, limit: int) -> Select[tuple[int]]:
    """Rows of an announcement that may leave before `before`, so many of each kind.

    Two queries in one: each finds its rows in the index of what is ready.
    """
    ready = select(Outbox.id).where(*_READY, Outbox.batch == batch(announcement_id))
    at_once = select(ready.where(Outbox.not_before.is_(None)).limit(limit).subquery())
    later = select(ready.where(Outbox.not_before < before).limit(limit).subquery())
    return select(union_all(at_once, later).subquery().c.id)


async def call_off(tx: Tx, announcement_id: int, *, at: datetime, chunk: int = 2 * CHUNK) -> int:
    """Cancel what has not left, so many rows, those next in turn first; returns how many."""
    ready = select(Outbox.id).where(*_READY, Outbox.batch == batch(announcement_id)).limit(chunk)
    cancelled = (
        update(Outbox)
        .where(Outbox.id.in_(ready), Outbox.state == State.READY)
        .values(state=State.CANCELLED, settled_at=at, not_before=None, error="stopped")
    )
    async with at_length(tx):
        return (await tx.execute(cancelled)).rowcount
