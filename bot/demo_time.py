"""Moves the demo's clock so that nothing is lost that would have come in real time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.clock import SystemClock
from bot.service import Service
from simulator import Simulator
from storage import overview

STEP = timedelta(hours=1)  # what falls due in between happens in its own hour
MOST_STEPS = 48
PATIENCE = 3.0  # seconds of real time in which what is under way may end before each step
_LOOK = 0.02


class Mover:
    """The hand on the demo's clock; two hands at once wait for each other."""

    def __init__(self, clock: SystemClock, simulator: Simulator, service: Service) -> None:
        """Move `clock`, which all parts of the demo share."""
        self._clock = clock
        self._simulator = simulator
        self._service = service
        self._hand = asyncio.Lock()

    async def advance(self, by: timedelta) -> None:
        """Let the time of day go forward, hour by hour, with everything that falls due."""
        async with self._hand:
            step = max(STEP, by / MOST_STEPS)
            while by > timedelta():
                await self.quiet()
                self._jump(min(step, by))
                by -= step
                await self._service.runner.tick_all()
            await self.quiet()

    def _jump(self, by: timedelta) -> None:
        """No time passes for what is on its way: its deadlines move along with the clock."""
        for update in self._simulator.updates.pending:
            update.expires += by
        for tap in self._simulator.cloud.taps.values():
            if not tap.answered:
                tap.at += by
        self._clock.advance(by)
        self._service.program.arrived.set()
        self._service.program.sender.wake()

    async def quiet(self) -> None:
        """Wait until nothing is under way, for a moment at most."""
        program, waited = self._service.program, 0.0
        while waited < PATIENCE:
            if not self._simulator.updates.pending and program.sender.idle:
                async with program.database.reading() as tx:
                    if await overview.idle(tx, now=self._clock.now()):
                        return
            await asyncio.sleep(_LOOK)
            waited += _LOOK
