"""One life of the real program in a forked process, up to the point where it is struck.

What runs here is what `tanggap run` runs. Its time is in the hands of the stage: nothing that
waits for a clock goes on by itself, so a slow machine makes no time-outs.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import signal
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy.orm import configure_mappers
from starlette.applications import Starlette

import bot.service
from bot import logs
from bot.install import Place, read_settings, working
from bot.service import Service
from bot.serving import listen, web_server
from bot.settings import Settings
from content import load
from tests.faults.stepper.flaws import MOMENT, build_in
from tests.faults.stepper.points import Awaits, Calls
from tests.kit.clock import HandClock

TOKEN = "7000000001:AAstepper-token-that-opens-nothing-x"
KILL, CANCEL = "kill", "cancel"  # at an await
KILL_AT_CALL, TROUBLE = "kill at call", "trouble"  # when the database is asked
LOST = "lost commit"  # after a commit
VARIANTS = (KILL, CANCEL, KILL_AT_CALL, TROUBLE, LOST)
KILLS = (KILL, KILL_AT_CALL)

# Everything is read once, before any fork, also what the program reads when it comes to it.
_BANK = load()
configure_mappers()
for _late in ("storage.migrate", "apscheduler.executors.asyncio", "psycopg", "aiosqlite"):
    importlib.import_module(_late)
web_server(Starlette()).config.load()
gc.freeze()  # what is not looked at is not copied


@dataclass(frozen=True)
class Order:
    """What a life is told: where it lives, what time it is, and where which fault strikes."""

    database_url: str
    mode: str
    api_url: str
    folder: Path
    now: datetime
    monotonic: float
    variant: str = KILL
    at: int = 0  # 0: nowhere
    armed: bool = True  # from the first breath on; else when the stage says so
    flaw: str = ""  # a mistake built into the program; it is struck where it is made


@dataclass(frozen=True)
class Struck:
    """The fault has just struck here (sent by a life that may be gone a moment later)."""

    place: str


@dataclass(frozen=True)
class Look:
    """How a life stands: awaits and database calls since it was armed, and what is under way."""

    awaits: int
    calls: int
    commits: int
    started: int  # awaits until it was up; 0: it is not
    busy: bool
    held: int  # connections that are out of the pool beyond those of a program at rest


class _HandLoop(asyncio.SelectorEventLoop):
    """An event loop whose time only the stage moves."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self._hand = clock

    def time(self) -> float:
        return self._hand.monotonic()


def live(order: Order, line: Connection) -> None:
    """Be the program; ends the process."""
    log = os.open(order.folder / "run.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    logs.configure("WARNING")
    bot.service.read_content = lambda: _BANK
    clock = HandClock(order.now)
    clock._monotonic = order.monotonic
    with asyncio.Runner(loop_factory=lambda: _HandLoop(clock)) as runner:
        _Life(order, line, clock, runner.get_loop()).run(runner)


class _Life:
    def __init__(
        self, order: Order, line: Connection, clock: HandClock, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._order, self._line, self._clock, self._loop = order, line, clock, loop
        self._service: Service | None = None
        self._place: Place | None = None
        self._started = 0
        self._awaits = Awaits(self._struck, only=MOMENT if order.flaw else "")
        self._calls = Calls(self._struck, lost=order.variant == LOST)
        if order.armed:
            self._arm()

    def _arm(self) -> None:
        awaits = self._order.variant in (KILL, CANCEL)
        self._awaits.arm(self._order.at if awaits else 0)
        self._calls.arm(0 if awaits else self._order.at)

    def run(self, runner: asyncio.Runner) -> None:
        self._watch_engines()
        self._loop.add_reader(self._line.fileno(), self._asked)
        self._loop.set_task_factory(self._awaits)
        runner.run(self._work())

    async def _work(self) -> None:
        order = self._order
        with listen("127.0.0.1", 0) as sock:
            settings = settings_of(order, sock.getsockname()[1])
            async with working(settings) as place:
                self._place = place
                self._service = Service(settings, place, self._clock)
                build_in(order.flaw, self._service)
                await self._service.run(sock, connected=self._connected)

    async def _connected(self) -> None:
        self._started = self._awaits.count

    def _watch_engines(self) -> None:
        """Every engine that the program makes from now on is counted."""
        import storage.session

        make = storage.session.create_async_engine

        def made(*args: Any, **kwargs: Any) -> Any:
            engine = make(*args, **kwargs)
            self._calls.watch(engine)
            return engine

        storage.session.create_async_engine = made

    # --- the fault ------------------------------------------------------------------------

    def _struck(self, where: str) -> None:
        self._line.send(Struck(where))
        if self._order.variant in KILLS:
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._order.variant == CANCEL:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    # --- asked by the stage ---------------------------------------------------------------

    def _asked(self) -> None:
        try:
            asked = self._line.recv()
        except EOFError:  # the stage is gone
            os._exit(1)
        if asked == "look":
            self._line.send(self._look())
        elif asked == "arm":
            self._arm()
            self._line.send(self._look())
        else:
            self._clock.advance(timedelta(seconds=asked))
            if self._started and self._service is not None:
                self._service.nursery.spawn(self._service.runner.tick_all())
            self._line.send(self._look())

    def _look(self) -> Look:
        held = self._held()
        service = self._service
        busy = held > 0
        if service is not None:
            # The server of the web port is the one detached work of a program at rest. A sender
            # that is not idle may wait for time to pass, so it is not asked.
            busy = busy or len(service.nursery._tasks) > 1
        awaits, calls = self._awaits, self._calls
        return Look(awaits.count, calls.count, calls.commits, self._started, busy, held)

    def _held(self) -> int:
        if self._place is None:
            return 1
        database = self._place.database
        pools: set[Any] = {database._writer.pool, database._reader.pool}
        # On PostgreSQL one connection holds the lock of the sole process.
        return sum(pool.checkedout() for pool in pools) - (not database.is_sqlite)


def settings_of(order: Order, port: int) -> Settings:
    """The settings of a life whose web port is `port`."""
    return read_settings(
        _env_file=None,
        database_url=order.database_url,
        telegram_token=SecretStr(TOKEN),
        telegram_api_url=order.api_url,
        telegram_mode=order.mode,
        webhook_secret=SecretStr("w" * 40),
        public_url=f"http://127.0.0.1:{port}",
        web_port=port,
        secret_file=order.folder / "secret",
        send_per_second=1000.0,
    )
