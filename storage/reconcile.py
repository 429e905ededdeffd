"""Counting the same thing where it was written at different moments; judging is domain's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Select, func, not_, select

from storage import ledger
from storage.announcements import Announcement
from storage.base import Tx
from storage.due import Occurrence
from storage.inbox import Inbox
from storage.outbox import Outbox
from storage.responses import Answer, Response
from talk.messages import Lane


class Pair(NamedTuple):
    """One thing counted twice: as promised and as found."""

    promised: int
    found: int


ANNOUNCEMENT = "ann:"
OCCURRENCE = "occ:"
ERASED = "erased:"


async def announcements(tx: Tx) -> dict[str, Pair]:
    """Per announcement ("ann:7"): recipients frozen, and outbox rows of it."""
    frozen = await tx.execute(select(Announcement.id, Announcement.recipients))
    rows = await tx.execute(
        select(Outbox.batch, func.count())
        .where(Outbox.batch.startswith(ANNOUNCEMENT))
        .group_by(Outbox.batch)
    )
    promised = {f"{ANNOUNCEMENT}{number}": recipients for number, recipients in frozen}
    return _paired(promised, {key: n for key, n in rows})


async def occurrences(tx: Tx) -> dict[str, Pair]:
    """Occurrences handed over and outbox rows of them; the books and all such rows there were.

    Who erased her data took her occurrences along; of their messages only the lane is left.
    """
    handed = await _count(tx, select(func.count()).where(Occurrence.state == "handed"))
    rows = await _count(tx, select(func.count()).where(Outbox.cause.startswith(OCCURRENCE)))
    erased = Outbox.cause.startswith(ERASED) & (Outbox.lane == Lane.REMINDER)
    gone = await _count(tx, select(func.count()).where(erased))
    books = await ledger.total(tx, "occurrence.handed")
    return {"rows": Pair(handed, rows), "books": Pair(books, rows + gone)}


async def submissions(tx: Tx) -> dict[str, Pair]:
    """Per instrument and day ("skm 2026-11-23"): submissions in the books, and responses."""
    written = await tx.execute(
        select(ledger.Ledger.name, ledger.Ledger.local_date, ledger.Ledger.n).where(
            ledger.Ledger.name.startswith("response.")
        )
    )
    promised = {f"{name.removeprefix('response.')} {day}": n for name, day, n in written}
    rows = await tx.execute(
        select(Response.instrument, Response.local_date, func.count()).group_by(
            Response.instrument, Response.local_date
        )
    )
    return _paired(promised, {f"{instrument} {day}": n for instrument, day, n in rows})


async def inbox(tx: Tx) -> tuple[int, int, dict[str, int]]:
    """Updates taken in and forgotten, by the books, and rows by state."""
    rows = await tx.execute(select(Inbox.state, func.count()).group_by(Inbox.state))
    return (
        await ledger.total(tx, "inbox.stored"),
        await ledger.total(tx, "inbox.forgotten"),
        {key: n for key, n in rows},
    )


async def outbox(tx: Tx) -> tuple[int, dict[str, int]]:
    """Messages put out, by the books, and rows by state."""
    rows = await tx.execute(select(Outbox.state, func.count()).group_by(Outbox.state))
    return await ledger.total(tx, "outbox.put"), {key: n for key, n in rows}


async def loose(tx: Tx) -> dict[str, int]:
    """Responses without any answer, and answers without their response."""
    answered = select(Answer.response_key).where(Answer.response_key == Response.key).exists()
    belongs = select(Response.key).where(Response.key == Answer.response_key).exists()
    return {
        "responses": await _count(
            tx, select(func.count()).select_from(Response).where(not_(answered))
        ),
        "answers": await _count(tx, select(func.count()).select_from(Answer).where(not_(belongs))),
    }


async def _count(tx: Tx, statement: Select[int]) -> int:
    return (await tx.execute(statement)).scalar_one()


def _paired(promised: Mapping[str, int], found: Mapping[str, int]) -> dict[str, Pair]:
    names = sorted(promised.keys() | found.keys())
    return {name: Pair(promised.get(name, 0), found.get(name, 0)) for name in names}
