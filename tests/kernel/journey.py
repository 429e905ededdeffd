"""A small conversation for the kernel's tests, with mishaps on demand."""

from __future__ import annotations

from typing import cast

from sqlalchemy import delete, update

from domain.errors import Refused
from handlers.router import Router
from handlers.steps import Button, Command, Gone, Heard, Step
from handlers.turn import Turn
from simulator import Phone
from storage.dialogs import Dialog
from storage.ledger import count
from storage.outbox import Outbox as OutboxRow
from storage.people import Address
from talk.messages import Choice, Outbound, Parcel, Policy
from talk.text import plain
from tests.kit.world import World


class Journey:
    """Asks "first" and "second"; counts answers in the ledger under "kernel.answer"."""

    def __init__(self) -> None:
        self.fail = 0  # how many of the next answers strike a bug
        self.stray = 0  # how many of the next "/nyasar" say what the outbox does not take
        self.stray_taps = False  # whether answers do, too
        self.gone = False  # whether what the questions are about is not there any more
        self.STEPS = (
            Step("q.first", self._show, self._take),
            Step("q.second", self._show, self._take),
        )
        self.COMMANDS = (
            Command("mulai", self._begin),
            Command("tolak", self._refuse),
            Command("rahasia", self._begin, role="admin"),
            Command("nyasar", self._stray),
            Command("hilang", self._vanish),
        )
        self.BUTTONS = (Button("hadir", self._stand),)

    async def _begin(self, turn: Turn, _: str) -> None:
        turn.note("q")["answers"] = []
        turn.go("q.first")

    async def _show(self, turn: Turn) -> Outbound:
        if self.gone:
            raise Gone
        name = turn.dialog.step
        rows = ((Choice("Ya", "yes"),), (Choice("Tidak", "no"),))
        return Outbound(plain(f"{name}?"), rows)

    async def _take(self, turn: Turn, heard: Heard) -> None:
        await count(turn.tx, {("kernel.answer", ""): 1})
        if self.stray_taps:
            turn.parcels.append(_unfit(turn))
        if self.fail:
            self.fail -= 1
            raise RuntimeError("a bug")
        turn.note("q")["answers"].append(heard.value)
        if turn.dialog.step == "q.first":
            turn.go("q.second")
        else:
            turn.rest()
            turn.prompt(plain(f"selesai: {turn.noted('q')}"))
            turn.drop("q")

    async def _refuse(self, turn: Turn, _: str) -> None:
        raise Refused("turn.not_allowed")

    async def _stray(self, turn: Turn, _: str) -> None:
        """Answer, and say something that cannot be written down: known only at the end."""
        await count(turn.tx, {("kernel.stray", ""): 1})
        turn.tell(plain("nyasar"))
        if self.stray:
            self.stray -= 1
            turn.parcels.append(_unfit(turn))

    async def _vanish(self, turn: Turn, _: str) -> None:
        """Take away the address under the feet of the batch."""
        await turn.tx.execute(update(OutboxRow).values(address_id=None))
        await turn.tx.execute(delete(Dialog))
        await turn.tx.execute(delete(Address).where(Address.id == turn.caller.address_id))
        turn.go("q.first")

    async def _stand(self, turn: Turn, argument: str) -> None:
        await count(turn.tx, {("kernel.stand", argument): 1})
        turn.amend(plain(f"hadir {argument}"))


def _unfit(turn: Turn) -> Parcel:
    """A message of no class: the database refuses it when the whole batch is written down."""
    body, nothing = Outbound(plain("halo")), cast(Policy, None)
    return Parcel(f"stray:{turn.inbox_id}", turn.caller.address_id, body, policy=nothing)


async def _start(turn: Turn, payload: str) -> None:
    turn.tell(plain(f"halo {payload}"), ((Choice("Hadir", "!hadir:7"),),))


async def _menu(turn: Turn) -> None:
    turn.prompt(plain("menu"), ((Choice("Mulai", "!mulai"),),))


async def _idle(turn: Turn, words: str) -> None:
    turn.tell(plain(f"gema {words}"))


async def _stop(turn: Turn) -> None:
    turn.rest()
    turn.tell(plain("berhenti"))


def router(journey: Journey | None = None) -> Router:
    return Router(
        [journey or Journey()],
        start=_start,
        menu=_menu,
        idle=_idle,
        stop=_stop,
        stop_words=lambda words: words.casefold() == "stop",
    )


async def asked(world: World, *names: str) -> list[Phone]:
    """People who stand before the first question."""
    phones = [world.phone(name) for name in names]
    for phone in phones:
        await phone.start()
        await phone.send("/mulai")
    await world.settle()
    return phones
