"""Live updates of the phones page, as server-sent events."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec

from simulator.cloud import Change
from simulator.page_views import message_view, phone_view, toast_view
from simulator.stage import Stage
from simulator.waits import until

if TYPE_CHECKING:
    from simulator.server import Simulator

# How often the office's figures are looked at while a page is open; seconds.
OFFICE_EVERY = 1.5


async def stream(simulator: Simulator, stage: Stage) -> AsyncIterator[bytes]:
    """Changes of the cast's phones and of the office, until the page or the simulator goes."""
    waiting: deque[Change] = deque()
    told = asyncio.Event()

    def watch(change: Change) -> None:
        waiting.append(change)
        told.set()

    simulator.cloud.watchers.append(watch)
    on_close = simulator.on_close(told.set)
    office: Any = None
    try:
        yield _line("hello", {})
        while not simulator.closing:
            told.clear()
            while waiting:
                for name, data in _events(simulator, stage, waiting.popleft()):
                    yield _line(name, data)
            seen = await stage.office()
            if seen != office:
                office = seen
                yield _line("office", seen)
            await until(told, OFFICE_EVERY, simulator.sleep)
    finally:
        simulator.cloud.watchers.remove(watch)
        on_close()


def _events(
    simulator: Simulator, stage: Stage, change: Change
) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for member in stage.cast:
        if change.chat_id not in (None, member.user_id):
            continue
        user = {"user_id": member.user_id}
        match change:
            case Change("message", message=message) if message:
                found.append(("message", {**user, "message": message_view(message)}))
            case Change("toast", toast=toast) if toast:
                found.append(("toast", {**user, **toast_view(toast)}))
            case Change("answered"):
                found.append(("answered", user))
            case _:
                phone = simulator.person(member.name, user_id=member.user_id)
                found.append(("phone", phone_view(phone)))
    return found


def _line(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
