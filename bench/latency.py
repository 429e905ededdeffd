"""From a tap to the edited question, idle, beside a bare loop of two commits and one call.

    python -m bench.latency --taps 1000

The program runs as a process of its own; the simulator, over loopback, notes when it accepts the
edit that answers a tap. Both loops are measured in the same run, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.battle import ROOT, TOKEN, Office, telegram
from simulator import Phone, Simulator
from simulator.record import Accepted
from tests.kit.databases import new_postgres, postgres_server

PAUSE = 0.03  # seconds between taps: a person is not a flood
PASSED_OVER = ("Kembali", "Batal", "Nanti", "Menu", "Bantuan", "Ubah", "Hasil")


class Watch:
    """Tells when the next edit of a chat is accepted."""

    def __init__(self, simulator: Simulator) -> None:
        """Listen to everything the simulator writes down."""
        self._waiting: dict[int, asyncio.Future[float]] = {}
        add = simulator.record.add

        def heard(entry: Any) -> None:
            add(entry)
            if isinstance(entry, Accepted) and entry.method in ("editMessageText", "sendMessage"):
                waiter = self._waiting.pop(entry.chat_id, None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(time.perf_counter())

        simulator.record.add = heard  # type: ignore[method-assign]

    def next(self, phone: Phone) -> asyncio.Future[float]:
        """The moment at which this phone's next message is accepted."""
        self._waiting[phone.chat_id] = asyncio.get_running_loop().create_future()
        return self._waiting[phone.chat_id]


def _button(phone: Phone) -> str | None:
    """The first answer on the newest message."""
    for row in phone.last.keyboard:
        for button in row:
            if not button.label.startswith(PASSED_OVER):
                return button.label
    return None


async def taps(simulator: Simulator, count: int, payloads: list[str], name: str) -> list[float]:
    """Tap `count` times, one citizen after the other; milliseconds of each."""
    watch = Watch(simulator)
    times: list[float] = []
    number = 0
    while len(times) < count:
        number += 1
        phone = simulator.person(f"{name} {number}")
        shown = watch.next(phone)
        await phone.start(payloads[number % len(payloads)] if payloads else "")
        await asyncio.wait_for(shown, 20)
        for _ in range(12):
            await asyncio.sleep(PAUSE)
            label = _button(phone)
            if label is None or len(times) >= count:
                break
            shown = watch.next(phone)
            began = time.perf_counter()
            await phone.tap(label)
            times.append((await asyncio.wait_for(shown, 20) - began) * 1000)
    return times


def figures(times: list[float]) -> dict[str, float]:
    """Median and tail in milliseconds."""
    cut = statistics.quantiles(times, n=1000, method="inclusive")
    return {
        "taps": len(times),
        "p50_ms": round(cut[499], 2),
        "p95_ms": round(cut[949], 2),
        "p99_ms": round(cut[989], 2),
        "max_ms": round(max(times), 2),
    }


async def ours(folder: Path, database_url: str, count: int) -> list[float]:
    """The whole program."""
    async with telegram() as (simulator, port):
        office = Office(folder, database_url, "polling", port)
        payloads = await asyncio.to_thread(office.prepare)
        office.start()
        await office.ready()
        await taps(simulator, 30, payloads, "pemanasan")
        times = await taps(simulator, count, payloads, "warga")
        office.terminate()
    return times


async def bare(database_url: str, count: int) -> list[float]:
    """The bare loop."""
    async with telegram() as (simulator, port):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare", f"http://127.0.0.1:{port}", TOKEN, database_url],
            cwd=ROOT,
        )
        await taps(simulator, 30, [], "pemanasan")
        times = await taps(simulator, count, [], "warga")
        process.kill()
        process.wait()
    return times


async def run(count: int, rounds: int) -> list[dict[str, Any]]:
    """Both databases, ours and the bare loop in turns."""
    rows: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory(prefix="tanggap-latency-") as base,
        postgres_server(durable=True) as uri,
    ):
        for kind in ("sqlite", "postgresql"):
            mine: list[float] = []
            plain: list[float] = []
            for turn in range(rounds):
                folder = Path(base) / f"{kind}-{turn}"
                folder.mkdir()
                urls = [f"sqlite+aiosqlite:///{folder / name}.db" for name in ("a", "b")]
                if kind == "postgresql":
                    urls = [await new_postgres(uri, migrated=False) for _ in urls]
                mine += await ours(folder, urls[0], count // rounds)
                plain += await bare(urls[1], count // rounds)
            ratio = round(statistics.median(mine) / statistics.median(plain), 2)
            rows += [
                {"database": kind, "loop": "tanggap", **figures(mine), "x_of_bare_p50": ratio},
                {"database": kind, "loop": "bare", **figures(plain)},
            ]
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.taps, asked.rounds))
    for row in rows:
        sys.stdout.write(json.dumps(row) + "\n")
    sys.exit(any(row["p99_ms"] > 30 for row in rows if row["loop"] == "tanggap"))


if __name__ == "__main__":
    main()
