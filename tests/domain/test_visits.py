"""Once per visit, by a hash that nobody can test once the period's key is gone."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, select

from domain.keys import Keys
from domain.visits import KeyDamaged, Visit, answer_once, answered, period_of, unwrap, wrap
from storage.responses import Once, PeriodKey
from storage.session import Database

KEYS = Keys(b"k" * 32)
DAY = date(2026, 11, 23)
VISIT = Visit("7", 11, DAY)


async def test_the_same_visit_counts_once_per_instrument(database: Database) -> None:
    async with database.transaction() as tx:
        assert await answer_once(tx, KEYS, VISIT, "quick")
        assert not await answer_once(tx, KEYS, VISIT, "quick")
        assert await answer_once(tx, KEYS, VISIT, "skm")
        assert await answered(tx, KEYS, VISIT, ("quick", "skm")) == {"quick", "skm"}


@pytest.mark.parametrize(
    "other", [Visit("8", 11, DAY), Visit("7", 12, DAY), Visit("7", 11, date(2026, 11, 24))]
)
async def test_another_person_service_or_day_is_another_visit(
    database: Database, other: Visit
) -> None:
    async with database.transaction() as tx:
        assert await answer_once(tx, KEYS, VISIT, "skm")
        assert await answered(tx, KEYS, other, ("skm",)) == set()
        assert await answer_once(tx, KEYS, other, "skm")


async def test_asking_leaves_no_trace(database: Database) -> None:
    async with database.transaction() as tx:
        assert await answered(tx, KEYS, VISIT, ("quick", "skm")) == set()
        assert (await tx.execute(select(PeriodKey.period))).all() == []


async def test_without_the_key_the_rows_fit_nobody(database: Database) -> None:
    """What is left after a period cannot even be tested against a guessed person."""
    async with database.transaction() as tx:
        await answer_once(tx, KEYS, VISIT, "skm")
        (row,) = (await tx.execute(select(Once.key, Once.period))).all()
        assert row.period == period_of(DAY)
        await tx.execute(delete(PeriodKey))
    async with database.transaction() as tx:
        assert await answered(tx, KEYS, VISIT, ("skm",)) == set()
        await answer_once(tx, KEYS, VISIT, "skm")
        marks = set((await tx.execute(select(Once.key))).scalars())
        assert len(marks) == 2, "a new key makes another hash of the same visit"


async def test_the_key_stands_wrapped_and_is_one_per_period(database: Database) -> None:
    async with database.transaction() as tx:
        for service in (11, 12, 13):
            await answer_once(tx, KEYS, Visit("7", service, DAY), "skm")
        (row,) = (await tx.execute(select(PeriodKey.period, PeriodKey.wrapped))).all()
    key = unwrap(KEYS, row.period, row.wrapped)
    assert len(key) == 32
    assert key not in row.wrapped


def test_a_wrapped_key_opens_for_its_period_and_secret_alone() -> None:
    wrapped = wrap(KEYS, "2026-11-23", b"s" * 32)
    assert unwrap(KEYS, "2026-11-23", wrapped) == b"s" * 32
    assert wrap(KEYS, "2026-11-23", b"s" * 32) != wrapped, "a fresh nonce each time"
    with pytest.raises(KeyDamaged):
        unwrap(KEYS, "2026-11-24", wrapped)
    with pytest.raises(KeyDamaged):
        unwrap(Keys(b"x" * 32), "2026-11-23", wrapped)
    for at in range(len(wrapped)):
        spoilt = bytearray(wrapped)
        spoilt[at] ^= 1
        with pytest.raises(KeyDamaged):
            unwrap(KEYS, "2026-11-23", bytes(spoilt))
    with pytest.raises(KeyDamaged):
        unwrap(KEYS, "2026-11-23", b"")
