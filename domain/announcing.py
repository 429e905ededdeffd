"""Announcements: what may be said, when it goes, and how it is written down, stopped, repeated."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from domain import calendar
from domain.calendar import Audience, Overrides
from domain.errors import Refused
from storage import announcements, audit, due, outbox, recipients
from storage.announcements import Written
from storage.base import Tx
from talk.clean import clean
from talk.messages import Outbound, encode

LONGEST = 2_000
"""Characters (UTF-16, as Telegram counts) of a text; frame and preview must fit in 4,096."""

PACE = 28 * 0.7
"""Messages a second that Telegram leaves for announcements: 28 in all, 30 % kept for replies."""

LIVES = timedelta(days=3)
"""After its hour, an announcement that could not be sent for so long is stale news."""

EARLY = timedelta(seconds=5)
"""So long before quiet hours begin, what has not left is held: ticks come every 2 s."""

# Both begin where a word begins, so that no word is looked at once for each of its letters.
_SCHEME = re.compile(r"(?<![a-z0-9+.\-])[0-9+.\-]*([a-z][a-z0-9+.\-]*)://", re.IGNORECASE)
_DOTTED = re.compile(r"(?<![^\s/])[^\s/]+\.[^\s/.]{2,}")
_SCRIPTED = re.compile(
    r"\b(?:(?:javascript|vbscript|intent|tg|mailto):\S|data:\w+/|file:/)", re.IGNORECASE
)
_LINK = re.compile(r"\bhttps?://\S+", re.IGNORECASE)


class Plan(NamedTuple):
    """When an announcement would go."""

    at: datetime
    why: str  # "" at once; "quiet" hours; "cap": citizens have one that day already
    goes_on: datetime | None  # not done before quiet hours: when the rest goes

    def same(self, other: Plan) -> bool:
        """Whether a person who agreed to one has agreed to the other."""
        return self.why == other.why and (not self.why or self.at == other.at)


class Figures(NamedTuple):
    """How far an announcement got, in people."""

    sent: int = 0
    failed: int = 0
    uncertain: int = 0
    left: int = 0
    expired: int = 0
    cancelled: int = 0


# --- the text -------------------------------------------------------------------------------


def checked(typed: str) -> str:
    """The text as it will be sent.

    Raises Refused: nothing in it, too long, a link that is not plain http(s), or a name of a
    site written in letters of two alphabets.
    """
    text = clean(typed, 4 * LONGEST)
    if not text:
        raise Refused("announce.empty")
    length = len(text.encode("utf-16-le")) // 2
    if length > LONGEST:
        raise Refused("announce.too_long", limit=LONGEST, length=length)
    schemes = {scheme.casefold() for scheme in _SCHEME.findall(text)}
    if schemes - {"http", "https"} or _SCRIPTED.search(text):
        raise Refused("announce.link_scheme")
    if any(_odd(link) for link in _LINK.findall(text)) or any(
        len(_alphabets(word)) > 1 for word in _DOTTED.findall(text)
    ):
        raise Refused("announce.link_odd")
    return text


def _odd(link: str) -> bool:
    """Whether a link hides where it leads: foreign letters, punycode, a name before an @."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return True
    return not host or not host.isascii() or "xn--" in host or "@" in parts.netloc


def _alphabets(word: str) -> set[str]:
    return {unicodedata.name(c, "?").split()[0] for c in word if c.isalpha()}


def unit_of(audience: str) -> int | None:
    """The unit whose staff an announcement is for; None when it goes beyond any one unit."""
    return int(audience.removeprefix("unit:")) if audience.startswith("unit:") else None


# --- when -----------------------------------------------------------------------------------


async def plan(
    tx: Tx, audience: str, n: int, *, zone: str, now: datetime, again: bool = False
) -> Plan:
    """When an announcement to `n` people would go if it were agreed to now.

    `zone` applies where there are no units yet. Citizens get one announcement a day: a later
    one goes on the next open day, unless it says the same `again`. Raises Refused when there
    is no open hour within a year.
    """
    overrides = await due.holiday_overrides(tx)
    zones = await _zones(tx, audience, zone)
    at = _open_from(now, audience, zones, overrides)
    why = "" if at == now else "quiet"
    if audience == "citizens" and not again:
        taken = await announcements.days_taken(tx, day_of(now, zones[0]))
        while day_of(at, zones[0]) in taken:
            why = "cap"
            at = _open_from(_next_midnight(at, zones[0]), audience, zones, overrides)
    end = at + timedelta(seconds=n / PACE)
    rest = _open_from(end, audience, zones, overrides)
    return Plan(at, why, None if rest == end else rest)


async def home(tx: Tx, audience: str, zone: str) -> str:
    """The zone in which the days and hours of an announcement are counted and told."""
    return (await _zones(tx, audience, zone))[0]


async def _zones(tx: Tx, audience: str, zone: str) -> list[str]:
    return sorted(await recipients.zones(tx, audience)) or [zone]


def day_of(moment: datetime, zone: str) -> str:
    """The local day, as days are taken by."""
    return calendar.local_date(moment, zone).isoformat()


def _next_midnight(moment: datetime, zone: str) -> datetime:
    return calendar.at(calendar.local_date(moment, zone) + timedelta(days=1), time(0), zone)


