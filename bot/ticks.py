"""What happens because time passes. Each tick may come late, twice or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.clock import Clock
from bot.program import Program
from domain import anonymity
from handlers import announcements, due
from storage import announcements as kept
from storage import inbox, settling
from storage.session import Database

CALM = 60.0  # seconds after which announcements are looked at although nobody said anything
LAG = 60.0  # seconds after which people notice that nobody reads what they wrote
PULSE = 2  # seconds between two beats
LATE = 1.0  # seconds a beat may be late before the log is told

log = structlog.get_logger()


@dataclass(frozen=True)
class Tick:
    """A function that is called every so many seconds and finds out itself what is to do."""

    name: str
    seconds: int
    run: Callable[[], Awaitable[object]]


class Pulse:
    """Notices that nothing ran for a while: a step that blocked all others, a machine at rest."""

    def __init__(self, clock: Clock) -> None:
        """Begin without knowing anything of the time before."""
        self._clock = clock
        self._last: float | None = None

    async def beat(self) -> None:
        """To be called every `PULSE` seconds; tells the log when it was called late."""
        now = self._clock.monotonic()
        if self._last is not None and (late := now - self._last - PULSE) > LATE:
            log.warning("nothing ran for a while", seconds=round(late, 1))
        self._last = now


class SetBack:
    """Notices that the clock was set back, and lets go what the wrong hour had put off.

    What was put off before the start is looked at once.
    """

    def __init__(self, program: Program) -> None:
        """Begin with a look."""
        self._program = program
        self._last: datetime | None = None

    async def beat(self) -> None:
        """To be called every `PULSE` seconds."""
        program, now = self._program, self._program.clock.now()
        if self._last is None or now < self._last:
            async with program.database.transaction() as tx:
                moved = await settling.bring_forward(tx, now=now)
            if moved:
                log.warning("the clock was set back", messages=moved)
                program.sender.wake()
        self._last = now


class Announcing:
    """Moves announcements on, and spares the database the question while there is none.

    One begins by what an admin says, so after a look that found nothing under way the next is due
    when a turn was handled; a minute later it is in any case, for a turn whose commit got no
    answer is not counted.
    """

    def __init__(self, program: Program) -> None:
        """Begin with a look."""
        self._program = program
        self._under_way = True
        self._turns = 0
        self._looked_at = 0.0

    async def advance(self) -> None:
        """Do whatever any announcement needs by now."""
        program = self._program
        turns, now = program.metrics.turns, program.clock.monotonic()
        if not self._under_way and turns == self._turns and now - self._looked_at < CALM:
            return
        self._turns, self._looked_at = turns, now  # before the look: what comes during it counts
        self._under_way = await self._any(program.database)
        if self._under_way:
            while await announcements.advance(
                program.house, program.database, program.clock.now()
            ):
                program.sender.wake()

    async def _any(self, database: Database) -> bool:
        async with database.reading() as tx:
            return bool(await kept.unfinished(tx))


def ticks(program: Program) -> list[Tick]:
    """All ticks of one program."""
    database, clock, house = program.database, program.clock, program.house

    async def hand_over() -> None:
        handed = True
        while handed:
            async with database.transaction() as tx:
                handed = bool(await due.hand_over(house, tx, clock.now()))
            program.sender.wake()

    async def expire() -> None:
        async with database.reading() as tx:  # nobody waits for a look
            overdue = await settling.overdue(tx, now=clock.now())
        if overdue:
            async with database.transaction() as tx:
                await settling.expire(tx, now=clock.now())

    async def sweep() -> None:
        await anonymity.sweep(database, clock.now())

    async def lag() -> None:
        async with database.reading() as tx:
            since = await inbox.oldest(tx, bot_id=program.channel.bot_id)
        waited = 0.0 if since is None else max(0.0, (clock.now() - since).total_seconds())
        program.metrics.lag.set(waited)
        if waited > LAG:
            program.health.bad("inbox", f"an update has waited for {int(waited)} s")
        else:
            program.health.good("inbox")

    async def pause() -> None:
        if left := program.pace.long_pause(clock.monotonic()):
            program.health.bad("pace", f"the platform asks to wait for {int(left)} s")
        else:
            program.health.good("pace")

    pulse = Pulse(clock)

    async def beat() -> None:
        await pulse.beat()
        program.health.good("pulse")

    spool = [] if program.spool is None else [Tick("spool", 2, program.ingest.replay)]
    return [
        Tick("due", 15, hand_over),
        Tick("announce", 2, Announcing(program).advance),
        Tick("pulse", PULSE, beat),
        Tick("clock", PULSE, SetBack(program).beat),
        Tick("expire", 15, expire),
        Tick("sweep", 60, sweep),
        Tick("lag", 15, lag),
        Tick("pause", 15, pause),
        *spool,
    ]
