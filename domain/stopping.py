"""Stop: from one word on nothing is sent any more that was not asked for."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import consent
from storage import staff
from storage.base import Tx

UNDO = timedelta(minutes=15)
"""How long a stop can be undone by its button."""

_WORDS = frozenset({"stop", "berhenti"})


def stop_words(typed: str) -> bool:
    """Whether somebody said nothing but "stop": a sentence with the word in it is an answer."""
    folded = unicodedata.normalize("NFKC", typed[:200]).casefold()
    words = "".join(c if c.isalpha() else " " for c in folded).split()
    return bool(words) and not any(c.isnumeric() for c in folded) and set(words) <= _WORDS


@dataclass(frozen=True)
class Stopped:
    """What a stop ended."""

    purposes: tuple[str, ...]
    lesson_hour: int | None
    lessons_from: str


async def stop(tx: Tx, person_id: int, *, now: datetime, zone: str) -> Stopped:
    """End announcements, contact and daily lessons; what waits to be sent is taken back."""
    purposes = await consent.withdraw(tx, person_id, now=now, zone=zone)
    servant = await staff.servant(tx, person_id)
    if servant is None or servant.lesson_hour is None:
        return Stopped(tuple(purposes), None, "")
    await staff.set_lessons(tx, person_id, hour=None)
    return Stopped(tuple(purposes), servant.lesson_hour, servant.lessons_from)


async def undo(tx: Tx, person_id: int, stopped: Stopped) -> None:
    """Set back what a stop ended."""
    await consent.restore(tx, person_id, stopped.purposes)
    if stopped.lesson_hour is not None:
        await staff.set_lessons(
            tx, person_id, hour=stopped.lesson_hour, lessons_from=stopped.lessons_from
        )
