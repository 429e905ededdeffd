"""Submitting and correcting what a citizen answered.

What is written down knows no person: a random key, the place, the local date and half-day, and
coarse signals that are decided here and now, because they cannot be found out later.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.keys import Keys
from domain.visits import Visit, answer_once
from storage import ledger, office, responses
from storage.base import Tx

NOTICE = "2026-1"
"""Version of the notice in the first message; it stands on every response given under it."""

CORRECTABLE = timedelta(minutes=15)
"""How long the conversation keeps a response's key, so that the person can correct it."""

BURST = 60
"""Responses to one instrument at one point in one half-day from which on they count as a burst.

A half-day has four hours, and one desk does not serve more than one visitor in four minutes. The
time of a response is not kept, so its speed cannot be judged more finely than that.
"""

_FAST = {"quick": timedelta(seconds=2), "skm": timedelta(seconds=45)}
_SLOW = {"quick": timedelta(minutes=2), "skm": timedelta(minutes=10)}


class PlaceGone(Exception):
    """The service is not offered any more."""


@dataclass(frozen=True)
class Place:
    """Where a citizen was served: the service, the point of the QR if any, how we know."""

    service_id: int
    point_id: int | None
    visit_kind: str  # "poster" by its QR, "search" by the menu


@dataclass(frozen=True)
class Filled:
    """A filled questionnaire, ready to be submitted; `comment` is masked already."""

    instrument: str  # "quick" | "skm"
    version: str
    answers: Mapping[str, int]
    took: timedelta
    channel: str
    language: str
    staff: bool
    comment: str = ""
    notice: str = field(default=NOTICE)


async def submit(
    tx: Tx, keys: Keys, who: str, place: Place, filled: Filled, now: datetime
) -> str | None:
    """Write a response down, once per visit; its random key, or None when already answered.

    Raises PlaceGone. The day, and so the visit, is that of the submission in the unit's zone.
    """
    service = await office.offered(tx, place.service_id)
    if service is None:
        raise PlaceGone
    local = now.astimezone(ZoneInfo(service.zone))
    visit = Visit(who, place.service_id, local.date())
    if not await answer_once(tx, keys, visit, filled.instrument):
        return None
    key = secrets.token_urlsafe(16)
    day, half = local.date().isoformat(), "am" if local.hour < 12 else "pm"
    await responses.record(
        tx,
        key=key,
        instrument=filled.instrument,
        version=filled.version,
        service_id=place.service_id,
        point_id=place.point_id,
        local_date=day,
        half_day=half,
        channel=filled.channel,
        language=filled.language,
        notice=filled.notice,
        visit_kind=place.visit_kind,
        duration=duration(filled.instrument, filled.took),
        staff=filled.staff,
        burst=place.point_id is not None
        and await responses.crowded(
            tx, place.service_id, filled.instrument, day, place.point_id, half, BURST
        ),
        answers=filled.answers,
        comment=filled.comment,
    )
    await ledger.count(tx, {(f"response.{filled.instrument}", day): 1})
    return key


def duration(instrument: str, took: timedelta) -> str:
    """The band of a time: "fast" is faster than one can read, "slow" was laid aside between.

    Quick rating: under 2 seconds, over 2 minutes. SKM: under 45 seconds (five a question), over
    10 minutes. Ours; no regulation says.
    """
    if took < _FAST[instrument]:
        return "fast"
    return "slow" if took > _SLOW[instrument] else "normal"
