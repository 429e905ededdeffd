"""Announcements: agreed to or not, with the hours and the number a day said beforehand."""

from __future__ import annotations

from domain import consent
from domain.calendar import CITIZENS_DAY
from handlers import moments
from handlers.aside import with_way_on
from handlers.steps import Button, Command, Step
from handlers.turn import Turn
from talk.messages import Choice
from talk.text import Text, joined, plain

_YES, _NO = "ya", "tidak"


async def _subscription(turn: Turn, answer: str) -> None:
    who, zone = turn.caller.person_id, turn.house.zone
    if answer == _YES:
        await consent.agree(
            turn.tx,
            who,
            consent.ANNOUNCEMENT,
            channel=turn.inbound.channel,
            now=turn.now,
            zone=zone,
        )
    elif answer == _NO:
        await consent.withdraw(turn.tx, who, now=turn.now, zone=zone)
    agreed = consent.ANNOUNCEMENT in await consent.in_force(turn.tx, who)
    if answer in (_YES, _NO):
        turn.amend(turn.say("consent.given" if agreed else "consent.not_given"), with_way_on(turn))
    else:
        turn.tell(_question(turn, agreed), with_way_on(turn, [_choices(turn)]))


def _question(turn: Turn, agreed: bool) -> Text:
    begin, end = (moments.hour(hour, turn.caller.language) for hour in CITIZENS_DAY)
    state = turn.say("consent.state_yes" if agreed else "consent.state_no")
    terms = turn.say("consent.terms", number=consent.PER_DAY, begin=begin, end=end)
    return joined(turn.say("consent.title"), plain("\n"), state, plain("\n\n"), terms)


def _choices(turn: Turn) -> list[Choice]:
    return [
        turn.choice("consent.button_agree", f"!langganan:{_YES}"),
        turn.choice("consent.button_refuse", f"!langganan:{_NO}"),
    ]


STEPS: tuple[Step, ...] = ()
COMMANDS: tuple[Command, ...] = (Command("langganan", _subscription),)
BUTTONS: tuple[Button, ...] = ()
