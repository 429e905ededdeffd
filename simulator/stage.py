"""What the demo shows on the phones page: given by the wiring, known to nobody here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class CastMember:
    """A person with a phone. `role`: "citizen", "staff" or "admin"; `intro`: words by language."""

    name: str
    user_id: int
    role: str
    intro: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scannable:
    """Something with a QR code: a service "point" or an "invite"; scanning sends the payload.

    The page has words of its own for the label of an invitation to a role ("staff", "admin").
    """

    label: str
    sublabel: str
    payload: str
    kind: str = "point"


@dataclass(frozen=True, slots=True)
class Stage:
    """The outside world of the phones page.

    `office` answers what the office sees (keys: now, zone, responses, quick, units, outbox, inbox,
    due); `advance` moves the demo's clock forward. `title`, and the "what" of something due, are
    words by language; `language` is the page's until somebody chooses.
    """

    title: Mapping[str, str]
    cast: Sequence[CastMember]
    scannables: Callable[[], Awaitable[Sequence[Scannable]]]
    office: Callable[[], Awaitable[Mapping[str, Any]]]
    advance: Callable[[timedelta], Awaitable[None]]
    language: str = "id"
