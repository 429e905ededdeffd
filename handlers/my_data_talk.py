"""The running conversation in the file of /data_saya: where it stands and what is noted, in words.

Every journey's notes become one line with a title and its entries below. An entry that says
nothing but how a screen looks, or that has no words here yet, is told by its own name at the
end: nothing that is kept is left out, but for the key of a response.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from content import Item
from domain import calendar
from handlers import moments
from handlers.assess import ASSESSMENT
from handlers.steps import Gone
from handlers.survey import SURVEY
from handlers.turn import Turn
from storage import office
from storage.office import Offered
from talk.messages import decode
from talk.text import flat

Noted = Mapping[str, Any]
Sheet = Mapping[str, Item]

JOURNEYS = {
    "announce": "mydata.step_announce",
    "assess": "mydata.step_assess",
    "fix": "mydata.step_fix",
    "join": "mydata.step_join",
    "learn": "mydata.step_learn",
    "menu": "mydata.step_menu",
    "mydata": "mydata.step_mydata",
    "rate": "mydata.step_rate",
    "skm": "mydata.step_skm",
    "start": "mydata.step_start",
    "train": "mydata.step_train",
}
"""What somebody is doing, by the journey of the step."""

NOTES = {
    "announce": "mydata.note_announce",
    "assess": "mydata.note_assess",
    "done_quick": "mydata.note_done_quick",
    "done_skm": "mydata.note_done_skm",
    "fix": "mydata.note_fix",
    "group": "mydata.note_group",
    "join": "mydata.note_join",
    "join_wrong": "mydata.note_join_wrong",
    "menu": "mydata.note_menu",
    "mydata": "mydata.note_mydata",
    "rate": "mydata.note_rate",
    "skm": "mydata.note_skm",
    "start": "mydata.note_start",
    "stop": "mydata.note_stop",
    "train": "mydata.note_train",
}
"""What is noted, by the name of the notes."""

LABELS = {
    "audience": "mydata.column_audience",
    "comment": "mydata.column_comment",
    "day": "mydata.column_date",
    "group": "mydata.column_position_group",
    "hour": "mydata.column_hour",
    "language": "mydata.column_language",
    "mark": "mydata.column_hash",
    "n": "mydata.column_recipients",
    "paused": "mydata.column_lessons_from",
    "place": "mydata.column_place",
    "point": "mydata.column_point",
    "purposes": "mydata.column_purpose",
    "service": "mydata.column_service",
    "shown": "mydata.column_shown",
    "started": "mydata.column_started",
    "text": "mydata.column_text",
    "title": "mydata.column_title",
    "unit": "mydata.column_unit",
    "visit": "mydata.column_visit",
    "whom": "mydata.column_audience",
}

_MOMENTS = frozenset({"shown", "started"})
_BRIEF = frozenset({"done_quick", "done_skm"})
"""Notes that lead to a response: in a file their key and hour would outlive its 15 minutes."""


@dataclass(frozen=True)
class Names:
    """What numbers in notes stand for."""

    units: Mapping[int, str]
    services: Mapping[int, Offered]


async def told(turn: Turn, step: str, notes: Mapping[str, Any], units: Mapping[int, str]) -> str:
    """Where a conversation stands and everything noted in it, one fact per line."""
    services = {one.id: one for one in await office.all_offered(turn.tx)}
    names = Names(units, services)
    lines = [f"- {_say(turn, 'mydata.column_step')}: {_doing(turn, step)}"]
    for name, note in notes.items():
        title = _say(turn, NOTES[name]) if name in NOTES else name
        lines.append(f"- {title}{_kept(turn, name, note)}")
        if isinstance(note, dict):
            lines += [f"  {line}" for line in await _entries(turn, name, note, names)]
        else:
            lines.append(f"  {note}")
    return "\n".join(lines)


def _say(turn: Turn, key: str, **values: str | int) -> str:
    return flat(turn.say(key, **values))


def _doing(turn: Turn, step: str) -> str:
    journey = step.partition(".")[0]
    if not step:
        return _say(turn, "mydata.step_none")
    return _say(turn, JOURNEYS[journey]) if journey in JOURNEYS else step


def _kept(turn: Turn, name: str, note: Any) -> str:
    if name in _BRIEF or not isinstance(note, dict) or "until" not in note:
        return ""
    at = datetime.fromtimestamp(note["until"], UTC)
    # The day alone: of what is kept for minutes, the hour would tell when a rating was sent.
    day = moments.day(calendar.local_date(at, turn.house.zone), turn.caller.language)
    return " " + _say(turn, "mydata.kept_until", when=day)


async def _entries(turn: Turn, name: str, note: Noted, names: Names) -> list[str]:
    """The entries of one journey's notes; those without words together at the end."""
    lines: list[str] = []
    screen: list[str] = []
    sheet = await _sheet(turn, name, note)
    for entry, value in note.items():
        if entry == "until" or (name in _BRIEF and entry == "key"):
            continue
        if value in (None, False, "", [], {}) and entry != "whom":  # nobody named: all staff
            continue
        said = await _said(turn, name, entry, value, names, sheet)
        if said:
            lines += said
        else:
            screen.append(f"{entry} = {_plain(value)}")
    if screen:
        lines.append(f"{_say(turn, 'mydata.column_screen')}: {'; '.join(screen)}")
    return lines


