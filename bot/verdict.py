"""What becomes of a message after one try: its class decides, and only here."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from channels.result import Ending, Result
from storage.outbox import State
from storage.sending import Claimed
from storage.settling import Outcome
from talk.messages import Policy

RESEND_AFTER = timedelta(seconds=10)
LONGEST_BACKOFF = 30.0  # seconds
_ONE_RESEND = (Policy.B, Policy.E)


def verdict(row: Claimed, result: Result, *, now: datetime) -> Outcome:
    """The next state of `row` after `result`.

    Certainly not sent: tried again with back-off until its time is over. Uncertain: an edit
    goes again, a reply is resent once after 10 s, a nudge or a broadcast never. An edit that is
    said anew is a reply.
    """
    ending, message, error, retry_after, anew = result
    match ending:
        case Ending.SENT:
            return Outcome(row.id, State.SENT, message, error)
        case Ending.BLOCKED | Ending.MISSING:
            return Outcome(row.id, State.FAILED, error=error or str(ending))
        case Ending.REFUSED if error != State.EXPIRED:
            return Outcome(row.id, State.FAILED, error=error)
        case Ending.REFUSED:
            # What cannot be resent in its time may have arrived the first time.
            state = State.UNCERTAIN if row.resend else State.EXPIRED
            return Outcome(row.id, state, error=error)
        case Ending.UNCERTAIN if row.policy == Policy.A and not anew:
            return _again(row, error, _backoff(row.attempts), now)
        case Ending.UNCERTAIN if (anew or row.policy in _ONE_RESEND) and not row.resend:
            return Outcome(row.id, State.UNCERTAIN, error=error, not_before=now + RESEND_AFTER)
        case Ending.UNCERTAIN:
            return Outcome(row.id, State.UNCERTAIN, error=error)
        case Ending.THROTTLED:
            # The pace holds the chat back, and the sender has put here until when.
            return _again(row, error, retry_after or 0.0, now)
        case _:
            return _again(row, error, _backoff(row.attempts), now)


def _again(row: Claimed, error: str, seconds: float, now: datetime) -> Outcome:
    at = now + timedelta(seconds=seconds)
    if row.resend:
        # An earlier try may have arrived: it stays uncertain until this resend is known.
        return Outcome(row.id, State.UNCERTAIN, error=error, not_before=at)
    if row.expires_at is not None and at >= row.expires_at:
        return Outcome(row.id, State.EXPIRED, error=error)
    return Outcome(row.id, State.READY, error=error, not_before=at)


def _backoff(attempts: int) -> float:
    """Half a second, doubling, never more than half a minute, with jitter."""
    return min(LONGEST_BACKOFF, 0.5 * 2.0 ** min(attempts, 8)) * random.uniform(0.8, 1.2)  # noqa: S311
