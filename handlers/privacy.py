"""What is kept and what is not: one screen, at any time, also between two questions."""

from __future__ import annotations

from domain.rating import NOTICE
from handlers.aside import with_way_on
from handlers.steps import Button, Command, Step
from handlers.turn import Turn


async def _privacy(turn: Turn, _: str) -> None:
    turn.tell(turn.say("privacy.whole", version=NOTICE), with_way_on(turn))


STEPS: tuple[Step, ...] = ()
COMMANDS: tuple[Command, ...] = (Command("privasi", _privacy, also=("privacy",)),)
BUTTONS: tuple[Button, ...] = ()
