"""What a person agreed to, and how she takes it back. Asked for two purposes only.

The survey itself rests on public service (UU 27/2022 article 20 (2) e), not on consent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from domain import calendar
from storage import outbox, people
from storage.base import Tx

ANNOUNCEMENT, CONTACT = "announcement", "contact"
PURPOSES = (ANNOUNCEMENT, CONTACT)

VERSION = "2026-1"
"""Version of the words agreed to; a change of the words needs another."""

PER_DAY = 1
"""Announcements a person gets in a day at the most."""


async def agree(
    tx: Tx, person_id: int, purpose: str, *, channel: str, now: datetime, zone: str
) -> None:
    """Keep the proof that somebody agreed: what, to which words, where, on which day."""
    await people.give_consent(
        tx, person_id, purpose, version=VERSION, channel=channel, at=_day(now, zone)
    )


async def withdraw(tx: Tx, person_id: int, *, now: datetime, zone: str) -> list[str]:
    """Take back all that is in force (article 40); returns for which purposes.

    What waits to be sent because of it is not sent any more.
    """
    purposes = [
        purpose
        for purpose in PURPOSES
        if await people.withdraw_consent(tx, person_id, purpose, _day(now, zone))
    ]
    await outbox.cancel_announcements(tx, person_id, at=now)
    return purposes


async def restore(tx: Tx, person_id: int, purposes: Sequence[str]) -> None:
    """Undo a withdrawal."""
    for purpose in purposes:
        await people.restore_consent(tx, person_id, purpose)


async def in_force(tx: Tx, person_id: int) -> set[str]:
    """The purposes somebody agrees to now."""
    found = await people.consents(tx, person_id)
    return {one.purpose for one in found if one.withdrawn_at is None}


def _day(now: datetime, zone: str) -> datetime:
    """The beginning of the day: the hour would tell when somebody was here, and who rated then."""
    return calendar.at(calendar.local_date(now, zone), time(0), zone)
