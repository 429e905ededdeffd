"""Holds what was written at different moments against each other: does the office's book agree?

Every pair is written by different statements, some in different transactions; a lost or doubled
message, rating or update makes one of them disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from storage import reconcile as counted
from storage.base import Tx
from storage.inbox import DONE, QUARANTINED, WAITING
from storage.outbox import State

INBOX_STATES = (WAITING, DONE, QUARANTINED)


@dataclass(frozen=True)
class Check:
    """One comparison: what was promised, what was found, and about which one thing ("" all)."""

    name: str
    subject: str
    promised: int
    found: int

    @property
    def agrees(self) -> bool:
        """Whether both are the same."""
        return self.promised == self.found


async def reconcile(tx: Tx) -> list[Check]:
    """All comparisons, in one view of the database.

    announcements: recipients frozen = outbox rows of that announcement. occurrences: handed over
    = their outbox rows, and the books the same. submissions: the day's book = responses of that
    day and instrument. inbox: taken in = waiting + done + quarantined + forgotten. outbox: put =
    rows. states: no row in a state that has no name. loose: responses without answers and answers
    without response, of which there are none.
    """
    taken_in, forgotten, inbox = await counted.inbox(tx)
    put, outbox = await counted.outbox(tx)
    loose = await counted.loose(tx)
    return [
        *_pairs("announcements", await counted.announcements(tx)),
        *_pairs("occurrences", await counted.occurrences(tx)),
        *_pairs("submissions", await counted.submissions(tx)),
        Check("inbox", "", taken_in, sum(inbox.values()) + forgotten),
        Check("outbox", "", put, sum(outbox.values())),
        Check("states", "inbox", 0, _unnamed(inbox, INBOX_STATES)),
        Check("states", "outbox", 0, _unnamed(outbox, tuple(State))),
        *(Check("loose", what, 0, n) for what, n in loose.items()),
    ]


def _pairs(name: str, pairs: Mapping[str, counted.Pair]) -> list[Check]:
    return [Check(name, subject, *pair) for subject, pair in pairs.items()]


def _unnamed(states: Mapping[str, int], known: Collection[str]) -> int:
    return sum(n for state, n in states.items() if state not in known)
