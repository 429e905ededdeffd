"""One office, stepped by hand: no background task, no real time, the real adapter in the path."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

from telegram.request import BaseRequest

from bot.program import Program
from bot.spool import Spool
from channels.telegram import Telegram
from content import load
from domain.keys import Keys
from handlers.router import Router
from simulator import Limits, Phone, Simulator
from storage.session import Database
from tests.kit.clock import HandClock
from tests.kit.request import InProcess

TOKEN = "7000000001:AAtest-token-that-opens-nothing-x"
BANK = load()


class World:
    """A running office in the hands of a test.

    `phone(name)` is a person with a phone; `settle()` lets everything that is waiting happen;
    `live(seconds)` lets time go by, each thing at its moment; `advance(...)` lets it pass at once
    and the ticks run; `crash()` kills the program and starts another one on the same database.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: HandClock | None = None,
        router: Router | None = None,
        send_per_second: float = 1000.0,
        limits: Limits | None = None,
        wire: tuple[str, BaseRequest] | None = None,
        spool: Path | None = None,
    ) -> None:
        """`wire`: address of and way to the simulator, where it is served on a real socket."""
        self.database = database
        self.token = TOKEN
        self.clock = clock or HandClock()
        self.keys = Keys(b"k" * 32)
        self.simulator = Simulator(
            token=TOKEN,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            sleep=self._sleep,
            limits=limits,
        )
        self._router = router or _journeys()
        self._rate = send_per_second
        self._wire = wire
        self._spawned: list[asyncio.Task[None]] = []
        self._spool_at = spool
        self.spool: Spool | None = None
        self.program = self._new_program()

    async def _sleep(self, seconds: float) -> None:
        """The simulator's waiting costs no time here; time moves only by `advance`."""
        await asyncio.sleep(0)

    def _new_program(self) -> Program:
        self.request = InProcess(self.simulator)
        address, request = self._wire or ("http://127.0.0.1:9", self.request)
        self._close_spool()
        self.spool = None if self._spool_at is None else Spool(self._spool_at)
        return Program(
            database=self.database,
            channel=Telegram(
                token=self.token,
                api_url=address,
                key=self.keys.key("callback"),
                request=request,
                poll_request=request,
                bulk_request=request,
            ),
            router=self._router,
            bank=BANK,
            keys=self.keys,
            clock=self.clock,
            spawn=self._spawn,
            send_per_second=self._rate,
            spool=self.spool,
        )

    def _close_spool(self) -> None:
        if self.spool is not None:
            self.spool.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._spawned.append(asyncio.get_running_loop().create_task(work))

    async def open(self) -> World:
        await self.program.channel.start()
        await self.program.open()
        return self

    async def close(self) -> None:
        await self._detached()
        await self.program.channel.stop()
        self._close_spool()

    async def crash(self) -> None:
        """The process dies between two steps and another one starts on the same database."""
        for task in self._spawned:
            task.cancel()
        await asyncio.gather(*self._spawned, return_exceptions=True)
        self._spawned.clear()
        self.program = self._new_program()
        await self.open()

    def phone(self, name: str, *, language: str = "id") -> Phone:
        return self.simulator.person(name, language=language)

    async def settle(self, *, patience: float = 60.0) -> None:
        """Let everything that waits happen: updates come in, are handled, answers arrive.

        Seconds that the pace asks for pass on the clock, at most `patience` of them.
        """
        waited = 0.0
        while True:
            busy = bool(await self.program.ingest.poll(seconds=0))
            while await self.program.worker.step():
                busy = True
            await self._detached()
            while await self.program.sender.step():
                busy = True
            if busy:
                continue
            seconds = await self._soon()
            if seconds is None or waited + seconds > patience:
                return
            self.clock.advance(timedelta(seconds=seconds))
            waited += seconds

    async def _soon(self) -> float | None:
        """Seconds until the pace, a second try or a resend lets something go; None if nothing."""
        async with self.database.reading() as tx:
            from storage import inbox, outbox

            moments = [
                await outbox.next_due(tx),
                await inbox.next_try(tx, bot_id=self.program.channel.bot_id),
            ]
            states = await outbox.states(tx)
        now = self.clock.now()
        waits = [(m - now).total_seconds() for m in moments if m is not None and m > now]
        pace = self.program.sender._pace.wait(self.clock.monotonic())
        # A resend that is due may wait for its chat as anything that is ready does.
        if pace is not None and (states.get("ready") or moments[0] is not None):
            waits.append(pace)
        return min(waits) + 0.001 if waits else None

    async def _detached(self) -> None:
        while self._spawned:
            tasks, self._spawned = self._spawned, []
            await asyncio.gather(*tasks)

    async def tick(self) -> None:
        """Every tick once, then whatever follows from it."""
        from bot.ticks import ticks

        for one in ticks(self.program):
            await one.run()
        await self.settle()

    async def live(self, seconds: float) -> None:
        """Let so many seconds go by; what waits for a moment in them happens at that moment."""
        end = self.clock.monotonic() + seconds
        await self.settle(patience=seconds)
        self.clock.advance(timedelta(seconds=max(0.0, end - self.clock.monotonic())))
        await self.settle(patience=0)

    async def advance(self, **by: float) -> None:
        """Let time pass, as in `advance(hours=1)`, and let the ticks notice."""
        self.clock.advance(timedelta(**by))
        await self.tick()


def _journeys() -> Router:
    from handlers.journeys import router

    return router()
