"""What can happen to a database, a disk or a process under load; each function makes it happen."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy import create_engine, make_url, text

from bench.battle import sync_url
from bench.siege import Siege
from tests.kit.disk import filled
from tests.kit.postgres import Postgres
from tests.kit.proxy import AtCommit, Proxy

DRAIN = 10.0  # seconds a stop may take
SOLE = 6.0  # seconds after trouble with PostgreSQL within which a second process is refused again
STILL = 4.0  # seconds: long enough to be noticed wherever between two beats it begins
SLOW = 0.3  # seconds a call takes while the process is stopped: so that some are under way


@dataclass(frozen=True)
class Ground:
    """A database, the way to it, and whoever can make trouble there."""

    url: str
    through: str  # the address that the program uses
    folder: Path  # of the office: its secret and its log
    server: Postgres | None = None
    proxy: Proxy | None = None


@dataclass
class Bed:
    """A siege, what stands under it, and what was found out on the way."""

    siege: Siege
    ground: Ground
    faults: list[str] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)  # seconds that each clean stop took

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        return Path(str(make_url(self.ground.url).database))

    @property
    def server(self) -> Postgres:
        """The server of a PostgreSQL database."""
        assert self.ground.server is not None
        return self.ground.server

    @property
    def proxy(self) -> Proxy:
        """The way to it."""
        assert self.ground.proxy is not None
        return self.ground.proxy

    def outbox(self) -> dict[str, int]:
        """How many messages are in each state."""
        engine = create_engine(sync_url(self.ground.url))
        with engine.connect() as connection:
            rows = connection.execute(text("select state, count(*) from outbox group by state"))
            states = {str(state): int(n) for state, n in rows}
        engine.dispose()
        return states

    async def restart(self) -> None:
        """Start the program again and wait until it is ready."""
        await asyncio.to_thread(self.siege.office.start)
        await self.siege.office.ready()


Trouble = Callable[[Bed, float], Awaitable[None]]


# --- PostgreSQL ---------------------------------------------------------------------------


async def frozen(bed: Bed, seconds: float) -> None:
    """The server stands still: first for newcomers, then for all."""
    for backends in (False, True):
        bed.server.freeze(backends=backends)
        await asyncio.sleep(seconds / 2)
        bed.server.thaw()


async def silent(bed: Bed, seconds: float) -> None:
    """The line swallows everything and closes nothing."""
    bed.proxy.silent = True
    await asyncio.sleep(seconds)
    bed.proxy.silent = False


async def ended(bed: Bed, seconds: float) -> None:
    """Every session is ended once a second."""
    for _ in range(max(1, int(seconds))):
        await asyncio.sleep(1)
        await asyncio.to_thread(bed.server.terminate)


async def cut(bed: Bed, seconds: float) -> None:
    """Now and then a connection breaks at its COMMIT, before or after it was done."""
    chance = random.Random(seconds)
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        bed.proxy.at_commit.append(chance.choice(list(AtCommit)))
        await asyncio.sleep(chance.uniform(0.1, 0.6))
    bed.proxy.at_commit.clear()


async def crowded(bed: Bed, seconds: float) -> None:
    """The server lets in fewer than the program wants."""
    for limit in ("6", "100"):
        bed.server.alter("max_connections", limit)
        await asyncio.to_thread(bed.server.stop)
        await asyncio.to_thread(bed.server.start)
        await asyncio.sleep(seconds if limit == "6" else 0)


async def held(bed: Bed, seconds: float) -> None:
    """Somebody holds the tables that everybody needs, until every connection waits."""
    url = make_url(bed.ground.url).set(drivername="postgresql")
    there = url.render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(there) as foreign:
        await foreign.execute("LOCK TABLE inbox, outbox IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(seconds)


async def reading_only(bed: Bed, seconds: float) -> None:
    """The server only reads, as a standby does after a failover."""
    bed.server.alter("default_transaction_read_only", "on")
    await asyncio.sleep(seconds)
    bed.server.alter("default_transaction_read_only", "off")


async def clock_off(bed: Bed, seconds: float) -> None:
    """The program's clock is 5 minutes ahead of the database's, then 5 minutes behind."""
    office, usual = bed.siege.office, bed.siege.office.program
    for program in (("bench.at", "300"), ("bench.at", "-300"), usual):
        await asyncio.to_thread(office.terminate)
        office.program = program
        await bed.restart()
        await bed.siege.thanks(10)


# --- SQLite -------------------------------------------------------------------------------


async def locked(bed: Bed, seconds: float) -> None:
    """Another process holds the file for writing."""
    foreign = sqlite3.connect(bed.file, isolation_level=None, check_same_thread=False)
    await asyncio.to_thread(foreign.execute, "BEGIN EXCLUSIVE")
    await asyncio.sleep(seconds)
    foreign.execute("ROLLBACK")
    foreign.close()


async def full(bed: Bed, seconds: float) -> None:
    """Not a byte is left on the database's disk."""
    with filled(bed.file.parent):
        await asyncio.sleep(seconds)
    if (found := await asyncio.to_thread(_whole, bed.file)) != "ok":
        bed.faults.append(f"the file is damaged: {found}")


