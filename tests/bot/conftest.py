"""A shell in a folder of its own, and a Telegram on this machine for commands that ask for one."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot import logs
from bot.cli import app
from bot.serving import listen, web_server
from simulator import Simulator
from tests.conftest import run
from tests.kit import databases

TOKEN = "7000000001:AAcanary-token-that-opens-nothing"
SECRET_PART = TOKEN.partition(":")[2]


@dataclass
class Shell:
    """Runs commands as somebody at a terminal would, without their environment."""

    folder: Path
    env: dict[str, str | None] = field(default_factory=dict)

    def __call__(self, *arguments: object, **more: str | None) -> Result:
        env = {"LC_ALL": None, "LC_MESSAGES": None, "LANG": "C.UTF-8", **self.env, **more}
        result = CliRunner().invoke(app, [str(one) for one in arguments], env=env)
        assert SECRET_PART not in result.output
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def data(self, *arguments: object, **more: str | None) -> Any:
        """What a command prints with --json."""
        result = self(*arguments, "--json", **more)
        return json.loads(result.stdout)

    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.folder / 'data' / 'tanggap.db'}"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "TELEGRAM_TOKEN", "TELEGRAM_API_URL", "WEB_PORT"):
        monkeypatch.delenv(f"TANGGAP_{name}", raising=False)
    # Nothing of a test may reach the real Telegram.
    yield Shell(tmp_path, {"TANGGAP_TELEGRAM_API_URL": "http://127.0.0.1:9"})
    # A command sends the logs to its own standard error, which is gone now.
    logs.configure("WARNING", stream=sys.__stderr__)


@contextmanager
def served(simulator: Simulator) -> Iterator[str]:
    """The simulator on a port of this machine; its address."""
    sock = listen("127.0.0.1", 0)
    server = web_server(simulator.app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


@pytest.fixture
def telegram() -> Simulator:
    """A Telegram whose bot is @TanggapDemoBot."""
    return Simulator(token=TOKEN, now=lambda: datetime.now(UTC))


@pytest.fixture
def connected(shell: Shell, telegram: Simulator) -> Iterator[Shell]:
    """A shell with a token, and a Telegram that knows it."""
    with served(telegram) as address:
        shell.env |= {"TANGGAP_TELEGRAM_API_URL": address, "TANGGAP_TELEGRAM_TOKEN": TOKEN}
        yield shell


@pytest.fixture
def empty_postgres(postgres_uri: str) -> str:
    """A PostgreSQL database without a single table."""
    return run(databases.new_postgres(postgres_uri, migrated=False))
