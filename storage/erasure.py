"""Everything that is kept about one person: read for her, and erased at her wish.

`LINKS` names every column that points to a person, `ABOUT_NOBODY` every table that has none. A
table in neither list fails the build: who adds one decides what becomes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from storage import announcements
from storage.announcements import Announcement
from storage.audit import Audit
from storage.base import Base, Tx, insert_once, random_id
from storage.dialogs import Dialog
from storage.inbox import WAITING, Inbox
from storage.outbox import Outbox, State
from storage.people import Address, Person
from storage.staff import Assessment, AssessmentAnswer, Role

NOBODY = 0
"""The person whom the office's records name instead of somebody who had herself erased."""


class Fate(StrEnum):
    """What becomes of a row when the person it points to is erased."""

    ERASED = "erased"
    CUT = "cut"  # the row stays and points to nobody
    OFFICE = "office"  # an official act: the row stays and points to `NOBODY`


LINKS: Mapping[tuple[str, str], Fate] = {
    ("announcement", "author_id"): Fate.OFFICE,
    ("assessment", "person_id"): Fate.ERASED,
    ("audit", "actor_id"): Fate.OFFICE,
    ("card", "person_id"): Fate.ERASED,
    ("consent", "person_id"): Fate.ERASED,
    ("invitation", "used_by"): Fate.CUT,
    ("lesson_given", "person_id"): Fate.ERASED,
    ("occurrence", "person_id"): Fate.ERASED,
    ("review", "person_id"): Fate.ERASED,
    ("role", "person_id"): Fate.ERASED,
    ("staff", "person_id"): Fate.ERASED,
    ("training_invitee", "person_id"): Fate.ERASED,
    ("training_session", "created_by"): Fate.OFFICE,
}

OWN = frozenset({"person", "address", "dialog", "outbox", "assessment_answer"})
"""Tables about people that are handled one by one below."""

ABOUT_NOBODY = frozenset(
    {
        "announcement_day",
        "answer",
        "comment",
        "content_version",
        "holiday_override",
        "inbox",  # emptied when handled
        "ledger",
        "once",  # its hashes cannot be told apart without a key that is destroyed
        "period_key",
        "poll_cursor",
        "published",
        "response",
        "service",
        "service_point",
        "sheet",
        "unit",
    }
)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


# --- what there is --------------------------------------------------------------------------


