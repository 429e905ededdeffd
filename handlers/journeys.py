"""All journeys, and what opens, leads and ends a conversation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from content import Bank
from handlers import (
    announce,
    announcements,
    aside,
    assess,
    comment,
    correct,
    joining,
    language,
    learn,
    menu,
    my_data,
    privacy,
    rate,
    results,
    skm,
    start,
    stopping,
    subscription,
    train,
    train_admin,
    training_rsvp,
)
from handlers.router import Journey, Router
from handlers.turn import Turn

JOURNEYS: list[Journey] = [
    start,
    rate,
    skm,
    comment,
    correct,
    results,
    joining,
    assess,
    learn,
    training_rsvp,
    announce,
    announcements,
    train,
    train_admin,
    privacy,
    subscription,
    language,
    stopping,
    my_data,
    aside,
    menu,
]

PAYLOADS: Mapping[str, Callable[[Turn, str], Awaitable[None]]] = {
    "p": start.by_point,
    "i": joining.start,
}
"""First letter of a start payload → who reads the rest."""


def router() -> Router:
    """Everything people can do, ready to be handed to the worker."""
    return Router(
        JOURNEYS,
        start=_start,
        menu=menu.show,
        stop_words=stopping.stop_words,
        stop=stopping.stop,
        idle=menu.idle,
        reply=learn.typed,
    )


def commands(router: Router, bank: Bank, language: str) -> list[tuple[str, str]]:
    """The command menu of a language: (name, description), in the order of the journeys."""
    listed = {c.name: c for c in router.commands.values() if c.listed and not c.role}
    return [(name, bank.sentence(language, f"command.{name}")) for name in listed]


async def _start(turn: Turn, payload: str) -> None:
    if not payload:
        await start.without_payload(turn)
    elif (reader := PAYLOADS.get(payload[0])) is not None:
        await reader(turn, payload[1:])
    else:
        await start.by_point(turn, "")
