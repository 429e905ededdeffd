"""The file of /data_saya: everything the database holds about one person, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from itertools import groupby
from typing import Any

from domain import calendar
from handlers import lesson_card, moments
from handlers.my_data_talk import audience_name, group_name, language_name, told
from handlers.turn import Turn
from storage import office
from talk.text import flat

Row = Mapping[str, Any]

TITLES = {
    "person": "mydata.table_person",
    "address": "mydata.table_address",
    "consent": "mydata.table_consent",
    "dialog": "mydata.table_dialog",
    "role": "mydata.table_role",
    "staff": "mydata.table_staff",
    "invitation": "mydata.table_invitation",
    "assessment": "mydata.table_assessment",
    "assessment_answer": "mydata.table_assessment_answer",
    "lesson_given": "mydata.table_lesson_given",
    "card": "mydata.table_card",
    "review": "mydata.table_review",
    "training_invitee": "mydata.table_training_invitee",
    "training_session": "mydata.table_training_session",
    "occurrence": "mydata.table_occurrence",
    "announcement": "mydata.table_announcement",
    "audit": "mydata.table_audit",
    "outbox": "mydata.table_outbox",
}
"""Tables in the order they are told; one that is missing here comes at the end, untitled."""

LABELS = {
    "language": "mydata.column_language",
    "channel": "mydata.column_channel",
    "key": "mydata.column_key",
    "active": "mydata.column_active",
    "purpose": "mydata.column_purpose",
    "version": "mydata.column_version",
    "given_at": "mydata.column_given_at",
    "withdrawn_at": "mydata.column_withdrawn_at",
    "role": "mydata.column_role",
    "unit_id": "mydata.column_unit",
    "since": "mydata.column_since",
    "ended_at": "mydata.column_ended_at",
    "name": "mydata.column_name",
    "position_group": "mydata.column_position_group",
    "lesson_hour": "mydata.column_lesson_hour",
    "lesson": "mydata.column_lesson",
    "local_date": "mydata.column_date",
    "due_date": "mydata.column_due_date",
    "correct": "mydata.column_correct",
    "answer": "mydata.column_answer",
    "finished_at": "mydata.column_finished_at",
    "item": "mydata.column_item",
    "level": "mydata.column_level",
    "title": "mydata.column_title",
    "starts_at": "mydata.column_starts_at",
    "place": "mydata.column_place",
    "created_at": "mydata.column_created_at",
    "settled_at": "mydata.column_settled_at",
    "lane": "mydata.column_lane",
    "state": "mydata.column_state",
    "text": "mydata.column_text",
    "id": "mydata.column_number",
    "sender": "mydata.column_sender",
    "audience": "mydata.column_audience",
    "resend_of": "mydata.column_resend_of",
    "recipients": "mydata.column_recipients",
    "frozen_upto": "mydata.column_frozen_upto",
    "not_before": "mydata.column_not_before",
    "expires_at": "mydata.column_expires_at",
    "progress": "mydata.column_target",
    "reported": "mydata.column_reported",
    "reported_at": "mydata.column_reported_at",
    "at": "mydata.column_at_time",
    "action": "mydata.column_action",
    "object": "mydata.column_object",
    "fsrs": "mydata.column_fsrs",
    "hash": "mydata.column_hash",
    "used_at": "mydata.column_used_at",
    "target": "mydata.column_target",
    "rule": "mydata.column_rule",
    "due_at": "mydata.column_due_at",
    "until": "mydata.column_until",
    "reason": "mydata.column_reason",
    "choice": "mydata.column_choice",
    "lessons_from": "mydata.column_lessons_from",
    "session_id": "mydata.column_session",
    "answered_at": "mydata.column_answered_at",
    "zone": "mydata.column_zone",
    "cancelled_at": "mydata.column_cancelled_at",
    "assessment_id": "mydata.column_assessment",
}
"""Columns in plain words; one that is missing here is told under its own name."""

WORDS = {
    ("purpose", "announcement"): "mydata.value_announcement",
    ("role", "staff"): "mydata.value_staff",
    ("role", "admin"): "mydata.value_admin",
    ("lane", "interactive"): "mydata.value_interactive",
    ("lane", "security"): "mydata.value_security",
    ("lane", "reminder"): "mydata.value_reminder",
    ("lane", "broadcast"): "mydata.value_broadcast",
    ("state", "ready"): "mydata.value_ready",
    ("state", "sending"): "mydata.value_sending",
    ("state", "sent"): "mydata.value_sent",
    ("state", "failed"): "mydata.value_failed",
    ("state", "uncertain"): "mydata.value_uncertain",
    ("state", "expired"): "mydata.value_expired",
    ("state", "cancelled"): "mydata.value_cancelled",
    ("state", "due"): "mydata.value_due",
    ("state", "handed"): "mydata.value_sent",
    ("state", "skipped"): "mydata.value_skipped",
    ("state", "frozen"): "mydata.value_frozen",
    ("state", "done"): "mydata.value_done",
    ("state", "stopped"): "mydata.value_stopped",
    ("reason", "late"): "mydata.value_late",
    ("reason", "not_wanted"): "mydata.value_not_wanted",
    ("reason", "nothing_due"): "mydata.value_nothing_due",
    ("reason", "had_one"): "mydata.value_had_one",
    ("reason", "no_role"): "mydata.value_no_role",
    ("reason", "no_address"): "mydata.value_no_address",
    ("reason", "not_invited"): "mydata.value_not_invited",
    ("reason", "cancelled"): "mydata.value_cancelled",
    ("reason", "answered"): "mydata.value_answered",
    ("rule", "lesson"): "mydata.value_lesson",
    ("answer", "yes"): "mydata.value_coming",
    ("answer", "no"): "mydata.value_not_coming",
    ("action", "announcement.confirm"): "mydata.value_confirmed",
    ("action", "announcement.resend"): "mydata.value_resent",
    ("action", "announcement.stop"): "mydata.value_stopped_one",
    ("action", "office.seed"): "mydata.value_seeded",
    ("action", "office.unseed"): "mydata.value_unseeded",
    ("action", "person.erased"): "mydata.value_erased",
    ("action", "role.grant"): "mydata.value_granted",
    ("action", "role.invite"): "mydata.value_invited",
    ("action", "training.cancel"): "mydata.value_called_off",
    ("action", "training.create"): "mydata.value_set_up",
}
"""Values in plain words, by their column; any other is told as it is kept."""


DAYS = frozenset({"local_date", "due_date", "lessons_from"})
"""Columns with a local day as text."""


async def written(turn: Turn, rows: Mapping[str, Sequence[Row]]) -> str:
    """The whole file, in the person's language."""
    units = await office.unit_names(turn.tx)
    parts = [_say(turn, "mydata.file_title"), _say(turn, "mydata.file_ratings")]
    for table in [*TITLES, *sorted(rows.keys() - TITLES.keys())]:
        if found := rows.get(table):
            title = _say(turn, TITLES[table]) if table in TITLES else table
            lines = [await _line(turn, table, row, units) for row in found]
            parts.append("\n".join([title.upper(), *_folded(lines)]))
    return "\n\n".join(parts) + "\n"


