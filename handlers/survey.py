"""The citizen's survey as a questionnaire: nine elements, who answers, a comment; and a place."""

from __future__ import annotations

from datetime import timedelta

from domain.rating import Place
from handlers import places
from handlers.questionnaire import Questionnaire
from handlers.sheets import Draft
from handlers.steps import Gone
from handlers.turn import Turn

SURVEY = Questionnaire("skm", ("skm", "profile"), keep=timedelta(days=7), comment=True)


def begin(turn: Turn, place: Place) -> None:
    """Start about a place, and the time it takes; an older draft is forgotten."""
    draft = SURVEY.begin(turn)
    draft.update(places.as_note(place), comment="", started=turn.now.timestamp())
    SURVEY.proceed(turn)


async def alive(turn: Turn) -> Draft | None:
    """The draft if it can be continued; one whose service or version is gone is forgotten."""
    draft = await SURVEY.alive(turn)
    if draft is None:
        return None
    try:
        await places.service_at(turn, places.place_in(draft))
    except Gone:
        turn.drop(SURVEY.name)
        return None
    return draft
