"""What is written down at submit: coarse facts, decided there and then, and no person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from domain.keys import Keys
from domain.rating import BURST, Filled, Place, PlaceGone, duration, submit
from storage import ledger
from storage.responses import Answer, Once, Response
from storage.session import Database
from tests.kit.office import FILLERS, KTP, small_city

KEYS = Keys(b"k" * 32)
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # 12.00 in Jakarta, 14.00 in Jayapura
PLACE = Place(KTP, 1, "poster")


@pytest.fixture
async def office(database: Database) -> Database:
    await small_city(database)
    return database


def filled(instrument: str = "quick", took: float = 10) -> Filled:
    return Filled(
        instrument=instrument,
        version="1.0",
        answers={"keseluruhan": 3},
        took=timedelta(seconds=took),
        channel="telegram",
        language="id",
        staff=False,
    )


async def rows(office: Database) -> list[object]:
    async with office.reading() as tx:
        return list((await tx.execute(select(Response.__table__))).all())


@pytest.mark.parametrize(
    ("at", "service", "date", "half"),
    [
        (NOON - timedelta(seconds=1), KTP, "2026-11-23", "am"),
        (NOON, KTP, "2026-11-23", "pm"),
        (datetime(2026, 11, 23, 16, 59, tzinfo=UTC), KTP, "2026-11-23", "pm"),
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), KTP, "2026-11-24", "am"),
        (datetime(2026, 11, 23, 15, 0, tzinfo=UTC), FILLERS, "2026-11-24", "am"),
    ],
)
async def test_day_and_half_day_are_those_of_the_office(
    office: Database, at: datetime, service: int, date: str, half: str
) -> None:
    async with office.transaction() as tx:
        await submit(tx, KEYS, "7", Place(service, None, "search"), filled(), at)
        assert await ledger.by_day(tx, "response.quick") == {date: 1}
    (row,) = await rows(office)
    assert (row.local_date, row.half_day) == (date, half)  # type: ignore[attr-defined]


async def test_a_second_answer_changes_nothing(office: Database) -> None:
    async with office.transaction() as tx:
        key = await submit(tx, KEYS, "7", PLACE, filled(), NOON)
        assert key is not None
        assert len(key) == 22  # 128 bits
        assert await submit(tx, KEYS, "7", PLACE, filled(), NOON) is None
        assert await ledger.total(tx, "response.quick", "2026-11-23") == 1
    assert len(await rows(office)) == 1


async def test_two_hundred_at_once_make_one_response(office: Database) -> None:
    async def one() -> str | None:
        async with office.transaction() as tx:
            return await submit(tx, KEYS, "7", PLACE, filled(), NOON)

    keys = await asyncio.gather(*(one() for _ in range(200)))
    assert len([key for key in keys if key]) == 1
    async with office.reading() as tx:
        assert await ledger.total(tx, "response.quick", "2026-11-23") == 1
        assert await tx.scalar(select(func.count()).select_from(Answer)) == 1
        assert await tx.scalar(select(func.count()).select_from(Once)) == 1
    assert len(await rows(office)) == 1


async def test_more_than_a_desk_can_serve_is_marked_as_a_burst(office: Database) -> None:
    async with office.transaction() as tx:
        for person in range(BURST + 2):
            await submit(tx, KEYS, str(person), PLACE, filled(), NOON)
        await submit(tx, KEYS, "1", PLACE, filled("skm"), NOON)
        await submit(tx, KEYS, "900", PLACE, filled(), NOON - timedelta(hours=1))
        await submit(tx, KEYS, "901", Place(KTP, None, "search"), filled(), NOON)
    marked = [row for row in await rows(office) if row.burst]  # type: ignore[attr-defined]
    assert len(marked) == 2


async def test_a_service_that_is_gone_is_told(office: Database) -> None:
    async with office.transaction() as tx:
        with pytest.raises(PlaceGone):
            await submit(tx, KEYS, "7", Place(999, None, "search"), filled(), NOON)


@pytest.mark.parametrize(
    ("instrument", "seconds", "band"),
    [
        ("quick", 1.9, "fast"),
        ("quick", 2, "normal"),
        ("quick", 120, "normal"),
        ("quick", 121, "slow"),
        ("skm", 44, "fast"),
        ("skm", 45, "normal"),
        ("skm", 600, "normal"),
        ("skm", 601, "slow"),
        ("skm", 200_000, "slow"),
        ("skm", -5, "fast"),  # the clock was set back
    ],
)
def test_time_is_kept_as_a_band(instrument: str, seconds: float, band: str) -> None:
    assert duration(instrument, timedelta(seconds=seconds)) == band


def test_a_response_has_no_column_for_a_person_or_a_time() -> None:
    columns = set(Response.__table__.columns.keys())
    assert columns == {
        *("key", "instrument", "version", "service_id", "point_id", "local_date", "half_day"),
        *("channel", "language", "notice", "visit_kind", "duration", "staff", "burst"),
    }
