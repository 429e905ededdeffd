"""Setting up a training: what, when, where, for whom, and which messages will go out when."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from domain import calendar, training
from domain.dates import moment, read_day, read_hour
from domain.errors import Refused
from domain.scope import Scope, scope
from handlers import moments, units
from handlers.offer import offer
from handlers.steps import Button, Command, Gone, Heard, Step
from handlers.turn import Turn
from handlers.wording import number
from storage import due
from storage import training as kept
from storage.training import Training
from talk.clean import clean
from talk.messages import Choice, Outbound
from talk.text import Text, joined, plain

LONGEST = 120
"""Characters of a title or a place: they stand in one line of an invitation."""

EVERYBODY = "all"
_PARAGRAPH = plain("\n\n")


async def begin(turn: Turn, _: str) -> None:
    """Start a new training; an unfinished one is forgotten."""
    turn.drop("train")
    turn.note("train")
    turn.go("train.title")


def _draft(turn: Turn, *needed: str) -> dict[str, Any]:
    """The draft, with everything a step needs in it. Raises Gone."""
    draft = turn.noted("train")
    if draft is None or any(name not in draft for name in needed):
        raise Gone
    return draft


async def _reach(turn: Turn) -> Scope:
    return await scope(turn.tx, turn.caller.person_id)


def _cancel(turn: Turn) -> None:
    turn.drop("train")
    offer(turn, turn.say("common.cancelled"), [turn.choice("common.menu", "!menu")])


def _line(typed: str) -> str:
    """One line without anything invisible. Raises Refused when empty or too long."""
    line = " ".join(clean(typed, 4 * LONGEST).split())
    if not line:
        raise Refused("train.empty")
    if len(line) > LONGEST:
        raise Refused("train.too_long", limit=LONGEST)
    return line


def _rows(turn: Turn, *before: Choice) -> tuple[tuple[Choice, ...], ...]:
    return ((*before, turn.choice("common.cancel", "cancel")),)


# --- what, when, where ----------------------------------------------------------------------


async def _show_title(turn: Turn) -> Outbound:
    _draft(turn)
    return Outbound(turn.say("train.ask_title"), _rows(turn))


async def _take_title(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn)
    if heard.value:
        _cancel(turn)
        return
    draft["title"] = _line(heard.text)
    turn.go("train.day")


async def _show_day(turn: Turn) -> Outbound:
    _draft(turn, "title")
    return Outbound(turn.say("train.ask_day"), _rows(turn))


async def _take_day(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn, "title")
    if heard.value:
        _cancel(turn)
        return
    zone = (await _reach(turn)).zone(None, turn.house.zone)
    draft["day"] = read_day(heard.text, calendar.local_date(turn.now, zone)).isoformat()
    turn.go("train.hour")


async def _show_hour(turn: Turn) -> Outbound:
    draft = _draft(turn, "title", "day")
    day = moments.day(date.fromisoformat(draft["day"]), turn.caller.language)
    back = turn.choice("common.back", "back")
    return Outbound(turn.say("train.ask_hour", day=day), _rows(turn, back))


async def _take_hour(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn, "title", "day")
    if heard.value == "back":
        turn.go("train.day")
        return
    if heard.value:
        _cancel(turn)
        return
    zone = (await _reach(turn)).zone(None, turn.house.zone)
    hour = read_hour(heard.text, calendar.zone_label(zone))
    moment(date.fromisoformat(draft["day"]), hour, zone, now=turn.now)
    draft["hour"] = hour.isoformat()
    turn.go("train.confirm" if "whom" in draft else "train.place")


async def _show_place(turn: Turn) -> Outbound:
    _draft(turn, "title", "day", "hour")
    return Outbound(turn.say("train.ask_place"), _rows(turn))


async def _take_place(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn, "title", "day", "hour")
    if heard.value:
        _cancel(turn)
        return
    draft["place"] = _line(heard.text)
    turn.go("train.whom" if (await _reach(turn)).whole else "train.unit")


# --- for whom -------------------------------------------------------------------------------


async def _show_whom(turn: Turn) -> Outbound:
    _draft(turn, "place")
    rows = [(turn.choice("announce.to_staff", EVERYBODY),)]
    if (await _reach(turn)).units:
        rows.append((turn.choice("announce.to_unit", "unit"),))
    return Outbound(turn.say("train.ask_whom"), (*rows, *_rows(turn)))


async def _take_whom(turn: Turn, heard: Heard) -> None:
    _draft(turn, "place")
    if heard.value == "cancel":
        _cancel(turn)
    elif heard.value == "unit":
        turn.go("train.unit")
    else:
        await _invite(turn, None)


async def _show_unit(turn: Turn) -> Outbound:
    draft = _draft(turn, "place")
    rows = units.choices(turn, await _reach(turn), draft)
    return Outbound(turn.say("train.ask_unit"), (*rows, *_rows(turn)))


async def _take_unit(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn, "place")
    if heard.value == "cancel":
        _cancel(turn)
        return
    unit_id = units.chosen(await _reach(turn), draft, heard.value)
    if unit_id is None:
        turn.go("train.unit")
    else:
        await _invite(turn, unit_id)


async def _invite(turn: Turn, unit_id: int | None) -> None:
    """Keep for whom it is, unless that is nobody or beyond this admin."""
    draft = _draft(turn, "place")
    if unit_id not in await _reach(turn):
        raise Refused("announce.out_of_scope")
    if await kept.serving(turn.tx, unit_id) == 0:
        raise Refused("train.nobody")
    draft["whom"] = unit_id
    turn.go("train.confirm")


# --- the look at it -------------------------------------------------------------------------


async def _planned(turn: Turn, draft: dict[str, Any]) -> tuple[Training, Scope]:
    """The session as it would be set up now, in the zone of those who come."""
    reach = await _reach(turn)
    unit_id = draft["whom"]
    zone = reach.zone(unit_id, turn.house.zone)
    day, hour = date.fromisoformat(draft["day"]), time.fromisoformat(draft["hour"])
    session = Training(
        id=0,
        title=draft["title"],
        starts_at=calendar.at(day, hour, zone),
        zone=zone,
        place=draft["place"],
        unit_id=unit_id,
        created_by=turn.caller.person_id,
        created_at=turn.now,
        cancelled_at=None,
    )
    return session, reach


async def _show_confirm(turn: Turn) -> Outbound:
    draft = _draft(turn, "title", "day", "hour", "place", "whom")
    session, reach = await _planned(turn, draft)
    language = turn.caller.language
    n = await kept.serving(turn.tx, session.unit_id)
    parts = [
        turn.say("train.confirm"),
        _PARAGRAPH,
        turn.say(
            "training.about",
            title=session.title,
            when=moments.moment(session.starts_at, session.zone, language),
            place=session.place,
        ),
        plain("\n"),
        turn.say("train.for", whom=whom(turn, session.unit_id, reach), n=number(language, n)),
        _PARAGRAPH,
        turn.say("train.messages"),
    ]
    overrides = await due.holiday_overrides(turn.tx)
    for one in training.schedule(session, overrides):
        at = moments.moment(one.due_at, session.zone, language)
        parts += [plain("\n• "), _kind(turn, one.kind, at)]
    rows = (
        (turn.choice("train.create", "create"),),
        (turn.choice("train.change_time", "time"), turn.choice("common.cancel", "cancel")),
    )
    return Outbound(joined(*parts), rows)


def whom(turn: Turn, unit_id: int | None, reach: Scope) -> Text:
    """Who is invited, in words."""
    if unit_id is None:
        return turn.say("announce.for_staff")
    unit = reach.units.get(unit_id)
    return turn.say("announce.for_unit", unit=unit.name if unit else "?")


def _kind(turn: Turn, kind: str, at: str) -> Text:
    """One message that will be sent, and when."""
    if kind == "invite":
        return turn.say("train.sends_invite", at=at)
    if kind == "hour":
        return turn.say("train.sends_hour", at=at)
    return turn.say("train.sends_reminder", at=at)


async def _take_confirm(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn, "title", "day", "hour", "place", "whom")
    if heard.value == "cancel":
        _cancel(turn)
    elif heard.value == "time":
        turn.go("train.day")
    else:
        await _create(turn, draft)


async def _create(turn: Turn, draft: dict[str, Any]) -> None:
    session, reach = await _planned(turn, draft)
    if session.unit_id not in reach:
        raise Refused("announce.out_of_scope")
    created = await training.create(
        turn.tx,
        title=session.title,
        starts_at=session.starts_at,
        zone=session.zone,
        place=session.place,
        unit_id=session.unit_id,
        by=turn.caller.person_id,
        now=turn.now,
    )
    turn.drop("train")
    language = turn.caller.language
    offer(
        turn,
        turn.say(
            "train.created",
            title=session.title,
            when=moments.moment(session.starts_at, session.zone, language),
            n=number(language, created.invited),
        ),
        [turn.choice("train.attendance", f"!tr:{created.session_id}")],
        [turn.choice("common.menu", "!menu")],
    )


STEPS = (
    Step("train.title", _show_title, _take_title, free=True, role="admin"),
    Step("train.day", _show_day, _take_day, free=True, role="admin"),
    Step("train.hour", _show_hour, _take_hour, free=True, role="admin"),
    Step("train.place", _show_place, _take_place, free=True, role="admin"),
    Step("train.whom", _show_whom, _take_whom, role="admin"),
    Step("train.unit", _show_unit, _take_unit, role="admin"),
    Step("train.confirm", _show_confirm, _take_confirm, role="admin"),
)
COMMANDS = (Command("buat_pelatihan", begin, also=("new_training",), role="admin"),)
BUTTONS: tuple[Button, ...] = ()