async def _said(
    turn: Turn, name: str, entry: str, value: Any, names: Names, sheet: Sheet
) -> list[str]:
    """An entry in words; nothing when there are none for it."""
    match entry, value:
        case "answers", dict():
            return [_answer(turn, sheet, key, chosen) for key, chosen in value.items()]
        case (("at" | "page"), str()) if value in sheet:
            return [f"{_say(turn, 'mydata.column_at')}: {turn.local(sheet[value].name)}"]
        case "body", str():
            return _message(turn, value)
        case "hits", list():
            found = [names.services[one].name for one in value if one in names.services]
            return [f"{_say(turn, 'mydata.column_hits')}: {', '.join(found)}"]
        case "proposal", dict():
            return [f"{_say(turn, 'mydata.column_comment')}: {value['text']}"]
        case "versions", dict():
            return [f"{_say(turn, 'mydata.column_version')}: {', '.join(value.values())}"]
        case "step", str():
            return [f"{_say(turn, 'mydata.column_step')}: {_doing(turn, value)}"]
        case "at", list():
            shown = [_moment(turn, one) for one in value]
            return [f"{_say(turn, 'mydata.column_at_times')}: {'; '.join(shown)}"]
    if entry not in LABELS:
        return []
    return [f"{_say(turn, LABELS[entry])}: {await _value(turn, entry, value, names)}"]


async def _value(turn: Turn, entry: str, value: Any, names: Names) -> str:
    if entry in _MOMENTS:
        return _moment(turn, value)
    match entry:
        case "service" if value in names.services:
            service = names.services[value]
            return f"{service.name} – {service.unit_name}"
        case "point":
            return await office.counter_name(turn.tx, value) or str(value)
        case "unit" if value in names.units:
            return names.units[value]
        case "visit":
            return _say(
                turn, "mydata.value_poster" if value == "poster" else "mydata.value_search"
            )
        case "group":
            return group_name(turn, value)
        case "audience":
            return audience_name(turn, value, names.units)
        case "whom":
            whom = "staff" if value is None else f"unit:{value}"
            return audience_name(turn, whom, names.units)
        case "language":
            return language_name(turn, value)
        case "purposes":
            return ", ".join(_say(turn, "mydata.value_announcement") for _ in value)
    return _plain(value)


async def _sheet(turn: Turn, name: str, note: Noted) -> Sheet:
    """The questions that an unfinished questionnaire is about, by their keys."""
    for questionnaire in (SURVEY, ASSESSMENT):
        if questionnaire.name == name:
            try:
                sheet = await questionnaire.sheet(turn, note["versions"])
            except (Gone, KeyError):
                return {}
            return {item.key: item for item in sheet.items}
    return {}


def _answer(turn: Turn, sheet: Sheet, key: str, chosen: Any) -> str:
    item = sheet.get(key)
    name = key if item is None else turn.local(item.name)
    if chosen is None:
        return f"{name}: {_say(turn, 'questionnaire.skipped')}"
    try:
        return f"{name}: {turn.local(item.option(chosen).label)}" if item else f"{name}: {chosen}"
    except KeyError:
        return f"{name}: {chosen}"


def _message(turn: Turn, body: str) -> list[str]:
    """A message that is kept because its choices can still be typed."""
    said = decode(body)
    words = " ".join(flat(said.text).split())
    labels = ", ".join(choice.label for choice in said.choices)
    return [f"“{words}”", f"{_say(turn, 'mydata.column_choices')}: {labels}"]


def _moment(turn: Turn, value: float) -> str:
    at = datetime.fromtimestamp(value, UTC)
    return moments.moment(at, turn.house.zone, turn.caller.language)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- names that other parts of the file need too ---------------------------------------------


def language_name(turn: Turn, language: str) -> str:
    """A language by its own name; one we have no sentences in stays a code."""
    if language not in turn.house.bank.languages:
        return language
    return flat(turn.house.say(language, "language.name"))


def group_name(turn: Turn, key: str) -> str:
    """A position group in words; one that is not there any more stays a key."""
    names = {group.key: turn.local(group.name) for group in turn.house.bank.groups}
    return str(names.get(key, key))


def audience_name(turn: Turn, audience: str, units: Mapping[int, str]) -> str:
    """Whom something is for, in words."""
    if audience == "citizens":
        return _say(turn, "announce.for_citizens")
    if audience == "staff":
        return _say(turn, "announce.for_staff")
    number = audience.removeprefix("unit:")
    if number.isdecimal() and int(number) in units:
        return _say(turn, "announce.for_unit", unit=units[int(number)])
    return audience
