"""Calls the ticks, whatever becomes of the time of day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.ticks import PULSE, Tick


class Metronome:
    """APScheduler, kept to its beat: it plans by the machine's clock, and that can be set."""

    def __init__(self, ticks: Sequence[Tick], call: Callable[[Tick], Awaitable[None]]) -> None:
        """Prepare to `call` each of `ticks` as often as it asks for."""
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for tick in ticks:
            self._scheduler.add_job(call, _Every(seconds=tick.seconds), args=[tick])

    def start(self) -> None:
        """Begin, each tick after its first interval."""
        self._scheduler.start()
        self._keep()

    def stop(self) -> None:
        """Call nothing any more; what is under way is not waited for."""
        self._look.cancel()
        self._scheduler.shutdown(wait=False)

    def _keep(self) -> None:
        """A clock set back leaves ticks planned for an hour that is long in coming: call them now.

        Looked after by the loop's own time, which no clock change moves.
        """
        self._look = asyncio.get_running_loop().call_later(PULSE, self._keep)
        now = datetime.now(UTC)  # of the clock that APScheduler plans by, not of the demo's
        for job in self._scheduler.get_jobs():
            if job.next_run_time > now + job.trigger.interval:
                job.modify(next_run_time=now)


class _Every(IntervalTrigger):  # type: ignore[misc]
    """Counts from now; the library's own lists each time that a clock set ahead has passed by."""

    def get_next_fire_time(self, _: datetime | None, now: datetime) -> datetime:
        next_time: datetime = now + self.interval
        return next_time
