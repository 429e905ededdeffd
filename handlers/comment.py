"""A comment in free words: masked at the door, shown again, used only when the person says so."""

from __future__ import annotations

from typing import Any

from domain.privacy_mask import LONGEST, MARK, mask
from handlers.sheets import BACK, SKIP, chosen
from handlers.steps import Heard, Step
from handlers.survey import SURVEY
from handlers.turn import Turn
from talk.messages import Outbound
from talk.text import joined, plain

USE, AGAIN, DELETE = "use", "again", "delete"

_BEHIND = 5.0
"""Seconds. An app cuts what is longer than 4,096 characters in two; the rest comes right behind
and is no comment of its own. Nobody reads the check and writes anew as quickly."""


def asked(turn: Turn, written: str) -> Outbound:
    """The page where a comment is asked for, with what was `written` before."""
    back, text = turn.choice("common.back", BACK), turn.say("skm.comment")
    if not written:
        return Outbound(text, ((back, turn.choice("common.skip", SKIP)),))
    text = joined(text, plain("\n\n"), chosen(turn, written))
    return Outbound(text, ((back, turn.choice("skm.button_delete", SKIP)),))


async def _show(turn: Turn) -> Outbound:
    return asked(turn, SURVEY.held(turn)["comment"])


async def _take(turn: Turn, heard: Heard) -> None:
    if heard.value == BACK:
        await SURVEY.backward(turn)
    elif heard.value == SKIP:
        SURVEY.held(turn)["comment"] = ""
        await SURVEY.onward(turn)
    else:
        _read(turn, heard.text)


def _read(turn: Turn, words: str) -> None:
    """Keep the masked words as a proposal; the words as typed are kept nowhere."""
    masked = mask(words)
    if not masked.text:
        turn.go("skm.comment")
        return
    at = turn.now.timestamp()
    SURVEY.held(turn)["proposal"] = {**masked._asdict(), "at": at}
    turn.go("skm.check")


async def _show_check(turn: Turn) -> Outbound:
    proposal = SURVEY.held(turn).get("proposal")
    if proposal is None:
        return await _show(turn)
    parts = [turn.say("skm.check", comment=proposal["text"])]
    if proposal["found"]:
        parts += [plain("\n\n"), turn.say("skm.check_masked", mark=MARK)]
    if proposal["cut"]:
        parts += [plain("\n\n"), turn.say("skm.check_cut", limit=LONGEST)]
    rows = (
        (turn.choice("skm.button_use", USE),),
        (turn.choice("skm.button_again", AGAIN),),
        (turn.choice("skm.button_delete", DELETE),),
    )
    return Outbound(joined(*parts), rows)


async def _take_check(turn: Turn, heard: Heard) -> None:
    draft = SURVEY.held(turn)
    if not heard.value and _is_rest(turn, draft.get("proposal")):
        turn.go("skm.check")
        return
    if not heard.value:
        _read(turn, heard.text)
        return
    proposal = draft.pop("proposal", None)
    if heard.value == AGAIN or proposal is None:
        turn.go("skm.comment")
        return
    draft["comment"] = proposal["text"] if heard.value == USE else ""
    await SURVEY.onward(turn)


def _is_rest(turn: Turn, proposal: dict[str, Any] | None) -> bool:
    """Whether what comes now is the second half of what was too long already."""
    if proposal is None or not proposal["cut"]:
        return False
    return bool(turn.now.timestamp() - proposal.get("at", 0.0) < _BEHIND)


STEPS = (
    Step("skm.comment", _show, _take, free=True, discreet=True),
    Step("skm.check", _show_check, _take_check, free=True, discreet=True),
)
COMMANDS = ()
BUTTONS = ()
