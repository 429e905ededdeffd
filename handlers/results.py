"""The public result of a service: index, grade, how many answered, and where it is weakest."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from domain import results
from domain.index import half_up
from domain.results import Result
from handlers import find
from handlers.figures import day, decimal
from handlers.offer import offer
from handlers.steps import Command, Gone
from handlers.turn import Turn
from storage import office
from storage.office import Offered
from talk.text import Text, joined, plain

LOWEST = 3
_GRADES = {
    "A": "results.grade_a",
    "B": "results.grade_b",
    "C": "results.grade_c",
    "D": "results.grade_d",
}


async def publish(turn: Turn, service_id: int) -> None:
    """Show the result of a service in the current quarter. Raises Gone when there is none."""
    service = await office.offered(turn.tx, service_id)
    if service is None:
        raise Gone
    today = turn.now.astimezone(ZoneInfo(service.zone)).date()
    elements = [item.key for item in turn.house.bank.instruments["skm"].items]
    found = await results.public(turn.tx, service_id, results.quarter(today), elements)
    turn.drop("start")
    offer(
        turn,
        joined(_head(turn, service, found), plain("\n\n"), _body(turn, found)),
        [turn.choice("results.button_other", "!hasil")],
        [turn.choice("common.menu", "!menu")],
    )


def _head(turn: Turn, service: Offered, found: Result) -> Text:
    return turn.say(
        "results.head",
        service=service.name,
        unit=service.unit_name,
        number=("I", "II", "III", "IV")[found.period.number - 1],
        year=found.period.first.year,
        first=day(turn, found.period.first),
        last=day(turn, found.period.last),
    )


def _body(turn: Turn, found: Result) -> Text:
    if not found.publishable or found.ikm is None or found.grade is None:
        return turn.say("results.too_few", n=found.n, missing=found.missing, least=results.FEWEST)
    elements = turn.house.bank.instruments["skm"]
    figure = turn.say(
        "results.figure",
        ikm=decimal(turn, found.ikm),
        grade=found.grade,
        words=turn.say(_GRADES[found.grade]),
        n=found.n,
        step=results.FEWEST,
    )
    lines = []
    for number, key in enumerate(found.lowest(LOWEST), 1):
        mean = found.index.elements[key].mean
        assert mean is not None  # only answered elements are among the lowest
        name = turn.local(elements.item(key).name)
        lines.append(
            turn.say(
                "results.line", number=number, name=name, mean=decimal(turn, half_up(mean, 2))
            )
        )
    answered = sum(1 for tally in found.index.elements.values() if tally.n)
    return joined(
        figure,
        plain("\n\n"),
        turn.say("results.lowest"),
        *(piece for line in lines for piece in (plain("\n"), line)),
        plain("\n\n"),
        turn.say("results.rule", elements=answered),
    )


async def _results(turn: Turn, argument: str) -> None:
    """`/hasil`, alone, with the number of a service (a button) or with its name."""
    if argument.isdecimal() and len(argument) < 18:
        await publish(turn, int(argument))
        return
    hits = await find.resembling(turn, argument) if argument else []
    if len(hits) == 1:
        await publish(turn, hits[0])
    else:
        lead = "none" if argument and not hits else ""
        find.look(turn, goal="results", hits=hits, lead=lead)


STEPS = ()
COMMANDS = (Command("hasil", _results, also=("ikm",)),)
BUTTONS = ()
