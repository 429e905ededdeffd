"""Which lesson is next, when it comes again, and at what hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import calendar, learning
from storage.learning import Memory, Wish

PATH = ["p/a", "p/b", "p/c"]
MONDAY = date(2026, 11, 23)
NO_DAYS: dict[date, bool] = {}


def memory(lesson: str, due: str) -> Memory:
    return Memory(lesson, {}, due)


@pytest.mark.parametrize(
    ("known", "chosen"),
    [
        ({}, "p/a"),
        ({"p/a": "2026-11-24"}, "p/b"),
        ({"p/a": "2026-11-23"}, "p/a"),
        ({"p/a": "2026-11-23", "p/b": "2026-11-20"}, "p/b"),
        ({"p/a": "2026-12-01", "p/c": "2026-12-01"}, "p/b"),
        ({"p/a": "2026-12-01", "p/b": "2026-12-01", "p/c": "2026-12-02"}, None),
        ({"p/gone": "2026-11-01", "p/a": "2026-12-01"}, "p/b"),
    ],
)
def test_repetitions_first_then_the_first_new_one(
    known: dict[str, str], chosen: str | None
) -> None:
    memories = [memory(lesson, due) for lesson, due in known.items()]
    assert learning.choose(memories, PATH, MONDAY) == chosen


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), min_size=1, max_size=30))
def test_right_answers_come_back_later_and_later_wrong_ones_the_next_working_day(
    answers: list[tuple[bool, int]],
) -> None:
    card: dict[str, Any] | None = None
    day = MONDAY
    for correct, wait in answers:
        card, due = learning.review(card, day, correct=correct, overrides=NO_DAYS)
        assert due > day, "never twice on a day"
        assert card["due"].endswith("T00:00:00+00:00"), "whole days"
        if not correct:
            assert due == calendar.next_working_day(day)
        day = due + timedelta(days=wait)


def test_only_right_answers_space_out() -> None:
    card, day, gaps = None, MONDAY, []
    for _ in range(6):
        card, due = learning.review(card, day, correct=True, overrides=NO_DAYS)
        gaps.append((due - day).days)
        day = due
    assert gaps == sorted(gaps)
    assert gaps[-1] > 10 * gaps[0]


def test_a_clock_set_back_does_not_break_a_card() -> None:
    card, _ = learning.review(None, MONDAY, correct=True, overrides=NO_DAYS)
    card, due = learning.review(card, MONDAY - timedelta(days=3), correct=True, overrides={})
    assert due > MONDAY


def test_the_same_answers_give_the_same_days() -> None:
    def run() -> list[date]:
        card, day, days = None, MONDAY, []
        for correct in (True, False, True, True):
            card, day = learning.review(card, day, correct=correct, overrides=NO_DAYS)
            days.append(day)
        return days

    assert run() == run()


@pytest.mark.parametrize(
    ("now", "hour", "since", "had", "expected"),
    [
        # 09.00 WIB on Monday
        ("2026-11-23T02:00", 10, "", False, "2026-11-23T03:00"),
        ("2026-11-23T02:00", 10, "", True, "2026-11-24T03:00"),
        ("2026-11-23T02:00", 8, "", False, "2026-11-24T01:00"),
        ("2026-11-23T02:00", 10, "2026-11-26", False, "2026-11-26T03:00"),
        ("2026-11-27T04:00", 8, "", False, "2026-11-30T01:00"),  # Friday → Monday
        ("2026-11-28T02:00", 8, "", False, "2026-11-30T01:00"),  # Saturday → Monday
        ("2026-12-23T09:00", 8, "", False, "2026-12-28T01:00"),  # over Christmas
    ],
)
def test_the_next_lesson_is_announced_for_a_working_day(
    now: str, hour: int, since: str, had: bool, expected: str
) -> None:
    found = learning.next_at(
        Wish(1, "Sri", "Asia/Jakarta", hour, since),
        [],
        PATH,
        zone="Asia/Jakarta",
        had_today=had,
        overrides=NO_DAYS,
        now=datetime.fromisoformat(now).replace(tzinfo=UTC),
    )
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_with_the_path_done_the_next_one_is_the_first_repetition() -> None:
    known = [memory("p/a", "2026-12-05"), memory("p/b", "2026-12-20"), memory("p/c", "2027-01-09")]
    found = learning.next_at(
        Wish(1, "Sri", "", 9, ""),
        known,
        PATH,
        zone="Asia/Jayapura",
        had_today=False,
        overrides=NO_DAYS,
        now=datetime(2026, 11, 23, tzinfo=UTC),
    )
    assert found == datetime(2026, 12, 7, 0, tzinfo=UTC), "the 5th is a Saturday; 09.00 WIT"


def test_hours_that_have_come_and_the_end_of_the_day() -> None:
    now = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
    assert learning.hours_open(now, "Asia/Jakarta", NO_DAYS) == (
        MONDAY,
        {hour: datetime(2026, 11, 23, hour - 7, tzinfo=UTC) for hour in (8, 9, 10)},
        datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
    )
    sunday = datetime(2026, 11, 22, 3, tzinfo=UTC)
    assert learning.hours_open(sunday, "Asia/Jakarta", NO_DAYS) is None
    assert learning.hours_open(now, "Asia/Jakarta", {MONDAY: True}) is None


def test_every_hour_offered_lies_in_the_learning_hours() -> None:
    ((start, end),) = calendar.windows(MONDAY, calendar.Audience.LEARNING)
    assert all(start.hour <= hour < end.hour + (end.minute > 0) for hour in learning.HOURS)