def _whole(file: Path) -> str:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    found = str(connection.execute("PRAGMA quick_check").fetchone()[0])
    connection.close()
    return found


# --- the process and its log --------------------------------------------------------------


async def log_full(bed: Bed, seconds: float) -> None:
    """Not a byte is left for the log, while there is much to tell."""
    slower = bed.siege.simulator.faults.add(kind="429", times=10**9, every=5, retry_after=1)
    with filled(bed.ground.folder), (bed.ground.folder / "run.log").open("ab", 0) as log:
        with contextlib.suppress(OSError):
            while True:
                log.write(b"\n")  # what is left of its last page
        await asyncio.sleep(seconds)
        if bed.siege.office.process is None or bed.siege.office.process.poll() is not None:
            bed.faults.append("it ended because it could not write its log")
    slower.times = 0


async def stopped(bed: Bed, seconds: float) -> None:
    """SIGTERM, again and again: drained in time, and nothing is left in the air."""
    office, loop = bed.siege.office, asyncio.get_running_loop()
    slow = bed.siege.simulator.faults.add(kind="delay_after", times=10**9, seconds=SLOW)
    for _ in range(max(1, int(seconds))):
        await bed.siege.thanks(5)
        began = loop.time()
        status = await asyncio.to_thread(office.terminate)
        took, left = loop.time() - began, bed.outbox()
        bed.stops.append(round(took, 1))
        if status or took > DRAIN or left.get("uncertain") or left.get("sending"):
            bed.faults.append(f"stopped with {status} after {took:.1f} s, leaving {left}")
        await bed.restart()
    slow.times = 0


async def told_then_killed(bed: Bed, seconds: float) -> None:
    """SIGTERM, and SIGKILL while calls are still under way."""
    office = bed.siege.office
    slow = bed.siege.simulator.faults.add(kind="delay_after", times=10**9, seconds=5.0)
    await asyncio.sleep(1)
    assert office.process is not None
    office.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(2)
    if office.process.poll() is not None:
        bed.faults.append("it had ended before it could be killed")
    office.kill()
    slow.times = 0
    await bed.restart()


async def still(bed: Bed, seconds: float) -> None:
    """The whole process stands still, and its log says so afterwards."""
    office = bed.siege.office
    assert office.process is not None
    office.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(max(seconds, STILL))
    office.process.send_signal(signal.SIGCONT)
    for _ in range(100):
        if "nothing ran for a while" in (office.folder / "run.log").read_text():
            return
        await asyncio.sleep(0.1)
    bed.faults.append("it did not notice that it stood still")


async def second(bed: Bed, seconds: float) -> None:
    """Somebody starts it twice."""
    await asyncio.sleep(SOLE)
    office = bed.siege.office
    env = office.environment | {"TANGGAP_WEB_PORT": "0", "LANG": "en_US.UTF-8"}
    command = ["timeout", "120", sys.executable, "-m", "bot", "run"]
    other = await asyncio.to_thread(
        subprocess.run, command, env=env, cwd=office.folder, capture_output=True, check=False
    )
    if other.returncode != 2 or b"in use by a running bot" not in other.stderr:
        bed.faults.append(f"a second one ended with {other.returncode}: {other.stderr[-300:]!r}")


PROCESS: dict[str, Trouble] = {
    "log disk full": log_full,
    "standing still": still,
    "started twice": second,
    "stopped at a word": stopped,
    "told, then killed": told_then_killed,
}
NEED_A_SMALL_DISK = {"disk full", "log disk full"}
TROUBLES: dict[str, dict[str, Trouble]] = {
    "postgresql": {
        "frozen": frozen,
        "silent line": silent,
        "sessions ended": ended,
        "cut at commit": cut,
        "few connections": crowded,
        "tables held": held,
        "reading only": reading_only,
        "clock 5 min off": clock_off,
        **PROCESS,
    },
    "sqlite": {"locked": locked, "disk full": full, **PROCESS},
}
