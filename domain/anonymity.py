"""What is forgotten because its time is over: drafts, replies, keys, resting addresses.

Called every minute. Each part is one transaction and finds out itself what is to do, so that
a call that came twice, late or was cut off in the middle changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage import anonymity, dialogs, erasure, inbox, outbox
from storage.dialogs import Standing
from storage.session import Database

LINK_KEPT = timedelta(minutes=15)
"""How long it is known to whom a reply went, and which buttons of an idle person are current."""

STEP_KEPT = timedelta(days=1)
"""How long somebody stays at a question that keeps no notes."""

_LAST_ZONE = timedelta(hours=12)
"""Where a day ends last: UTC−12."""

_SHUFFLED_DAYS = timedelta(days=2)


@dataclass(frozen=True)
class Swept:
    """What one call took away."""

    dialogs: int
    replies: int
    periods: int
    visits: int
    updates: int
    addresses: int
    shuffled: int


async def sweep(database: Database, now: datetime) -> Swept:
    """Forget everything whose time is over at `now`."""
    swept = 0
    while found := await _sweep_dialogs(database, now):
        swept += found
    async with database.transaction() as tx:
        replies = await outbox.scrub(tx, before=now - LINK_KEPT)
    async with database.transaction() as tx:
        periods, visits = await anonymity.forget_periods(
            tx, before=(now - _LAST_ZONE).date().isoformat()
        )
    async with database.transaction() as tx:
        updates = await inbox.forget_old(tx, now=now)
    async with database.transaction() as tx:
        addresses = await erasure.forget_resting(tx)
    shuffled = await anonymity.shuffle(
        database, since=(now - _SHUFFLED_DAYS).date().isoformat(), now=int(now.timestamp())
    )
    await anonymity.sort_people(database, day=now.toordinal())
    await database.truncate_log()
    return Swept(swept, replies, periods, visits, updates, addresses, shuffled)


async def _sweep_dialogs(database: Database, now: datetime) -> int:
    async with database.transaction() as tx:
        due = await dialogs.to_sweep(tx, now=now)
        for dialog in due:
            forget(dialog, now)
        await dialogs.save(tx, due)
        return len(due)


def sweep_at(dialog: Standing, now: datetime) -> datetime | None:
    """When something in a dialog that was changed `now` is to be forgotten; None for never."""
    ends = [note["until"] for note in dialog.notes.values() if "until" in note]
    if dialog.prompt and not dialog.step:
        ends.append((now + LINK_KEPT).timestamp())
    elif dialog.step and dialog.step.partition(".")[0] not in dialog.notes:
        ends.append((now + STEP_KEPT).timestamp())  # however long notes of others are kept
    return datetime.fromtimestamp(min(ends), UTC) if ends else None


def forget(dialog: Standing, now: datetime) -> None:
    """Drop what is over: notes, the step that belongs to them, a prompt nobody answers."""
    over = [
        name
        for name, note in dialog.notes.items()
        if "until" in note and note["until"] <= now.timestamp()
    ]
    for name in over:
        del dialog.notes[name]
    left_alone = not over  # its time was that of the step itself
    if left_alone or any(dialog.step.startswith(f"{name}.") for name in over):
        dialog.step = ""
    if not dialog.step:
        dialog.prompt = dialog.target = ""
    dialog.sweep_at = sweep_at(dialog, now)
