"""The ten-second rating: the first message, one tap, thanks, and an invitation to the survey."""

from __future__ import annotations

from datetime import date, timedelta

from domain.rating import CORRECTABLE, Filled, Place, submit
from handlers import places, survey
from handlers.greeting import greeting
from handlers.offer import offer
from handlers.steps import Button, Heard, Step
from handlers.survey import SURVEY
from handlers.turn import Turn
from talk.messages import Choice, Outbound
from talk.text import flat, joined, plain

INVITED = timedelta(days=7)
"""How long the buttons of an invitation can be used."""


async def arrive(turn: Turn, place: Place) -> None:
    """Somebody is at a place: first settle an unfinished questionnaire, then ask."""
    places.remember(turn, place)
    if await survey.alive(turn) is not None:
        turn.go("skm.resume")
    else:
        await welcome(turn)


async def welcome(turn: Turn) -> None:
    """Ask at the noted place what has not been answered there today."""
    place = places.place_in(places.here(turn))
    done = await places.answered_today(turn, place)
    if "quick" not in done:
        turn.go("rate.quick")
    elif "skm" not in done:
        invite(turn, place, again=True)
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
        place=flat(await places.titled(turn, place, service)),
        question=turn.local(item.text),
    )
    rows = tuple((Choice(turn.local(o.label), str(o.value)),) for o in item.options)
    return Outbound(joined(text, plain("\n\n"), turn.say("rate.notice")), rows)


async def _take_quick(turn: Turn, heard: Heard) -> None:
    noted = places.here(turn)
    place = places.place_in(noted)
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
    key = await submit(turn.tx, turn.house.keys, turn.visitor, place, filled, turn.now)
    if key is not None:
        turn.note("done_quick", keep=CORRECTABLE).update(key=key, service=place.service_id)
    if "skm" in await places.answered_today(turn, place):
        say_done(turn, place)
    else:
        invite(turn, place, again=key is None)


# --- the invitation ------------------------------------------------------------------------
#
# That somebody was invited stands on the phone and not in the database: beside the date of a
# rating it would tell who gave it.


def invite(turn: Turn, place: Place, *, again: bool = False) -> None:
    """Thank for the rating (of earlier today, if `again`), and invite to the nine questions."""
    thanks = turn.say("rate.again") if again else turn.say("rate.thanks")
    total = len(turn.house.bank.instruments["skm"].items)
    text = joined(thanks, plain("\n\n"), turn.say("rate.invite", total=total))
    value = _spelled(place, turn.now.date())
    turn.drop("rate")
    offer(
        turn,
        text,
        [turn.choice("rate.button_begin", f"!mulai:{value}")],
        [turn.choice("rate.button_later", f"!nanti:{value}")],
        [change(turn, place.service_id)],
    )


def postpone(turn: Turn, value: str) -> None:
    """Leave the beginning on the phone, for as long as an invitation holds."""
    place, _ = _read(value)
    offer(
        turn,
        turn.say("rate.later", days=INVITED.days),
        [turn.choice("rate.button_begin", f"!mulai:{value}")],
        [see_results(turn, place)],
        [menu(turn)],
    )


def postpone_from(turn: Turn, place: Place) -> None:
    """The same for somebody who had begun and answered nothing."""
    postpone(turn, _spelled(place, turn.now.date()))


def _spelled(place: Place, day: date) -> str:
    """A place and the day of the invitation as the argument of a button."""
    return f"{place.service_id}:{place.point_id or ''}:{place.visit_kind}:{day:%y%m%d}"


def _read(value: str) -> tuple[Place, date]:
    service, point, kind, day = value.split(":")
    place = Place(int(service), int(point) if point else None, kind)
    return place, date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))


async def _begin(turn: Turn, value: str) -> None:
    place, day = _read(value)
    await places.service_at(turn, place)
    old = await survey.alive(turn)
    if turn.now.date() - day > INVITED:
        offer(turn, turn.say("rate.too_old"), [menu(turn)])
    elif old is not None and old["service"] == place.service_id:
        SURVEY.proceed(turn)
    elif old is not None:
        places.remember(turn, place)
        turn.go("skm.resume")
    elif "skm" in await places.answered_today(turn, place):
        say_done(turn, place)
    else:
        survey.begin(turn, place)


async def _later(turn: Turn, value: str) -> None:
    postpone(turn, value)


STEPS = (Step("rate.quick", _show_quick, _take_quick, discreet=True),)
COMMANDS = ()
BUTTONS = (Button("mulai", _begin), Button("nanti", _later))
