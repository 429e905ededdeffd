"""What is said beside a conversation, which goes on afterwards where it stood."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.steps import Button, Command, Gone, Step
from handlers.turn import Turn
from talk.messages import Choice

Rows = Sequence[Sequence[Choice]]

_RETURN = "kembali"

ANSWERING = frozenset({"rate", "skm", "assess"})
"""Journeys in which there may be answers that were not sent."""


def busy(turn: Turn) -> bool:
    """Whether somebody is in the middle of something; the menu is not something."""
    return bool(turn.dialog.step) and not turn.dialog.step.startswith("menu.")


def with_way_on(turn: Turn, rows: Rows = ()) -> list[list[Choice]]:
    """These choices, and below them the way back to the question, or else to the menu."""
    if busy(turn):
        on = turn.choice("privacy.button_return", f"!{_RETURN}")
    else:
        on = turn.choice("common.menu", "!menu")
    return [*(list(row) for row in rows), [on]]


async def _return(turn: Turn, _: str) -> None:
    if not turn.dialog.step:
        raise Gone
    turn.go(turn.dialog.step)


STEPS: tuple[Step, ...] = ()
COMMANDS: tuple[Command, ...] = ()
BUTTONS: tuple[Button, ...] = (Button(_RETURN, _return),)
