"""Looking for a service: what is looked at stands in the notes "start", the screens in `start`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from domain.matching import Candidate, closest
from handlers.turn import Turn
from storage import office

STEP = "start.find"
KEPT = timedelta(days=1)
PAGE = 8
"""Choices on one screen; more are turned over."""


def look(
    turn: Turn,
    *,
    goal: str = "rate",
    lead: str = "",
    unit: int | None = None,
    point: int | None = None,
    hits: Sequence[int] = (),
) -> None:
    """Ask for a service, to "rate" it or to see its "results".

    `lead` says why we ask: "" plainly, "wrong" or "closed" after a QR that does not work, "which"
    at a point with several services, "none" when nothing resembled what was typed, "hello" to a
    newcomer, "no_draft" when there is nothing to continue.
    """
    turn.drop("start")
    turn.note("start", keep=KEPT).update(
        goal=goal, lead=lead, unit=unit, point=point, hits=list(hits), page=0
    )
    turn.go(STEP)


async def resembling(turn: Turn, words: str) -> list[int]:
    """The services that resemble what was typed, best first, as many as one screen holds."""
    services = await office.all_offered(turn.tx)
    candidates = (Candidate(one.id, one.name, one.unit_name) for one in services)
    return closest(words, candidates, PAGE)


def looking(turn: Turn) -> dict[str, Any] | None:
    """What is being looked for."""
    return turn.noted("start")
