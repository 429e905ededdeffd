"""How a try to deliver ended, said the same way by every channel."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Ending(StrEnum):
    """What is known after one call to a platform."""

    SENT = "sent"
    NOT_SENT = "not sent"  # it certainly did not arrive; trying again is safe
    UNCERTAIN = "uncertain"  # nobody knows; the class of the message decides
    THROTTLED = "throttled"  # not sent; wait `retry_after` seconds (None: not said)
    REFUSED = "refused"  # the platform will never take this message
    BLOCKED = "blocked"  # the person shut us out or is gone
    MISSING = "missing"  # the message to be edited is not there any more
    UNAUTHORISED = "unauthorised"  # our token is wrong; nothing can be sent at all


class Result(NamedTuple):
    """The ending of one call, with the platform's id of the message when it was sent."""

    ending: Ending
    message: str = ""
    error: str = ""  # short, readable, never with a token in it
    retry_after: float | None = None
    anew: bool = False  # a new message, because the one to be edited is not there


class Unreadable(Exception):
    """An update that cannot be understood as any that the platform promises."""


class Trouble(Exception):
    """Asking the platform for updates failed; try again later."""

    retry_after: float | None = None  # seconds the platform wants us to wait, when it says so


class Unauthorised(Trouble):
    """The token is wrong or revoked."""


class Conflict(Trouble):
    """Somebody else takes our updates (a second process, or a webhook)."""
