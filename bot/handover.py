"""What goes from hand to hand around the sender: promised, wanted, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from storage import settling
from storage.sending import Claimed
from storage.session import Tx
from storage.settling import Outcome


class Ended(NamedTuple):
    """A call that came to its end: its row, and what becomes of it."""

    row: Claimed
    outcome: Outcome
    blocked: datetime | None  # when it was made, if we were shut out then


async def write_down(tx: Tx, finished: Sequence[Ended], *, owner: str, at: datetime) -> None:
    """How these calls of `owner` ended; who has shut us out gets nothing more."""
    await settling.settle(tx, [ended.outcome for ended in finished], owner=owner, at=at)
    for ended in finished:
        if ended.blocked is not None:
            told = ended.row
            await settling.shut_out(tx, told.address_id, told=told.id, since=ended.blocked, at=at)


@dataclass
class Promise:
    """How many replies a worker may take for the sender, and to whom not; then those it took."""

    owner: str
    room: int
    held: set[int]
    rows: list[Claimed] = field(default_factory=list)


@dataclass(frozen=True)
class Terms:
    """How much a claim may take: so many in all, so many of them that are no replies.

    Who is `held` gets nothing; who is `yielding`, only what the others leave.
    """

    most: int
    others: int
    held: set[int]
    yielding: set[int]
