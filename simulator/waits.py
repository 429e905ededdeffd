"""Waiting for the first of two things, so that a hand-moved clock can end every wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[None]]


async def until(event: asyncio.Event, seconds: float | None, sleep: Sleep) -> None:
    """Return when the event is set or, if `seconds` is given, when that time is over."""
    if event.is_set():
        return
    if seconds is None:
        await event.wait()
        return
    async with asyncio.TaskGroup() as group:
        told = group.create_task(_wait(event))
        late = group.create_task(_doze(seconds, sleep))
        await asyncio.wait({told, late}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        late.cancel()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _doze(seconds: float, sleep: Sleep) -> None:
    await sleep(seconds)
