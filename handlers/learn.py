"""Micro-lessons in the chat: answering one, and `/belajar` with the hour, the pause and "now"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from content import Lesson
from domain import calendar, learning
from domain.calendar import Overrides
from handlers import joining, lesson_card, moments
from handlers.joining import zone_of
from handlers.steps import Button, Command, Gone, Heard, Step, match
from handlers.turn import House, Turn
from storage import due, outbox
from storage import learning as kept
from storage.learning import Gift, Memory, Wish
from storage.staff import Servant
from talk.messages import Outbound
from talk.text import Text, joined, plain

_ANSWERABLE = timedelta(days=14)
"""For how long a typed "b" is read as the answer to a lesson; its buttons work longer."""


def path(house: House) -> Sequence[str]:
    """The lessons of the path, in order."""
    return [lesson_card.key(lesson) for lesson in house.bank.lessons[learning.PATH]]


# --- answering ------------------------------------------------------------------------------


async def _pressed(turn: Turn, argument: str) -> None:
    token = lesson_card.token(argument)
    if token is None:
        raise Gone
    given = await kept.gift(turn.tx, turn.caller.person_id, token.local_date)
    if given is None:
        raise Gone
    turn.amend(await _answer(turn, given, token.choice))


async def typed(turn: Turn, words: str) -> bool:
    """Read words as the answer to the newest lesson if it is open; tell whether they were one.

    For when nothing else is asked. Choices that were offered after the lesson go before it.
    """
    if not await turn.may("staff"):
        return False
    given = await kept.newest_gift(turn.tx, turn.caller.person_id)
    if given is None or given.choice is not None:
        return False
    if await _offered_since(turn, given):
        return False
    today = await _today(turn)
    if date.fromisoformat(given.local_date) < today - _ANSWERABLE:
        return False
    lesson = await _lesson(turn, given)
    language = turn.caller.language
    value = match(lesson_card.buttons(lesson, language, given.local_date), words)
    token = lesson_card.token((value or "").partition(":")[2])
    if token is None:
        return False
    text = await _answer(turn, given, token.choice)
    turn.disarm(given.target)
    if turn.dialog.target == given.target:
        turn.dialog.prompt = turn.dialog.target = ""
    turn.tell(text)
    return True


async def _offered_since(turn: Turn, given: Gift) -> bool:
    """Whether the current choices are newer than the lesson."""
    current = turn.dialog
    if not current.prompt or current.target == given.target:
        return False
    older = given.target.removeprefix("@")
    return await outbox.newest(turn.tx, [older, current.prompt]) == current.prompt


async def _answer(turn: Turn, given: Gift, choice: int) -> Text:
    """Keep the answer and explain it; only the first one counts."""
    lesson = await _lesson(turn, given)
    if choice >= len(lesson.choices["id"]):
        raise Gone
    overrides = await due.holiday_overrides(turn.tx)
    answered = await learning.answer(
        turn.tx,
        given,
        choice,
        correct=choice == lesson.correct,
        day=await _today(turn),
        overrides=overrides,
        now=turn.now,
    )
    language = turn.caller.language
    if not answered.new:
        counted = answered.gift.choice
        shown = await _lesson(turn, answered.gift)
        text = lesson_card.explained(
            turn.house, language, shown, choice if counted is None else counted
        )
        return joined(text, plain("\n\n"), turn.say("learn.answered_before"))
    text = lesson_card.explained(turn.house, language, lesson, choice)
    return joined(text, plain("\n\n"), await _closing(turn, overrides))


async def _lesson(turn: Turn, given: Gift) -> Lesson:
    found = await lesson_card.in_version(turn.tx, turn.house, given.lesson, given.version)
    if found is None:
        raise Gone
    return found


async def _closing(turn: Turn, overrides: Overrides) -> Text:
    """When there is more: tomorrow, on a day, or whenever one asks for it."""
    servant = await joining.me(turn)
    memories = await _memories(turn)
    state = learning.progress(memories, path(turn.house), await _today(turn))
    at = await _next_at(turn, servant, memories, overrides)
    if at is None:
        return turn.say("learn.close_asked")
    zone = zone_of(turn, servant)
    day = calendar.local_date(at, zone)
    if day == await _today(turn) + timedelta(days=1):
        return turn.say("learn.close_tomorrow")
    when = moments.day(day, turn.caller.language)
    if state.seen == state.total:
        return turn.say("learn.close_complete", when=when)
    return turn.say("learn.close_later", when=when)


# --- /belajar -------------------------------------------------------------------------------


async def _open(turn: Turn, _: str) -> None:
    turn.go("learn.home")


async def _show_home(turn: Turn) -> Outbound:
    servant = await joining.me(turn)
    memories = await _memories(turn)
    overrides = await due.holiday_overrides(turn.tx)
    state = learning.progress(memories, path(turn.house), await _today(turn))
    at = await _next_at(turn, servant, memories, overrides)
    if at is None:
        when = turn.say("learn.no_hour")
    else:
        zone = zone_of(turn, servant)
        when = turn.say("learn.next", when=moments.moment(at, zone, turn.caller.language))
    parts = [turn.say("learn.home", seen=state.seen, total=state.total)]
    if state.due:
        parts += [plain("\n"), turn.say("learn.home_due", due=state.due)]
    rows = []
    ready = await _ready(turn)
    if ready is None:
        parts += [plain("\n\n"), await _nothing_now(turn)]
    elif ready.target:
        rows.append((turn.choice("learn.button_again", "now"),))
    else:
        rows.append((turn.choice("learn.button_now", "now"),))
    text = joined(*parts, plain("\n\n"), when)
    if servant.lesson_hour is None:
        rows.append((turn.choice("learn.button_choose_hour", "hour"),))
    else:
        rows.append((turn.choice("learn.button_hour", "hour"),))
        if _pausing(servant, await _today(turn)):
            rows.append((turn.choice("learn.button_resume", "resume"),))
        else:
            rows.append((turn.choice("learn.button_pause_1", "pause1"),))
            rows.append((turn.choice("learn.button_pause_2", "pause2"),))
    rows.append((turn.choice("common.menu", "!menu"),))
    return Outbound(text, tuple(rows))


def _pausing(servant: Servant, today: date) -> bool:
    """Whether lessons rest for longer than until tomorrow."""
    return servant.lessons_from > (today + timedelta(days=1)).isoformat()


async def _take_home(turn: Turn, heard: Heard) -> None:
    servant = await joining.me(turn)
    zone = zone_of(turn, servant)
    hour = servant.lesson_hour
    if heard.value == "now":
        await _now(turn)
    elif heard.value == "hour":
        turn.go("learn.hour")
    elif hour is not None and heard.value == "resume":
        await learning.set_hour(turn.tx, servant.person_id, hour, zone=zone, now=turn.now)
        turn.go("learn.home")
    elif hour is not None:
        weeks = int(heard.value.removeprefix("pause"))
        await learning.pause(turn.tx, servant.person_id, hour, weeks, zone=zone, now=turn.now)
        turn.go("learn.home")


async def _ready(turn: Turn) -> Gift | None:
    """Today's lesson while it is not answered: sent already, or (no target) still to be given."""
    today = await _today(turn)
    person_id = turn.caller.person_id
    given = await kept.gift(turn.tx, person_id, today.isoformat())
    if given is not None:
        return given if given.choice is None else None
    chosen = learning.choose(await _memories(turn), path(turn.house), today)
    if chosen is None:
        return None
    lesson = next(
        one for one in turn.house.bank.lessons[learning.PATH] if lesson_card.key(one) == chosen
    )
    return Gift(person_id, today.isoformat(), chosen, lesson.version, "")


