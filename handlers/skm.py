"""The survey of nine elements: begin, answer, go back, resume after days, check, submit."""

from __future__ import annotations

from datetime import timedelta

from domain.rating import CORRECTABLE, Filled, PlaceGone, submit
from handlers import draft, find, places, rate
from handlers.draft import COMMENT, SUMMARY, Draft, Sheet
from handlers.offer import offer
from handlers.sheets import BACK, SKIP, nav, question, summary
from handlers.steps import Command, Gone, Heard, Step
from handlers.turn import Turn
from talk.messages import Outbound
from talk.text import Text, flat, joined, plain

SEND, LATER, GO, NEW = "_send", "_later", "_go", "_new"


async def _sheet(turn: Turn, at: Draft) -> Sheet:
    return await draft.sheet_of(turn, at["version"], at["profile"])


# --- one question --------------------------------------------------------------------------


async def _show_item(turn: Turn) -> Outbound:
    at = draft.held(turn)
    sheet = await _sheet(turn, at)
    page = at["at"]
    below = nav(turn, sheet, page)
    if page == sheet.pages[0] and not at["edit"]:
        below = [turn.choice("rate.button_later", LATER)]
    return question(turn, sheet, page, at["answers"].get(page), below)


async def _take_item(turn: Turn, heard: Heard) -> None:
    at = draft.held(turn)
    if heard.value == BACK:
        await draft.backward(turn)
    elif heard.value == LATER:
        lay_aside(turn)
    else:
        at["answers"][at["at"]] = None if heard.value == SKIP else int(heard.value)
        await draft.onward(turn)


def lay_aside(turn: Turn) -> None:
    """Keep the answers for later; with none, keep nothing."""
    at = draft.held(turn)
    place = places.place_in(at)
    if not at["answers"]:
        turn.drop("skm")
        rate.postpone_from(turn, place)
        return
    offer(
        turn,
        turn.say("skm.kept"),
        [turn.choice("menu.button_resume", "!lanjut")],
        [rate.see_results(turn, place)],
        [rate.menu(turn)],
    )


# --- the summary ---------------------------------------------------------------------------


async def _show_summary(turn: Turn) -> Outbound:
    at = draft.held(turn)
    sheet = await _sheet(turn, at)
    place = flat(await places.named(turn, places.place_in(at)))
    return summary(
        turn,
        sheet,
        at["answers"],
        at["comment"],
        head=turn.say("skm.summary", place=place),
        below=[turn.choice("skm.button_send", SEND)],
    )


async def _take_summary(turn: Turn, heard: Heard) -> None:
    at = draft.held(turn)
    if heard.value == SEND:
        await _submit(turn, at)
    else:
        at["edit"] = True
        draft.turn_to(turn, heard.value)


async def _submit(turn: Turn, at: Draft) -> None:
    sheet = await _sheet(turn, at)
    place = places.place_in(at)
    for item in sheet.items:
        if not item.optional and not at["answers"].get(item.key):
            draft.turn_to(turn, item.key)
            return
    filled = Filled(
        instrument="skm",
        version=at["version"],
        answers={item: value for item, value in at["answers"].items() if value is not None},
        took=timedelta(seconds=turn.now.timestamp() - at["started"]),
        channel=turn.inbound.channel,
        language=turn.caller.language,
        staff=bool(await turn.roles()),
        comment=at["comment"],
    )
    try:
        key = await submit(turn.tx, turn.house.keys, turn.visitor, place, filled, turn.now)
    except PlaceGone:
        raise Gone from None
    turn.drop("skm")
    if key is None:
        rate.say_done(turn, place)
        return
    turn.note("done_skm", keep=CORRECTABLE).update(
        key=key, service=place.service_id, profile=at["profile"]
    )
    receipt(turn, place.service_id, turn.say("skm.receipt"))


def receipt(turn: Turn, service_id: int, text: Text) -> None:
    """Say something that tells no answer, with the ways on from there."""
    offer(
        turn,
        text,
        [rate.change(turn, service_id)],
        [turn.choice("rate.button_results", f"!hasil:{service_id}")],
        [rate.menu(turn)],
    )


# --- coming back ---------------------------------------------------------------------------


async def _show_resume(turn: Turn) -> Outbound:
    at = draft.held(turn)
    sheet = await _sheet(turn, at)
    old = flat(await places.named(turn, places.place_in(at)))
    parts = [turn.say("skm.resume", place=old), plain(" "), _where(turn, sheet, at["at"])]
    new = turn.noted("rate")
    fresh = turn.choice("skm.button_new", NEW)
    if new is not None and new["service"] != at["service"]:
        name = (await places.service_at(turn, places.place_in(new))).name
        fresh = turn.choice("skm.button_other", NEW, service=name)
    parts += [plain("\n\n"), turn.say("skm.resume_choose")]
    return Outbound(joined(*parts), ((turn.choice("skm.button_go", GO),), (fresh,)))


def _where(turn: Turn, sheet: Sheet, page: str) -> Text:
    if page == SUMMARY:
        return turn.say("skm.at_summary")
    if page == COMMENT:
        return turn.say("skm.at_comment")
    instrument, number = sheet.position(page)
    if instrument is sheet.skm:
        return turn.say("skm.at_question", number=number, total=len(instrument.items))
    return turn.say("skm.at_profile")


async def _take_resume(turn: Turn, heard: Heard) -> None:
    if heard.value == GO:
        turn.drop("rate")
        draft.proceed(turn)
        return
    turn.drop("skm")
    if turn.noted("rate") is None:
        find.look(turn)
    else:
        await rate.welcome(turn)


async def _resume(turn: Turn, _: str) -> None:
    """`/lanjut`: straight to the page where the draft stands."""
    if await draft.alive(turn) is None:
        find.look(turn, lead="no_draft")
    else:
        turn.drop("rate")
        draft.proceed(turn)


STEPS = (
    Step("skm.item", _show_item, _take_item, discreet=True),
    Step("skm.summary", _show_summary, _take_summary, discreet=True),
    Step("skm.resume", _show_resume, _take_resume),
)
COMMANDS = (Command("lanjut", _resume, also=("lanjutkan",)),)
BUTTONS = ()
