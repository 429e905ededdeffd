"""What is forgotten when, and that a call cut off anywhere does no harm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text

from domain import visits
from domain.anonymity import LINK_KEPT, STEP_KEPT, forget, sweep, sweep_at
from domain.keys import Keys
from domain.visits import Visit
from storage import dialogs, inbox, outbox, people
from storage.anonymity import shuffle, sort_people
from storage.dialogs import Standing
from storage.outbox import Outbox
from storage.people import Address
from storage.responses import Answer, Comment, Once, PeriodKey, Response
from storage.session import Database
from talk.messages import Outbound, Parcel
from talk.text import plain
from tests.kit.office import KTP, small_city

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
KEYS = Keys(b"k" * 32)


def note(**left: float) -> dict[str, Any]:
    return {"until": (NOW + timedelta(**left)).timestamp()}


# --- one conversation -----------------------------------------------------------------------


def test_notes_go_one_by_one_and_the_draft_stays() -> None:
    notes = {"done_quick": note(minutes=-1), "skm": note(days=6)}
    dialog = Standing(1, "skm.item", notes, "REF", "@REF")
    forget(dialog, NOW)
    assert set(dialog.notes) == {"skm"}
    assert (dialog.step, dialog.prompt, dialog.target) == ("skm.item", "REF", "@REF")
    assert dialog.sweep_at == NOW + timedelta(days=6)


def test_a_step_goes_with_its_notes() -> None:
    dialog = Standing(1, "skm.item", {"skm": note(seconds=-1)}, "REF", "12")
    forget(dialog, NOW)
    assert dialog.empty
    assert dialog.sweep_at is None


def test_an_idle_person_keeps_no_prompt() -> None:
    dialog = Standing(1, "", {}, "REF", "12")
    assert sweep_at(dialog, NOW) == NOW + LINK_KEPT
    forget(dialog, NOW + LINK_KEPT)
    assert dialog.empty


def test_a_step_without_notes_is_kept_a_day() -> None:
    dialog = Standing(1, "menu.main", {}, "REF", "12")
    assert sweep_at(dialog, NOW) == NOW + STEP_KEPT
    forget(dialog, NOW + STEP_KEPT)
    assert dialog.empty


def test_what_has_no_end_is_left() -> None:
    dialog = Standing(1, "", {"group": {}})
    assert sweep_at(dialog, NOW) is None


# --- the whole ------------------------------------------------------------------------------


async def lived(database: Database) -> None:
    """A citizen rated yesterday and the day before; a reply was sent half an hour ago."""
    await small_city(database)
    async with database.transaction() as tx:
        callers = await people.callers(tx, "telegram", 1, [("77", "id")])
        address = callers["77"].address_id
        for days in (0, 1, 2):
            day = (NOW - timedelta(days=days)).date()
            assert await visits.answer_once(tx, KEYS, Visit("telegram:77", KTP, day), "quick")
        notes = {"done_quick": {"key": "abc", **note(minutes=-1)}}
        await dialogs.save(
            tx, [Standing(address, "", notes, "REF", "12", NOW - timedelta(minutes=1))]
        )
        parcel = Parcel("in:1:0", address, Outbound(plain("Terima kasih")))
        await outbox.put(tx, [parcel], at=NOW - timedelta(minutes=40))
        await tx.execute(
            text("UPDATE outbox SET state = 'sent', settled_at = :at").bindparams(
                _at(database, NOW - timedelta(minutes=30))
            )
        )
        arrivals = [inbox.Arrival(n, b"hash", "message", "", b"") for n in (1, 2)]
        await inbox.store(tx, "telegram", 1, arrivals, at=NOW - timedelta(days=8))
        await tx.execute(text("UPDATE inbox SET state = 'done'"))


def _at(database: Database, moment: datetime) -> Any:
    from sqlalchemy import bindparam

    from storage.base import UtcDateTime

    return bindparam("at", moment, UtcDateTime())


async def left(database: Database) -> dict[str, Any]:
    async with database.reading() as tx:
        return {
            "dialogs": await tx.scalar(text("SELECT count(*) FROM dialog")),
            "address": await tx.scalar(select(Outbox.address_id)),
            "body": await tx.scalar(select(Outbox.body)),
            "keys": sorted((await tx.execute(select(PeriodKey.period))).scalars()),
            "hashes": sorted((await tx.execute(select(Once.period))).scalars()),
            "updates": await tx.scalar(text("SELECT count(*) FROM inbox")),
        }


SWEPT = {
    "dialogs": 0,
    "address": None,
    "body": None,
    "keys": ["2026-11-22", "2026-11-23"],  # 22 November is not over in every zone
    "hashes": ["2026-11-22", "2026-11-23"],
    "updates": 1,  # the newest stays until another comes
}


async def test_a_sweep_forgets_all_that_is_over_and_a_second_finds_nothing(
    database: Database,
) -> None:
    await lived(database)
    swept = await sweep(database, NOW)
    assert (swept.dialogs, swept.replies, swept.periods, swept.visits, swept.updates) == (
        1, 1, 1, 1, 1,
    )  # fmt: skip
    assert await left(database) == SWEPT
    again = await sweep(database, NOW)
    assert not any(vars(again).values())
    assert await left(database) == SWEPT


class CutOff(Exception):
    """The process dies."""


@contextmanager
def dying_at(database: Database, statement: int) -> Iterator[None]:
    """Let the process die when it is about to run its n-th statement."""
    engine = database._writer.sync_engine
    count = 0

    def before(*_: object) -> None:
        nonlocal count
        count += 1
        if count == statement:
            raise CutOff

    event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before)


async def test_a_sweep_cut_off_at_any_statement_is_made_good_by_the_next(
    database: Database,
) -> None:
    await lived(database)
    for statement in range(1, 200):
        try:
            with dying_at(database, statement):
                await sweep(database, NOW)
        except CutOff:
            continue
        break
    else:
        pytest.fail("it never came to its end")
    assert statement > 8, "the story must have died in the middle several times"
    assert await left(database) == SWEPT


async def test_a_period_ends_where_its_day_ends_last(database: Database) -> None:
    await small_city(database)
    async with database.transaction() as tx:
        await visits.answer_once(tx, KEYS, Visit("telegram:1", KTP, NOW.date()), "quick")
    end = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # midnight at UTC−12
    await sweep(database, end - timedelta(seconds=1))
    assert (await left(database))["keys"] == ["2026-11-23"]
    await sweep(database, end)
    assert (await left(database))["keys"] == []


# --- the files ------------------------------------------------------------------------------


async def test_what_is_erased_leaves_the_files_too(database: Database) -> None:
    if database.path is None:
        pytest.skip("PostgreSQL's files are its own; docs/anonymity.md says what that means")
    await small_city(database)
    words = "rahasia-besar-sekali"
    async with database.transaction() as tx:
        callers = await people.callers(tx, "telegram", 1, [("77", "id")])
        notes = {"x": {"words": words, **note(minutes=-1)}}
        await dialogs.save(
            tx, [Standing(callers["77"].address_id, "", notes, "", "", NOW - timedelta(minutes=1))]
        )
    assert words.encode() in _files(database)
    await sweep(database, NOW)
    assert words.encode() not in _files(database)


def _files(database: Database) -> bytes:
    assert database.path is not None
    found = database.path.parent.glob(database.path.name + "*")
    return b"".join(file.read_bytes() for file in found)


# --- PostgreSQL's rows ----------------------------------------------------------------------


async def answered(database: Database, *keys: str, half: str = "am") -> None:
    async with database.transaction() as tx:
        for key in keys:
            await tx.execute(
                insert(Response).values(
                    key=key, instrument="quick", version="1", service_id=KTP, point_id=None,
                    local_date="2026-11-23", half_day=half, channel="telegram", language="id",
                    notice="1", visit_kind="poster", duration="normal", staff=False, burst=False,
                )
            )  # fmt: skip
            await tx.execute(insert(Answer).values(response_key=key, item="a", value=len(key)))
            await tx.execute(insert(Comment).values(response_key=key, text=f"saran {key}"))


async def lying(database: Database, table: str, column: str) -> list[str]:
    async with database.reading() as tx:
        rows = await tx.execute(text(f'SELECT "{column}" FROM "{table}" ORDER BY ctid'))
        return [str(row[0]) for row in rows]


async def shuffled(database: Database, now: int) -> int:
    return await shuffle(database, since="2026-11-22", now=now)


async def test_rows_lie_in_the_order_of_their_random_keys(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite's tables without row numbers lie in the order of their keys")
    await small_city(database)
    await answered(database, "ddd", "a", "cc", "bbbb")
    await answered(database, "z", "y", half="pm")
    assert await shuffled(database, 10_000) == 6
    for table, column in (("response", "key"), ("answer", "response_key")):
        assert await lying(database, table, column) == ["a", "bbbb", "cc", "ddd", "y", "z"]
    assert await lying(database, "comment", "text") == [
        "saran a", "saran bbbb", "saran cc", "saran ddd", "saran y", "saran z",
    ]  # fmt: skip
    async with database.reading() as tx:
        values = await tx.execute(select(Answer.response_key, Answer.value))
        assert all(len(key) == value for key, value in values)


async def test_one_more_answer_is_mixed_with_its_half_day(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite's tables without row numbers lie in the order of their keys")
    await small_city(database)
    await answered(database, "d", "b")
    await answered(database, "z", half="pm")
    assert await shuffled(database, 10_000) == 3
    assert await shuffled(database, 10_600) == 0, "nothing is new"
    await answered(database, "c")
    assert await shuffled(database, 10_700) == 0, "not more often than every five minutes"
    assert await shuffled(database, 11_000) == 3, "the other half-day is left alone"
    found = await lying(database, "response", "key")
    assert [key for key in found if key != "z"] == ["b", "c", "d"]


async def test_a_correction_is_noticed_and_kept(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite's tables without row numbers lie in the order of their keys")
    await small_city(database)
    await answered(database, "a", "b", "c")
    await shuffled(database, 10_000)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE answer SET value = 9 WHERE response_key = 'a'"))
    assert await lying(database, "answer", "response_key") == ["b", "c", "a"]
    assert await shuffled(database, 11_000) == 3
    assert await lying(database, "answer", "response_key") == ["a", "b", "c"]
    async with database.reading() as tx:
        assert await tx.scalar(select(Answer.value).where(Answer.response_key == "a")) == 9


async def test_a_busy_writer_is_not_waited_for(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite's tables without row numbers lie in the order of their keys")
    await small_city(database)
    await answered(database, "b", "a")
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE answer SET value = 1"))
        assert await shuffled(database, 10_000) == 0
    assert await shuffled(database, 10_000) == 2


async def test_people_lie_in_the_order_of_their_random_numbers_from_the_next_day(
    database: Database,
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite's tables without row numbers lie in the order of their keys")
    async with database.transaction() as tx:
        for number in range(30):
            await people.callers(tx, "telegram", 1, [(str(number), "id")])
    day = NOW.toordinal()
    assert await sort_people(database, day=day)
    for table in ("person", "address"):
        numbers = [int(one) for one in await lying(database, table, "id")]
        assert numbers == sorted(numbers)
    assert not await sort_people(database, day=day)
    assert await sort_people(database, day=day + 1)


async def test_on_sqlite_no_table_about_people_or_answers_has_row_numbers(
    database: Database,
) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has none")
    async with database.reading() as tx:
        for table in (Response, Answer, Comment, Once, Address, people.Person, dialogs.Dialog):
            found = await tx.scalar(
                text("SELECT wr FROM pragma_table_list WHERE name = :name"),
                {"name": table.__tablename__},
            )
            assert found == 1, table.__tablename__
