"""See what is kept about oneself, and have it erased."""

from __future__ import annotations

from datetime import timedelta

from domain import erasure
from handlers.aside import with_way_on
from handlers.my_data_file import written
from handlers.steps import Button, Command, Heard, Step
from handlers.turn import Turn
from storage.erasure import held
from talk.messages import Document, Outbound
from talk.text import flat

_STEP = "mydata.erase"
_YES, _NO = "yes", "no"
_ASKED = timedelta(minutes=15)


async def _my_data(turn: Turn, _: str) -> None:
    rows = await held(turn.tx, turn.caller.person_id)
    words = await written(turn, rows)
    name = flat(turn.say("mydata.file_name"))
    file = Document(name, "text/plain", words.encode("utf-8-sig"))
    choices = with_way_on(turn, [[turn.choice("mydata.button_erase", "!hapus")]])
    turn.send(Outbound(turn.say("mydata.here"), tuple(map(tuple, choices)), file))


async def _erase(turn: Turn, _: str) -> None:
    await erasure.may_erase(turn.tx, turn.caller.person_id)
    turn.note("mydata", keep=_ASKED)
    turn.go(_STEP)


async def _show(turn: Turn) -> Outbound:
    text = turn.say("mydata.ask_staff") if await turn.roles() else turn.say("mydata.ask")
    rows = (
        (turn.choice("mydata.button_yes", _YES),),
        (turn.choice("common.cancel", _NO),),
    )
    return Outbound(text, rows)


async def _take(turn: Turn, heard: Heard) -> None:
    turn.drop("mydata")
    turn.rest()
    if heard.value == _NO:
        turn.prompt(turn.say("mydata.kept"), [[turn.choice("common.menu", "!menu")]])
        return
    turn.caller.person_id = await erasure.erase(
        turn.tx,
        turn.caller.person_id,
        language=turn.caller.language,
        now=turn.now,
        zone=turn.house.zone,
    )
    turn.caller.active = False
    turn.dialog.notes.clear()
    turn.prompt(turn.say("mydata.erased"))


STEPS: tuple[Step, ...] = (Step(_STEP, _show, _take),)
COMMANDS: tuple[Command, ...] = (
    Command("data_saya", _my_data, also=("datasaya",)),
    Command("hapus", _erase),
)
BUTTONS: tuple[Button, ...] = ()
