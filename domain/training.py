"""Training sessions: who is invited, who comes, and when each is reminded."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from domain.errors import Refused
from storage import audit, due, outbox, training
from storage.base import Tx
from storage.training import Training

ANSWERS = ("yes", "no")


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
