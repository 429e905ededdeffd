"""An unfinished questionnaire: the notes "skm", kept for seven days, on the version it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from content import Instrument, Item
from domain.rating import Place
from handlers import places
from handlers.steps import Gone
from handlers.turn import Turn
from storage import library

KEPT = timedelta(days=7)
COMMENT, SUMMARY = "comment", "summary"

Draft = dict[str, Any]
"""Place, versions, `answers` by item (None: passed over), `comment`, `at` (page), `edit`."""


@dataclass(frozen=True)
class Sheet:
    """The pages of a questionnaire: the elements, then who answers, then a comment."""

    skm: Instrument
    profile: Instrument

    @property
    def items(self) -> tuple[Item, ...]:
        """All questions in the order they are asked."""
        return (*self.skm.items, *self.profile.items)

    @property
    def pages(self) -> tuple[str, ...]:
        """The keys of the questions, and the comment."""
        return (*(item.key for item in self.items), COMMENT)

    def item(self, page: str) -> Item:
        """The question on a page. Raises KeyError for the comment."""
        return {item.key: item for item in self.items}[page]

    def position(self, page: str) -> tuple[Instrument, int]:
        """Of which questionnaire a page is, and which question of it, from 1 on."""
        for instrument in (self.skm, self.profile):
            for number, item in enumerate(instrument.items, 1):
                if item.key == page:
                    return instrument, number
        raise KeyError(page)


def begin(turn: Turn, place: Place) -> Draft:
    """Start a questionnaire about a place; an older one is forgotten."""
    bank = turn.house.bank
    turn.drop("skm")
    draft: Draft = turn.note("skm", keep=KEPT)
    draft.update(
        places.as_note(place),
        version=bank.instruments["skm"].version,
        profile=bank.instruments["profile"].version,
        started=None,
        answers={},
        comment="",
        at=bank.instruments["skm"].items[0].key,
        edit=False,
    )
    return draft


def held(turn: Turn) -> Draft:
    """The draft at hand, kept for another seven days. Raises Gone when there is none."""
    if turn.noted("skm") is None:
        raise Gone
    return turn.note("skm", keep=KEPT)


async def alive(turn: Turn) -> Draft | None:
    """The draft if it can be continued; one whose service or version is gone is forgotten."""
    draft = turn.noted("skm")
    if draft is None:
        return None
    try:
        await places.service_at(turn, places.place_in(draft))
        await sheet_of(turn, draft["version"], draft["profile"])
    except Gone:
        turn.drop("skm")
        return None
    return draft


def proceed(turn: Turn) -> None:
    """Go to the page where the draft stands; the time it takes runs from the first such go."""
    draft = held(turn)
    if draft["started"] is None:
        draft["started"] = turn.now.timestamp()
    turn.go({COMMENT: "skm.comment", SUMMARY: "skm.summary"}.get(draft["at"], "skm.item"))


def turn_to(turn: Turn, page: str) -> None:
    """Go to a page of the draft."""
    held(turn)["at"] = page
    proceed(turn)


async def onward(turn: Turn) -> None:
    """Go to the page after this one, or back to the summary when one came from there."""
    draft = held(turn)
    pages = (await sheet_of(turn, draft["version"], draft["profile"])).pages
    after = [*pages, SUMMARY][pages.index(draft["at"]) + 1]
    if draft["edit"]:
        draft["edit"], after = False, SUMMARY
    turn_to(turn, after)


async def backward(turn: Turn) -> None:
    """Go to the page before this one, or back to the summary when one came from there."""
    draft = held(turn)
    if draft["edit"]:
        draft["edit"] = False
        turn_to(turn, SUMMARY)
        return
    pages = (await sheet_of(turn, draft["version"], draft["profile"])).pages
    turn_to(turn, pages[max(0, pages.index(draft["at"]) - 1)])


async def sheet_of(turn: Turn, skm: str, profile: str) -> Sheet:
    """The questionnaire in the versions it began. Raises Gone when they never were."""
    return Sheet(await _instrument(turn, "skm", skm), await _instrument(turn, "profile", profile))


async def _instrument(turn: Turn, key: str, version: str) -> Instrument:
    current = turn.house.bank.instruments[key]
    if current.version == version:
        return current
    body = await library.body(turn.tx, "instrument", key, version)
    if body is None:
        raise Gone
    return Instrument.from_body(body)
