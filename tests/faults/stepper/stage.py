"""The side that survives: Telegram, time, and one life of the program after another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from bench.battle import sync_url
from simulator import Phone, Simulator
from simulator.webhook import http_poster
from tests.faults.stepper.forks import fork
from tests.faults.stepper.life import CANCEL, KILL, KILLS, TOKEN, Look, Order, Struck
from tests.faults.stepper.telegrams import Telegrams
from tests.kit.clock import HandClock

STRIDE = 2.0  # seconds by which time goes on when nothing else can
PATIENCE = 180.0  # seconds of the stage's time within which everything must have happened
REAL_PATIENCE = 30.0  # seconds of real time within which a life must do something
LIVES = 40  # more than any fault can cost


class Stuck(AssertionError):
    """The program does not get on."""


class _Died(Exception):
    """The life has ended."""


class Hours(HandClock):
    """The stage's time, with those who sleep until it moves."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        entry = (self.monotonic() + seconds, woken)
        self._sleepers.append(entry)
        try:
            await woken
        finally:
            self._sleepers.remove(entry)

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        for until, woken in self._sleepers:
            if until <= self.monotonic() and not woken.done():
                woken.set_result(None)


@dataclass
class Fault:
    """What strikes one life, where, and what is known of it afterwards."""

    variant: str = KILL
    at: int = 0
    place: str = ""  # where it struck; "" when the program came to its end before
    late: bool = False  # whether the program had started by then


