"""Taps answered per second and per processor second, beside the bots people would write instead.

    python -m bench.inbound                        # all, five rounds
    python -m bench.inbound --only tanggap naive_ptb@128 --rounds 3

A tap: the update by webhook, what it does durably stored, `answerCallbackQuery` and the edit, over
TLS with a network of 20 ms; 128 citizens at once, each program on one core. Everybody does the
same journey with the same questions: a quick rating, nine answers, five pages passed over, submit.
Only ours has an inbox and an outbox. Programs alternate in one run; figures are medians.

Three loads in each round: as much as it carries; 80 % of that, evenly come (open loop); one person
alone. Exit 1 when we carry less than `TARGET` times naive
python-telegram-bot.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import sys
from pathlib import Path
from typing import Any

from bench.paired import (
    SECRET,
    Program,
    Stub,
    Tanggap,
    keep,
    make_ready,
    medians,
    peer,
    table,
    tanggap,
    workshop,
)

# After the @: concurrent_updates. As shipped, python-telegram-bot handles one update at a time,
# and its documentation asks for that with a ConversationHandler. 16 is where it is fastest: beyond
# that its HTTP pool costs more than it brings (128 also works, at about half of that).
CONTESTANTS = (
    "tanggap",
    "bare_ptb",
    "bare_ptb@16",
    "naive_ptb",
    "naive_ptb@16",
    "aiogram_fsm",
)
RIVAL = "naive_ptb"  # the fastest of these that ran
TARGET = 5.0
NETWORK = 0.02  # seconds
CITIZENS = 128
BUSY = 0.8


class Contestant:
    """One program with a stub of its own, started once and measured in turns."""

    def __init__(self, name: str, base: Path, citizens: int) -> None:
        """Prepare it in a folder below `base`."""
        self.name = name
        self.stub = Stub(base, NETWORK)
        self.citizens = citizens
        self.payloads: list[str] = []
        self.rounds: list[dict[str, float]] = []
        self._program: Program | Tanggap
        certificate, folder = base / "cert.pem", base / name
        if name == "tanggap":
            self._program = tanggap(folder, self.stub, certificate)
            self.url = f"http://127.0.0.1:{self._program.web_port}/telegram"
        else:
            self._program = peer(*name.partition("@")[::2], folder, self.stub, certificate)
            self.url = f"http://127.0.0.1:{self._program.port}/telegram"

    async def start(self) -> None:
        """Start it and wait until it can work."""
        if isinstance(self._program, Tanggap):
            self.payloads = await asyncio.to_thread(self._program.prepare)
            self._program.start()
            await self._program.ready()
        else:
            self._program.start()
            await self._program.listening()

    async def load(self, **how: Any) -> dict[str, Any]:
        """One load; what came of it. Raises RuntimeError when somebody was not answered."""
        told = await self.stub.order(
            "load",
            url=self.url,
            secret=SECRET,
            pid=self._program.pid,
            payloads=self.payloads,
            **how,
        )
        if told["unanswered"]:
            raise RuntimeError(f"{self.name}: {told}\n{self._program.tail()}")
        return told

    async def round(self, seconds: float) -> dict[str, float]:
        """All three loads."""
        warm = min(5.0, seconds / 2)
        full = await self.load(citizens=self.citizens, warm=warm, seconds=seconds)
        if not full["taps"]:
            raise RuntimeError(f"{self.name}: nothing in {seconds} s\n{self._program.tail()}")
        rate = full["taps"] / full["seconds"]
        busy = await self.load(
            citizens=self.citizens, warm=warm, seconds=seconds, rate=BUSY * rate
        )
        idle = await self.load(citizens=1, warm=warm / 2, seconds=seconds / 2, pause=0.05)
        row = {
            "taps/s": rate,
            "taps/cpu-s": full["taps"] / full["cpu"],
            "core": full["cpu"] / full["seconds"],
            "stub core": full["stub_cpu"] / full["seconds"],
            "repeated": full["repeated"] + busy["repeated"] + idle["repeated"],
        }
        for when, told in (("at 80%", busy), ("idle", idle)):
            row |= {
                f"{mark} {when}": told[f"{mark}_ms"] for mark in ("p50", "p99") if told["taps"]
            }
        self.rounds.append(row)
        return row

    async def check(self) -> None:
        """Raises RuntimeError unless every submission is stored, by those that store any."""
        if self.name.startswith("bare"):
            return
        database = self._program.folder / ("tanggap.db" if self.name == "tanggap" else "bot.db")
        which = "instrument = 'skm'" if self.name == "tanggap" else "submitted"
        with contextlib.closing(sqlite3.connect(database)) as connection:
            asked = f"select count(*) from response where {which}"
            stored = connection.execute(asked).fetchone()[0]
        finished = (await self.stub.order("state"))["finished"]
        if stored != finished:
            raise RuntimeError(f"{self.name}: {finished} submitted, {stored} stored")

    def close(self) -> None:
        """End both."""
        if isinstance(self._program, Program):
            self._program.stop()
        elif self._program.process is not None:
            self._program.kill()
        self.stub.close()


async def run(
    names: list[str], rounds: int, seconds: float, citizens: int
) -> list[dict[str, Any]]:
    """Measure them in turns; a row of medians for each, beside the rival where it ran."""
    if set(names) - {"tanggap"}:
        make_ready()
    with workshop() as base:
        contestants: list[Contestant] = []
        try:
            for name in names:
                contestants.append(Contestant(name, base, citizens))
                await contestants[-1].start()
                await contestants[-1].load(citizens=citizens, warm=1, seconds=seconds)  # pools
            for number in range(1, rounds + 1):
                for one in contestants:
                    row = {"round": number, "bot": one.name, **await one.round(seconds)}
                    print(table([row]), flush=True)
            for one in contestants:
                await one.check()
        finally:
            for one in contestants:
                one.close()
    rows = [{"bot": one.name, **medians(one.rounds)} for one in contestants]
    rivals = [row for row in rows if row["bot"].startswith(RIVAL)]
    for name in ("taps/s", "taps/cpu-s"):
        best = max((row[name] for row in rivals), default=0.0)
        for row in rows if best else ():
            row[f"x {name}"] = row[name] / best
    keep("inbound", {"rows": rows, "rounds": {one.name: one.rounds for one in contestants}})
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=list(CONTESTANTS), metavar="BOT")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--citizens", type=int, default=CITIZENS)
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.only, asked.rounds, asked.seconds, asked.citizens))
    print(table(rows))
    ours = next((row for row in rows if row["bot"] == "tanggap"), {})
    sys.exit(ours.get("x taps/s", TARGET) < TARGET)


if __name__ == "__main__":
    main()
