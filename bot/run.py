"""Runs a program: its web port at once, its loops and ticks once connected, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.metronome import Metronome
from bot.program import Program
from bot.serving import Web
from bot.ticks import Tick
from bot.worker import BATCH
from channels.result import Conflict, Trouble, Unauthorised
from storage.session import is_trouble

DRAIN = 10.0  # seconds a stop may take
POLL = 25.0  # seconds one long poll may wait
LONGEST_PAUSE = 30.0  # seconds between tries while the platform is away
ASKED_PAUSE = 60.0  # … when it asks for more: nobody is heard meanwhile, and asking costs little
DATABASE_PAUSE = 2.0  # … while the database is: what waits has to be taken soon after its return
DOZE = 15.0  # seconds after which a worker looks although nobody called it
WORKERS_ON_POSTGRES = 4
WATCH = 30  # seconds between looks whether updates still come to us

Menu = Mapping[str, Sequence[tuple[str, str]]]

log = structlog.get_logger()


def as_asked(pause: float, trouble: Trouble) -> float:
    """Seconds to the next try: `pause`, or longer when the platform asks for it, in bounds."""
    return max(pause, min(ASKED_PAUSE, trouble.retry_after or 0.0))


class Nursery:
    """Keeps hold of detached work, so that none is lost and all is waited for at the end."""

    def __init__(self) -> None:
        """Begin empty."""
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`; an error in it is logged, never lost."""
        task = asyncio.create_task(work)  # noqa: TID251 - the one place
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("detached work failed", exc_info=error)

    async def close(self, seconds: float) -> None:
        """Wait so long for what is under way, then cancel the rest."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


@dataclass(frozen=True)
class Platform:
    """How we appear to the platform: where it hands updates to ("": we ask), and our menu."""

    webhook: str = ""
    secret: str = field(default="", repr=False)
    menu: Menu = field(default_factory=dict)


class Runner:
    """One running program."""

    def __init__(
        self, program: Program, ticks: Sequence[Tick], nursery: Nursery, platform: Platform
    ) -> None:
        """Prepare to run `program` with its `ticks`."""
        self.program = program
        self._platform = platform
        self._ticks = list(ticks)
        if platform.webhook:
            self._ticks.append(Tick("webhook", WATCH, self._watch_webhook))
        self._nursery = nursery
        self._stopping = asyncio.Event()
        self._watch = asyncio.Lock()

    def stop(self) -> None:
        """Ask for the end; `run` drains and returns."""
        self._stopping.set()
        self.program.arrived.set()
        self.program.sender.wake()

    async def run(
        self,
        server: Web,
        sock: socket.socket,
        *,
        connected: Callable[[], Awaitable[None]] | None = None,
        farewell: Callable[[], None] | None = None,
    ) -> None:
        """Serve at once, connect for as long as it takes, work until `stop` or SIGTERM.

        Drained within 10 s. `connected` is called before the work begins, `farewell` before the
        server closes.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        program = self.program
        updates = "webhook" if self._platform.webhook else "poll"
        program.health.expect("database", "worker", "sender", "pulse", updates)
        async with contextlib.AsyncExitStack() as stack:
            self._nursery.spawn(server.serve(sockets=[sock]))
            stack.callback(setattr, server, "should_exit", True)
            if farewell is not None:
                stack.callback(farewell)
            if await self._connect():
                if connected is not None:
                    await connected()
                metronome = Metronome(self._ticks, self._one_tick)
                metronome.start()
                stack.callback(metronome.stop)
                program.health.good("pulse")  # the first beat is about to come
                await self._until_stopped(self._loops())
        await self._nursery.close(3.0)
        try:
            await program.sender.settle()  # calls that ended after the settling loop had to
        except Exception as error:
            if not is_trouble(error):
                raise
            log.error("database trouble while draining", reason=type(error).__name__)

    def _loops(self) -> list[Coroutine[Any, Any, None]]:
        sender = self.program.sender
        workers = 1 if self.program.database.is_sqlite else WORKERS_ON_POSTGRES
        loops = [self._work() for _ in range(workers)]
        loops.append(sender.run(self._stopping))
        return loops if self._platform.webhook else [*loops, self._poll()]

    async def _until_stopped(self, loops: Sequence[Coroutine[Any, Any, None]]) -> None:
        tasks = [asyncio.create_task(loop) for loop in loops]  # noqa: TID251 - the one place
        stopped = asyncio.create_task(self._stopping.wait())  # noqa: TID251 - the one place
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
        self.stop()
        _, late = await asyncio.wait(tasks, timeout=DRAIN - 4)
        for task in late:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def tick_all(self) -> None:
        """Every tick now, as after a movement of the demo's clock."""
        for tick in self._ticks:
            await self._one_tick(tick)

    async def _one_tick(self, tick: Tick) -> None:
        try:
            await tick.run()
        except Exception as error:
            if is_trouble(error):
                self.program.health.bad("database", f"database: {type(error).__name__}")
                log.error(
                    "database trouble in a tick", tick=tick.name, reason=type(error).__name__
                )
            else:
                log.error("tick failed", tick=tick.name, exc_info=error)

    # --- the platform ---------------------------------------------------------------------

    async def _connect(self) -> bool:
        """Make ourselves known, trying for ever; False when told to stop before that."""
        health, pause = self.program.health, 0.5
        while not self._stopping.is_set():
            try:
                if await self._unless_stopped(self._introduce()):
                    health.good("platform")
                    return True
                continue
            except Unauthorised:
                health.bad("platform", "the token is refused (401)")
                log.error("not connected: the token is refused", retry_in=pause)
            except Trouble as error:
                health.bad("platform", f"the platform does not answer: {error}")
                pause = as_asked(pause, error)
                log.warning("not connected", reason=str(error), retry_in=pause)
            await self._pause(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
        return False

    async def _introduce(self) -> bool:
        channel, platform = self.program.channel, self._platform
        await channel.start()
        if platform.webhook:
            await channel.set_webhook(platform.webhook, platform.secret)
            self.program.health.good("webhook")
        else:
            await channel.remove_webhook()
        try:
            await channel.set_commands(platform.menu)
        except Unauthorised:
            raise
        except Trouble as error:  # conversations work without a menu
            log.warning("the command menu was not set", reason=str(error))
        return True

    async def _watch_webhook(self) -> None:
        """Somebody who has the token can turn our updates elsewhere; the platform tells."""
        health = self.program.health
        try:
            info = await self.program.channel.webhook_info()
        except Unauthorised:
            health.bad("webhook", "the token is refused (401)")
        except Trouble as error:
            health.bad("webhook", f"the platform does not answer: {error}")
        else:
            if info.url == self._platform.webhook:
                health.good("webhook")
            else:
                health.bad("webhook", "updates are handed to another address")
                log.error("the webhook is not ours any more", drift=bool(info.url))

    # --- loops ----------------------------------------------------------------------------

    async def _poll(self) -> None:
        health, pause, patience = self.program.health, 0.5, 0.0
        while not self._stopping.is_set():
            try:
                if await self._unless_stopped(self.program.ingest.poll(seconds=patience)):
                    health.good("token")
                pause, patience = 0.5, POLL
                continue
            except Unauthorised:
                health.bad("poll", "the token is refused (401)")
            except Conflict:
                health.bad("poll", "another program takes our updates (409)")
            except Trouble as error:
                health.bad("poll", f"the platform does not answer: {error}")
                pause = as_asked(pause, error)
            except Exception as error:
                if not is_trouble(error):
                    raise
                health.bad("database", f"database: {type(error).__name__}")
                pause = min(pause, DATABASE_PAUSE)
            patience = 0.0  # the first answer after trouble should come at once
            log.warning("no updates for now", retry_in=pause)
            await self._pause(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _work(self) -> None:
        worker, pause = self.program.worker, 0.2
        alone = self.program.database.is_sqlite
        while not self._stopping.is_set():
            self.program.arrived.clear()
            try:
                handled = await worker.step()
                if handled == BATCH:
                    self.program.arrived.set()  # there is more than one can carry
                # Alone, what is not in a batch that was not full has come since, and woke us.
                if not handled or (alone and handled < BATCH):
                    await self._doze(await worker.next_try())
                pause = 0.2
            except Exception as error:
                if not is_trouble(error):
                    raise
                reason = type(error).__name__
                self.program.health.bad("database", f"database: {reason}")
                log.error("database trouble in the worker", reason=reason)
                await self._pause(pause)
                pause = min(DATABASE_PAUSE, pause * 2)

    async def _doze(self, next_try: Any) -> None:
        seconds = DOZE
        if next_try is not None:
            wait = (next_try - self.program.clock.now()).total_seconds()
            seconds = min(seconds, max(0.05, wait))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._watch:  # an update needs one of us, not all
                await self.program.arrived.wait()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _unless_stopped(self, work: Awaitable[object]) -> bool:
        """Wait for `work`, but not once a stop is asked for (a long poll is given up).

        Tells whether it came to its end; raises what it raises.
        """
        task = asyncio.ensure_future(work)  # noqa: TID251 - the one place
        stopped = asyncio.create_task(self._stopping.wait())  # noqa: TID251 - the one place
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if task.cancelled():
            return False
        task.result()
        return True
