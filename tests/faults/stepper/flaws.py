"""Mistakes that can be built into a life, to prove that the stepper finds them."""

from __future__ import annotations

import types
from collections.abc import Generator

from bot.service import Service
from channels.result import Result
from storage import settling
from storage.outbox import State
from storage.sending import Claimed
from storage.settling import Outcome

CONFIRM_FIRST = "confirm before storing"
SENT_FIRST = "written as sent before the call"
MOMENT = "flaws._moment"  # the place between what is done too early and what should come first


def build_in(flaw: str, service: Service) -> None:
    """Change the program for the worse; no flaw, no change."""
    if flaw == CONFIRM_FIRST:
        _confirm_first(service)
    elif flaw == SENT_FIRST:
        _sent_first(service)


@types.coroutine
def _moment() -> Generator[None, None, None]:
    yield


def _confirm_first(service: Service) -> None:
    """Ask for the next updates, which confirms these, before these are stored."""
    ingest, channel = service.program.ingest, service.program.channel
    poll = channel.poll

    async def confirming(offset: int, *, timeout: float, limit: int = 100) -> list[bytes]:  # noqa: ASYNC109
        updates = await poll(offset, timeout=timeout, limit=limit)
        if updates:
            await poll((channel.head(updates[-1]).update_id or 0) + 1, timeout=0, limit=limit)
            await _moment()
        return updates

    ingest._channel.poll = confirming  # type: ignore[method-assign]


def _sent_first(service: Service) -> None:
    """Settle a message as sent, then send it."""
    program = service.program
    sender = program.sender
    make = sender._calls.make

    async def made(row: Claimed) -> Result:
        async with program.database.transaction() as tx:
            outcome = Outcome(row.id, State.SENT, "")
            await settling.settle(tx, [outcome], owner=sender.owner, at=program.clock.now())
        await _moment()
        return await make(row)

    sender._calls.make = made  # type: ignore[method-assign]
