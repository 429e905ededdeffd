"""Days and hours: what the office relies on when it writes to people."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from textwrap import dedent

import holidays
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import calendar
from domain.calendar import Audience

ZONES = ["Asia/Jakarta", "Asia/Pontianak", "Asia/Makassar", "Asia/Jayapura"]
START = datetime(2025, 12, 25, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=1840)).map(lambda since: START + since)
days = st.dates(date(2025, 12, 25), date(2031, 1, 10))
overrides = st.dictionaries(days, st.booleans(), max_size=12)


def jakarta(day: str, hour: str) -> datetime:
    return calendar.at(date.fromisoformat(day), time.fromisoformat(hour), "Asia/Jakarta")


@given(moments, st.sampled_from(ZONES), st.sampled_from(list(Audience)), overrides)
@example(datetime(2026, 3, 17, 12, 45, tzinfo=UTC), "Asia/Makassar", Audience.CITIZENS, {})
@example(datetime(2028, 2, 28, 17, 0, tzinfo=UTC), "Asia/Jayapura", Audience.LEARNING, {})
def test_the_next_open_hour_is_open_never_earlier_and_the_first(moment, zone, audience, days):
    found = calendar.next_allowed(moment, zone, audience, days)
    assert found.tzinfo is UTC
    assert found >= moment
    assert calendar.allowed(found, zone, audience, days)
    assert calendar.next_allowed(found, zone, audience, days) == found
    if found > moment:
        assert not calendar.allowed(moment, zone, audience, days)
        assert not calendar.allowed(found - timedelta(minutes=1), zone, audience, days)
        # Nothing open was jumped over: every quarter hour between is closed.
        step = moment
        while (step := step + timedelta(minutes=15)) < found:
            assert not calendar.allowed(step, zone, audience, days)


@given(days, overrides)
def test_working_days_before_and_after_enclose_only_free_days(day, office):
    before = calendar.previous_working_day(day, office)
    after = calendar.next_working_day(day, office)
    assert before < day < after
    for distance in range(1, (after - before).days):
        between = before + timedelta(days=distance)
        assert between == day or not calendar.is_working_day(between, office)
    by = calendar.working_day_by(day, office)
    assert by == (day if calendar.is_working_day(day, office) else before)


@given(moments, st.sampled_from(ZONES))
def test_day_and_half_day_are_those_of_the_zone(moment, zone):
    hours = {"WIB": 7, "WITA": 8, "WIT": 9}[calendar.zone_label(zone)]
    shifted = (moment + timedelta(hours=hours)).replace(tzinfo=None)
    assert calendar.local_date(moment, zone) == shifted.date()
    assert calendar.half_day(moment, zone) == ("am" if shifted.hour < 12 else "pm")
    here = calendar.local(moment, zone)
    assert calendar.at(here.date(), here.time(), zone) == moment


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        ("Asia/Jakarta", "WIB"),
        ("Asia/Pontianak", "WIB"),
        ("Asia/Makassar", "WITA"),
        ("Asia/Jayapura", "WIT"),
    ],
)
def test_zones_have_the_names_people_use(zone, label):
    assert calendar.zone_label(zone) == label


@pytest.mark.parametrize(
    ("day", "holiday", "working"),
    [
        ("2026-01-01", True, False),  # Thursday, New Year
        ("2026-01-02", False, True),
        ("2026-02-16", True, False),  # Monday, collective leave for Imlek
        ("2026-03-18", True, False),  # Wednesday, collective leave for Nyepi
        ("2026-03-20", True, False),  # Friday, collective leave for Idulfitri
        ("2026-03-21", True, False),  # Saturday, Idulfitri
        ("2026-03-24", True, False),  # Tuesday, collective leave
        ("2026-03-25", False, True),
        ("2026-08-17", True, False),  # Monday, Independence
        ("2026-12-24", True, False),  # collective leave
        ("2026-12-31", False, True),
        ("2027-03-10", True, False),  # Idulfitri 2027
        ("2027-03-15", True, False),  # Monday, collective leave
        ("2027-12-31", False, True),
        ("2028-02-29", False, True),  # a Tuesday
        ("2026-10-10", False, False),  # a Saturday
        ("2026-10-11", False, False),  # a Sunday
    ],
)
def test_the_national_calendar(day, holiday, working):
    given_day = date.fromisoformat(day)
    assert calendar.is_holiday(given_day) is holiday
    assert calendar.is_working_day(given_day) is working
    assert bool(calendar.holiday_name(given_day)) is holiday


@pytest.mark.parametrize("year", range(2020, 2051))
def test_the_calendar_is_what_the_library_says_when_asked_by_name(year):
    asked = {"categories": ("public", "government"), "language": "id", "expand": False}
    named = holidays.country_holidays("ID", years=year, **asked)
    assert len(named) > 12
    assert {day: calendar.holiday_name(day) for day in named} == dict(named)
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    assert {day for day in days if day.year == year and calendar.is_holiday(day)} == set(named)


def test_of_all_the_worlds_calendars_one_is_loaded():
    asked = """
        import sys
        from datetime import date
        from domain import calendar
        assert calendar.is_holiday(date(2026, 8, 17))
        print([name for name in sys.modules if name.startswith("holidays.countries")])
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(asked)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_office_has_the_last_word_on_holidays_but_not_on_weekends():
    regional, leave, sunday = date(2026, 7, 1), date(2026, 12, 24), date(2026, 7, 5)
    office = {regional: True, leave: False, sunday: False}
    assert not calendar.is_working_day(regional, office)
    assert calendar.is_working_day(leave, office)
    assert not calendar.is_working_day(sunday, office)
    assert calendar.windows(sunday, Audience.CITIZENS, office) == []


