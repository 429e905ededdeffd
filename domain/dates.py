"""Days and hours as people in an Indonesian office type them, read or refused with a reason.

Pure functions: no clock, no locale of the machine. All they ever raise is `Refused`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.errors import Refused

FURTHEST = timedelta(days=2 * 366)
"""How far ahead a day may lie; beyond that it is a slip of the finger."""

_LONGEST = 60

_WEEKDAYS = (
    ("senin", "sen", "monday", "mon"),
    ("selasa", "sel", "tuesday", "tue"),
    ("rabu", "rab", "wednesday", "wed"),
    ("kamis", "kam", "thursday", "thu"),
    ("jumat", "jum", "friday", "fri"),
    ("sabtu", "sab", "saturday", "sat"),
    ("minggu", "ahad", "min", "sunday", "sun"),
)
_MONTHS = (
    ("januari", "jan", "january"),
    ("februari", "pebruari", "feb", "peb", "february"),
    ("maret", "mar", "march"),
    ("april", "apr"),
    ("mei", "may"),
    ("juni", "jun", "june"),
    ("juli", "jul", "july"),
    ("agustus", "agu", "agt", "ags", "agust", "august", "aug"),
    ("september", "sep", "sept"),
    ("oktober", "okt", "october", "oct"),
    ("november", "nopember", "nov", "nop"),
    ("desember", "des", "december", "dec"),
)
_WEEKDAY = {name: number for number, names in enumerate(_WEEKDAYS) for name in names}
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_NEAR = {
    **dict.fromkeys(("hari ini", "today"), 0),
    **dict.fromkeys(("besok", "besuk", "tomorrow"), 1),
    **dict.fromkeys(("lusa", "besok lusa", "day after tomorrow"), 2),
}

_NUMERIC = re.compile(r"(\d+)\s*[/.\-]\s*(\d+)(?:\s*[/.\-]\s*(\d+))?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NAMED = re.compile(r"(\d+)[\s\-/.]*([a-z]+)\.?(?:[\s\-/.,]*(\d+))?")
_LEADING_DAY = re.compile(r"(?:hari\s+)?([a-z]+)\b\s*,?\s*(.*)")
_CLOCK = re.compile(
    r"(?:(?:jam|pukul|pkl|at)\b\.?\s*)?(?P<half>setengah\s+)?(?P<hour>\d{1,4})"
    r"(?:\s*[.:]\s*(?P<minute>\d{1,4}))?(?:\s*[.:]\s*(?P<second>\d{1,4}))?"
    r"\s*(?P<part>pagi|siang|sore|malam|am|pm)?\s*(?P<zone>wib|wita|wit)?"
)


def read_day(typed: str, today: date) -> date:
    """The day meant by `typed`, today or later.

    "besok", "lusa", "Senin" (the next one), "25/11", "25-11-2026", "25 November 2026",
    "Rabu, 25 Nov". Without a year, the next such day. Raises Refused.
    """
    words = _folded(typed)
    try:
        found = _day(words, today)
        if found < today:
            raise Refused("admin.day_past")
        if found > today + FURTHEST:
            raise Refused("admin.day_far")
    except (OverflowError, ValueError):
        raise Refused("admin.day_none") from None
    return found


def read_hour(typed: str, zone: str = "") -> time:
    """The hour meant by `typed`: "07.30", "7:30", "jam 8", "2 siang", "08.00 WIB".

    `zone` is the short name of the zone that applies; naming another one is refused.
    """
    found = _CLOCK.fullmatch(_folded(typed))
    if found is None:
        raise Refused("admin.hour_unread")
    if zone and found["zone"] and found["zone"] != zone.casefold():
        raise Refused("admin.hour_zone", zone=zone)
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if len(found["hour"]) > 2 or len(found["minute"] or "00") != 2 or found["second"]:
        raise Refused("admin.hour_unread")
    if hour == 24:
        raise Refused("admin.hour_24")
    if found["half"]:
        # "setengah delapan" is half an hour before eight.
        if found["minute"] or not 1 <= hour <= 12:
            raise Refused("admin.hour_unread")
        hour, minute = hour - 1, 30
    hour = _of_the_day(hour, found["part"] or "")
    if hour > 23 or minute > 59:
        raise Refused("admin.hour_none")
    return time(hour, minute)


def moment(day: date, hour: time, zone: str, *, now: datetime) -> datetime:
    """The UTC time of a local day and hour. Raises Refused when it is not after `now`."""
    try:
        at = datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        raise Refused("admin.day_none") from None
    if at <= now:
        raise Refused("admin.moment_past")
    return at


def _folded(typed: str) -> str:
    """Small letters, plain digits, single blanks; ticks dropped ("Jum'at")."""
    if len(typed) > _LONGEST:
        return ""
    words = unicodedata.normalize("NFKC", typed).casefold()
    words = "".join(
        str(unicodedata.digit(c)) if c.isdecimal() else c for c in words if c not in "'’`‘"
    )
    return " ".join(words.split()).rstrip(".,!")


def _day(words: str, today: date) -> date:
    if words in _NEAR:
        return today + timedelta(days=_NEAR[words])
    weekday = None
    lead = _LEADING_DAY.fullmatch(words)
    if lead is not None and lead[1] in _WEEKDAY:
        weekday, words = _WEEKDAY[lead[1]], lead[2]
        if words in ("", "depan", "ini", "besok"):
            return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    words = words.removeprefix("tanggal ").removeprefix("tgl ")
    found = _written(words, today)
    if weekday is not None and found.weekday() != weekday:
        raise Refused("admin.day_weekday")
    return found


def _written(words: str, today: date) -> date:
    """A day given by its number and its month. ValueError when there is no such day."""
    if (iso := _ISO.fullmatch(words)) is not None:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    if (numeric := _NUMERIC.fullmatch(words)) is not None:
        day, month, year = int(numeric[1]), int(numeric[2]), numeric[3]
    elif (named := _NAMED.fullmatch(words)) is not None and named[2] in _MONTH:
        day, month, year = int(named[1]), _MONTH[named[2]], named[3]
    else:
        raise Refused("admin.day_unread")
    if year is None:
        return _next(day, month, today)
    if len(year) != 4:
        raise Refused("admin.day_year")
    return date(int(year), month, day)


def _next(day: int, month: int, today: date) -> date:
    """The next such day of a year. ValueError when neither this year nor the next has it."""
    try:
        this_year = date(today.year, month, day)
    except ValueError:
        this_year = None
    if this_year is not None and this_year >= today:
        return this_year
    return date(today.year + 1, month, day)


def _of_the_day(hour: int, part: str) -> int:
    """The hour of 24 for an hour said with its part of the day."""
    if not part:
        return hour
    spans = {
        "pagi": range(0, 12),
        "am": range(0, 12),
        "siang": range(10, 16),
        "sore": range(15, 19),
        "malam": range(18, 24),
        "pm": range(12, 24),
    }
    for meant in (hour, hour + 12):
        if meant in spans[part]:
            return meant
    raise Refused("admin.hour_none")