def _open_from(
    moment: datetime, audience: str, zones: Sequence[str], overrides: Overrides
) -> datetime:
    """The first moment from `moment` on that is open in all zones at once."""
    hours = Audience.CITIZENS if audience == "citizens" else Audience.REMINDERS
    try:
        for _ in range(1_000):
            later = max(calendar.next_allowed(moment, z, hours, overrides) for z in zones)
            if later == moment:
                return moment
            moment = later
    except ValueError:
        pass
    raise Refused("announce.no_hour")


# --- the way of one announcement ------------------------------------------------------------


async def create(
    tx: Tx,
    *,
    author_id: int,
    audience: str,
    text: str,
    sender: str,
    sheets: Mapping[str, Outbound],
    plan: Plan,
    zone: str,
    now: datetime,
    resend_of: int | None = None,
) -> int:
    """Agree to an announcement: nobody is written down yet, `freeze_step` does that.

    `sheets` are the messages as they will be sent, by language. With `resend_of` it goes only
    to those of whom nobody knows whether they got that one. Raises Refused when another
    announcement took the day in the meantime.
    """
    capped = audience == "citizens" and resend_of is None
    day = day_of(plan.at, await home(tx, audience, zone))
    if capped and not await announcements.take_day(tx, day):
        raise Refused("announce.changed")
    announcement_id = await announcements.add(
        tx,
        author_id=author_id,
        audience=audience,
        text=text,
        sender=sender,
        resend_of=resend_of,
        created_at=now,
        not_before=plan.at if plan.why else None,
        expires_at=plan.at + LIVES,
    )
    if capped:
        await announcements.name_day(tx, day, announcement_id)
    for language, body in sheets.items():
        await outbox.put_sheet(
            tx, cause=announcements.batch(announcement_id), language=language, body=encode(body)
        )
    await audit.record(
        tx,
        at=now,
        actor_id=author_id,
        action="announcement.confirm" if resend_of is None else "announcement.resend",
        object=f"announcement:{announcement_id}",
    )
    return announcement_id


async def freeze_step(
    tx: Tx, announcement_id: int, *, now: datetime, chunk: int = recipients.CHUNK
) -> bool:
    """Write down the next recipients; True when all are, or when it was stopped."""
    return not await recipients.freeze(tx, announcement_id, at=now, chunk=chunk)


async def hold_until(tx: Tx, one: Written, *, zone: str, now: datetime) -> datetime | None:
    """When quiet hours have come (or are about to): until when the rest waits; else None."""
    overrides = await due.holiday_overrides(tx)
    zones = await _zones(tx, one.audience, zone)
    soon = now + EARLY
    until = _open_from(soon, one.audience, zones, overrides)
    if until == soon:
        return None
    if one.audience == "citizens" and one.resend_of is None:
        mine = await announcements.days_of(tx, one.id)
        taken = await announcements.days_taken(tx, day_of(now, zones[0])) - mine
        while day_of(until, zones[0]) in taken:
            until = _open_from(_next_midnight(until, zones[0]), one.audience, zones, overrides)
    return until


async def hold_step(tx: Tx, one: Written, *, until: datetime, zone: str) -> None:
    """Let the next rows of an announcement wait for a day that is then its own."""
    if one.audience == "citizens" and one.resend_of is None:
        day = day_of(until, await home(tx, one.audience, zone))
        if await announcements.take_day(tx, day):
            await announcements.name_day(tx, day, one.id)
    if not await recipients.hold(tx, one.id, until=until):
        await announcements.change(tx, one.id, not_before=until)


async def stop(tx: Tx, one: Written, *, by: int, now: datetime) -> None:
    """Call off what has not left: at once what is next in turn, then the rest (`call_off_step`).

    Whoever calls has checked that `by` may do so. Raises Refused when it is over already.
    """
    if not await announcements.stop(tx, one.id):
        raise Refused("announcements.over", number=one.id)
    await recipients.call_off(tx, one.id, at=now)
    states = await recipients.states(tx, one.id)
    if not states.keys() - {outbox.State.READY, outbox.State.CANCELLED}:
        await announcements.free_days(tx, one.id)
    await audit.record(
        tx, at=now, actor_id=by, action="announcement.stop", object=f"announcement:{one.id}"
    )


async def call_off_step(tx: Tx, one: Written, *, now: datetime) -> None:
    """Call off more of a stopped announcement: a sender is slower than this by far."""
    await recipients.call_off(tx, one.id, at=now)


async def repeatable(tx: Tx, one: Written) -> int:
    """How many of the uncertain could be written to again.

    Raises Refused: not over yet, repeated before, nobody uncertain.
    """
    if one.finished_at is None:
        raise Refused("announcements.not_over", number=one.id)
    again = await announcements.resent_as(tx, one.id)
    if again is not None:
        raise Refused("announcements.resent", number=one.id, again=again)
    unsure = await recipients.reach(tx, one.audience, resend_of=one.id)
    if not unsure:
        raise Refused("announcements.nobody_unsure", number=one.id)
    return unsure


def figures(states: Mapping[str, int]) -> Figures:
    """What the states of its outbox rows say about an announcement."""
    return Figures(
        sent=states.get(outbox.State.SENT, 0),
        failed=states.get(outbox.State.FAILED, 0),
        uncertain=states.get(outbox.State.UNCERTAIN, 0),
        left=states.get(outbox.State.READY, 0) + states.get(outbox.State.SENDING, 0),
        expired=states.get(outbox.State.EXPIRED, 0),
        cancelled=states.get(outbox.State.CANCELLED, 0),
    )
