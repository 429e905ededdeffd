"""Days and hours: local dates, holidays, working days, and when we may write to whom.

All moments come in and go out as aware UTC times; days and hours are those of a unit's zone.
Indonesia has no daylight saving, so a local hour exists exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays

Overrides = Mapping[date, bool]
"""Days the office made holidays (True) or took out of the national calendar (False)."""

Window = tuple[time, time]
"""A stretch of local time, its end not included."""

NONE: Overrides = {}
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_IDULFITRI = "Hari Raya Idul Fitri"
_A_YEAR = 370  # days; further away than any row of holidays


class Audience(StrEnum):
    """Whom we write to, and about what; each has hours of its own."""

    CITIZENS = "citizens"  # announcements
    LEARNING = "learning"  # micro-lessons of the staff
    REMINDERS = "reminders"  # trainings, self-assessments and other duties of the staff


CITIZENS_DAY: Window = (time(8), time(20))
_FRIDAY_PRAYER: Window = (time(11, 30), time(13, 30))
_BREAKING_THE_FAST: Window = (time(17, 30), time(19, 30))
_STAFF: dict[Audience, Window] = {
    Audience.LEARNING: (time(8), time(15, 30)),
    # Working hours begin at 07.30 (Perpres 21/2023).
    Audience.REMINDERS: (time(7, 30), time(17)),
}


# --- local time -----------------------------------------------------------------------------


def local(moment: datetime, zone: str) -> datetime:
    """The moment as the clocks in `zone` show it."""
    return moment.astimezone(ZoneInfo(zone))


def local_date(moment: datetime, zone: str) -> date:
    """The day it is in `zone`."""
    return local(moment, zone).date()


def half_day(moment: datetime, zone: str) -> str:
    """ "am" before noon in `zone`, else "pm"."""
    return "am" if local(moment, zone).hour < 12 else "pm"


def at(day: date, hour: time, zone: str) -> datetime:
    """The moment (UTC) at which the clocks in `zone` show this day and hour."""
    return datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)


def zone_label(zone: str) -> str:
    """What people call the zone: WIB, WITA or WIT."""
    return datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).tzname() or zone


# --- days -----------------------------------------------------------------------------------


def is_holiday(day: date, overrides: Overrides = NONE) -> bool:
    """Whether `day` is a national holiday or collective leave, after what the office says.

    Weekends are no holidays. Collective leave (cuti bersama) of later years is unknown until
    the yearly joint decree of three ministers, so the office adds it.
    """
    if (said := overrides.get(day)) is not None:
        return said
    return day in _holidays(day.year)


def holiday_name(day: date) -> str:
    """The Indonesian name of a day in the national calendar, "" for any other day."""
    return _holidays(day.year).get(day) or ""


def is_working_day(day: date, overrides: Overrides = NONE) -> bool:
    """Monday to Friday and no holiday (Perpres 21/2023: five working days)."""
    return day.weekday() < _SATURDAY and not is_holiday(day, overrides)


def previous_working_day(day: date, overrides: Overrides = NONE) -> date:
    """The last working day before `day`, `day` itself excluded."""
    return _walk(day, -1, overrides)


def next_working_day(day: date, overrides: Overrides = NONE) -> date:
    """The first working day after `day`, `day` itself excluded."""
    return _walk(day, 1, overrides)


def working_day_by(day: date, overrides: Overrides = NONE) -> date:
    """`day` when it is a working day, else the last one before it (where H-7 and H-1 go)."""
    return day if is_working_day(day, overrides) else previous_working_day(day, overrides)


def is_ramadan(day: date) -> bool:
    """Whether `day` is among the thirty days before Idulfitri.

    Ramadan has 29 or 30 days; in a short one the day before its beginning counts too.
    """
    return any(
        timedelta(0) < feast - day <= timedelta(days=30)
        for year in (day.year, day.year + 1)
        for feast in _idulfitri(year)
    )


# --- hours ----------------------------------------------------------------------------------


def windows(day: date, audience: Audience, overrides: Overrides = NONE) -> list[Window]:
    """The local hours of `day` in which we may write, earliest first; [] for none."""
    if audience is not Audience.CITIZENS:
        return [_STAFF[audience]] if is_working_day(day, overrides) else []
    if day.weekday() == _SUNDAY or is_holiday(day, overrides):
        return []
    open_ = [CITIZENS_DAY]
    if day.weekday() == _FRIDAY:
        open_ = _without(open_, _FRIDAY_PRAYER)
    if is_ramadan(day):
        open_ = _without(open_, _BREAKING_THE_FAST)
    return open_


def allowed(moment: datetime, zone: str, audience: Audience, overrides: Overrides = NONE) -> bool:
    """Whether we may write to this audience at this moment."""
    here = local(moment, zone)
    return any(
        start <= here.time() < end for start, end in windows(here.date(), audience, overrides)
    )


def next_allowed(
    moment: datetime, zone: str, audience: Audience, overrides: Overrides = NONE
) -> datetime:
    """The moment itself when we may write, else the first one after it (UTC).

    Raises ValueError when the office's own days leave no open hour for a year.
    """
    here = local(moment, zone)
    for ahead in range(_A_YEAR):
        day = here.date() + timedelta(days=ahead)
        for start, end in windows(day, audience, overrides):
            if ahead == 0 and here.time() >= end:
                continue
            if ahead == 0 and here.time() >= start:
                return moment.astimezone(UTC)
            return at(day, start, zone)
    raise ValueError("no open hour within a year")


def _walk(day: date, step: int, overrides: Overrides) -> date:
    for distance in range(1, _A_YEAR):
        found = day + timedelta(days=step * distance)
        if is_working_day(found, overrides):
            return found
    raise ValueError("no working day within a year")


def _without(open_: list[Window], closed: Window) -> list[Window]:
    """The stretches less one that lies inside them."""
    rest: list[Window] = []
    for start, end in open_:
        if closed[0] >= end or closed[1] <= start:
            rest.append((start, end))
            continue
        rest += [w for w in ((start, closed[0]), (closed[1], end)) if w[0] < w[1]]
    return rest


def _indonesia() -> Any:
    """The library's class for Indonesia, from its file.

    Asked for it by name, the library reads the calendars of all countries of the world first:
    8 MiB for as long as the program runs, and a tenth of a second in which it answers nobody.
    """
    file = Path(holidays.__file__).with_name("countries") / "indonesia.py"
    spec = spec_from_file_location("holidays.countries.indonesia", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Indonesia


_INDONESIA = _indonesia()  # at the start: that its file is not there must show then


@cache
def _holidays(year: int) -> holidays.HolidayBase:
    # "government" holds the days of collective leave.
    found: holidays.HolidayBase = _INDONESIA(
        years=year, categories=("public", "government"), language="id", expand=False
    )
    return found


@cache
def _idulfitri(year: int) -> tuple[date, ...]:
    return tuple(_holidays(year).get_named(_IDULFITRI, lookup="startswith"))
