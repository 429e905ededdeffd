"""The due engine against a plain model, with a clock that jumps, over weeks and three zones.

Each occurrence is handed over exactly once, or skipped by the rule that says so; each that was
handed over has its one message.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from handlers import due
from storage import ledger
from storage.due import Occurrence
from storage.office import Unit
from storage.outbox import Outbox
from storage.people import Address, Person
from storage.session import Database
from storage.staff import Role, Staff
from tests.kit.due_model import BEGIN, HOUSE, PEOPLE, ZONES, Model, Plan, compare, set_up, tick

moves = st.lists(
    st.one_of(
        st.just(timedelta(0)),  # a double tick
        st.just(timedelta(hours=1)),
        st.just(timedelta(hours=-1)),
        st.just(timedelta(days=1)),
        st.just(timedelta(days=-1)),
        st.integers(1, 12 * 60).map(lambda m: timedelta(minutes=m)),
        st.integers(1, 4).map(lambda d: timedelta(days=d, hours=3)),
    ),
    min_size=1,
    max_size=25,
)


plans = st.lists(
    st.tuples(
        st.sampled_from(sorted(ZONES)),
        st.integers(60, 20 * 24 * 60).map(lambda m: BEGIN + timedelta(minutes=m)),
        st.sampled_from(["", "yes", "no"]),
    ),
    max_size=3,
)


@pytest.mark.full
@pytest.mark.timeout(600)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(moves=moves, plans=plans)
async def test_every_occurrence_exactly_once_or_skipped_by_its_rule(
    database: Database, moves: list[timedelta], plans: list[tuple[int, datetime, str]]
) -> None:
    sessions = [
        Plan(
            number,
            unit,
            starts,
            {person: answer for person, (home, _) in PEOPLE.items() if home == unit},
        )
        for number, (unit, starts, answer) in enumerate(plans, 1)
    ]
    await set_up(database, sessions)
    model = Model(sessions)
    now = BEGIN
    for move in moves:
        now = max(BEGIN, now + move)
        await tick(database, now)
        model.tick(now)
    await compare(database, model)


async def test_a_zone_that_changes_gives_no_second_lesson_on_that_day(database: Database) -> None:
    from sqlalchemy import update

    await set_up(database, [])
    await tick(database, datetime(2026, 12, 14, 1, tzinfo=UTC))  # 08.00 WIB, 10.00 WIT
    async with database.transaction() as tx:
        first = set((await tx.execute(select(Outbox.cause))).scalars())
        await tx.execute(update(Unit).values(zone="Asia/Jayapura"))
    await tick(database, datetime(2026, 12, 14, 3, tzinfo=UTC))  # 12.00 WIT
    async with database.transaction() as tx:
        second = set((await tx.execute(select(Outbox.cause))).scalars())
    assert "occ:lesson:2026-12-14:11" in first
    assert "occ:lesson:2026-12-14:22" in second - first, "its noon comes earlier now"
    assert len([one for one in second if one.endswith(":11")]) == 1


async def test_many_at_the_same_second_are_handed_over_in_bounded_rounds(
    database: Database,
) -> None:
    await set_up(database, [])
    people = range(1000, 1000 + 1200)
    async with database.transaction() as tx:
        for table, rows in (
            (Person, [{"id": p, "language": "id", "sample": False} for p in people]),
            (Address, [{"id": p, "channel": "telegram", "bot_id": 1, "key": str(p),
                        "person_id": p, "active": True} for p in people]),
            (Staff, [{"person_id": p, "name": "X", "unit_id": 1, "position_group": "",
                      "lesson_hour": 9, "lessons_from": ""} for p in people]),
            (Role, [{"person_id": p, "role": "staff", "unit_id": 1, "since": BEGIN}
                    for p in people]),
        ):  # fmt: skip
            await tx.execute(insert(table), rows)
    now = datetime(2026, 12, 14, 2, tzinfo=UTC)
    rounds = []
    while True:
        async with database.transaction() as tx:
            rounds.append(await due.hand_over(HOUSE, tx, now))
        if not rounds[-1]:
            break
    assert max(rounds) == 500
    assert sum(rounds) == 1200 + 4  # and those of the small office whose hour has come
    async with database.reading() as tx:
        assert await ledger.total(tx, "occurrence.handed") == sum(rounds)
        lanes = set((await tx.execute(select(Outbox.lane))).scalars())
    assert lanes == {"reminder"}, "the interactive lane is untouched"


async def test_two_metronomes_at_once_hand_over_once(database: Database) -> None:
    await set_up(database, [])
    now = datetime(2026, 12, 14, 5, tzinfo=UTC)
    await asyncio.gather(*(tick(database, now) for _ in range(4)))
    async with database.reading() as tx:
        states = list((await tx.execute(select(Occurrence.state))).scalars())
        causes = list((await tx.execute(select(Outbox.cause))).scalars())
        booked = await ledger.total(tx, "occurrence.handed")
    assert states == ["handed"] * 5
    assert len(causes) == booked == 5