@pytest.mark.parametrize(
    ("at_day", "at_hour", "audience", "to_day", "to_hour"),
    [
        ("2026-10-07", "10:15", Audience.CITIZENS, "2026-10-07", "10:15"),
        ("2026-10-07", "20:00", Audience.CITIZENS, "2026-10-08", "08:00"),
        ("2026-10-07", "19:59", Audience.CITIZENS, "2026-10-07", "19:59"),
        ("2026-10-09", "11:30", Audience.CITIZENS, "2026-10-09", "13:30"),  # Friday prayer
        ("2026-10-10", "20:30", Audience.CITIZENS, "2026-10-12", "08:00"),  # over a Sunday
        ("2026-12-31", "21:00", Audience.CITIZENS, "2027-01-02", "08:00"),  # over New Year
        ("2026-03-02", "17:30", Audience.CITIZENS, "2026-03-02", "19:30"),  # Ramadan
        ("2026-03-19", "09:00", Audience.CITIZENS, "2026-03-25", "08:00"),  # Nyepi, Idulfitri
        ("2026-10-07", "17:45", Audience.CITIZENS, "2026-10-07", "17:45"),  # no Ramadan
        ("2026-10-09", "15:30", Audience.LEARNING, "2026-10-12", "08:00"),  # over a weekend
        ("2028-02-28", "23:00", Audience.LEARNING, "2028-02-29", "08:00"),
        ("2026-10-07", "07:29", Audience.REMINDERS, "2026-10-07", "07:30"),
        ("2026-12-23", "17:00", Audience.REMINDERS, "2026-12-28", "07:30"),  # Christmas, weekend
    ],
)
def test_when_a_message_goes(at_day, at_hour, audience, to_day, to_hour):
    found = calendar.next_allowed(jakarta(at_day, at_hour), "Asia/Jakarta", audience)
    assert found == jakarta(to_day, to_hour)


@pytest.mark.parametrize(
    ("begin", "end"),  # as fixed by the Indonesian government
    [("2024-03-12", "2024-04-09"), ("2025-03-01", "2025-03-30"), ("2026-02-19", "2026-03-20")],
)
def test_ramadan_is_known_from_idulfitri(begin, end):
    first, last = date.fromisoformat(begin), date.fromisoformat(end)
    for distance in range((last - first).days + 1):
        assert calendar.is_ramadan(first + timedelta(days=distance))
    assert not calendar.is_ramadan(first - timedelta(days=2))
    assert not calendar.is_ramadan(last + timedelta(days=1))


def test_a_year_with_two_ramadans_and_one_across_the_year():
    assert calendar.is_ramadan(date(2030, 1, 20))
    assert calendar.is_ramadan(date(2030, 12, 31))
    assert not calendar.is_ramadan(date(2030, 7, 1))


def test_an_office_that_closes_for_ever_is_told_so():
    closed = {date(2026, 1, 1) + timedelta(days=n): True for n in range(800)}
    with pytest.raises(ValueError, match="within a year"):
        calendar.next_allowed(
            jakarta("2026-06-01", "09:00"), "Asia/Jakarta", Audience.CITIZENS, closed
        )
