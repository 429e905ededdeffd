"""What an announcement does by itself: lists filled, quiet hours kept, progress told, the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from domain import announcing
from domain.announcing import Figures
from handlers import announced
from handlers.turn import House
from storage import announcements, outbox, recipients, roles
from storage.announcements import Written
from storage.base import Tx
from storage.outbox import State
from storage.session import Database
from talk.messages import Parcel, Policy
from talk.reference import reference

BETWEEN = timedelta(seconds=3)
"""At least so long between two edits of a progress message: Telegram counts edits too."""

COUNTED = 20_000
"""So many recipients make that a second longer."""

PATIENCE = timedelta(seconds=60)
"""So long an edit that is still on its way is waited for; then progress is told anew."""


class _Look(NamedTuple):
    """What one look at an announcement found to be done."""

    one: Written
    what: str  # "freeze" | "hold" | "call off" | "report" | "finish"
    figures: Figures = Figures()
    until: datetime | None = None  # "hold": when the rest may go
    edits: str = ""  # the message that tells progress; "" a new one


async def advance(house: House, database: Database, now: datetime) -> bool:
    """Do the next thing that any announcement needs, in one short transaction.

    Write down more recipients, hold the rest over quiet hours, tell the author how far it is,
    finish. Tells whether there was anything to do; coming late or twice changes nothing.
    """
    async with database.reading() as tx:
        for one in await announcements.unfinished(tx):
            if (look := await _look(tx, house, one, now)) is not None:
                break
        else:
            return False
    async with database.transaction() as tx:
        # Somebody may have stopped it since: then another look is needed.
        if await announcements.get(tx, look.one.id, hold=True) == look.one:
            await _do(tx, house, look, now)
    return True


async def _look(tx: Tx, house: House, one: Written, now: datetime) -> _Look | None:
    if one.state == "frozen":
        return _Look(one, "freeze")
    left = await recipients.left(tx, one.id)
    if one.state == "stopped" and State.READY in left:
        return _Look(one, "call off")
    if one.state == "sending" and left:
        until = await announcing.hold_until(tx, one, zone=house.zone, now=now)
        if until is not None and await recipients.waiting(tx, one.id, before=until):
            return _Look(one, "hold", until=until)
    _, standing, shown = _reported(one)
    over = not left
    news = over or standing != _standing(one)
    if not news and (_recent(one, now) or _rests(one, now)):
        return None
    figures = announcing.figures(await recipients.states(tx, one.id))
    if not news and shown == _shown(figures):
        return None
    edits = await _target(tx, one, now)
    if edits is None:
        return None
    return _Look(one, "finish" if over else "report", figures, edits=edits)


async def _do(tx: Tx, house: House, look: _Look, now: datetime) -> None:
    one = look.one
    if look.what == "freeze":
        await announcing.freeze_step(tx, one.id, now=now)
    elif look.what == "hold":
        assert look.until is not None
        await announcing.hold_step(tx, one, until=look.until, zone=house.zone)
    elif look.what == "call off":
        await announcing.call_off_step(tx, one, now=now)
    else:
        if look.what == "finish":
            state = "done" if one.state == "sending" else one.state
            one = one._replace(state=state, finished_at=now)
            await announcements.change(tx, one.id, state=state, finished_at=now)
        await _report(tx, house, one, look, now)


async def _report(tx: Tx, house: House, one: Written, look: _Look, now: datetime) -> None:
    """Tell the author how far it is, in the message that told it before."""
    number = _reported(one)[0] + 1
    cause = f"{one.batch}:report:{number}"
    author = (await roles.reach(tx, [one.author_id])).get(one.author_id)
    if author is not None:
        body = announced.progress(
            house,
            author.language,
            one,
            look.figures,
            await recipients.reasons(tx, one.id),
            now=now,
            zone=await announcing.home(tx, one.audience, house.zone),
        )
        policy = Policy.A if look.edits else Policy.B
        parcel = Parcel(cause, author.address_id, body, policy=policy, edits=look.edits)
        await outbox.put(tx, [parcel], at=now)
    await announcements.change(
        tx,
        one.id,
        progress="@" + reference(cause),
        reported=f"{number}#{_standing(one)}#{_shown(look.figures)}",
        reported_at=now,
    )


async def _target(tx: Tx, one: Written, now: datetime) -> str | None:
    """Which message to edit: "" for a new one, None to wait until the last word has arrived."""
    if not await roles.reach(tx, [one.author_id]):
        return ""
    found = await outbox.message_of(tx, one.progress.removeprefix("@"))
    if found is None:
        return ""
    state, message = found
    if message:
        return message
    waits = state in (State.READY, State.SENDING, State.UNCERTAIN)
    fresh = one.reported_at is not None and now - one.reported_at < PATIENCE
    return None if waits and fresh else ""


def _recent(one: Written, now: datetime) -> bool:
    """Whether it was told a moment ago, longer for a long list: what waits on it is counted."""
    between = BETWEEN + timedelta(seconds=one.recipients / COUNTED)
    return one.reported_at is not None and now - one.reported_at < between


def _rests(one: Written, now: datetime) -> bool:
    """Whether all of it waits for its hour, and what was in the air before has long ended."""
    if one.not_before is None or one.not_before <= now or one.state != "sending":
        return False
    return one.reported_at is not None and now - one.reported_at > PATIENCE


def _reported(one: Written) -> tuple[int, str, str]:
    """What was told last: its number, where the announcement stood, and the figures."""
    number, _, rest = one.reported.partition("#")
    standing, _, shown = rest.partition("#")
    return int(number or 0), standing, shown


def _standing(one: Written) -> str:
    return f"{one.state}/{'' if one.not_before is None else one.not_before.isoformat()}"


def _shown(figures: Figures) -> str:
    return "/".join(str(n) for n in figures)
