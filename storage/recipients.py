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
    distinct,
    false,
    func,
    literal,
    null,
    select,
    true,
    union_all,
    update,
)

from storage.announcements import Announcement, batch, change
from storage.base import Tx, upsert
from storage.ledger import count
from storage.office import Unit
from storage.outbox import Outbox, Sheet, State
from storage.people import Address, Consent, Person
from storage.roles import branch
from storage.staff import Role
from talk.messages import Lane, Policy

CHUNK = 5_000
"""Recipients written down in one transaction; the writer is free between two of them."""

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

    Whoever has two addresses stands in it twice. Only people with keys above `above` and not
    above `upto`; said of each table, so that a chunk of a million is read by its own keys.
    """
    who, among = _members(audience)
    for key in (who, Address.person_id, Person.id):
        among.append(key > above)
        if upto is not None:
            among.append(key <= upto)
    if resend_of is not None:
        unsure = select(Outbox.address_id).where(
            Outbox.batch == batch(resend_of), Outbox.state == State.UNCERTAIN
        )
        among.append(Address.id.in_(unsure))
    return (
        select(who.label("person_id"), Address.id.label("address_id"), Person.language)
        .select_from(who.table)
        .join(Address, Address.person_id == who)
        .join(Person, Person.id == who)
        .where(*among, Address.active.is_(true()))
    )


async def reach(tx: Tx, audience: str, *, resend_of: int | None = None) -> int:
    """How many people would get an announcement now."""
    found = _reached(audience, resend_of).subquery()
    return await tx.scalar(select(func.count(distinct(found.c.person_id)))) or 0


async def zones(tx: Tx, audience: str) -> set[str]:
    """The zones in which an announcement arrives; citizens live where the units are."""
    found = select(Unit.zone).distinct()
    if audience.startswith("unit:"):
        found = found.where(Unit.id.in_(branch(int(audience.removeprefix("unit:")))))
    return set(await tx.scalars(found))


async def freeze(tx: Tx, announcement_id: int, *, at: datetime, chunk: int = CHUNK) -> bool:
    """Write down the next recipients, in the order of their keys; tell whether any may be left.

    Repeating it after a crash goes on where the last commit ended, and the cause of each row
    keeps anybody from standing there twice.
    """
    wanted = select(Announcement.__table__).where(Announcement.id == announcement_id)
    row = (await tx.execute(wanted.with_for_update())).one()
    if row.state != "frozen":
        return False
    who, among = _members(row.audience)
    last = await tx.scalar(
        select(who).where(*among, who > row.frozen_upto).order_by(who).offset(chunk - 1).limit(1)
    )
    found = _reached(row.audience, row.resend_of, above=row.frozen_upto, upto=last).subquery()
    person = found.c.person_id
    cause = literal(f"{batch(row.id)}:") + cast(person, String)
    sheets = await _sheets(tx, row.id)
    values: Mapping[str, ColumnElement[Any]] = {
        "cause": cause,
        "ref": literal(batch(row.id)),  # it has no button, and nothing resends it
        "batch": literal(batch(row.id)),
        "address_id": found.c.address_id,
        "lane": literal(str(Lane.BROADCAST)),
        "policy": literal(str(Policy.D)),
        "body": cast(null(), String),
        "sheet_id": case(
            *((found.c.language == language, sheet) for language, sheet in sheets.items()),
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
        upsert(tx.dialect.name, Outbox)
        .from_select(list(values), select(*values.values()).order_by(person))
        .on_conflict_do_nothing()
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


async def hold(tx: Tx, announcement_id: int, *, until: datetime, chunk: int = 4 * CHUNK) -> bool:
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
    ready = select(Outbox.id).where(
        Outbox.lane == Lane.BROADCAST,
        Outbox.state == State.READY,
        Outbox.batch == batch(announcement_id),
    )
    at_once = select(ready.where(Outbox.not_before.is_(None)).limit(limit).subquery())
    later = select(ready.where(Outbox.not_before < before).limit(limit).subquery())
    return select(union_all(at_once, later).subquery().c.id)


async def call_off(tx: Tx, announcement_id: int, *, at: datetime, chunk: int = 4 * CHUNK) -> int:
    """Cancel what has not left, so many rows, those next in turn first; returns how many."""
    ready = (
        select(Outbox.id)
        .where(Outbox.batch == batch(announcement_id), Outbox.state == State.READY)
        .limit(chunk)
    )
    done = await tx.execute(
        update(Outbox)
        .where(Outbox.id.in_(ready), Outbox.state == State.READY)
        .values(state=State.CANCELLED, settled_at=at, not_before=None, error="stopped")
    )
    return done.rowcount


async def cancel_for_person(tx: Tx, person_id: int, *, at: datetime) -> int:
    """Somebody wants no announcements any more: those for citizens that wait do not go to her.

    What she gets as staff is not touched. Returns how many messages were called off.
    """
    addresses = select(Address.id).where(Address.person_id == person_id)
    citizens = select(literal("ann:") + cast(Announcement.id, String)).where(
        Announcement.audience == "citizens", Announcement.finished_at.is_(None)
    )
    done = await tx.execute(
        update(Outbox)
        .where(
            Outbox.address_id.in_(addresses),
            Outbox.state == State.READY,
            Outbox.lane == Lane.BROADCAST,
            Outbox.batch.in_(citizens),
        )
        .values(state=State.CANCELLED, settled_at=at, not_before=None, error="withdrawn")
    )
    return done.rowcount
