"""Numbers and dates as they are written in the person's language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

from handlers.turn import Turn

_KNOWN = frozenset(("id", "en"))


def decimal(turn: Turn, value: Decimal) -> str:
    """A number with two decimals: 77,15 in Indonesian; nothing is rounded that was not before."""
    return str(format_decimal(value, format="0.00", locale=_locale(turn)))


def day(turn: Turn, value: date) -> str:
    """A date in full: 23 November 2026."""
    return str(format_date(value, "d MMMM y", locale=_locale(turn)))


def _locale(turn: Turn) -> str:
    """Regional languages write numbers and dates as Indonesian does."""
    language = turn.caller.language
    return language if language in _KNOWN else "id"
