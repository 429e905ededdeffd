"""What happens because time passes. Each tick may come late, twice or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.program import Program
from domain import anonymity
from handlers import announcements, due
from storage import sending


@dataclass(frozen=True)
class Tick:
    """A function that is called every so many seconds and finds out itself what is to do."""

    name: str
    seconds: int
    run: Callable[[], Awaitable[object]]


def ticks(program: Program) -> list[Tick]:
    """All ticks of one program."""
    database, clock, house = program.database, program.clock, program.house

    async def hand_over() -> None:
        handed = True
        while handed:
            async with database.transaction() as tx:
                handed = bool(await due.hand_over(house, tx, clock.now()))
            program.sender.wake()

    async def announce() -> None:
        while await announcements.advance(house, database, clock.now()):
            program.sender.wake()

    async def expire() -> None:
        async with database.transaction() as tx:
            await sending.expire(tx, now=clock.now())

    async def sweep() -> None:
        await anonymity.sweep(database, clock.now())

    return [
        Tick("due", 15, hand_over),
        Tick("announce", 2, announce),
        Tick("expire", 15, expire),
        Tick("sweep", 60, sweep),
        Tick("gauges", 15, program.gauges),
    ]
