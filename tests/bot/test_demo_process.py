"""`python -m bot demo` as somebody who has never seen it: one command, one address, a rating."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0  # seconds until it is ready; a fresh machine compiles everything first


class Visitor:
    """A browser on the phones page."""

    def __init__(self, web: httpx.Client) -> None:
        web.timeout = httpx.Timeout(30)
        self.web = web

    def get(self, path: str) -> Any:
        return self.web.get(path).raise_for_status().json()

    def act(self, user: int, action: str, **wish: object) -> None:
        self.web.post(f"/sim/phones/{user}/{action}", json=wish).raise_for_status()

    def person(self, role: str) -> dict[str, Any]:
        cast: list[dict[str, Any]] = self.get("/sim/state")["cast"]
        return next(one for one in cast if one["role"] == role)

    def button(self, role: str, label: str) -> dict[str, Any] | None:
        """The message and data of a button that stands on a phone; None if it is not there."""
        for message in reversed(self.person(role)["messages"]):
            for button in (button for row in message["rows"] for button in row):
                if label in button["label"]:
                    return {"data": button["data"], "message_id": message["id"]}
        return None


def until(look: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that somebody else has, with free ones after it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_from_the_command_to_a_counted_rating(tmp_path: Path, busy: int) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith("TANGGAP_")}
    env |= {
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        # A real installation in the same environment is left alone.
        "TANGGAP_DATABASE_URL": f"sqlite:///{tmp_path / 'real.db'}",
        "TANGGAP_SECRET_FILE": str(tmp_path / "real-secret"),
        "TANGGAP_TELEGRAM_TOKEN": "123456:real-token-of-a-real-bot-xxxxxxxxx",
        "TANGGAP_TELEGRAM_MODE": "webhook",
        "TANGGAP_SPOOL_DIR": str(tmp_path / "real-spool"),
        "TANGGAP_WEB_HOST": "0.0.0.0",
    }
    env.pop("LC_ALL", None)
    with (tmp_path / "told").open("w") as told, (tmp_path / "errors").open("w") as errors:
        demo = subprocess.Popen(
            [sys.executable, "-m", "bot", "demo", "--port", str(busy)],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=errors,
        )
        try:
            address = _address(demo, tmp_path / "told")
            assert int(address.rpartition(":")[2]) != busy
            with contextlib.closing(httpx.Client(base_url=address, trust_env=False)) as web:
                _rate(Visitor(web))
            started = time.monotonic()
            demo.send_signal(signal.SIGTERM)
            assert demo.wait(timeout=30) == 0
            assert time.monotonic() - started < 10
        finally:
            demo.kill()
            demo.wait()
    assert list(temporary.iterdir()) == []  # it cleaned up after itself
    assert not (tmp_path / "real.db").exists()
    assert not (tmp_path / "real-secret").exists()
    assert not (tmp_path / "real-spool").exists()
    assert '"error"' not in (tmp_path / "errors").read_text()


def _address(demo: subprocess.Popen[bytes], told: Path) -> str:
    def ready() -> str:
        assert demo.poll() is None
        found = re.search(r"(http://127\.0\.0\.1:\d+)/", told.read_text())
        return found[1] if found else ""

    address: str = until(ready, PATIENCE)
    assert told.read_text().count("http") == 1  # one address, and no other to choose from
    return address


def _rate(visitor: Visitor) -> None:
    assert visitor.get("/healthz") == {"status": "alive"}
    until(lambda: visitor.web.get("/readyz").status_code == 200)
    scannables = visitor.get("/sim/scannables")
    point = next(one for one in scannables if one["label"] == "Poli umum")
    sari = visitor.person("citizen")["user_id"]
    assert visitor.get("/sim/state")["office"]["quick"] == 0
    visitor.act(sari, "start", payload=point["payload"])
    good = until(lambda: visitor.button("citizen", "Puas"))
    visitor.act(sari, "tap", **good)
    until(lambda: visitor.get("/sim/state")["office"]["quick"] == 1)
    # The clock moves on, and the office's day with it.
    before = visitor.get("/sim/state")["office"]["now"]
    after = visitor.web.post("/sim/advance", json={"seconds": 3600}).raise_for_status().json()
    assert after["now"] > before
    assert after["quick"] == 1
    assert visitor.get("/readyz")["status"] == "ready"
