"""The ten-second rating: the first message, one tap, thanks, and an invitation to the survey."""

from __future__ import annotations

from datetime import timedelta

from domain.rating import CORRECTABLE, Filled, Place, submit
from handlers import draft, places
from handlers.greeting import greeting
from handlers.offer import offer
from handlers.steps import Heard, Step
from handlers.turn import Turn
from talk.messages import Choice, Outbound
from talk.text import flat, joined, plain

BEGIN, LATER = "begin", "later"


async def arrive(turn: Turn, place: Place) -> None:
    """Somebody is at a place: first settle an unfinished questionnaire, then ask."""
    places.remember(turn, place)
    if await draft.alive(turn) is not None:
        turn.go("skm.resume")
    else:
        await welcome(turn)


async def welcome(turn: Turn) -> None:
    """Ask at the noted place what has not been answered there today."""
    noted = places.here(turn)
    place = places.place_in(noted)
    done = await places.answered_today(turn, place)
    if "quick" not in done:
        turn.go("rate.quick")
    elif "skm" not in done:
        noted["again"] = True
        turn.go("rate.invite")
    else:
        say_done(turn, place)


def say_done(turn: Turn, place: Place) -> None:
    """Everything was answered here today: say so, and what can still be done."""
    text = turn.say("rate.all_done")
    turn.drop("rate")
    offer(turn, text, [change(turn, place.service_id)], [see_results(turn, place)], [menu(turn)])


def change(turn: Turn, service_id: int) -> Choice | None:
    """The way to correct, while the key of a response for this service is still remembered."""
    for name in ("done_quick", "done_skm"):
        noted = turn.noted(name)
        if noted is not None and noted["service"] == service_id:
            return turn.choice("rate.button_change", "!ubah")
    return None


def see_results(turn: Turn, place: Place) -> Choice:
    """The way to the public result of the place's service."""
    return turn.choice("rate.button_results", f"!hasil:{place.service_id}")


def menu(turn: Turn) -> Choice:
    """The way to everything else."""
    return turn.choice("common.menu", "!menu")


# --- the four labels -----------------------------------------------------------------------


async def _show_quick(turn: Turn) -> Outbound:
    place = places.place_in(places.here(turn))
    service = await places.service_at(turn, place)
    item = turn.house.bank.instruments["quick"].items[0]
    text = turn.say(
        "rate.welcome",
        greeting=greeting(turn, service.zone),
        place=flat(await places.named(turn, place)),
        question=turn.local(item.text),
    )
    rows = tuple((Choice(turn.local(o.label), str(o.value)),) for o in item.options)
    return Outbound(joined(text, plain("\n\n"), turn.say("rate.notice")), rows)


async def _take_quick(turn: Turn, heard: Heard) -> None:
    noted = places.here(turn)
    place = places.place_in(noted)
    service = await places.service_at(turn, place)
    instrument = turn.house.bank.instruments["quick"]
    filled = Filled(
        instrument="quick",
        version=instrument.version,
        answers={instrument.items[0].key: int(heard.value)},
        took=timedelta(seconds=turn.now.timestamp() - noted["shown"]),
        channel=turn.inbound.channel,
        language=turn.caller.language,
        staff=bool(await turn.roles()),
    )
    key = await submit(turn.tx, turn.house.keys, turn.caller.address_id, place, filled, turn.now)
    noted["again"] = key is None
    if key is not None:
        turn.note("done_quick", keep=CORRECTABLE).update(key=key, service=service.id)
    if "skm" in await places.answered_today(turn, place):
        say_done(turn, place)
    else:
        turn.go("rate.invite")


# --- the invitation ------------------------------------------------------------------------


async def _show_invite(turn: Turn) -> Outbound:
    noted = places.here(turn)
    instrument = turn.house.bank.instruments["skm"]
    thanks = turn.say("rate.again") if noted.get("again") else turn.say("rate.thanks")
    invitation = turn.say("rate.invite", total=len(instrument.items))
    correct = change(turn, noted["service"])
    rows = [
        (turn.choice("rate.button_begin", BEGIN),),
        (turn.choice("rate.button_later", LATER),),
    ]
    if correct is not None:
        rows.append((correct,))
    return Outbound(joined(thanks, plain("\n\n"), invitation), tuple(rows))


async def _take_invite(turn: Turn, heard: Heard) -> None:
    place = places.place_in(places.here(turn))
    draft.begin(turn, place)
    turn.drop("rate")
    if heard.value == BEGIN:
        draft.proceed(turn)
    else:
        offer(turn, turn.say("rate.later"), [see_results(turn, place)], [menu(turn)])


STEPS = (
    Step("rate.quick", _show_quick, _take_quick, discreet=True),
    Step("rate.invite", _show_invite, _take_invite),
)
COMMANDS = ()
BUTTONS = ()
