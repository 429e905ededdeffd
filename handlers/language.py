"""The language: chosen once and remembered; a question being asked is asked again in it."""

from __future__ import annotations

from handlers.aside import busy, with_way_on
from handlers.steps import Button, Command, Step
from handlers.turn import Turn
from storage import people
from talk.messages import Choice
from talk.text import flat

_NAME = "language.name"


async def _language(turn: Turn, chosen: str) -> None:
    offered = _offered(turn)
    if chosen not in offered:
        rows = [[Choice(name, f"!bahasa:{lang}")] for lang, name in offered.items()]
        turn.tell(turn.say("language.ask"), with_way_on(turn, rows))
        return
    await people.set_language(turn.tx, turn.caller.person_id, chosen)
    turn.caller.language = chosen
    done = turn.say("language.chosen")
    if busy(turn):
        turn.toast = flat(done)
        turn.go(turn.dialog.step)
    else:
        turn.amend(done, with_way_on(turn))


def _offered(turn: Turn) -> dict[str, str]:
    """The languages that say their own name: code → name."""
    sentences = turn.house.bank.sentences
    return {lang: words[_NAME] for lang, words in sentences.items() if _NAME in words}


STEPS: tuple[Step, ...] = ()
COMMANDS: tuple[Command, ...] = (Command("bahasa", _language, also=("language",)),)
BUTTONS: tuple[Button, ...] = ()
