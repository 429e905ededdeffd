"""Due things: what has fallen due is written down once, and what came too late is set aside.

A rule inserts rows that are unique by (rule, local date, person). Called late, twice or with a
clock that jumped, it finds its rows there already. What is late is skipped by the rule's own
moment (`until`): a lesson ends with the day's learning hours, H-7 and H-1 with their day,
everything else of a session when the session begins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from domain import calendar, learning, training
from domain.calendar import Audience, Overrides
from storage import due
from storage import learning as lessons_kept
from storage import training as sessions_kept
from storage.base import Tx
from storage.due import Due

LESSON = "lesson"
BATCH = 500


class Kind(NamedTuple):
    """What a rule's name says: a lesson, or one message about one session."""

    what: str  # "lesson" | "invite" | "h7" | "h1" | "hour" | "cancelled"
    session_id: int = 0


class Upcoming(NamedTuple):
    """Something that will fall due: when, what (as in `Kind.what`), and for whom."""

    at: datetime
    what: str
    who: str


def kind(rule: str) -> Kind:
    """Read a rule's name. Raises ValueError when it is none of ours."""
    if rule == LESSON:
        return Kind(LESSON)
    first, session_id, what = rule.split(":")
    if first != "training":
        raise ValueError(f"no such rule: {rule}")
    return Kind(what, int(session_id))


async def fall_due(
    tx: Tx, *, lessons: Collection[str], zone: str, overrides: Overrides, now: datetime
) -> None:
    """Write down everything that has fallen due by `now` and set aside what is too late.

    `lessons` are the lessons of the path; `zone` is that of people without a unit.
    """
    await learning.fall_due(tx, lessons=lessons, zone=zone, overrides=overrides, now=now)
    await training.fall_due(tx, overrides=overrides, now=now)
    await due.skip_late(tx, now=now)


def held_until(entry: Due, zone: str, overrides: Overrides, now: datetime) -> datetime | None:
    """When something that comes into quiet hours may go; None when it may go now.

    The note one hour before a session ignores quiet hours, and so does what would come too late.
    """
    what = kind(entry.rule).what
    if what == "hour":
        return None
    audience = Audience.LEARNING if what == LESSON else Audience.REMINDERS
    at = calendar.next_allowed(now, zone, audience, overrides)
    return None if at <= now or at >= entry.until else at


async def next_due(
    tx: Tx, now: datetime, *, lessons: Sequence[str], zone: str, limit: int = 20
) -> list[Upcoming]:
    """What falls due next, soonest first."""
    overrides = await due.holiday_overrides(tx)
    found = [
        Upcoming(max(entry.due_at, now), kind(entry.rule).what, "")
        for entry in await due.waiting(tx, limit=limit)
    ]
    for session in await sessions_kept.sessions(tx, after=now, limit=limit):
        found += [
            Upcoming(moment.due_at, moment.kind, session.title)
            for moment in training.schedule(session, overrides)
            if moment.due_at > now
        ]
    wishes = await lessons_kept.wishes(tx, None, limit=limit)
    people = [wish.person_id for wish in wishes]
    memories = await lessons_kept.memories(tx, people)
    days = {
        wish.person_id: calendar.local_date(now, wish.zone or zone).isoformat() for wish in wishes
    }
    had = await lessons_kept.given_on(tx, days)
    for wish in wishes:
        at = learning.next_at(
            wish,
            memories.get(wish.person_id, ()),
            lessons,
            zone=zone,
            had_today=wish.person_id in had,
            overrides=overrides,
            now=now,
        )
        if at is not None:
            found.append(Upcoming(at, LESSON, wish.name))
    return sorted(found)[:limit]
