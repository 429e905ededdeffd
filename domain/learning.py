"""Micro-lessons: which one is next, what an answer means, and when it comes again.

At most one lesson on a local day. Repetitions that are due go before new lessons; a lesson that
was given and not answered is still the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, cast

import fsrs

from domain import calendar
from domain.calendar import Audience, Overrides
from storage import learning, staff
from storage.base import Tx
from storage.learning import Gift, Memory, Wish

PATH = "pelayanan"
HOURS = tuple(range(8, 16))
"""Local hours at which lessons may be had; all lie in the learning hours of working days."""

_SCHEDULER = fsrs.Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


class Answered(NamedTuple):
    """What became of an answer: the gift with the answer that counts, and the next day."""

    gift: Gift
    new: bool  # False: there was an answer already, and that one counts
    next_day: date | None  # when the lesson comes again; None when the answer was not new


class Progress(NamedTuple):
    """How far somebody is on a path."""

    seen: int  # lessons answered at least once
    total: int
    due: int  # repetitions due on the day asked about


# --- when -----------------------------------------------------------------------------------


def hours_open(
    now: datetime, zone: str, overrides: Overrides
) -> tuple[date, dict[int, datetime], datetime] | None:
    """The local day, the lesson hours of it that have come, and when it is too late for them.

    None on a day without lessons. A lesson missed today is not made up for tomorrow.
    """
    day = calendar.local_date(now, zone)
    open_ = calendar.windows(day, Audience.LEARNING, overrides)
    if not open_:
        return None
    moments = {hour: calendar.at(day, time(hour), zone) for hour in HOURS}
    come = {hour: at for hour, at in moments.items() if at <= now}
    return day, come, calendar.at(day, open_[-1][1], zone)


async def fall_due(
    tx: Tx, *, lessons: Collection[str], zone: str, overrides: Overrides, now: datetime
) -> int:
    """Write down the lessons that have fallen due today, zone by zone; how many are new.

    `zone` is that of people who belong to no unit.
    """
    new = 0
    for each in sorted({zone, *await learning.zones(tx)}):
        if (today := hours_open(now, each, overrides)) is None:
            continue
        day, hours, until = today
        new += await learning.fall_due(
            tx,
            zone=each,
            no_unit=each == zone,
            local_date=day.isoformat(),
            hours=hours,
            until=until,
            lessons=lessons,
        )
    return new


def next_at(
    wish: Wish,
    memories: Collection[Memory],
    lessons: Sequence[str],
    *,
    zone: str,
    had_today: bool,
    overrides: Overrides,
    now: datetime,
) -> datetime | None:
    """When the next lesson comes to somebody who wants lessons; None when there is none."""
    here = wish.zone or zone
    today = calendar.local_date(now, here)
    day = today
    if had_today or calendar.at(today, time(wish.hour), here) < now:
        day += timedelta(days=1)
    if wish.lessons_from:
        day = max(day, date.fromisoformat(wish.lessons_from))
    known = {memory.lesson: memory.due_date for memory in memories if memory.lesson in lessons}
    if len(known) == len(lessons):
        if not known:
            return None
        day = max(day, date.fromisoformat(min(known.values())))
    if not calendar.is_working_day(day, overrides):
        day = calendar.next_working_day(day, overrides)
    return calendar.at(day, time(wish.hour), here)


async def set_hour(tx: Tx, person_id: int, hour: int | None, *, zone: str, now: datetime) -> None:
    """Keep the local hour for lessons (None: none wanted).

    An hour that is over today begins tomorrow. Raises ValueError for an hour not offered.
    """
    if hour is None:
        await staff.set_lessons(tx, person_id, hour=None)
        return
    if hour not in HOURS:
        raise ValueError(f"no lesson hour: {hour}")
    today = calendar.local_date(now, zone)
    over = calendar.at(today, time(hour), zone) <= now
    first = (today + timedelta(days=1)).isoformat() if over else ""
    await staff.set_lessons(tx, person_id, hour=hour, lessons_from=first)


async def pause(
    tx: Tx, person_id: int, hour: int, weeks: int, *, zone: str, now: datetime
) -> date:
    """Let lessons rest for some weeks from today; returns the first day with lessons again."""
    first = calendar.local_date(now, zone) + timedelta(weeks=weeks)
    await staff.set_lessons(tx, person_id, hour=hour, lessons_from=first.isoformat())
    return first


# --- which ----------------------------------------------------------------------------------


def choose(memories: Iterable[Memory], lessons: Sequence[str], day: date) -> str | None:
    """The lesson for `day`: the repetition due longest, else the first new one, else None."""
    known = {memory.lesson: memory.due_date for memory in memories}
    due = [
        (known[lesson], at)
        for at, lesson in enumerate(lessons)
        if lesson in known and known[lesson] <= day.isoformat()
    ]
    if due:
        return lessons[min(due)[1]]
    return next((lesson for lesson in lessons if lesson not in known), None)


def progress(memories: Iterable[Memory], lessons: Collection[str], day: date) -> Progress:
    """How far somebody with these memories is on the path of these lessons."""
    ours = [memory for memory in memories if memory.lesson in lessons]
    due = sum(memory.due_date <= day.isoformat() for memory in ours)
    return Progress(len(ours), len(lessons), due)


# --- answering ------------------------------------------------------------------------------


async def answer(
    tx: Tx,
    given: Gift,
    choice: int,
    *,
    correct: bool,
    day: date,
    overrides: Overrides,
    now: datetime,
) -> Answered:
    """Keep the answer to a lesson, given on local `day`, and say when it comes again.

    Only the first answer counts. An answer in an old message is one to the newest message with
    the same lesson: it is one question that was sent twice.
    """
    newest = await learning.newest_gift(tx, given.person_id, given.lesson) or given
    target = given if given.choice is not None else newest
    new = target.choice is None and await learning.add_review(
        tx, target, choice, correct=correct, version=given.version, at=now
    )
    if not new:
        kept = await learning.gift(tx, target.person_id, target.local_date)
        return Answered(kept or target, new=False, next_day=None)
    remembered = await learning.memories(tx, [given.person_id])
    before = {memory.lesson: memory.fsrs for memory in remembered.get(given.person_id, ())}
    card, next_day = review(before.get(given.lesson), day, correct=correct, overrides=overrides)
    await learning.keep_card(
        tx, given.person_id, given.lesson, fsrs=card, due_date=next_day.isoformat()
    )
    return Answered(
        target._replace(choice=choice, correct=correct, version=given.version), True, next_day
    )


def review(
    card: Mapping[str, Any] | None, day: date, *, correct: bool, overrides: Overrides
) -> tuple[dict[str, Any], date]:
    """The card after an answer on `day`, and the day on which it is due again.

    FSRS counts whole days here: every review is dated with midnight of the local day. After a
    wrong answer the lesson comes back on the next working day.
    """
    at = datetime.combine(day, time(), UTC)
    if card is None:
        old = fsrs.Card(card_id=1, due=at)
    else:
        old = fsrs.Card.from_dict(cast("Any", card))
        # The clock was set back: a review never lies before the one it follows.
        at = max(at, old.last_review or at)
    rating = fsrs.Rating.Good if correct else fsrs.Rating.Again
    new, _ = _SCHEDULER.review_card(old, rating, review_datetime=at)
    due = new.due.date() if correct else calendar.next_working_day(at.date(), overrides)
    return dict(new.to_dict()), due
