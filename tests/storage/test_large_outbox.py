"""A reply must not wait for an announcement: what the sender asks for is found by an index."""

from __future__ import annotations

import threading
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from storage import announcements, erasure, outbox, recipients, sending
from storage.outbox import Outbox, State
from storage.session import Database
from talk.messages import Lane, Outbound, Parcel
from talk.text import plain
from tests.kit import crowd, plans

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


async def _claimed(database: Database, now: datetime = NOW, **more: object) -> list[str]:
    async with database.transaction() as tx:
        asked = {"most": 5, "others": 5, **more}
        hand = await sending.claim(tx, owner="me", bot_id=crowd.BOT, now=now, **asked)
        causes = select(Outbox.cause).where(Outbox.id.in_([row.id for row in hand.rows]))
        return list(await tx.scalars(causes.order_by(Outbox.id)))


async def _put(database: Database, *parcels: Parcel) -> None:
    async with database.transaction() as tx:
        await outbox.put(tx, list(parcels), at=NOW)


def _parcel(cause: str, address: int, **fields: object) -> Parcel:
    return Parcel(cause, address, Outbound(plain(cause)), **fields)


@pytest.fixture
async def people(database: Database) -> None:
    async with database.transaction() as tx:
        await crowd.people(tx, list(range(1, 13)))


@pytest.mark.usefixtures("people")
async def test_earlier_lanes_go_first_and_all_but_replies_share_a_limit(
    database: Database,
) -> None:
    await _put(
        database,
        *(_parcel(f"b{n}", n, lane=Lane.BROADCAST) for n in range(1, 8)),
        *(_parcel(f"r{n}", n, lane=Lane.REMINDER) for n in range(8, 11)),
        _parcel("i", 11),
    )
    assert await _claimed(database, most=2) == ["r8", "i"]
    assert await _claimed(database, others=3) == ["b1", "r9", "r10"]
    assert await _claimed(database, others=0) == []
    assert await _claimed(database, others=-4) == []


@pytest.mark.usefixtures("people")
async def test_what_is_due_and_what_waits_share_the_limit_too(database: Database) -> None:
    soon = NOW + timedelta(hours=1)
    await _put(
        database,
        *(_parcel(f"b{n}", n, lane=Lane.BROADCAST) for n in range(1, 5)),
        *(_parcel(f"d{n}", n, lane=Lane.BROADCAST, not_before=soon) for n in range(5, 9)),
    )
    assert await _claimed(database, soon, others=3) == ["d5", "d6", "d7"]
    assert await _claimed(database, soon, others=3) == ["b1", "b2", "d8"]


@pytest.mark.usefixtures("people")
async def test_what_was_postponed_goes_when_its_time_has_come(database: Database) -> None:
    soon = NOW + timedelta(hours=1)
    await _put(
        database,
        _parcel("later", 1, lane=Lane.BROADCAST, not_before=soon),
        _parcel("now", 2, lane=Lane.BROADCAST),
    )
    assert await _claimed(database) == ["now"]
    assert await _claimed(database, soon) == ["later"]


@pytest.mark.usefixtures("people")
async def test_one_address_gets_one_at_a_time_and_the_held_get_nothing(database: Database) -> None:
    await _put(database, _parcel("first", 1), _parcel("second", 1), _parcel("other", 2))
    assert await _claimed(database, held=[2]) == ["first"]
    assert await _claimed(database) == ["other"]
    assert await _claimed(database) == []


@pytest.mark.usefixtures("people")
async def test_who_yields_gets_the_replies_for_which_the_others_leave_room(
    database: Database,
) -> None:
    """In order all the same, and one at a time."""
    soon = NOW + timedelta(minutes=1)
    await _put(
        database,
        _parcel("p1", 1, not_before=soon),
        *(_parcel(f"{cause}{address}", address) for cause in "ab" for address in (2, 3, 4)),
        _parcel("n", 2, lane=Lane.REMINDER),
    )
    soon += timedelta(minutes=1)
    assert await _claimed(database, soon, yielding=[1, 2], most=1) == ["a3"]
    assert await _claimed(database, soon, yielding=[1, 2], most=2) == ["p1", "a4"]
    assert await _claimed(database, soon, yielding=[1, 2], held=[2]) == []
    assert await _claimed(database, soon, yielding=[1, 2]) == ["a2"]
    assert await _claimed(database, soon, yielding=[1, 2]) == []


