"""What the program costs when nothing happens: start-up, memory, an idle hour.

    python -m bench.rest --starts 5 --settle 60 --idle 120

The real process against the simulated Telegram: `tanggap run` from its start to a ready /readyz,
then left alone. Beside each another one idles whose statements are counted. All combinations of
polling or webhook with SQLite or PostgreSQL idle at the same time: nobody disturbs anybody.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import re
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.battle import Office, show, telegram
from bench.proc import Reading, reading
from tests.kit.databases import new_postgres, postgres_server

MEMORY = 120.0  # MiB that the resting process may hold
SHARE = 0.5  # per cent of a core that it may take
IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| \s*(\S+)")
COMBINATIONS = [(m, d) for d in ("sqlite", "postgresql") for m in ("polling", "webhook")]


class Timed(Office):
    """An office whose program writes into its log how long each import took."""

    @property
    def environment(self) -> dict[str, str]:
        """As of any office."""
        return super().environment | {"PYTHONPROFILEIMPORTTIME": "1"}


@dataclass
class Idle:
    """Two programs that idle in one combination: as it is, and counted."""

    mode: str
    database: str
    plain: Office
    counted: Office
    starts: list[tuple[float, float]]  # (seconds, processor seconds) of each start
    before: Reading | None = None
    counts: Counter[str] | None = None

    @property
    def pid(self) -> int:
        """The process that is measured."""
        assert self.plain.process is not None
        return self.plain.process.pid

    def tally(self) -> Counter[str]:
        """Statements so far."""
        assert self.counted.process is not None
        path = self.counted.folder / "counts.json"
        path.unlink(missing_ok=True)
        self.counted.process.send_signal(signal.SIGUSR1)
        for _ in range(200):
            time.sleep(0.01)
            if path.exists() and (written := path.read_text()):
                return Counter(json.loads(written))
        raise TimeoutError("the program did not write its counts")


def until_ready(office: Office, patience: float = 60.0) -> float:
    """Start the program; seconds until it says that it is ready."""
    began = time.perf_counter()
    office.start()
    while time.perf_counter() - began < patience:
        try:
            line = http.client.HTTPConnection("127.0.0.1", office.web_port, timeout=5)
            line.request("GET", "/readyz")
            answer = json.loads(line.getresponse().read())
            line.close()
        except OSError:
            answer = {"parts": {"port": "closed"}}
        parts = {name: state for name, state in answer["parts"].items() if name != "webhook"}
        if all(state == "ok" for state in parts.values()):
            return time.perf_counter() - began
        time.sleep(0.01)
    raise TimeoutError(f"not ready: {answer}")


async def started(office: Office, starts: int) -> list[tuple[float, float]]:
    """Start it so often; the last one is left running."""
    times = []
    for number in range(starts):
        seconds = await asyncio.to_thread(until_ready, office)
        assert office.process is not None
        times.append((seconds, reading(office.process.pid).cpu))
        if number < starts - 1:
            await asyncio.to_thread(office.terminate)
    return times


async def open_one(
    stack: AsyncExitStack, base: Path, uri: str, mode: str, database: str, starts: int
) -> Idle:
    """Both programs of one combination, running and ready."""
    offices = []
    for name in ("plain", "counted"):
        folder = base / f"{mode}-{database}-{name}"
        folder.mkdir()
        url = f"sqlite+aiosqlite:///{folder / 'tanggap.db'}"
        if database == "postgresql":
            url = await new_postgres(uri, migrated=False)
        _, port = await stack.enter_async_context(telegram())
        office = Office(folder, url, mode, port)
        await asyncio.to_thread(office.prepare)
        offices.append(office)
    plain, counted = offices
    counted.program = ("bench.counted", str(counted.folder / "counts.json"))
    times = await started(plain, starts)
    stack.push_async_callback(asyncio.to_thread, plain.terminate)
    await started(counted, 1)
    stack.push_async_callback(asyncio.to_thread, counted.terminate)
    return Idle(mode, database, plain, counted, times)


def measured(one: Idle, minutes: float) -> dict[str, Any]:
    """One row: what it cost since `before`."""
    assert one.before is not None
    assert one.counts is not None
    now = reading(one.pid)
    spent = one.tally() - one.counts
    return {
        "database": one.database,
        "mode": one.mode,
        "start_s": round(statistics.median(seconds for seconds, _ in one.starts), 2),
        "start_cpu_s": round(statistics.median(cpu for _, cpu in one.starts), 2),
        "rss_mib": round(now.rss, 1),
        "pss_mib": round(now.pss, 1),
        "threads": now.threads,
        "files": now.files,
        "core_percent": round((now.cpu - one.before.cpu) / minutes / 60 * 100, 3),
        "woken_per_s": round((now.woken - one.before.woken) / minutes / 60, 1),
        "statements_per_min": round(spent.pop("statements", 0) / minutes, 1),
        "transactions_per_min": round(spent.pop("transactions", 0) / minutes, 1),
        "most": [f"{n}x {words}" for words, n in spent.most_common(3)],
    }


def met(row: dict[str, Any]) -> bool:
    """Whether a row keeps within the figures."""
    return bool(row["rss_mib"] <= MEMORY and row["core_percent"] <= SHARE)


async def idle(
    combinations: Sequence[tuple[str, str]], *, starts: int, settle: float, seconds: float
) -> list[dict[str, Any]]:
    """All combinations; they are started one after the other and idle together."""
    with tempfile.TemporaryDirectory(prefix="tanggap-rest-") as base, postgres_server() as uri:
        async with AsyncExitStack() as stack:
            idles = [
                await open_one(stack, Path(base), uri, mode, database, starts)
                for mode, database in combinations
            ]
            await asyncio.sleep(settle)
            for one in idles:
                one.counts = await asyncio.to_thread(one.tally)
                one.before = reading(one.pid)
            await asyncio.sleep(seconds)
            return [await asyncio.to_thread(measured, one, seconds / 60) for one in idles]


async def imports() -> list[dict[str, Any]]:
    """Where the start's imports go: each top-level package with its own milliseconds."""
    with tempfile.TemporaryDirectory(prefix="tanggap-rest-") as base:
        async with telegram() as (_, port):
            folder = Path(base)
            office = Timed(folder, f"sqlite+aiosqlite:///{folder / 'tanggap.db'}", "polling", port)
            await asyncio.to_thread(office.prepare)
            await asyncio.to_thread(until_ready, office)
            await asyncio.to_thread(office.terminate)
            log = (folder / "run.log").read_text()
    spent: Counter[str] = Counter()
    for own, module in IMPORT.findall(log):
        spent[module.partition(".")[0]] += int(own)
    heaviest = [{"imports": name, "ms": round(us / 1000)} for name, us in spent.most_common(12)]
    return [{"imports": "all", "ms": round(spent.total() / 1000)}, *heaviest]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5, help="starts of each combination")
    parser.add_argument("--settle", type=float, default=60.0, help="seconds before it is resting")
    parser.add_argument("--idle", type=float, default=120.0, help="seconds that are measured")
    parser.add_argument("--modes", nargs="+", default=["polling", "webhook"])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    wanted = [(m, d) for m, d in COMBINATIONS if m in asked.modes and d in asked.databases]
    for row in asyncio.run(imports()):
        show(row)
    rows = asyncio.run(idle(wanted, starts=asked.starts, settle=asked.settle, seconds=asked.idle))
    for row in rows:
        show(row | {"met": met(row)})
    sys.stdout.write(f"at rest: at most {MEMORY:.0f} MiB and {SHARE} % of a core: ")
    kept = all(map(met, rows))
    sys.stdout.write("met\n" if kept else "NOT met\n")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
