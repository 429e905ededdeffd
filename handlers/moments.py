"""Days and hours in words, in a person's language and the unit's zone."""

from __future__ import annotations

from datetime import date, datetime, time

from babel.dates import format_date

from domain import calendar

_LOCALES = {"id": "id_ID", "en": "en_GB"}
"""Regional languages are unknown to Babel: their days are those of Indonesian."""


def day(when: date, language: str) -> str:
    """A day with its weekday: "Selasa, 3 Maret 2026"."""
    return format_date(when, "EEEE, d MMMM y", locale=_LOCALES.get(language, "id_ID"))


def hour(when: time | datetime, language: str) -> str:
    """A time of day: "09.00" in Indonesian, "09:00" in English."""
    return f"{when:%H:%M}" if language == "en" else f"{when:%H.%M}"


def moment(at: datetime, zone: str, language: str) -> str:
    """Day, hour and zone: "Selasa, 3 Maret 2026, 09.00 WIB"."""
    here = calendar.local(at, zone)
    return f"{day(here.date(), language)}, {hour(here, language)} {calendar.zone_label(zone)}"
