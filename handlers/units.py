"""Choosing a unit by buttons, down the branch of the tree that a role covers."""

from __future__ import annotations

from typing import Any

from domain.scope import Scope
from handlers.turn import Turn
from talk.messages import Choice

PAGE = 8
"""Units shown at once; more make a list nobody reads on a phone."""

Row = tuple[Choice, ...]


def choices(turn: Turn, scope: Scope, note: dict[str, Any]) -> tuple[Row, ...]:
    """The units below the one where `note` stands, the whole of it, and ways on and back."""
    at = _place(scope, note)
    below = scope.below(at)
    page = min(int(note.get("page", 0)), max(0, (len(below) - 1) // PAGE))
    rows: list[Row] = []
    if at is not None:
        rows.append((turn.choice("admin.whole_unit", f"p:{at}", unit=scope.units[at].name),))
    for unit in below[page * PAGE : (page + 1) * PAGE]:
        # A unit with others below it is opened; one without is chosen at once.
        rows.append((Choice(unit.name, f"{'u' if scope.below(unit.id) else 'p'}:{unit.id}"),))
    turning = []
    if page > 0:
        turning.append(turn.choice("admin.page_back", f"n:{page - 1}"))
    if (page + 1) * PAGE < len(below):
        turning.append(turn.choice("admin.page_on", f"n:{page + 1}"))
    if turning:
        rows.append(tuple(turning))
    if at is not None and scope.units[at].parent_id in scope.units:
        rows.append((turn.choice("admin.unit_up", f"u:{scope.units[at].parent_id}"),))
    elif at is not None and len(scope.below(None)) > 1:
        rows.append((turn.choice("admin.unit_up", "u:0"),))
    return tuple(rows)


def chosen(scope: Scope, note: dict[str, Any], value: str) -> int | None:
    """The unit that was picked; None when the person only looks further (kept in `note`)."""
    what, _, number = value.partition(":")
    which = int(number)
    if what == "n":
        note["page"] = which
        return None
    if what == "u":
        note["at"], note["page"] = which, 0
        return None
    return which if which in scope else None


def _place(scope: Scope, note: dict[str, Any]) -> int | None:
    """Where the person looks; at the start the one highest unit, if there is just one."""
    at = note.get("at") or None
    if at in scope.units:
        return int(at)
    highest = scope.below(None)
    return highest[0].id if len(highest) == 1 else None
