"""The survey of nine elements: begin, answer, go back, resume after days, check, submit."""

from __future__ import annotations

from datetime import timedelta

from domain.rating import CORRECTABLE, Filled, PlaceGone, submit
from handlers import find, places, rate, survey
from handlers.offer import offer
from handlers.sheets import COMMENT, SUMMARY, Draft, Sheet, summary
from handlers.steps import Command, Gone, Heard, Step
from handlers.survey import SURVEY
from handlers.turn import Turn
from talk.messages import Outbound
from talk.text import Text, flat, joined, plain

SEND, LATER, GO, NEW = "_send", "_later", "_go", "_new"


# --- one question --------------------------------------------------------------------------


async def _show_item(turn: Turn) -> Outbound:
    return await SURVEY.show(turn, turn.choice("rate.button_later", LATER))


async def _take_item(turn: Turn, heard: Heard) -> None:
    if heard.value == LATER:
        _lay_aside(turn)
    else:
        await SURVEY.take(turn, heard)


def _lay_aside(turn: Turn) -> None:
    """Keep the answers for later; with none, keep nothing."""
    draft = SURVEY.held(turn)
    place = places.place_in(draft)
    if not draft["answers"]:
        turn.drop(SURVEY.name)
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
    draft = SURVEY.held(turn)
    sheet = await SURVEY.sheet(turn, draft["versions"])
    place = flat(await places.named(turn, places.place_in(draft)))
    head = turn.say("skm.summary", place=place)
    return summary(turn, sheet, draft, head, turn.choice("skm.button_send", SEND))


async def _take_summary(turn: Turn, heard: Heard) -> None:
    if heard.value == SEND:
        await _submit(turn, SURVEY.held(turn))
    else:
        SURVEY.turn_to(turn, heard.value, edit=True)


async def _submit(turn: Turn, draft: Draft) -> None:
    place = places.place_in(draft)
    for item in (await SURVEY.sheet(turn, draft["versions"])).items:
        if not item.optional and not draft["answers"].get(item.key):
            SURVEY.turn_to(turn, item.key)
            return
    filled = Filled(
        instrument="skm",
        version=draft["versions"]["skm"],
        answers={item: value for item, value in draft["answers"].items() if value is not None},
        took=timedelta(seconds=turn.now.timestamp() - draft["started"]),
        channel=turn.inbound.channel,
        language=turn.caller.language,
        staff=bool(await turn.roles()),
        comment=draft["comment"],
    )
    try:
        key = await submit(turn.tx, turn.house.keys, turn.visitor, place, filled, turn.now)
    except PlaceGone:
        raise Gone from None
    turn.drop(SURVEY.name)
    if key is None:
        rate.say_done(turn, place)
        return
    turn.note("done_skm", keep=CORRECTABLE).update(
        key=key, service=place.service_id, versions=draft["versions"]
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
    draft = SURVEY.held(turn)
    sheet = await SURVEY.sheet(turn, draft["versions"])
    old = flat(await places.named(turn, places.place_in(draft)))
    parts = [turn.say("skm.resume", place=old), plain(" "), _where(turn, sheet, draft["at"])]
    new = turn.noted("rate")
    fresh = turn.choice("skm.button_new", NEW)
    if new is not None and new["service"] != draft["service"]:
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
    if instrument is sheet.instruments[0]:
        return turn.say("skm.at_question", number=number, total=len(instrument.items))
    return turn.say("skm.at_profile")


async def _take_resume(turn: Turn, heard: Heard) -> None:
    if heard.value == GO:
        turn.drop("rate")
        SURVEY.proceed(turn)
        return
    turn.drop(SURVEY.name)
    if turn.noted("rate") is None:
        find.look(turn)
    else:
        await rate.welcome(turn)


async def _resume(turn: Turn, _: str) -> None:
    """`/lanjut`: straight to the page where the draft stands."""
    if await survey.alive(turn) is None:
        find.look(turn, lead="no_draft")
    else:
        turn.drop("rate")
        SURVEY.proceed(turn)


STEPS = (
    Step("skm.item", _show_item, _take_item, discreet=True),
    Step("skm.summary", _show_summary, _take_summary, discreet=True),
    Step("skm.resume", _show_resume, _take_resume),
)
COMMANDS = (Command("lanjut", _resume, also=("lanjutkan",)),)
BUTTONS = ()
