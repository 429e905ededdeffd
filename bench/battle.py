"""The real program as a process of its own, against the simulator over HTTP, killed at will.

Nothing here looks into the program: it is started by its command line, judged by what the
simulator saw and by a connection that can only read.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import create_engine, text

from simulator import Phone, Simulator
from tests.kit.checker import findings
from tests.kit.databases import new_postgres, postgres_server

TOKEN = "7000000001:AAbattle-token-that-opens-nothing-x"
LABELS = ("Tidak puas", "Kurang puas", "Puas", "Sangat puas")  # as values 1 to 4
ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Quiet(uvicorn.Server):
    """A server inside our loop that leaves the signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing to capture."""
        yield


@dataclass
class Office:
    """One installation in a folder: its settings, its process, its doors."""

    folder: Path
    database_url: str
    mode: str
    api_port: int
    web_port: int = field(default_factory=free_port)
    send_per_second: int = 1000
    program: tuple[str, ...] = ("bot", "run")
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What the program finds in its environment."""
        dropped = ("TANGGAP_", "PYTHONDONTWRITE")  # a program is started from its compiled files
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        return kept | {
            "TANGGAP_DATABASE_URL": self.database_url,
            "TANGGAP_TELEGRAM_TOKEN": TOKEN,
            "TANGGAP_TELEGRAM_API_URL": f"http://127.0.0.1:{self.api_port}",
            "TANGGAP_TELEGRAM_MODE": self.mode,
            "TANGGAP_WEBHOOK_SECRET": "w" * 40,
            "TANGGAP_PUBLIC_URL": f"http://127.0.0.1:{self.web_port}",
            "TANGGAP_WEB_PORT": str(self.web_port),
            "TANGGAP_SECRET_FILE": str(self.folder / "secret"),
            "TANGGAP_SEND_PER_SECOND": str(self.send_per_second),
            "PYTHONPATH": str(ROOT),
        }

    def command(self, *words: str) -> str:
        """Run one command of ours to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr[-2000:]}")
        return done.stdout

    def prepare(self) -> list[str]:
        """An empty database with the sample city; the payloads of counters with one service."""
        secret = self.folder / "secret"
        if not secret.exists():
            secret.write_text("s" * 48)
            secret.chmod(0o600)
        self.command("migrate")
        self.command("seed")
        points = json.loads(self.command("points", "--json"))
        return [point["payload"] for point in points if point["service"]]

    def start(self) -> None:
        """Start the program; its log goes to a file that grows over all starts."""
        self.starts += 1
        with (self.folder / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.program],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    async def ready(self, patience: float = 90.0) -> float:
        """Wait until it says that it is ready; seconds it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with httpx.AsyncClient() as client:
            while loop.time() - began < patience:
                if self.process is not None and self.process.poll() is not None:
                    tail = (self.folder / "run.log").read_text()[-2000:]
                    raise RuntimeError(f"the program ended by itself:\n{tail}")
                with contextlib.suppress(httpx.HTTPError):
                    answer = await client.get(f"http://127.0.0.1:{self.web_port}/readyz")
                    parts = answer.json()["parts"]
                    parts.pop("webhook", None)  # says "starting" until the first update comes
                    if all(state == "ok" for state in parts.values()):
                        return loop.time() - began
                await asyncio.sleep(0.05)
        raise TimeoutError(f"not ready within {patience} s: {parts}")

    def findings(self, simulator: Simulator, **asked: Any) -> list[str]:
        """What the checker finds wrong, the log of all starts included."""
        log, secret = [self.folder / "run.log"], [TOKEN.partition(":")[2], "w" * 40, "s" * 48]
        return findings(
            simulator.record.entries, self.database_url, logs=log, canaries=secret, **asked
        )

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)


@contextlib.contextmanager
def ended(office: Office) -> Iterator[None]:
    """Whatever happens in between, its process is gone in the end."""
    try:
        yield
    finally:
        if office.process is not None and office.process.poll() is None:
            office.kill()


