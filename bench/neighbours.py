"""One chat in trouble beside others that rate: what the others notice, on the real program.

    python -m bench.neighbours --seconds 60

The program runs as a process of its own. One chat is told to wait for a minute (429), or its calls
hang for a minute, or its owner sends 200 messages a second. Ten citizens at a time scan and rate
meanwhile: p95 from what they do to the answer below 2 s, and not one without an answer.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from bench.battle import Office, ended, grounds, quiet, show, telegram
from bench.latency import Watch, figures
from simulator import Phone, Simulator
from tests.kit.checker import findings

CITIZENS = 10
FLOOD = 200  # messages a second
PATIENCE = 90.0  # seconds until a citizen gives up: longer than any fault lasts


class Street:
    """Citizens who rate one after the other, and how long each of them waited for an answer."""

    def __init__(self, simulator: Simulator, payloads: Sequence[str]) -> None:
        """Nobody yet."""
        self._simulator = simulator
        self._payloads = payloads
        self._watch = Watch(simulator)
        self._number = 0
        self.times: list[float] = []
        self.unanswered = 0

    async def live(self, seconds: float) -> None:
        """So many seconds of rating, and until the last has her answer."""
        end = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(self._one_after_another(end) for _ in range(CITIZENS)))

    async def _one_after_another(self, end: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < end:
            self._number += 1
            phone = self._simulator.person(f"warga {self._number}")
            payload = self._payloads[self._number % len(self._payloads)]
            try:
                await self._answered(phone, phone.start(payload))
                await self._answered(phone, phone.tap("Puas"))
            except TimeoutError:
                self.unanswered += 1
            await asyncio.sleep(1.0)  # below the pace, which would be what is measured

    async def _answered(self, phone: Phone, deed: Awaitable[object]) -> None:
        loop = asyncio.get_running_loop()
        shown, began = self._watch.next(phone), loop.time()
        await deed
        await asyncio.wait_for(shown, PATIENCE)
        self.times.append((loop.time() - began) * 1000)


async def told_to_wait(simulator: Simulator, phone: Phone, _: float) -> None:
    """A 429 for a minute on one chat, which keeps typing."""
    simulator.faults.add(kind="429", chat=phone.chat_id, retry_after=60)
    await phone.send("/menu")


async def hanging(simulator: Simulator, phone: Phone, seconds: float) -> None:
    """Every call to one chat hangs for a minute."""
    simulator.faults.add(kind="hang", chat=phone.chat_id, times=10**6, seconds=60)
    for _ in range(max(1, int(seconds // 5))):
        await phone.send("/menu")
        await asyncio.sleep(5)


async def flooding(simulator: Simulator, phone: Phone, seconds: float) -> None:
    """One account sends 200 messages a second."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    sent = 0
    while (passed := loop.time() - began) < seconds:
        for _ in range(int(passed * FLOOD) - sent):
            await phone.send(f"pesan {sent}")
            sent += 1
        await asyncio.sleep(0.05)


async def unthanked(simulator: Simulator, *_: object) -> None:
    """The answers to everybody's taps hang for a minute; messages pass."""
    simulator.faults.add(kind="hang", method="answerCallbackQuery", times=10**6, seconds=60)


async def nothing(*_: object) -> None:
    """For comparison."""


Trouble = Callable[[Simulator, Phone, float], Awaitable[None]]
TROUBLES: dict[str, Trouble] = {
    "none": nothing,
    "retry_after=60": told_to_wait,
    "hangs 60 s": hanging,
    "200 messages/s": flooding,
    "answers to taps hang": unthanked,
}


async def battle(
    *, database_url: str, folder: Path, seconds: float, troubles: Sequence[str]
) -> list[dict[str, Any]]:
    """One database: each trouble with a street of its own."""
    rows = []
    async with telegram() as (simulator, port):
        office = Office(folder, database_url, "polling", port, send_per_second=28)
        payloads = await asyncio.to_thread(office.prepare)
        with ended(office):
            office.start()
            await office.ready()
            await Street(simulator, payloads).live(3)
            for trouble in troubles:
                street, eve = Street(simulator, payloads), simulator.person(f"Eve {trouble}")
                street._number = 10_000 * (1 + troubles.index(trouble))
                await eve.start()
                await asyncio.sleep(1)
                before = len(eve.messages)
                async with asyncio.TaskGroup() as group:
                    group.create_task(_troubled(TROUBLES[trouble], simulator, eve, seconds))
                    group.create_task(street.live(seconds))
                simulator.faults.clear()
                told = sum(m.from_bot for m in eve.messages[before:])
                rows.append(
                    {
                        "database": database_url.split("+")[0],
                        "one_chat": trouble,
                        **figures(street.times),
                        "unanswered": street.unanswered,
                        "told_to_it": told,
                    }
                )
            await quiet(office, 400)
            office.terminate()
        broken = findings(simulator.record.entries, office.database_url, exact=True)
    return [{**row, "broken": broken} for row in rows]


async def _troubled(trouble: Trouble, simulator: Simulator, phone: Phone, seconds: float) -> None:
    await trouble(simulator, phone, seconds)


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    return bool(row["p95_ms"] >= 2_000 or row["unanswered"] or row["broken"])


async def run(
    seconds: float, databases: Sequence[str], troubles: Sequence[str]
) -> list[dict[str, Any]]:
    """Both databases, one after the other."""
    rows = []
    async for folder, url in grounds(databases):
        found = await battle(database_url=url, folder=folder, seconds=seconds, troubles=troubles)
        for row in found:
            show(row)
        rows += found
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each trouble")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--troubles", nargs="+", default=list(TROUBLES), choices=list(TROUBLES))
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.seconds, asked.databases, asked.troubles))
    bad = [row for row in rows if failed(row)]
    sys.stdout.write("FAILED\n" if bad else "its neighbours did not notice\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
