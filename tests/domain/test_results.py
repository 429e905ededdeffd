"""The public figures: exact, over a quarter, nothing below five."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert

from domain.results import FEWEST, Period, of_service, of_unit, public, quarter
from storage.responses import Answer, Response
from storage.session import Database
from tests.kit.office import CITY, DOMISILI, DUKCAPIL, KK, KTP, small_city

ELEMENTS = ("a", "b", "c")
YEAR_END = quarter(date(2026, 12, 31))


@pytest.mark.parametrize(
    ("day", "first", "last", "number"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 31), 1),
        (date(2026, 5, 17), date(2026, 4, 1), date(2026, 6, 30), 2),
        (date(2026, 9, 30), date(2026, 7, 1), date(2026, 9, 30), 3),
        (date(2028, 2, 29), date(2028, 1, 1), date(2028, 3, 31), 1),
        (date(2026, 12, 31), date(2026, 10, 1), date(2026, 12, 31), 4),
    ],
)
def test_a_day_lies_in_its_quarter(day: date, first: date, last: date, number: int) -> None:
    assert quarter(day) == Period(first, last)
    assert quarter(day).number == number


async def given(database: Database, *responses: tuple[int, str, dict[str, int]]) -> None:
    """Responses as (service, local date, answers); instrument "skm" unless asked otherwise."""
    async with database.transaction() as tx:
        for number, (service, day, answers) in enumerate(responses):
            instrument = "quick" if "keseluruhan" in answers else "skm"
            await tx.execute(
                insert(Response).values(
                    key=f"r{number}-{service}-{day}",
                    instrument=instrument,
                    version="2017.1",
                    service_id=service,
                    point_id=None,
                    local_date=day,
                    half_day="am",
                    channel="telegram",
                    language="id",
                    notice="2026-1",
                    visit_kind="search",
                    duration="normal",
                    staff=False,
                    burst=False,
                )
            )
            await tx.execute(
                insert(Answer),
                [
                    {"response_key": f"r{number}-{service}-{day}", "item": item, "value": value}
                    for item, value in answers.items()
                ],
            )


async def test_each_element_by_its_own_n_and_the_rest_left_out(database: Database) -> None:
    await small_city(database)
    await given(
        database,
        (KTP, "2026-10-01", {"a": 4, "b": 3, "c": 2, "sex": 1}),
        (KTP, "2026-12-31", {"a": 4, "b": 2}),
        (KTP, "2026-11-01", {"keseluruhan": 1}),
        (KTP, "2026-09-30", {"a": 1, "b": 1, "c": 1}),
        (KTP, "2027-01-01", {"a": 1, "b": 1, "c": 1}),
        (KK, "2026-11-01", {"a": 1, "b": 1, "c": 1}),
    )
    async with database.reading() as tx:
        found = await of_service(tx, KTP, YEAR_END, ELEMENTS)
    assert (found.n, found.versions) == (2, {"2017.1": 2})
    tallies = {name: (t.n, t.sum) for name, t in found.index.elements.items()}
    assert tallies == {"a": (2, 8), "b": (2, 5), "c": (1, 2)}
    assert found.ikm == Decimal("70.83")  # (4 + 2.5 + 2) / 3 * 25
    assert found.grade == "C"
    assert found.lowest(2) == ["c", "b"]
    assert not found.publishable
    assert found.missing == FEWEST - 2


async def test_a_unit_is_all_below_it(database: Database) -> None:
    await small_city(database)
    full = {"a": 4, "b": 4, "c": 4}
    await given(
        database,
        (KTP, "2026-11-01", full),
        (KK, "2026-11-02", full),
        (DOMISILI, "2026-11-03", full),
    )
    async with database.reading() as tx:
        assert (await of_unit(tx, DUKCAPIL, YEAR_END, ELEMENTS)).n == 2
        city = await of_unit(tx, CITY, YEAR_END, ELEMENTS)
    assert (city.n, city.ikm, city.grade) == (3, Decimal("100.00"), "A")


async def test_no_answers_are_no_index(database: Database) -> None:
    await small_city(database)
    async with database.reading() as tx:
        found = await of_service(tx, KTP, YEAR_END, ELEMENTS)
    assert (found.n, found.ikm, found.grade, found.lowest(3)) == (0, None, None, [])
    assert found.missing == FEWEST


async def test_a_published_figure_moves_by_five_answers_or_not_at_all(database: Database) -> None:
    """Otherwise the difference made by one visit would tell what that visitor answered."""
    await small_city(database)
    seen = []
    for number in range(12):
        worst = {"a": 1, "b": 1, "c": 1} if number % 5 == 0 else {"a": 4, "b": 4, "c": 4}
        await given(database, (KTP, f"2026-11-{number + 1:02}", worst))
        async with database.transaction() as tx:
            found = await public(tx, KTP, YEAR_END, ELEMENTS)
        seen.append((found.n, found.publishable, found.ikm))
    assert [n for n, _, _ in seen] == [1, 2, 3, 4, 5, 5, 5, 5, 5, 10, 10, 10]
    assert [shown for _, shown, _ in seen] == [False] * 4 + [True] * 8
    assert seen[4][2] == seen[8][2] == Decimal("85.00")
    assert seen[9][2] == Decimal("85.00")


async def test_a_published_figure_is_that_of_all_answers_at_its_time(database: Database) -> None:
    await small_city(database)
    await given(database, *((KTP, "2026-11-01", {"a": 4, "b": 3, "c": 2}) for _ in range(7)))
    async with database.transaction() as tx:
        shown = await public(tx, KTP, YEAR_END, ELEMENTS)
        live = await of_service(tx, KTP, YEAR_END, ELEMENTS)
        other = await public(tx, KTP, quarter(date(2026, 1, 1)), ELEMENTS)
    assert shown == live
    assert other.n == 0
