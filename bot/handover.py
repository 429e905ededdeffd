"""What goes from hand to hand around the sender: promised, wanted, ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from storage.sending import Claimed
from storage.settling import Outcome


class Ended(NamedTuple):
    """A call that came to its end: its row, and what becomes of it."""

    row: Claimed
    outcome: Outcome
    blocked: datetime | None  # when it was made, if we were shut out then


@dataclass
class Promise:
    """How many replies a worker may take for the sender, and to whom not; then those it took."""

    owner: str
    room: int
    held: set[int]
    rows: list[Claimed] = field(default_factory=list)


@dataclass(frozen=True)
class Terms:
    """How much a claim may take: so many in all, so many of them that are no replies."""

    most: int
    others: int
    held: set[int]