@dataclass
class Stage:
    """One database, one Telegram, and lives of which the first are struck by `faults`, one each.

    The first is armed when it begins or, with `armed` false, when the story says so.
    """

    database_url: str
    mode: str
    folder: Path
    faults: list[Fault]
    flaw: str = ""
    armed: bool = True
    clock: Hours = field(default_factory=Hours)
    answering: int = 0  # calls to Telegram that are under way, but for the long poll
    lives: int = 0
    ended: int = 0  # lives that ended by themselves
    look: Look | None = None  # the first life, as last seen
    places: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.simulator = Simulator(
            token=TOKEN,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            sleep=self.clock.sleep,
        )
        self._process: BaseProcess | None = None
        self._line: Connection | None = None
        self._up = False
        self._api_url = ""
        self._engine = create_engine(sync_url(self.database_url))

    @contextlib.asynccontextmanager
    async def open(self, telegrams: Telegrams) -> AsyncIterator[Stage]:
        """Telegram is there; the program starts when something is waited for."""
        (self.folder / "secret").write_text("s" * 48)
        pushing = None
        with telegrams.serving(self) as self._api_url:
            async with http_poster() as post:
                if self.mode == "webhook":
                    loop = asyncio.get_running_loop()
                    pushing = loop.create_task(self.simulator.webhook.run(post))
                try:
                    yield self
                finally:
                    self.kill()
                    self.simulator.close()
                    if pushing is not None:
                        pushing.cancel()
                        await asyncio.gather(pushing, return_exceptions=True)
                    self._engine.dispose()

    def person(self, name: str, user_id: int | None = None) -> Phone:
        """Somebody with a phone who has pressed Start."""
        phone = self.simulator.person(name, user_id=user_id)
        phone._person.started = True
        return phone

    # --- lives ----------------------------------------------------------------------------

    @property
    def fault(self) -> Fault:
        """What strikes the life that is on."""
        return self.faults[self.lives - 1] if self.lives <= len(self.faults) else Fault()

    def _begin(self) -> None:
        if self.lives >= LIVES:
            raise Stuck(f"{self.lives} lives did not do it\n{self.log()}")
        self.lives += 1
        self._up = False
        self._process, self._line = fork(
            Order(
                database_url=self.database_url,
                mode=self.mode,
                api_url=self._api_url,
                folder=self.folder,
                now=self.clock.now(),
                monotonic=self.clock.monotonic(),
                variant=self.fault.variant,
                at=self.fault.at,
                armed=self.armed or self.lives > 1,
                flaw=self.flaw,
            )
        )

    def kill(self) -> None:
        """End the life that is on, if any, without a word to it."""
        if self._process is not None:
            self._process.kill()
            self._gone()

    def _gone(self) -> None:
        assert self._process is not None
        assert self._line is not None
        self._process.join()
        self._line.close()
        self._process = self._line = None

    async def _ask(self, what: Any) -> Any:
        """Ask the life; raises _Died when it is not there any more."""
        line = self._line
        assert line is not None
        try:
            line.send(what)
            while True:
                await _readable(line)
                told = line.recv()
                if not self._was_struck(told):
                    return told
        except (EOFError, OSError):
            # What it said before it died is still there, behind one error that says so.
            while True:
                with contextlib.suppress(ConnectionResetError):
                    if not line.poll():
                        break
                    try:
                        self._was_struck(line.recv())
                    except EOFError:
                        break
            killed = self.fault.variant in KILLS and self.fault.place
            self.ended += not killed
            self._gone()
            raise _Died from None

    def _was_struck(self, told: Any) -> bool:
        if not isinstance(told, Struck):
            return False
        self.fault.place, self.fault.late = told.place, self._up
        return True

    async def arm(self) -> None:
        """From here on the awaits of the first life count."""
        await self.rest()
        if self.lives == 1 and not self.armed:
            self.armed = True
            await self._ask("arm")

    # --- time -----------------------------------------------------------------------------

    async def until(self, seen: Callable[[], bool]) -> None:
        """Let the program work and time pass until this is seen. Raises Stuck."""
        waited = 0.0
        await self.rest()
        while not seen():
            if waited >= PATIENCE:
                raise Stuck(f"nothing more happens: {self.faults}\n{self.log()}")
            waited += STRIDE
            self.clock.advance(timedelta(seconds=STRIDE))
            with contextlib.suppress(_Died):
                await self._ask(STRIDE)
            await self.rest()

    async def rest(self) -> None:
        """Let everything happen that needs no time to pass."""
        while True:
            if self._process is None:
                self._begin()
            try:
                held = (await self._at_rest()).held
                if not self._cancelled:
                    return
            except _Died:
                await asyncio.sleep(0.01)
                continue
            if held:
                raise Stuck(f"a connection never came back: {self.faults}\n{self.log()}")
            self.kill()  # the next one goes on

    @property
    def _cancelled(self) -> bool:
        return self.fault.variant == CANCEL and bool(self.fault.place)

    async def _at_rest(self) -> Look:
        """Wait until nothing moves (or is under way and does not get on, after a cancellation)."""
        loop = asyncio.get_running_loop()
        before, same, since = None, 0, loop.time()
        while True:
            look = await self._ask("look")
            self._up = bool(look.started)
            if self.lives == 1:
                self.look = look
            if look != before:
                before, same, since = look, 0, loop.time()
            quiet = (
                not look.busy and not self.answering and (self._up or loop.time() - since > 0.2)
            )
            same = same + 1 if quiet else 0
            if same >= 4:
                return look
            stands = loop.time() - since
            if self._cancelled and stands > (REAL_PATIENCE if look.held else 0.3):
                return look
            if stands > REAL_PATIENCE:
                raise Stuck(f"under way and not getting on: {self.faults}, {look}\n{self.log()}")
            await asyncio.sleep(0.003)

    async def quiet(self) -> None:
        """Let everything happen: until no row waits for anything."""
        await self.until(lambda: self._left() == 0)

    def _left(self) -> int:
        with self._engine.connect() as connection:
            left = connection.execute(_LEFT).scalar_one()
        return int(left) + len(self.simulator.updates.pending)

    def log(self) -> str:
        """The end of what the lives wrote."""
        path = self.folder / "run.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""


_LEFT = text(
    "select (select count(*) from inbox where state = 'waiting') +"
    " (select count(*) from outbox where state in ('ready', 'sending')"
    "  or (state = 'uncertain' and not_before is not null)) +"
    " (select count(*) from announcement where finished_at is null)"
)


async def _readable(line: Connection) -> None:
    if line.poll():
        return
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(line.fileno(), lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(line.fileno())