async def held(tx: Tx, person_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows about a person, by table: columns by name, without the person's own number."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, column in LINKS:
        table = _table(name)
        kept = [c for c in table.columns if c.name != column]
        rows = await tx.execute(select(*kept).where(table.c[column] == person_id))
        found.setdefault(name, []).extend(dict(row._mapping) for row in rows)
    mine = select(Address.id).where(Address.person_id == person_id)
    others = {
        "person": select(Person.language).where(Person.id == person_id),
        "address": select(Address.channel, Address.key, Address.active).where(
            Address.person_id == person_id
        ),
        "dialog": select(Dialog.step, Dialog.notes).where(Dialog.address_id.in_(mine)),
        "outbox": select(Outbox.created_at, Outbox.lane, Outbox.state, Outbox.settled_at)
        .where(Outbox.address_id.in_(mine))
        .order_by(Outbox.id),
        "assessment_answer": select(
            AssessmentAnswer.assessment_id, AssessmentAnswer.item, AssessmentAnswer.level
        )
        .join(Assessment, Assessment.id == AssessmentAnswer.assessment_id)
        .where(Assessment.person_id == person_id),
    }
    for name, statement in others.items():
        found[name] = [dict(row._mapping) for row in await tx.execute(statement)]
    return {name: rows for name, rows in found.items() if rows}


async def other_admins(tx: Tx, person_id: int) -> int:
    """How many other people are admins now; nobody can stop being one before `tx` ends."""
    rows = await tx.execute(
        select(Role.person_id)
        .where(Role.role == "admin", Role.ended_at.is_(None))
        .with_for_update()
    )
    return len(set(rows.scalars()) - {person_id})


# --- the end of it --------------------------------------------------------------------------


async def erase(tx: Tx, person_id: int, *, language: str) -> int:
    """Erase a person; returns the number of a new one that has only her addresses.

    The addresses rest from now on. They stay until the answer has reached them; `forget_resting`
    then takes them away, unless she has come back by then as somebody new.
    """
    await insert_once(tx, Person, id=NOBODY, language="id", sample=False)
    mine = list(
        (await tx.execute(select(Address.id).where(Address.person_id == person_id))).scalars()
    )
    await announcements.written_down(tx)
    await _forget_messages(tx, [person_id, *mine], mine)
    await tx.execute(delete(Dialog).where(Dialog.address_id.in_(mine)))
    await tx.execute(
        delete(AssessmentAnswer).where(
            AssessmentAnswer.assessment_id.in_(
                select(Assessment.id).where(Assessment.person_id == person_id)
            )
        )
    )
    for (name, column), fate in LINKS.items():
        table = _table(name)
        hers = table.c[column] == person_id
        if fate is Fate.ERASED:
            await tx.execute(delete(table).where(hers))
        else:
            to = NOBODY if fate is Fate.OFFICE else None
            await tx.execute(update(table).where(hers).values({column: to}))
    await _forget_mentions(tx, [person_id, *mine])
    new = random_id()
    await tx.execute(insert(Person).values(id=new, language=language, sample=False))
    await tx.execute(
        update(Address).where(Address.person_id == person_id).values(person_id=new, active=False)
    )
    await tx.execute(delete(Person).where(Person.id == person_id))
    return new


async def _forget_messages(tx: Tx, ids: Collection[int], addresses: Collection[int]) -> None:
    """Nothing more is sent, and no message tells to whom it went.

    Whatever names her in its cause keeps her address as well, so none is looked for among all.
    """
    hers = Outbox.address_id.in_(addresses)
    named = and_(hers, or_(*(Outbox.cause.endswith(f":{number}") for number in ids)))
    waiting = or_(
        Outbox.state == State.READY,
        and_(Outbox.state == State.UNCERTAIN, Outbox.not_before.is_not(None)),
    )
    await tx.execute(
        update(Outbox)
        .where(hers, waiting)
        .values(state=State.CANCELLED, settled_at=Outbox.created_at, not_before=None)
    )
    await tx.execute(
        update(Outbox)
        .where(named)
        .values(cause=literal("erased:").concat(cast(Outbox.id, String)))
    )
    await tx.execute(
        update(Outbox).where(hers).values(address_id=None, body=None, edits="", error="")
    )


async def _forget_mentions(tx: Tx, ids: Collection[int]) -> None:
    """Take the numbers out of what is not a link: records of others, a mark of progress."""
    for number in map(str, ids):
        await tx.execute(
            update(Audit)
            .where(Audit.object.contains(number))
            .values(object=func.replace(Audit.object, number, str(NOBODY)))
        )
    await tx.execute(
        update(Announcement)
        .where(Announcement.frozen_upto.in_(ids))
        .values(frozen_upto=Announcement.frozen_upto - 1)
    )


async def forget_resting(tx: Tx) -> int:
    """Take away addresses that rest and whose person nothing is known about; how many.

    These are people who had themselves erased, and people who shut us out and never agreed to
    anything. What still is to be sent or handled keeps its address.
    """
    still_to_send = exists().where(
        Outbox.address_id == Address.id,
        or_(
            Outbox.state.in_((State.READY, State.SENDING)),
            and_(Outbox.state == State.UNCERTAIN, Outbox.not_before.is_not(None)),
        ),
    )
    still_to_handle = exists().where(Inbox.state == WAITING, Inbox.chat == Address.key)
    # What almost everybody has who stays here comes first: it spares the questions after it.
    links = sorted(LINKS, key=lambda link: link[0] != "consent")
    known: list[ColumnElement[bool]] = [
        exists().where(_table(name).c[column] == Address.person_id) for name, column in links
    ]
    known.append(exists().where(Dialog.address_id == Address.id))
    found = await tx.execute(
        select(Address.id, Address.person_id)
        .join(Person, Person.id == Address.person_id)
        .where(
            Address.active.is_(False),
            Person.sample.is_(False),
            not_(or_(*known, still_to_send, still_to_handle)),
        )
        .with_for_update(skip_locked=True)
    )
    resting = dict(found.all())
    if not resting:
        return 0
    await tx.execute(
        update(Outbox)
        .where(Outbox.address_id.in_(list(resting)))
        .values(address_id=None, body=None, edits="", error="")
    )
    await tx.execute(delete(Address).where(Address.id.in_(list(resting))))
    elsewhere = exists().where(Address.person_id == Person.id)
    await tx.execute(delete(Person).where(Person.id.in_(list(resting.values())), ~elsewhere))
    return len(resting)
