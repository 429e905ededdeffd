"""The one engine behind every questionnaire: the citizens' survey, the staff's self-assessment.

It is one message that is edited, page by page, back and forth. A draft stands in the notes of its
journey on the versions it began; answers are keyed by item, never by position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from content import Instrument
from handlers.sheets import BACK, COMMENT, MORE, SKIP, SUMMARY, Draft, Sheet, question
from handlers.steps import Gone, Heard
from handlers.turn import Turn
from storage import library
from talk.messages import Choice, Outbound


@dataclass(frozen=True)
class Questionnaire:
    """Instruments asked one after the other by the journey `name`; a draft is kept for `keep`.

    The journey has the steps .item and .summary and, if it asks for one, .comment.
    """

    name: str
    instruments: tuple[str, ...]
    keep: timedelta
    comment: bool = False

    def begin(self, turn: Turn) -> Draft:
        """Start anew; an older draft is forgotten."""
        turn.drop(self.name)
        draft = turn.note(self.name, keep=self.keep)
        asked = [turn.house.bank.instruments[key] for key in self.instruments]
        versions = {instrument.key: instrument.version for instrument in asked}
        first = asked[0].items[0].key
        draft.update(versions=versions, answers={}, at=first, edit=False, detail=False)
        return draft

    def held(self, turn: Turn) -> Draft:
        """The draft at hand, kept for `keep` from now on. Raises Gone when there is none."""
        if turn.noted(self.name) is None:
            raise Gone
        return turn.note(self.name, keep=self.keep)

    async def sheet(self, turn: Turn, versions: Mapping[str, str]) -> Sheet:
        """The instruments in these versions. Raises Gone when one never was."""
        pinned = [await _pinned(turn, key, versions[key]) for key in self.instruments]
        return Sheet(tuple(pinned), self.comment)

    async def alive(self, turn: Turn) -> Draft | None:
        """The draft if it can be continued; one whose version is gone is forgotten."""
        draft = turn.noted(self.name)
        if draft is None:
            return None
        try:
            await self.sheet(turn, draft["versions"])
        except Gone:
            turn.drop(self.name)
            return None
        return draft

    # --- moving ---------------------------------------------------------------------------

    def proceed(self, turn: Turn) -> None:
        """Go to the page where the draft stands."""
        at = self.held(turn)["at"]
        turn.go(f"{self.name}.{at if at in (COMMENT, SUMMARY) else 'item'}")

    def turn_to(self, turn: Turn, page: str, *, edit: bool = False) -> None:
        """Go to a page; with `edit`, the way on from there and the way back are the summary."""
        self.held(turn).update(at=page, edit=edit, detail=False)
        self.proceed(turn)

    async def onward(self, turn: Turn) -> None:
        """Go to the page after this one, or back to the summary when one came from there."""
        await self._move(turn, 1)

    async def backward(self, turn: Turn) -> None:
        """Go to the page before this one, or back to the summary when one came from there."""
        await self._move(turn, -1)

    async def _move(self, turn: Turn, by: int) -> None:
        draft = self.held(turn)
        pages = [*(await self.sheet(turn, draft["versions"])).pages, SUMMARY]
        page = pages[max(0, pages.index(draft["at"]) + by)]
        self.turn_to(turn, SUMMARY if draft["edit"] else page)

    # --- the step of an item --------------------------------------------------------------

    async def show(self, turn: Turn, *leave: Choice) -> Outbound:
        """The item where the draft stands; on the first page, `leave` in the place of Back."""
        draft = self.held(turn)
        return question(turn, await self.sheet(turn, draft["versions"]), draft, *leave)

    async def take(self, turn: Turn, heard: Heard) -> None:
        """Keep the answer and go on, or do what was chosen instead of one."""
        draft = self.held(turn)
        if heard.value == MORE:
            draft["detail"] = not draft["detail"]
            self.proceed(turn)
        elif heard.value == BACK:
            await self.backward(turn)
        else:
            draft["answers"][draft["at"]] = answered(heard)
            await self.onward(turn)


def answered(heard: Heard) -> int | None:
    """The value of the chosen answer; None when the item was passed over."""
    return None if heard.value == SKIP else int(heard.value)


async def _pinned(turn: Turn, key: str, version: str) -> Instrument:
    current = turn.house.bank.instruments[key]
    if current.version == version:
        return current
    body = await library.body(turn.tx, "instrument", key, version)
    if body is None:
        raise Gone
    return Instrument.from_body(body)