@pytest.mark.usefixtures("people")
async def test_a_resend_comes_with_what_waits(database: Database) -> None:
    await _put(database, _parcel("unsure", 1), _parcel("new", 2))
    async with database.transaction() as tx:
        await tx.execute(
            update(Outbox)
            .where(Outbox.cause == "unsure")
            .values(state=State.UNCERTAIN, not_before=NOW)
        )
    assert await _claimed(database) == ["unsure", "new"]


@pytest.mark.usefixtures("people")
async def test_nothing_that_is_asked_while_sending_reads_the_whole_outbox(
    database: Database,
) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL reads a small table as a whole whatever its indexes are")
    async with database.transaction() as tx:
        with plans.asked(tx) as statements:
            await sending.claim(
                tx, owner="me", bot_id=crowd.BOT, now=NOW, most=5, others=5, held=[1, 2]
            )
            await outbox.put(tx, [_parcel("edit", 1, edits="12")], at=NOW)
            await outbox.cancel_for(tx, 1, at=NOW, reason="blocked")
            await outbox.message_of(tx, "AAAAAAAA")
            await recipients.waiting(tx, 7, before=NOW)
            await recipients.hold(tx, 7, until=NOW)
            await recipients.call_off(tx, 7, at=NOW)
            await erasure.erase(tx, 3, language="id")
        found = [
            (statement, await plans.plan(tx, statement, values))
            for statement, values in statements
            if statement.startswith(("SELECT", "UPDATE"))
        ]
    whole = [(s, step) for s, steps in found for step in steps if step.startswith("SCAN outbox")]
    assert whole == []
    assert not [s for s, steps in found if "USE TEMP B-TREE FOR ORDER BY" in steps]
    assert len(found) >= 7


@pytest.mark.usefixtures("people")
async def test_what_comes_to_light_behind_those_that_left_is_found_again(
    database: Database,
) -> None:
    """A number is drawn before it is committed: a smaller one may appear when a larger is gone."""
    await _put(database, *(_parcel(f"b{n}", n, lane=Lane.BROADCAST) for n in (1, 2, 3)))
    async with database.reading() as tx:
        numbers = list(await tx.scalars(select(Outbox.id).order_by(Outbox.id)))
    seen = []
    passed = sending.Passed(numbers[1])
    for _ in range(4):
        async with database.transaction() as tx:
            hand = await sending.claim(
                tx, most=1, others=1, owner="me", bot_id=crowd.BOT, now=NOW, passed=passed
            )
        assert hand.more == (len(seen) < 3)
        seen += [row.id for row in hand.rows]
        passed = hand.passed
    assert seen == [numbers[1], numbers[2], numbers[0]], "as soon as nothing else is left"


@pytest.mark.usefixtures("people")
async def test_all_are_looked_at_now_and_then(database: Database) -> None:
    """However many are left, what came to light late does not wait for the last of them."""
    await _put(database, *(_parcel(f"b{n}", n, lane=Lane.BROADCAST) for n in (1, 2)))
    assert await _claimed(database, most=1, passed=sending.Passed(1 << 60, 50)) == ["b1"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("people")
async def test_what_reads_a_whole_announcement_holds_up_nobody_in_the_loop(
    database: Database,
) -> None:
    """An admin's turn is brief like any other, what she asks about a million is not."""
    here = threading.get_ident()
    asked: set[int] = set()

    async def near_by(work: Awaitable[object]) -> bool:
        asked.clear()
        await work
        return here in asked

    async with database.transaction() as tx:
        one = await announcements.add(
            tx,
            author_id=1,
            audience="citizens",
            text="",
            sender="",
            created_at=NOW,
            expires_at=NOW,
        )
    async with database.transaction(brief=True) as tx:
        connection = (await tx.get_raw_connection()).driver_connection
        assert connection is not None
        connection._conn.set_progress_handler(lambda: asked.add(threading.get_ident()), 1)
        assert await near_by(tx.scalar(select(1)))
        assert not await near_by(recipients.reach(tx, "citizens"))
        assert not await near_by(recipients.states(tx, one))
        assert not await near_by(recipients.call_off(tx, one, at=NOW))
        assert await near_by(tx.scalar(select(1)))
        connection._conn.set_progress_handler(None, 1)
