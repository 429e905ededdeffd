"""Hadir or tidak: answering an invitation to a training, and the list of one's own."""

from __future__ import annotations

from domain import training
from domain.errors import Refused
from handlers import training_card
from handlers.offer import offer
from handlers.steps import Button, Command
from handlers.turn import Turn
from storage import training as kept
from talk.messages import Choice, Outbound
from talk.text import Text, flat, joined, plain

_LIST = ":list"
_MOST = 5  # sessions with buttons
_LISTED = 10  # sessions in one message


async def _answered(turn: Turn, argument: str) -> None:
    """`7:yes`, with `:list` when it was chosen in the list of trainings."""
    number, _, rest = argument.partition(":")
    answer = rest.removesuffix(_LIST)
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise Refused("training.not_invited")
    session = await training.answer(
        turn.tx, int(number), turn.caller.person_id, answer, now=turn.now
    )
    turn.toast = flat(training_card.state(turn.house, turn.caller.language, answer))
    if rest.endswith(_LIST):
        body = await _mine(turn)
    else:
        body = training_card.confirmation(turn.house, turn.caller.language, session, answer)
    turn.amend(body.text, body.rows)


async def _list(turn: Turn, _: str) -> None:
    """`/pelatihan`: what is to come, and what one has answered."""
    body = await _mine(turn)
    offer(turn, body.text, *body.rows)


async def _mine(turn: Turn) -> Outbound:
    found = await kept.of_person(turn.tx, turn.caller.person_id, after=turn.now)
    menu = (turn.choice("common.menu", "!menu"),)
    if not found:
        return Outbound(turn.say("training.none"), (menu,))
    parts: list[Text] = [turn.say("training.list")]
    rows: list[tuple[Choice, ...]] = []
    house, language = turn.house, turn.caller.language
    for number, (session, answer) in enumerate(found[:_LISTED], 1):
        parts += [plain(f"\n\n{number}. "), training_card.about(house, language, session)]
        if session.cancelled_at is not None:
            parts += [plain("\n"), turn.say("training.list_cancelled")]
            continue
        parts += [plain("\n"), training_card.state(house, language, answer)]
        if len(rows) < _MOST:
            mark = f"{number}. "
            rows.append(
                training_card.buttons(house, language, session, answer, mark=mark, list_=_LIST)
            )
    return Outbound(joined(*parts), (*rows, menu))


STEPS = ()
COMMANDS = (Command("pelatihan", _list, role="staff"),)
BUTTONS = (Button("hadir", _answered, role="staff"),)