@contextlib.asynccontextmanager
async def telegram(
    ahead: timedelta = timedelta(), *, jumped: Callable[[], timedelta] = timedelta
) -> AsyncIterator[tuple[Simulator, int]]:
    """The simulator, listening on loopback: the other side of the program.

    Its clock is `ahead` of ours, and by what it has `jumped` meanwhile.
    """
    simulator = Simulator(token=TOKEN, now=lambda: datetime.now(UTC) + ahead + jumped())
    port = free_port()
    server = Quiet(
        uvicorn.Config(simulator.app, port=port, log_level="warning", timeout_graceful_shutdown=1)
    )
    serving = asyncio.get_running_loop().create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield simulator, port
    finally:
        simulator.close()
        server.should_exit = True
        await serving


async def grounds(kinds: Sequence[str]) -> AsyncIterator[tuple[Path, str]]:
    """For each kind of database, a folder and the address of an empty one."""
    with tempfile.TemporaryDirectory(prefix="tanggap-") as base, postgres_server() as uri:
        for number, kind in enumerate(kinds):
            folder = Path(base) / f"{number}-{kind}"
            folder.mkdir()
            if kind == "postgresql":
                yield folder, await new_postgres(uri, migrated=False)
            else:
                yield folder, f"sqlite+aiosqlite:///{folder / 'tanggap.db'}"


def show(row: Any) -> None:
    """Print one row of figures at once."""
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


@dataclass
class Crowd:
    """Citizens who scan a poster and rate, one after the other, many at once."""

    simulator: Simulator
    payloads: list[str]
    seed: int
    given: Counter[tuple[str, int]] = field(default_factory=Counter)
    thanked: int = 0
    stopping: bool = False
    patience: float = 60.0
    slow: list[str] = field(default_factory=list)

    async def run(self, at_once: int) -> None:
        """So many citizens at a time until told to stop; all finish what they began."""
        randoms = [random.Random(f"{self.seed}:{n}") for n in range(at_once)]
        await asyncio.gather(*(self._one_after_another(n, r) for n, r in enumerate(randoms)))

    async def _one_after_another(self, lane: int, chance: random.Random) -> None:
        number = 0
        while not self.stopping:
            number += 1
            await self.rate(self.simulator.person(f"warga {lane}-{number}"), chance)

    async def rate(self, phone: Phone, chance: random.Random) -> None:
        """Scan, tap one of the four labels, wait for the thanks."""
        payload = chance.choice(self.payloads)
        label = chance.choice(LABELS)
        await phone.start(payload)
        if not await self._until(lambda: _offers(phone, label)):
            self.slow.append(f"{phone.name}: no first message")
            return
        shown = next(m for m in reversed(phone.messages) if m.from_bot and _has(m, label))
        self.given[payload, LABELS.index(label) + 1] += 1
        await phone.tap(label, shown)
        if chance.random() < 0.3:  # an impatient finger
            with contextlib.suppress(AssertionError):
                await phone.tap(label, shown)
        if await self._until(lambda: not _has(shown, label)):
            self.thanked += 1
        else:
            self.slow.append(f"{phone.name}: no thanks")

    async def _until(self, seen: Callable[[], bool]) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience
        while loop.time() < end:
            if seen():
                return True
            await asyncio.sleep(0.02)
        return False


def _has(message: object, label: str) -> bool:
    return any(button.label == label for row in message.keyboard for button in row)  # type: ignore[attr-defined]


def _offers(phone: Phone, label: str) -> bool:
    return any(message.from_bot and _has(message, label) for message in phone.messages)


def sync_url(database_url: str) -> str:
    """The same database for a plain connection."""
    return database_url.replace("+aiosqlite", "")


async def until(seen: Any, patience: float = 120.0) -> None:
    """Wait until `seen()` is true. Raises TimeoutError after `patience` seconds."""
    async with asyncio.timeout(patience):
        while not seen():
            await asyncio.sleep(0.05)


async def quiet(office: Office, patience: float = 60.0, *, but: str = "") -> None:
    """Wait until nothing waits and nothing is on its way, `but` what goes in that lane."""
    engine = create_engine(sync_url(office.database_url))
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    left = -1
    while loop.time() < end:
        with engine.connect() as connection:
            left = connection.execute(
                text(
                    "select (select count(*) from inbox where state = 'waiting') +"
                    " (select count(*) from outbox where lane <> :but and (state in"
                    "  ('ready', 'sending') or (state = 'uncertain' and not_before is not null)))"
                ),
                {"but": but},
            ).scalar_one()
        if left == 0:
            engine.dispose()
            return
        await asyncio.sleep(0.2)
    engine.dispose()
    raise TimeoutError(f"{left} rows still wait after {patience} s")