def _say(turn: Turn, key: str, **values: str | int) -> str:
    return flat(turn.say(key, **values))


def _folded(lines: Sequence[str]) -> list[str]:
    """Lines that say the same told once: a conversation leaves dozens within a minute."""
    counted = [(line, len(list(same))) for line, same in groupby(lines)]
    return [line if n == 1 else f"{line} (×{n})" for line, n in counted]


async def _line(turn: Turn, table: str, row: Row, units: Mapping[int, str]) -> str:
    if table == "dialog":
        return await told(turn, row["step"], row["notes"], units)
    said = [
        f"{_say(turn, LABELS[name]) if name in LABELS else name}: "
        f"{_value(turn, name, value, units)}"
        for name, value in row.items()
    ]
    return "- " + "; ".join(said)


def _value(turn: Turn, column: str, value: Any, units: Mapping[int, str]) -> str:
    if isinstance(value, str) and (word := WORDS.get((column, value))):
        return _say(turn, word)
    if isinstance(value, bool):
        return _say(turn, "common.yes" if value else "common.no")
    if isinstance(value, datetime):
        here, language = calendar.local(value, turn.house.zone), turn.caller.language
        if here.time() == time():  # of a consent only the day is kept
            return moments.day(here.date(), language)
        return moments.moment(value, turn.house.zone, language)
    if value is None or value == "":
        return "–"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        told = [f"{name} {one}" for name, one in value.items() if one is not None]
        return ", ".join(told) or "–"
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return _named(turn, column, value, units)


def _named(turn: Turn, column: str, value: Any, units: Mapping[int, str]) -> str:
    """What a key or a number stands for; itself where it stands for nothing."""
    language = turn.caller.language
    match column:
        case "unit_id":
            return units.get(value, str(value))
        case "language":
            return language_name(turn, value)
        case "position_group":
            return group_name(turn, value)
        case "audience":
            return audience_name(turn, value, units)
        case "lesson_hour":
            return moments.hour(time(value), language)
        case "choice":
            return "ABCD"[value]
        case "lesson":
            return _lesson(turn, value)
        case "item":
            items = {item.key: item for item in turn.house.bank.instruments["assess"].items}
            return str(turn.local(items[value].name)) if value in items else str(value)
        case "rule":
            return _training(turn, value)
        case _ if column in DAYS:
            return moments.day(date.fromisoformat(value), language)
    return str(value)


def _lesson(turn: Turn, key: str) -> str:
    path, _, _ = key.partition("/")
    for one in turn.house.bank.lessons.get(path, ()):
        if lesson_card.key(one) == key:
            return str(turn.local(one.title))
    return key


def _training(turn: Turn, rule: str) -> str:
    """A message about a training: "training:7:h1" is the reminder on the day before."""
    said = {
        "invite": "mydata.value_invite",
        "h7": "mydata.value_h7",
        "h1": "mydata.value_h1",
        "hour": "mydata.value_hour",
        "cancelled": "mydata.value_off",
    }
    first, _, rest = rule.partition(":")
    number, _, what = rest.partition(":")
    if first != "training" or what not in said:
        return rule
    return f"{_say(turn, said[what])} ({_say(turn, 'mydata.column_session')} {number})"
