"""The file of /data_saya: everything the database holds about one person, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from itertools import groupby
from typing import Any

from domain import calendar
from handlers import moments
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
    "step": "mydata.column_step",
    "notes": "mydata.column_notes",
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
}
"""Columns in plain words; a technical one is told under its own name."""

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
}
"""Values in plain words, by their column; any other is told as it is kept."""


async def written(turn: Turn, rows: Mapping[str, Sequence[Row]]) -> str:
    """The whole file, in the person's language."""
    units = await office.unit_names(turn.tx)
    parts = [flat(turn.say("mydata.file_title")), flat(turn.say("mydata.file_ratings"))]
    for table in [*TITLES, *sorted(rows.keys() - TITLES.keys())]:
        if found := rows.get(table):
            title = flat(turn.say(TITLES[table])) if table in TITLES else table
            lines = [_line(turn, _shown(row, units)) for row in found]
            parts.append("\n".join([title.upper(), *_folded(lines)]))
    return "\n\n".join(parts) + "\n"


def _shown(row: Row, units: Mapping[int, str]) -> dict[str, Any]:
    shown = dict(row)
    if "unit_id" in shown:
        shown["unit_id"] = units.get(shown["unit_id"])
    if "notes" in shown:
        shown["notes"] = {name: _noted(note) for name, note in row["notes"].items()}
    return shown


def _noted(note: Any) -> Any:
    """Notes without the key of a response: in a file it would outlive its quarter of an hour."""
    if not isinstance(note, dict):
        return note
    return {name: value for name, value in note.items() if name not in ("key", "until")}


def _folded(lines: Sequence[str]) -> list[str]:
    """Lines that say the same told once: a conversation leaves dozens within a minute."""
    counted = [(line, len(list(same))) for line, same in groupby(lines)]
    return [line if n == 1 else f"{line} (×{n})" for line, n in counted]


def _line(turn: Turn, row: Row) -> str:
    said = [f"{_label(turn, name)}: {_value(turn, name, value)}" for name, value in row.items()]
    return "- " + "; ".join(said)


def _label(turn: Turn, column: str) -> str:
    return flat(turn.say(LABELS[column])) if column in LABELS else column


def _value(turn: Turn, column: str, value: Any) -> str:
    if isinstance(value, str) and (word := WORDS.get((column, value))):
        return flat(turn.say(word))
    if isinstance(value, bool):
        return flat(turn.say("common.yes" if value else "common.no"))
    if isinstance(value, datetime):
        here, language = calendar.local(value, turn.house.zone), turn.caller.language
        if here.time() == time():  # of a consent only the day is kept
            return moments.day(here.date(), language)
        return moments.moment(value, turn.house.zone, language)
    if value is None or value == "":
        return "–"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
