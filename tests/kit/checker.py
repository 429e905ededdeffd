"""The one checker: what must be true after any crash, fault, poison or load.

It is fed by the simulated Telegram's own record and by a connection that can only read. What the
program says of itself (figures, health, its log) is never believed; its log is searched for what
must not stand in it. `tanggap reconcile` is the half that looks at the database alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

from domain.reconcile import reconcile
from simulator.record import Entry
from storage.inbox import DONE, QUARANTINED, WAITING
from storage.outbox import State
from storage.session import Database
from tests.kit.told import Told, told

OPEN_TOO_LONG = 10  # seconds a transaction may stand idle while the program lives


@dataclass(frozen=True)
class Kept:
    """What a reader finds in the database."""

    updates: Counter[int]  # update id → rows
    inbox: Counter[str]
    forgotten: int
    outbox: Counter[str]
    postponed: int  # uncertain rows that are still to be resent
    sent: list[int]  # ids of new messages, as the rows say
    standing: set[int]  # the same with those of edits, which may have been said anew
    unsure: int  # copies that rows admit there may be beyond the ids they know
    quick: Counter[tuple[str, int]]
    skm: int
    idle: list[str]  # transactions that stand open and do nothing


def kept(database_url: str) -> Kept:
    """Read the database, by plain SQL over a connection that cannot write."""
    engine = create_engine(database_url.replace("+aiosqlite", ""))
    try:
        with engine.connect() as connection:
            sqlite = engine.dialect.name == "sqlite"
            guard = (
                "PRAGMA query_only=ON"
                if sqlite
                else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
            )
            connection.execute(text(guard))
            return _kept(connection, sqlite)
    finally:
        engine.dispose()


def _kept(connection: Connection, sqlite: bool) -> Kept:
    def one(sql: str) -> int:
        return int(connection.execute(text(sql)).scalar_one() or 0)

    def counts(sql: str) -> Counter[Any]:
        return Counter(
            {
                row[0] if len(row) == 2 else tuple(row[:-1]): row[-1]
                for row in connection.execute(text(sql))
            }
        )

    # An edit is said anew when its message is gone, or not known as yet (it was sent again
    # itself); else its row knows the id of that message.
    edited = "from outbox t where t.ref = substr(outbox.edits, 2)"
    anew = f"message not in (edits, coalesce((select max(t.message) {edited}), ''))"
    early = f"exists (select 1 {edited} and t.attempts > 1)"
    resent = f"attempts > 1 and (policy in ('B', 'E') or policy = 'A' and ({anew} or {early}))"
    rows = [
        (int(message), policy)
        for message, policy in connection.execute(
            text("select message, policy from outbox where state = 'sent' and message <> ''")
        )
    ]
    idle: list[str] = []
    if not sqlite:
        found = connection.execute(
            text(
                "select state || ': ' || left(query, 60) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
                " and state like 'idle in transaction%'"
                f" and state_change < now() - interval '{OPEN_TOO_LONG} seconds'"
            )
        )
        idle = [str(row[0]) for row in found]
    return Kept(
        updates=counts("select update_id, count(*) from inbox group by update_id"),
        inbox=counts("select state, count(*) from inbox group by state"),
        forgotten=one("select sum(n) from ledger where name = 'inbox.forgotten'"),
        outbox=counts("select state, count(*) from outbox group by state"),
        postponed=one(
            "select count(*) from outbox where state = 'uncertain' and not_before is not null"
        ),
        sent=[number for number, policy in rows if policy != "A"],
        standing={number for number, _ in rows},
        unsure=one(
            "select sum(case when state = 'uncertain' and attempts > 1"
            " and policy in ('A', 'B', 'E') then 2 else 1 end) from outbox"
            f" where state = 'uncertain' or state = 'sent' and message = '' or {resent}"
        ),
        quick=counts(
            "select case when p.code is null then '' else 'p' || p.code end, a.value, count(*)"
            " from response r join answer a on a.response_key = r.key"
            " left join service_point p on p.id = r.point_id"
            " where r.instrument = 'quick' group by p.code, a.value"
        ),
        skm=one("select count(*) from response where instrument = 'skm'"),
        idle=idle,
    )


def findings(
    entries: Iterable[Entry],
    database_url: str,
    *,
    quiet: bool = True,
    given: Mapping[tuple[str, int], int] | None = None,
    exact: bool = False,
    logs: Sequence[Path] = (),
    canaries: Sequence[str] = (),
) -> list[str]:
    """Every invariant that is broken, in words; none is what everybody wants.

    `quiet`: everything has had time to happen, so nothing may be under way any more. `given` is
    what citizens gave, by (start payload, value), when the caller knows it; `exact` takes that
    from the record: good for citizens who tap what they were last asked. No file of `logs` may
    hold one of the `canaries`.
    """
    book, shelf = told(entries), kept(database_url)
    broken = [*_taken_in(book, shelf, quiet), *_sent(book, shelf, quiet)]
    broken += _rated(book, shelf)
    if given is None and exact:
        given = book.rated
    if given is not None:
        wanted = Counter(given)
        broken += _pairs("lost rating", wanted - shelf.quick)
        broken += _pairs("rating from nowhere or twice", shelf.quick - wanted)
    broken += [f"a transaction stands open: {one}" for one in shelf.idle]
    broken += [f"reconcile: {one}" for one in _apart(database_url)]
    for path in logs:
        kept_words = path.read_text(errors="replace")
        broken += [f"{path.name} holds {word!r}" for word in canaries if word in kept_words]
    return broken


def _pairs(what: str, these: Counter[tuple[str, int]]) -> list[str]:
    return [
        f"{what}: {n} of value {value} at {at or 'no point'}" for (at, value), n in these.items()
    ]


def _taken_in(book: Told, shelf: Kept, quiet: bool) -> Iterator[str]:
    if not shelf.forgotten:  # the ids of old updates are dropped after a week
        if gone := sorted(book.confirmed - book.lost - shelf.updates.keys()):
            yield f"confirmed but not stored: updates {gone[:5]} ({len(gone)})"
        if quiet and (left := sorted(book.issued.keys() - book.lost - shelf.updates.keys())):
            yield f"never taken in: updates {left[:5]} ({len(left)})"
    for update_id, rows in shelf.updates.items():
        if rows > (most := book.issued.get(update_id, 0)):
            yield f"update {update_id} is stored {rows} times, and there were {most}"
    if unnamed := shelf.inbox.keys() - {WAITING, DONE, QUARANTINED}:
        yield f"inbox rows in no named state: {unnamed}"
    if quiet and shelf.inbox[WAITING]:
        yield f"{shelf.inbox[WAITING]} updates still wait"


def _sent(book: Told, shelf: Kept, quiet: bool) -> Iterator[str]:
    if unnamed := shelf.outbox.keys() - set(State):
        yield f"outbox rows in no named state: {unnamed}"
    if quiet:
        for state in (State.READY, State.SENDING):
            if shelf.outbox[state]:
                yield f"{shelf.outbox[state]} messages are still {state}"
        if shelf.postponed:
            yield f"{shelf.postponed} messages are still to be resent"
    known = set(shelf.sent)
    if len(known) < len(shelf.sent):
        yield "two rows claim one message"
    if never := sorted(known - book.sent):
        yield f"rows say sent, Telegram never took: messages {never[:5]} ({len(never)})"
    if untold := sorted(known - book.answered):
        yield f"rows know ids that nobody told: messages {untold[:5]} ({len(untold)})"
    if quiet and len(extra := sorted(book.sent - shelf.standing)) > shelf.unsure + book.anew:
        yield (
            f"{len(extra)} messages on phones belong to no row ({extra[:5]});"
            f" rows admit {shelf.unsure + book.anew}"
        )
    for (chat, words), n in book.copies.items():
        if n > 1:
            yield f"chat {chat} got an announcement {n} times: {words[:40]!r}"


def _rated(book: Told, shelf: Kept) -> Iterator[str]:
    quick = shelf.quick.total()
    if book.thanked > quick + book.anew + shelf.unsure:
        yield f"{book.thanked} were thanked, {quick} ratings are stored"
    if book.receipts > shelf.skm + book.anew + shelf.unsure:
        yield f"{book.receipts} got the receipt of a survey, {shelf.skm} are stored"
    if quick > book.tapped:
        yield f"{quick} ratings are stored, {book.tapped} questions were tapped"


def _apart(database_url: str) -> list[str]:
    """Comparisons of `tanggap reconcile` that do not agree."""

    async def look() -> list[str]:
        database = Database(database_url, beside=True)
        try:
            async with database.reading() as tx:
                checks = await reconcile(tx)
        finally:
            await database.close()
        return [
            f"{c.name} {c.subject}: promised {c.promised}, found {c.found}"
            for c in checks
            if not c.agrees
        ]

    with ThreadPoolExecutor(1) as pool:  # a loop may be running in this thread
        return pool.submit(asyncio.run, look()).result()
