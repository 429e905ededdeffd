"""What the benches beside others share: two cores, a certificate, the stub, programs, results.

Programs under test run on one core, the stub and this process on the other. Everything alternates
in one run and medians are taken, so that the ratios hold on a machine that is never quite quiet.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.battle import ROOT, TOKEN, Office, free_port

SECRET = "w" * 40  # as in battle.Office
RESULTS = ROOT / "bench" / "results"
PEERS = ROOT / ".venv-peers"
PINNED = ROOT / "requirements" / "peers.txt"

# A certificate for loopback that is its own authority.
_REQUEST = """
[req]
distinguished_name = name
x509_extensions = v3
prompt = no
[name]
CN = bench
[v3]
basicConstraints = critical, CA:true
keyUsage = critical, digitalSignature, keyCertSign
subjectAltName = IP:127.0.0.1
subjectKeyIdentifier = hash
"""


def cores() -> tuple[int, int]:
    """The core of the program under test and the core of everything else."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[-1]


PROGRAM_CORE, STUB_CORE = cores()


def _stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: we are cleaning up
    raise KeyboardInterrupt


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """A folder with a certificate in it, on the stub's core; gone in the end.

    Raises FileNotFoundError when the command `openssl` is not there.
    """
    os.sched_setaffinity(0, {STUB_CORE})
    # A stop from outside must take the processes with it: as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        with tempfile.TemporaryDirectory(prefix="tanggap-") as base:
            folder = Path(base)
            (folder / "request").write_text(_REQUEST)
            command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
            subprocess.run(
                ["openssl", *command.split(), "-config", "request"]
                + ["-keyout", "key.pem", "-out", "cert.pem"],
                cwd=folder,
                check=True,
                capture_output=True,
            )
            yield folder
    finally:
        signal.signal(signal.SIGTERM, before)
        os.sched_setaffinity(0, {PROGRAM_CORE, STUB_CORE})


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


class Stub:
    """The stub's process, and orders to it."""

    def __init__(self, folder: Path, delay: float) -> None:
        """Start it; every call of a bot is answered after `delay` seconds."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.stub", "cert.pem", "key.pem", str(delay)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"https://127.0.0.1:{self._told()['port']}"

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the stub ended by itself")
        return dict(json.loads(line))

    async def order(self, do: str, **order: Any) -> dict[str, Any]:
        """Have something done, and what came of it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._process.stdin.flush()
        return await asyncio.to_thread(self._told)

    def close(self) -> None:
        """End it."""
        _end(self._process)


@dataclass
class Program:
    """A program under test: how it is started, where it listens, on the first core."""

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    port: int
    payloads: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it; what it says goes to a file in its folder."""
        with (self.folder / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        os.sched_setaffinity(self.pid, {PROGRAM_CORE})

    async def listening(self, patience: float = 60.0) -> None:
        """Wait until its port is open. Raises RuntimeError when it ends before that."""
        end = asyncio.get_running_loop().time() + patience
        while asyncio.get_running_loop().time() < end:
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended:\n{self.tail()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            await asyncio.sleep(0.05)
        raise TimeoutError(f"{self.name} does not listen:\n{self.tail()}")

    def tell(self, words: str) -> None:
        """Write a line to its stdin."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def heard(self, words: str) -> None:
        """Wait for a line on its stdout. Raises RuntimeError when another comes, or none."""
        assert self.process is not None
        assert self.process.stdout is not None
        if (line := self.process.stdout.readline().strip()) != words:
            raise RuntimeError(f"{self.name} said {line!r}:\n{self.tail()}")

    def tail(self) -> str:
        """The end of what it logged."""
        return (self.folder / "run.log").read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            _end(self.process)


class Tanggap(Office):
    """Our program as it is run, against a server with a certificate of its own."""

    stub_url = ""
    certificate = Path()

    @property
    def environment(self) -> dict[str, str]:
        """What the program finds in its environment."""
        return super().environment | {
            "TANGGAP_TELEGRAM_API_URL": self.stub_url,
            "SSL_CERT_FILE": str(self.certificate),
        }

    def start(self) -> None:
        """Start it on the first core."""
        super().start()
        os.sched_setaffinity(self.pid, {PROGRAM_CORE})

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    def tail(self) -> str:
        """The end of its log."""
        return (self.folder / "run.log").read_text()[-2000:]


def tanggap(folder: Path, stub: Stub, certificate: Path) -> Tanggap:
    """An installation on SQLite in webhook mode, in a folder of its own."""
    folder.mkdir()
    office = Tanggap(folder, f"sqlite+aiosqlite:///{folder / 'tanggap.db'}", "webhook", 0)
    office.stub_url, office.certificate = stub.url, certificate
    return office


def peer(name: str, words: str, folder: Path, stub: Stub, certificate: Path) -> Program:
    """A program of `bench/peers` with the words after it, in an environment of its own."""
    folder.mkdir()
    port = free_port()
    dropped = ("TANGGAP_", "PYTHONDONTWRITE", "PYTHONPATH")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return Program(
        name,
        [
            str(PEERS / "bin" / "python"),
            str(ROOT / "bench" / "peers" / f"{name}.py"),
            *words.split(),
        ],
        folder,
        kept
        | {
            "BOT_TOKEN": TOKEN,
            "BOT_API": stub.url,
            "BOT_PORT": str(port),
            "BOT_SECRET": SECRET,
            "BOT_DATABASE": str(folder / "bot.db"),
            "SSL_CERT_FILE": str(certificate),
        },
        port,
    )


# --- results --------------------------------------------------------------------------------


def medians(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure over all rounds."""
    names = {name for row in rows for name in row}
    return {
        name: statistics.median(row[name] for row in rows if name in row) for name in sorted(names)
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of figures under their names, for reading."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([_shown(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _shown(value: Any) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def keep(name: str, told: Mapping[str, Any]) -> Path:
    """Write results beside the earlier ones, with when and on what they were taken."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{name}-{now:%Y%m%d-%H%M%S}.json"
    about = {
        "at": now.isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
    }
    path.write_text(json.dumps(about | dict(told), indent=1))
    return path


def ready_made() -> bool:
    """Whether the peers' environment is there, and of the list as it stands."""
    ready = PEERS / "ready"
    return ready.exists() and ready.stat().st_mtime >= PINNED.stat().st_mtime


def make_ready() -> None:
    """Make the peers' environment from the pinned list, as `make` would."""
    if ready_made():
        return
    shutil.rmtree(PEERS, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    subprocess.run(
        [str(PEERS / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        + ["--disable-pip-version-check", "--require-hashes"]
        + ["-r", str(PINNED)],
        check=True,
    )
    (PEERS / "ready").touch()
