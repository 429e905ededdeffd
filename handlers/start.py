"""Coming in: by the QR of a service point, by an invitation, or by looking for a service."""

from __future__ import annotations

from typing import Any

from domain.rating import Place
from handlers import find, rate, survey
from handlers.find import PAGE, looking
from handlers.greeting import greeting
from handlers.results import publish
from handlers.steps import Command, Gone, Heard, Step
from handlers.turn import Turn
from storage import office
from storage.office import Counter
from talk.messages import Choice, Outbound
from talk.text import Text, joined, plain

MORE, LESS, UP = "more", "less", "up"


async def by_point(turn: Turn, code: str) -> None:
    """The QR of a service point; a wrong or old one leads to looking for the service."""
    counter = await office.counter_with(turn.tx, code)
    if counter is None:
        find.look(turn, lead="wrong")
    elif not counter.active:
        find.look(turn, lead="closed", unit=await _serving(turn, counter))
    elif counter.service_id is not None:
        await rate.arrive(turn, Place(counter.service_id, counter.id, "poster"))
    else:
        await _which(turn, counter)


async def without_payload(turn: Turn) -> None:
    """Just "Start": an unfinished questionnaire first, else look for a service."""
    if await survey.alive(turn) is not None:
        turn.drop("rate")
        turn.go("skm.resume")
    else:
        find.look(turn, lead="hello")


async def _which(turn: Turn, counter: Counter) -> None:
    services = await office.all_offered(turn.tx, counter.unit_id)
    if len(services) == 1:
        await rate.arrive(turn, Place(services[0].id, counter.id, "poster"))
    elif services:
        find.look(turn, lead="which", unit=counter.unit_id, point=counter.id)
    else:
        find.look(turn, lead="hello")


async def _serving(turn: Turn, counter: Counter) -> int | None:
    """The unit of a point if it still offers anything."""
    units = {unit for unit, _ in await office.serving_units(turn.tx)}
    return counter.unit_id if counter.unit_id in units else None


# --- the screens of looking ----------------------------------------------------------------


async def _show(turn: Turn) -> Outbound:
    noted = _noted(turn)
    choices = await _choices(turn, noted)
    page = noted["page"]
    shown = choices[page * PAGE : (page + 1) * PAGE]
    rows = [(choice,) for choice in shown]
    turns = []
    if page > 0:
        turns.append(turn.choice("start.button_less", LESS))
    if len(choices) > (page + 1) * PAGE:
        turns.append(turn.choice("start.button_more", MORE))
    if turns:
        rows.append(tuple(turns))  # type: ignore[arg-type]
    if (noted["unit"] is not None and noted["point"] is None) or noted["hits"]:
        rows.append((turn.choice("start.button_all", UP),))
    rows.append((rate.menu(turn),))
    return Outbound(await _question(turn, noted, bool(choices)), tuple(rows))


def _noted(turn: Turn) -> dict[str, Any]:
    noted = looking(turn)
    if noted is None:
        raise Gone
    return noted


async def _choices(turn: Turn, noted: dict[str, Any]) -> list[Choice]:
    """Services that were found, the services of a unit, or units."""
    if noted["hits"]:
        known = {one.id: one for one in await office.all_offered(turn.tx)}
        return [
            Choice(f"{known[hit].name} – {known[hit].unit_name}", f"s{hit}", (known[hit].name,))
            for hit in noted["hits"]
            if hit in known
        ]
    unit = noted["unit"]
    units = await office.serving_units(turn.tx)
    if unit is None and len(units) == 1:
        unit = units[0][0]
    if unit is None:
        return [Choice(name, f"u{one}") for one, name in units]
    return [Choice(one.name, f"s{one.id}") for one in await office.all_offered(turn.tx, unit)]


async def _question(turn: Turn, noted: dict[str, Any], any_choice: bool) -> Text:
    parts = []
    match noted["lead"]:
        case "hello":
            parts.append(turn.say("start.hello", greeting=greeting(turn)))
        case "wrong":
            parts.append(turn.say("start.wrong_code"))
        case "closed":
            parts.append(turn.say("start.closed_point"))
        case "none":
            parts.append(turn.say("start.none_found"))
        case "no_draft":
            parts.append(turn.say("start.no_draft"))
    if not any_choice:
        parts.append(turn.say("start.no_services"))
    elif noted["hits"]:
        parts.append(turn.say("start.which_hit"))
    elif noted["lead"] == "which":
        name = await office.counter_name(turn.tx, noted["point"])
        parts.append(turn.say("start.which_here", point=name or ""))
    elif noted["goal"] == "results":
        parts.append(turn.say("start.which_results"))
    elif noted["unit"] is not None:
        parts.append(turn.say("start.which_service"))
    else:
        parts.append(turn.say("start.which_unit"))
    return joined(*(piece for part in parts for piece in (part, plain("\n\n"))))[:-1]


async def _take(turn: Turn, heard: Heard) -> None:
    noted = _noted(turn)
    value = heard.value
    if not value:
        hits = await find.resembling(turn, heard.text)
        lead = "" if hits else "none"
        find.look(turn, goal=noted["goal"], lead=lead, hits=hits)
    elif value in (MORE, LESS):
        noted["page"] += 1 if value == MORE else -1
        turn.go(find.STEP)
    elif value == UP:
        find.look(turn, goal=noted["goal"])
    elif value.startswith("u"):
        find.look(turn, goal=noted["goal"], unit=int(value[1:]))
    elif noted["goal"] == "results":
        await publish(turn, int(value[1:]))
    else:
        kind = "poster" if noted["point"] is not None else "search"
        turn.drop("start")
        await rate.arrive(turn, Place(int(value[1:]), noted["point"], kind))


async def _rate(turn: Turn, words: str) -> None:
    """`/nilai`, alone or with what is to be rated."""
    hits = await find.resembling(turn, words) if words else []
    find.look(turn, hits=hits, lead="none" if words and not hits else "")


STEPS = (Step(find.STEP, _show, _take, free=True, numbered=True),)
COMMANDS = (Command("nilai", _rate, also=("rating", "survei", "skm")),)
BUTTONS = ()
