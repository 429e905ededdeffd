"""Training sessions: who is invited, who comes, and when each is reminded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from domain import calendar
from domain.calendar import Audience, Overrides
from domain.errors import Refused
from storage import audit, due, outbox, training
from storage.base import Tx
from storage.training import Training

ANSWERS = ("yes", "no")

_MORNING = time(8)
_HOUR = timedelta(hours=1)
_OPEN = ("", "yes")
_WHO = {"invite": ("",), "h7": _OPEN, "h1": _OPEN, "hour": ("yes",)}
"""Whose answer each message is for: who refused hears nothing more."""


class Moment(NamedTuple):
    """When one message about a session falls due, and from when on it is too late for it."""

    kind: str  # "invite" | "h7" | "h1" | "hour" | "cancelled"
    local_date: str
    due_at: datetime
    until: datetime


class Created(NamedTuple):
    """A new session and how many people are invited to it."""

    session_id: int
    invited: int


async def create(
    tx: Tx,
    *,
    title: str,
    starts_at: datetime,
    zone: str,
    place: str,
    unit_id: int | None,
    by: int,
    now: datetime,
) -> Created:
    """Set up a session and invite the staff of the unit and of the units below it.

    The invitations themselves fall due at once and go out within the staff's hours. Raises
    Refused when the session would begin in the past.
    """
    if starts_at <= now:
        raise Refused("training.in_the_past")
    session_id = await training.create_session(
        tx,
        title=title,
        starts_at=starts_at,
        zone=zone,
        place=place,
        unit_id=unit_id,
        created_by=by,
        at=now,
    )
    invited = await training.invite_staff(tx, session_id, unit_id)
    await audit.record(
        tx, at=now, actor_id=by, action="training.create", object=f"training:{session_id}"
    )
    return Created(session_id, invited)


async def cancel(tx: Tx, session_id: int, *, by: int, now: datetime) -> bool:
    """Call a session off: its reminders stop, the invited hear of it (`domain.due`).

    Whoever calls has checked that `by` may do so. False when it was off already or has begun.
    """
    if not await training.cancel(tx, session_id, at=now):
        return False
    await due.skip_rules(tx, f"training:{session_id}:", reason="cancelled")
    await outbox.cancel_batch(tx, batch(session_id), at=now, reason="training cancelled")
    await audit.record(
        tx, at=now, actor_id=by, action="training.cancel", object=f"training:{session_id}"
    )
    return True


def batch(session_id: int) -> str:
    """What the outbox rows of one session's invitation and reminders are part of."""
    return f"training:{session_id}"


async def answer(tx: Tx, session_id: int, person_id: int, said: str, *, now: datetime) -> Training:
    """Keep "yes" or "no" of an invited person; it may be changed until the session begins.

    Raises Refused: not invited (or no such session), called off, already begun.
    """
    if said not in ANSWERS:
        raise Refused("training.not_invited")
    kept = await training.set_answer(tx, session_id, person_id, said, at=now)
    found = await training.session(tx, session_id)
    invited = await training.answers(tx, [(session_id, person_id)])
    if found is None or not invited:
        raise Refused("training.not_invited")
    if found.cancelled_at is not None:
        raise Refused("training.was_cancelled", title=found.title)
    if not kept:
        raise Refused("training.has_begun", title=found.title)
    return found


# --- reminding ------------------------------------------------------------------------------


def schedule(session: Training, overrides: Overrides) -> list[Moment]:
    """The invitation and the reminders of a session, or the notice that it is off.

    H-7 and H-1 go to the working day before when their day is none, at eight in the morning,
    and are worth sending on that day alone. They fall away when they come no later than the
    day of the invitation, and H-7 also when H-1 is on the same day. The note one hour before
    keeps its time, whatever hour that is.
    """
    if session.cancelled_at is not None:
        return [_soon("cancelled", session, session.cancelled_at, overrides)]
    invite = _soon("invite", session, session.created_at, overrides)
    found = [invite]
    starts = calendar.local_date(session.starts_at, session.zone)
    h7, h1 = (calendar.working_day_by(starts - timedelta(days=days), overrides) for days in (7, 1))
    for kind, day in (("h7", h7), ("h1", h1)):
        if day.isoformat() > invite.local_date and not (kind == "h7" and h7 == h1):
            found.append(_morning(kind, session, day, overrides))
    if (at := session.starts_at - _HOUR) > session.created_at:
        day = calendar.local_date(at, session.zone)
        found.append(Moment("hour", day.isoformat(), at, session.starts_at))
    return found


def _soon(kind: str, session: Training, wanted: datetime, overrides: Overrides) -> Moment:
    """At once in working hours, else when they begin, unless the session would be too near."""
    at = calendar.next_allowed(wanted, session.zone, Audience.REMINDERS, overrides)
    if at > session.starts_at - _HOUR:
        at = wanted
    day = calendar.local_date(at, session.zone)
    return Moment(kind, day.isoformat(), at, session.starts_at)


def _morning(kind: str, session: Training, day: date, overrides: Overrides) -> Moment:
    _, evening = calendar.windows(day, Audience.REMINDERS, overrides)[-1]
    return Moment(
        kind,
        day.isoformat(),
        calendar.at(day, _MORNING, session.zone),
        calendar.at(day, evening, session.zone),
    )


async def fall_due(tx: Tx, *, overrides: Overrides, now: datetime) -> int:
    """Write down what has fallen due for the sessions to come; how many are new."""
    new = 0
    for session in await training.sessions(tx, after=now, cancelled=True):
        for moment in _come(session, overrides, now):
            if moment.kind == "cancelled":
                new += await training.fall_due_cancelled(
                    tx,
                    session_id=session.id,
                    local_date=moment.local_date,
                    due_at=moment.due_at,
                    until=moment.until,
                )
                continue
            new += await training.fall_due(
                tx,
                session_id=session.id,
                kind=moment.kind,
                local_date=moment.local_date,
                due_at=moment.due_at,
                until=moment.until,
                answers=_WHO[moment.kind],
            )
    return new


def _come(session: Training, overrides: Overrides, now: datetime) -> Iterator[Moment]:
    return (moment for moment in schedule(session, overrides) if moment.due_at <= now)


def why_not(session: Training | None, kind: str, answer: str | None) -> str:
    """Why a message that fell due is pointless by now; "" when it is not."""
    if session is None or answer is None:
        return "not_invited"
    if (session.cancelled_at is not None) != (kind == "cancelled"):
        return "cancelled"
    if kind != "cancelled" and answer not in _WHO[kind]:
        return "answered"
    return ""
