"""Which journey an inbound belongs to, and the one place where it is allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from domain.errors import Refused
from handlers.steps import Button, Command, Gone, Heard, Step, match
from handlers.turn import Turn
from storage import outbox, people
from talk.messages import Inbound, Kind, Outbound
from talk.text import Text, flat, joined, plain

_Named = TypeVar("_Named", Step, Command, Button)


class Journey(Protocol):
    """What a journey's module offers."""

    @property
    def STEPS(self) -> Sequence[Step]:  # noqa: N802
        """Its questions."""

    @property
    def COMMANDS(self) -> Sequence[Command]:  # noqa: N802
        """What can be typed after a slash."""

    @property
    def BUTTONS(self) -> Sequence[Button]:  # noqa: N802
        """Choices that stand by themselves."""


class Router:
    """All journeys, and the order in which what a person did is read."""

    def __init__(
        self,
        journeys: Sequence[Journey],
        *,
        start: Callable[[Turn, str], Awaitable[None]],
        menu: Callable[[Turn], Awaitable[None]],
        stop_words: Callable[[str], bool],
        stop: Callable[[Turn], Awaitable[None]],
        idle: Callable[[Turn, str], Awaitable[None]],
        reply: Callable[[Turn, str], Awaitable[bool]] | None = None,
    ) -> None:
        """Collect the journeys. Raises ValueError when two claim one name.

        `reply` reads words as the answer to a message that stands by itself (a lesson), where
        nothing else is asked; it tells whether they were one.
        """
        self.steps = _by_name([s for j in journeys for s in j.STEPS])
        self.commands = _by_name([c for j in journeys for c in j.COMMANDS])
        self.buttons = _by_name([b for j in journeys for b in j.BUTTONS])
        for command in list(self.commands.values()):
            for word in command.also:
                if self.commands.setdefault(word, command) is not command:
                    raise ValueError(f"two commands answer to {word}")
        self._start, self._menu, self._idle = start, menu, idle
        self._stop_words, self._stop, self._reply = stop_words, stop, reply

    def is_stop(self, inbound: Inbound) -> bool:
        """Whether somebody wants nothing more from us, by a word or by a command."""
        return inbound.kind in (Kind.TEXT, Kind.COMMAND) and self._stop_words(inbound.text)

    async def handle(self, turn: Turn) -> None:
        """Answer one inbound; never silence, never a dead end."""
        inbound = turn.inbound
        if inbound.kind is Kind.UNKNOWN:
            return
        if inbound.kind is Kind.GROUP:
            self._group(turn)
            return
        if inbound.kind in (Kind.BLOCKED, Kind.UNBLOCKED):
            await self._door(turn, open_=inbound.kind is Kind.UNBLOCKED)
            return
        if not turn.caller.active:
            await self._door(turn, open_=True)
        before = len(turn.parcels)
        here = self.steps.get(turn.dialog.step)
        turn.discreet = here is not None and here.discreet
        try:
            await self._answer(turn)
            if turn.moved:
                await self._show(turn)
        except Refused as refused:
            del turn.parcels[before:]
            hint = turn.say(refused.key, **refused.values)
            try:
                await self._again(turn, hint)
            except Gone:  # the question it would go back to is not there any more
                await self._home(turn, hint)
        except Gone:
            del turn.parcels[before:]
            await self._home(turn, turn.say("turn.gone"))

    async def _answer(self, turn: Turn) -> None:
        inbound = turn.inbound
        if inbound.kind is Kind.START:
            await self._start(turn, inbound.argument)
        elif inbound.kind is Kind.COMMAND:
            await self._command(turn, inbound.text, inbound.argument)
        elif inbound.kind is Kind.PRESS:
            await self._press(turn)
        elif inbound.kind is Kind.TEXT and self._stop_words(inbound.text):
            await self._stop(turn)
        elif inbound.kind is Kind.TEXT:
            await self._typed(turn, inbound.text)
        elif inbound.kind is Kind.EDITED:
            await self._again(turn, turn.say("turn.edited"))
        else:
            await self._again(turn, turn.say("turn.only_text"))

    # --- the four ways in -----------------------------------------------------------------

    async def _command(self, turn: Turn, name: str, argument: str) -> None:
        command = self.commands.get(name)
        if command is None:
            await self._again(turn, turn.say("turn.unknown_command"))
        elif not await turn.may(command.role):
            await self._again(turn, turn.say("turn.not_allowed"))
        else:
            await command.run(turn, argument)

    async def _press(self, turn: Turn) -> None:
        press = turn.inbound.press
        if press is None:
            await self._stale(turn)
            return
        if press.value.startswith("!"):
            await self._chosen(turn, press.value)
            return
        step = self.steps.get(turn.dialog.step)
        if step is None or press.ref != turn.dialog.prompt or not await turn.may(step.role):
            await self._stale(turn)
            return
        shown = await step.show(turn)
        if press.value not in {choice.value for choice in shown.choices}:
            await self._stale(turn)
            return
        await step.take(turn, Heard(value=press.value))

    async def _typed(self, turn: Turn, words: str) -> None:
        step = self.steps.get(turn.dialog.step)
        if step is None or not await turn.may(step.role):
            turn.rest()
            if not await self._replied(turn, words) and not await self._named(turn, words):
                await self._idle(turn, words)
            return
        if step.resting and await self._replied(turn, words):
            return
        shown = await step.show(turn)
        value = match(shown.choices, words, numbers=step.numbered or not step.free)
        if (value is not None or step.free) and not await self._seen(turn):
            await self._again(turn, turn.say("turn.not_seen"))
        elif value is not None and value.startswith("!"):
            await self._chosen(turn, value)
        elif value is not None:
            await step.take(turn, Heard(value=value, text=words))
        elif (step.numbered or not step.free) and await self._named(turn, words):
            pass
        elif step.free:
            await step.take(turn, Heard(text=words))
        else:
            await self._again(turn, turn.say("turn.choose_again"))

    async def _seen(self, turn: Turn) -> bool:
        """Whether the words can be meant for the question where we stand.

        Who hears nothing types her answer again: that must not answer the next question, which
        she has not seen. One without choices has no reference to look it up by.
        """
        prompt = turn.dialog.prompt
        return not prompt or await outbox.may_answer(turn.tx, prompt, received_at=turn.received_at)

    async def _replied(self, turn: Turn, words: str) -> bool:
        return self._reply is not None and await self._reply(turn, words)

    async def _named(self, turn: Turn, words: str) -> bool:
        """Run the command whose bare name was typed ("menu", "data saya"), if it is one."""
        name = "_".join(words.casefold().split())
        if len(words) > 30 or name not in self.commands:
            return False
        await self._command(turn, name, "")
        return True

    async def _chosen(self, turn: Turn, value: str) -> None:
        name, _, argument = value[1:].partition(":")
        reached = self.buttons.get(name) or self.commands.get(name)
        if reached is None:
            await self._stale(turn)
        elif not await turn.may(reached.role):
            turn.toast = flat(turn.say("turn.not_allowed"))
            await self._again(turn, turn.say("turn.not_allowed"))
        else:
            await reached.run(turn, argument)

    # --- kind answers ---------------------------------------------------------------------

    async def _stale(self, turn: Turn) -> None:
        """An old or foreign button: say so briefly and show what is current."""
        turn.toast = flat(turn.say("turn.outdated"))
        await self._again(turn, ())

    async def _again(self, turn: Turn, hint: Text) -> None:
        """Say `hint` and the current question again, or the menu when there is none."""
        step = self.steps.get(turn.dialog.step)
        if step is None or not await turn.may(step.role):
            await self._home(turn, hint)
            return
        shown = await step.show(turn)
        if hint:
            shown = _with_hint(shown, hint)
        turn.prompt_body(shown)
        turn.moved = False

    async def _home(self, turn: Turn, hint: Text) -> None:
        """Lead to the menu, with `hint` in the same message when the menu is a step."""
        turn.rest()
        await self._menu(turn)
        if turn.moved:
            shown = await self.steps[turn.dialog.step].show(turn)
            turn.prompt_body(_with_hint(shown, hint) if hint else shown)
            turn.moved = False
        elif hint:
            turn.tell(hint)

    async def _show(self, turn: Turn) -> None:
        """Show the step gone to; one may come back to it after the role for it has ended."""
        step = self.steps[turn.dialog.step]
        if not await turn.may(step.role):
            await self._home(turn, turn.say("turn.not_allowed"))
            return
        turn.prompt_body(await step.show(turn))
        turn.moved = False

    def _group(self, turn: Turn) -> None:
        if "group" not in turn.dialog.notes:
            turn.dialog.notes["group"] = {}
            turn.tell(turn.say("turn.private_only"))

    async def _door(self, turn: Turn, *, open_: bool) -> None:
        await people.set_active(turn.tx, turn.caller.address_id, open_)
        turn.caller.active = open_
        if not open_:
            await outbox.cancel_for(turn.tx, turn.caller.address_id, at=turn.now, reason="blocked")


def _with_hint(shown: Outbound, hint: Text) -> Outbound:
    return Outbound(joined(hint, plain("\n\n"), shown.text), shown.rows, shown.document)


def _by_name(things: Sequence[_Named]) -> dict[str, _Named]:
    names: dict[str, _Named] = {}
    for thing in things:
        if names.setdefault(thing.name, thing) is not thing:
            raise ValueError(f"two journeys claim {thing.name}")
    return names
