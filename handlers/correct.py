"""`/ubah`: correcting what was sent, in place, while its key is remembered (15 minutes)."""

from __future__ import annotations

from typing import Any

from domain.privacy_mask import mask
from handlers import comment, rate
from handlers.offer import offer
from handlers.questionnaire import answered
from handlers.sheets import BACK, COMMENT, SKIP, Draft, question, summary
from handlers.skm import receipt
from handlers.steps import Command, Heard, Step
from handlers.survey import SURVEY
from handlers.turn import Turn
from storage import responses
from talk.messages import Choice, Outbound
from talk.text import joined, plain

QUICK, SKM, DONE = "quick", "skm", "_done"


async def _change(turn: Turn, _: str) -> None:
    quick, skm = await _known(turn, "done_quick"), await _known(turn, "done_skm")
    if quick is not None and skm is not None:
        turn.go("fix.which")
    elif quick is not None:
        turn.go("fix.quick")
    elif skm is not None:
        turn.go("fix.summary")
    else:
        offer(turn, turn.say("fix.too_late"), [rate.menu(turn)])


async def _known(turn: Turn, name: str) -> dict[str, Any] | None:
    """The notes with a response's key, while they last and the response is there."""
    noted = turn.noted(name)
    if noted is None:
        return None
    if await responses.version_of(turn.tx, noted["key"]) is None:
        turn.drop(name)
        return None
    return noted


def _late(turn: Turn) -> Outbound:
    """What every screen of this journey says once the time is over."""
    return Outbound(turn.say("fix.too_late"), ((rate.menu(turn),),))


# --- which of the two ----------------------------------------------------------------------


async def _show_which(turn: Turn) -> Outbound:
    rows = (
        (turn.choice("fix.button_quick", QUICK),),
        (turn.choice("fix.button_skm", SKM),),
        (turn.choice("fix.button_keep", DONE),),
    )
    return Outbound(turn.say("fix.which"), rows)


async def _take_which(turn: Turn, heard: Heard) -> None:
    noted = turn.noted("done_skm")
    if heard.value == DONE and noted is not None:
        receipt(turn, noted["service"], turn.say("fix.kept"))
    else:
        turn.go("fix.quick" if heard.value == QUICK else "fix.summary")


# --- the quick rating ----------------------------------------------------------------------


async def _show_quick(turn: Turn) -> Outbound:
    if await _known(turn, "done_quick") is None:
        return _late(turn)
    item = turn.house.bank.instruments["quick"].items[0]
    rows = [(Choice(turn.local(o.label), str(o.value)),) for o in item.options]
    text = joined(turn.say("fix.quick"), plain("\n\n"), plain(turn.local(item.text)))
    return Outbound(text, (*rows, (turn.choice("fix.button_keep", DONE),)))


async def _take_quick(turn: Turn, heard: Heard) -> None:
    noted = turn.noted("done_quick")
    assert noted is not None  # else `show` had no choices
    if heard.value != DONE:
        item = turn.house.bank.instruments["quick"].items[0]
        await responses.set_answer(turn.tx, noted["key"], item.key, int(heard.value))
    said = turn.say("fix.kept") if heard.value == DONE else turn.say("fix.changed")
    receipt(turn, noted["service"], said)


# --- the survey ----------------------------------------------------------------------------


async def _sent(turn: Turn, noted: dict[str, Any], page: str = "") -> Draft:
    """What was sent, as a draft that stands on a page. It is never noted."""
    return {
        "answers": await responses.answers_of(turn.tx, noted["key"]),
        "comment": await responses.comment_of(turn.tx, noted["key"]),
        "at": page,
        "edit": True,
    }


async def _show_summary(turn: Turn) -> Outbound:
    noted = await _known(turn, "done_skm")
    if noted is None:
        return _late(turn)
    sheet, sent = await SURVEY.sheet(turn, noted["versions"]), await _sent(turn, noted)
    done = turn.choice("common.done", DONE)
    return summary(turn, sheet, sent, turn.say("fix.summary"), done)


async def _take_summary(turn: Turn, heard: Heard) -> None:
    noted = turn.noted("done_skm")
    assert noted is not None
    if heard.value == DONE:
        turn.drop("fix")
        receipt(turn, noted["service"], turn.say("fix.changed"))
        return
    turn.note("fix")["page"] = heard.value
    turn.go("fix.comment" if heard.value == COMMENT else "fix.item")


async def _show_item(turn: Turn) -> Outbound:
    noted, at = await _known(turn, "done_skm"), turn.noted("fix")
    if noted is None or at is None:
        return _late(turn)
    sheet = await SURVEY.sheet(turn, noted["versions"])
    return question(turn, sheet, await _sent(turn, noted, at["page"]))


async def _take_item(turn: Turn, heard: Heard) -> None:
    noted, at = turn.noted("done_skm"), turn.noted("fix")
    assert noted is not None
    assert at is not None
    if heard.value != BACK:
        await responses.set_answer(turn.tx, noted["key"], at["page"], answered(heard))
    turn.go("fix.summary")


async def _show_comment(turn: Turn) -> Outbound:
    noted = await _known(turn, "done_skm")
    if noted is None:
        return _late(turn)
    return comment.asked(turn, await responses.comment_of(turn.tx, noted["key"]))


async def _take_comment(turn: Turn, heard: Heard) -> None:
    """The summary that follows shows the masked words, so there is no check in between."""
    noted = turn.noted("done_skm")
    if noted is not None and heard.value == SKIP:
        await responses.set_comment(turn.tx, noted["key"], "")
    elif noted is not None and not heard.value and (words := mask(heard.text).text):
        await responses.set_comment(turn.tx, noted["key"], words)
    turn.go("fix.summary")


STEPS = (
    Step("fix.which", _show_which, _take_which),
    Step("fix.quick", _show_quick, _take_quick, discreet=True),
    Step("fix.summary", _show_summary, _take_summary, discreet=True),
    Step("fix.item", _show_item, _take_item, discreet=True),
    Step("fix.comment", _show_comment, _take_comment, free=True, discreet=True),
)
COMMANDS = (Command("ubah", _change, also=("koreksi",)),)
BUTTONS = ()
