"""The greeting of the hour."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.turn import Turn
from talk.text import Text


def greeting(turn: Turn, zone: str = "") -> Text:
    """Good morning, day, afternoon or evening, as Indonesians part the day in that zone."""
    return turn.say(_key(turn.now.astimezone(ZoneInfo(zone or turn.house.zone))))


def _key(local: datetime) -> str:
    if 4 <= local.hour < 11:
        return "start.morning"
    if 11 <= local.hour < 15:
        return "start.midday"
    if 15 <= local.hour < 18:
        return "start.afternoon"
    return "start.evening"
