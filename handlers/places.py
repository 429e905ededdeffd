"""Where a citizen is rating: kept in the notes "rate" from the scan to the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain import visits
from domain.rating import Place
from domain.visits import Visit
from handlers.steps import Gone
from handlers.turn import Turn
from storage import office
from storage.office import Offered
from talk.text import Text

KEPT = timedelta(days=1)


def remember(turn: Turn, place: Place) -> dict[str, Any]:
    """Note where the person is; returns the fresh notes."""
    turn.drop("rate")
    noted = turn.note("rate", keep=KEPT)
    noted.update(as_note(place), shown=turn.now.timestamp())
    return noted


def as_note(place: Place) -> dict[str, Any]:
    """A place as it stands in notes."""
    return {"service": place.service_id, "point": place.point_id, "visit": place.visit_kind}


def place_in(noted: dict[str, Any]) -> Place:
    """The place that stands in notes."""
    return Place(noted["service"], noted["point"], noted["visit"])


def here(turn: Turn) -> dict[str, Any]:
    """The notes of the current place. Raises Gone when they are too old."""
    noted = turn.noted("rate")
    if noted is None:
        raise Gone
    return noted


async def service_at(turn: Turn, place: Place) -> Offered:
    """The service of a place. Raises Gone when it is not offered any more."""
    service = await office.offered(turn.tx, place.service_id)
    if service is None:
        raise Gone
    return service


async def named(turn: Turn, place: Place) -> Text:
    """The place in words: "Loket 2, Disdukcapil – KTP elektronik"."""
    return await titled(turn, place, await service_at(turn, place))


async def titled(turn: Turn, place: Place, service: Offered) -> Text:
    """The same for a place whose service is at hand."""
    point = None
    if place.point_id is not None:
        point = await office.counter_name(turn.tx, place.point_id)
    if point is None:
        return turn.say("rate.place", unit=service.unit_name, service=service.name)
    return turn.say("rate.place_point", point=point, unit=service.unit_name, service=service.name)


async def answered_today(turn: Turn, place: Place) -> set[str]:
    """Which of the quick rating and the SKM the person gave here today."""
    service = await service_at(turn, place)
    day = turn.now.astimezone(ZoneInfo(service.zone)).date()
    visit = Visit(turn.visitor, place.service_id, day)
    return await visits.answered(turn.tx, turn.house.keys, visit, ("quick", "skm"))
