"""Whole numbers and stretches of time as people read them, in the language of who reads."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from babel.numbers import format_decimal

from handlers.turn import House
from talk.text import flat


def number(language: str, n: int) -> str:
    """1240 → "1.240" (or "1,240" in English)."""
    return format_decimal(n, locale=_locale(language))


def duration(house: House, language: str, seconds: float) -> str:
    """ "kurang dari 1 menit", "sekitar 12 menit", "sekitar 3 jam 5 menit"."""
    minutes = ceil(timedelta(seconds=seconds) / timedelta(minutes=1))
    if minutes <= 1:
        return flat(house.say(language, "admin.under_a_minute"))
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return flat(house.say(language, "admin.minutes", minutes=minutes))
    return flat(house.say(language, "admin.hours", hours=number(language, hours), minutes=minutes))


def _locale(language: str) -> str:
    """Babel does not know the regional languages; their speakers read Indonesian numbers."""
    return "en" if language == "en" else "id"
