"""The stop word, heard anywhere: an opt-out, never an answer, and it can be undone."""

from __future__ import annotations

import json

from domain import stopping
from domain.stopping import Stopped, stop_words
from handlers.aside import ANSWERING, busy
from handlers.steps import Button, Command, Step
from handlers.turn import Turn
from talk.messages import Choice
from talk.text import Text, flat, joined, plain

__all__ = ["BUTTONS", "COMMANDS", "STEPS", "stop", "stop_words"]

_NOTE = "stop"


async def stop(turn: Turn) -> None:
    """End what is sent unasked, set an unfinished questionnaire aside, and say so."""
    earlier = turn.noted(_NOTE)
    stopped = await stopping.stop(
        turn.tx, turn.caller.person_id, now=turn.now, zone=turn.house.zone
    )
    step = turn.dialog.step if busy(turn) else ""
    turn.rest()
    undoable = bool(stopped.purposes or stopped.lesson_hour is not None or step)
    if undoable:
        note = turn.note(_NOTE, keep=stopping.UNDO)
        note["purposes"] = [*note.get("purposes", ()), *stopped.purposes]
        if step or "step" not in note:
            note["step"], note["mark"] = step, _mark(turn, step)
        if stopped.lesson_hour is not None or "hour" not in note:
            note["hour"], note["paused"] = stopped.lesson_hour, stopped.lessons_from
    undo = [[turn.choice("stop.button_undo", "!urungkan")]] if undoable or earlier else []
    menu = [turn.choice("common.menu", "!menu")]
    turn.prompt(await _words(turn, stopped, step, bool(undo)), [*undo, menu])


async def _words(turn: Turn, stopped: Stopped, step: str, undoable: bool) -> Text:
    parts = [turn.say("stop.done")]
    if stopped.lesson_hour is not None:
        parts.append(turn.say("stop.lessons"))
    if await turn.may("staff"):
        parts.append(turn.say("stop.duties"))
    if step.partition(".")[0] in ANSWERING:
        parts.append(turn.say("stop.draft"))
    parts.append(turn.say("stop.still"))
    if undoable:
        parts.append(turn.say("stop.undo_hint"))
    return joined(*(piece for part in parts for piece in (part, plain("\n\n"))))[:-1]


async def _stop(turn: Turn, _: str) -> None:
    await stop(turn)


async def _undo(turn: Turn, _: str) -> None:
    note = turn.noted(_NOTE)
    menu: list[list[Choice]] = [[turn.choice("common.menu", "!menu")]]
    if note is None:
        turn.amend(turn.say("stop.undo_late"), menu)
        return
    stopped = Stopped(tuple(note["purposes"]), note["hour"], note["paused"])
    await stopping.undo(turn.tx, turn.caller.person_id, stopped)
    turn.drop(_NOTE)
    step = note["step"]
    # Whoever went on meanwhile stands elsewhere: that step would not fit the notes any more.
    if step and (mark := note.get("mark")) and mark == _mark(turn, step) and not busy(turn):
        turn.toast = flat(turn.say("stop.undone"))
        turn.go(step)
    else:
        turn.amend(turn.say("stop.undone"), menu)


def _mark(turn: Turn, step: str) -> str:
    """A hash of the notes a step belongs to, "" when there are none; it tells of any change."""
    kept = turn.noted(step.partition(".")[0])
    if kept is None:
        return ""
    told = json.dumps({k: v for k, v in kept.items() if k != "until"}, sort_keys=True)
    return turn.house.keys.digest("stop", told.encode()).hex()[:16]


STEPS: tuple[Step, ...] = ()
COMMANDS: tuple[Command, ...] = (Command("berhenti", _stop, also=("stop",)),)
BUTTONS: tuple[Button, ...] = (Button("urungkan", _undo),)