async def _nothing_now(turn: Turn) -> Text:
    """Why there is no lesson at the moment."""
    today = (await _today(turn)).isoformat()
    if await kept.gift(turn.tx, turn.caller.person_id, today) is None:
        return turn.say("learn.nothing_now")
    return turn.say("learn.had_today")


async def _now(turn: Turn) -> None:
    """Give today's lesson at once; the one of the chosen hour then does not come."""
    given = await _ready(turn)
    if given is None:
        turn.go("learn.home")
        return
    lesson = await _lesson(turn, given)
    if given.target:
        turn.disarm(given.target)
    turn.rest()
    body = lesson_card.card(turn.house, turn.caller.language, lesson, given.local_date)
    turn.prompt_body(body)
    given = given._replace(target=turn.dialog.target)
    if not await kept.give(turn.tx, [given]):
        await kept.send_again(turn.tx, given)


async def _show_hour(turn: Turn) -> Outbound:
    rows = joining.hour_choices(turn)
    if (await joining.me(turn)).lesson_hour is not None:
        rows = (*rows, (turn.choice("learn.button_end", "none"),))
    return Outbound(turn.say("learn.ask_hour"), (*rows, (turn.choice("common.back", "back"),)))


async def _take_hour(turn: Turn, heard: Heard) -> None:
    if heard.value != "back":
        await joining.take_hour(turn, heard)
    turn.go("learn.home")


# --- what the screens need ------------------------------------------------------------------


async def _today(turn: Turn) -> date:
    return calendar.local_date(turn.now, zone_of(turn, await joining.me(turn)))


async def _memories(turn: Turn) -> list[Memory]:
    found = await kept.memories(turn.tx, [turn.caller.person_id])
    return found.get(turn.caller.person_id, [])


async def _next_at(
    turn: Turn, servant: Servant, memories: list[Memory], overrides: Overrides
) -> datetime | None:
    if servant.lesson_hour is None:
        return None
    wish = Wish(
        servant.person_id, servant.name, servant.zone, servant.lesson_hour, servant.lessons_from
    )
    today = (await _today(turn)).isoformat()
    had = await kept.gift(turn.tx, servant.person_id, today) is not None
    return learning.next_at(
        wish,
        memories,
        path(turn.house),
        zone=turn.house.zone,
        had_today=had,
        overrides=overrides,
        now=turn.now,
    )


STEPS = (
    Step("learn.home", _show_home, _take_home, role="staff"),
    # Free, so that a typed "9" means nine o'clock and not the ninth choice.
    Step("learn.hour", _show_hour, _take_hour, free=True, role="staff"),
)
COMMANDS = (Command("belajar", _open, role="staff"),)
BUTTONS = (Button("lesson", _pressed, role="staff"),)
