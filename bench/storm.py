"""Told to slow down: what others notice of it, and how much of what is allowed is sent.

    python -m bench.storm --seconds 300

Time is simulated (the whole program, the strict simulator and its token bucket in this process, on
a clock moved by hand), so five minutes take less and the figures are the same on every machine.

G6: one chat must wait for 60 s; the delay of everybody else's answers. G8: the platform takes 20 a
second while we are set to 28, or refuses every third call; what arrives of what it allows, and
whether the speed falls and comes back.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import itertools
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bench.battle import show
from bot import logs
from bot.pace import Pace
from simulator import Limits, Phone
from simulator.flood import Flood
from simulator.record import Accepted
from simulator.strict import ApiError
from storage import outbox
from talk.messages import Outbound, Parcel
from talk.text import plain
from tests.kit.crowd import receivers
from tests.kit.grounds import world_on
from tests.kit.office import LOKET, small_city
from tests.kit.world import World

RATE = 28.0  # messages a second, as set by default
WAIT = 60  # seconds that one chat is told to wait

# --- G6: one chat waits -------------------------------------------------------------------------


async def one_chat_waits(world: World, *, others: int = 20) -> dict[str, Any]:
    """One chat gets a 429 for 60 s and keeps typing; `others` scan and rate meanwhile."""
    await small_city(world.database)
    held = world.phone("Ani")
    await held.start()
    await world.settle()
    began = world.clock.now()
    world.simulator.faults.add(kind="429", chat=held.chat_id, retry_after=WAIT)
    await held.send("/menu")
    delays: list[float] = []
    for number in range(others):
        phone = world.phone(f"Warga {number}")
        delays.append(await _delay(world, phone, phone.start(LOKET)))
        delays.append(await _delay(world, phone, phone.tap("Puas")))
        await held.send("masih di sana?")
        await world.live(WAIT / others - 1.0)
    await world.live(30)
    to_held = [_at(e) for e in world.simulator.record.accepted if e.chat_id == held.chat_id]
    waited = min(at for at in to_held if at > began) - began
    return {
        "what": "one chat waits",
        "answers": len(delays),
        "p95_s": round(statistics.quantiles(delays, n=20, method="inclusive")[-1], 3),
        "max_s": round(max(delays), 3),
        "it_waited_s": round(waited.total_seconds(), 1),
    }


async def _delay(world: World, phone: Phone, deed: Any) -> float:
    """Seconds from a deed to the answer on the phone; half a second passes in any case."""
    at, seen = world.clock.now(), len(world.simulator.record.accepted)
    await deed
    await world.live(0.5)
    for _ in range(1_000):
        for entry in world.simulator.record.accepted[seen:]:
            if entry.chat_id == phone.chat_id:
                return (_at(entry) - at).total_seconds()
        await world.live(0.5)
    return float("inf")


def _at(entry: Accepted) -> datetime:
    return datetime.fromisoformat(entry.at)


# --- G8: a storm of 429 -------------------------------------------------------------------------


async def storm(world: World, *, seconds: int, allowed: float | None) -> dict[str, Any]:
    """More replies than can go; the platform allows so many a second, or refuses each third call.

    `world` has the simulator's token bucket when `allowed` is given.
    """
    people = await receivers(world, int(RATE * seconds))
    began, pace = world.clock.now(), world.program.sender._pace
    if allowed is None:
        world.simulator.faults.add(
            kind="429", method="sendMessage", times=10**9, every=3, retry_after=1
        )
    lowest = RATE
    for second in range(seconds):
        some = people[int(RATE * second) : int(RATE * (second + 1))]
        await _put(world, some)
        await _send(world, 1)
        lowest = min(lowest, pace._all.rate)
    taken = len(world.simulator.record.accepted)
    world.simulator.faults.clear()
    await _send(world, 2 * seconds + 30)  # what waits goes out; replies live ten minutes
    pace.room(world.clock.monotonic())
    copies = Counter(entry.chat_id for entry in world.simulator.record.accepted)
    async with world.database.reading() as tx:
        states = await outbox.states(tx)
    row: dict[str, Any] = {
        "what": "every third call refused" if allowed is None else f"{allowed:g} a second allowed",
        "seconds": seconds,
        "lowest_rate": round(lowest, 1),
        "rate_after": round(pace._all.rate, 1),
        "states": states,
        "lost": len(people) - len(copies) - states.get("expired", 0),
        "doubled": sum(n - 1 for n in copies.values()),
        "last_after_s": round((_last(world) - began).total_seconds()),
    }
    if allowed is not None:
        row["goodput"] = round(taken / (allowed * (seconds + 1)), 3)  # a second's worth at once
    return row


def _last(world: World) -> datetime:
    return max(_at(entry) for entry in world.simulator.record.accepted)


async def _send(world: World, seconds: int) -> None:
    """So many seconds of sending, in tenths."""
    for _ in range(10 * seconds):
        while await world.program.sender.step():
            pass
        world.clock.advance(timedelta(seconds=0.1))


async def _put(world: World, phones: Sequence[Phone]) -> None:
    parcels = [
        Parcel(f"storm:{phone.chat_id}", phone.chat_id, Outbound(plain("kabar")))
        for phone in phones
    ]
    async with world.database.transaction() as tx:
        await outbox.put(tx, parcels, at=world.clock.now())


def goodput(allowed: float, *, latency: float, seconds: int = 300) -> float:
    """What the pace alone gets through the simulator's bucket when calls take `latency` seconds.

    Answers come late, so that many calls are under way when the first refusal arrives.
    """
    now, arrived, chats = 0.0, 0, itertools.count()
    pace = Pace(RATE, now)
    bucket = Flood(Limits(allowed, 1.0), lambda: now)
    flying: list[tuple[float, int, float | None]] = []
    for tick in range(seconds * 100):
        now = tick / 100
        while flying and flying[0][0] <= now:
            _, chat, wait = heapq.heappop(flying)
            if wait is None:
                arrived += 1
                pace.delivered(chat, now)
            else:
                pace.throttled(chat, wait, now)
        for _ in range(min(pace.room(now)[0], pace.at_once - len(flying))):
            chat = next(chats)
            pace.spend(chat, edit=False, now=now)
            wait = None
            try:
                bucket.spend(chat)
            except ApiError as refused:
                wait = float(refused.parameters["retry_after"])  # type: ignore[index]
            heapq.heappush(flying, (now + latency, chat, wait))
    return arrived / (allowed * (seconds + 1))


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    return bool(
        row.get("p95_s", 0) >= 2
        or row.get("it_waited_s", WAIT) < WAIT
        or row.get("lost")
        or row.get("doubled")
        or row.get("goodput", 1) < 0.9
        or row.get("rate_after", RATE) < RATE
        or row.get("lowest_rate", 0) >= RATE
    )


async def run(seconds: int, databases: Sequence[str]) -> list[dict[str, Any]]:
    """All of it on each database; the pace alone at four speeds of the platform's answers."""
    rows = []
    for kind in databases:
        async with world_on(kind, send_per_second=RATE) as world:
            rows.append({"database": kind, **await one_chat_waits(world)})
            show(rows[-1])
        for allowed in (20.0, None):
            limits = Limits(allowed, 1.0) if allowed else None
            async with world_on(kind, send_per_second=RATE, limits=limits) as world:
                found = await storm(world, seconds=seconds, allowed=allowed)
                rows.append({"database": kind, **found})
                show(rows[-1])
    for latency in (0.05, 0.1, 0.2, 0.3):
        worst = min(goodput(allowed, latency=latency) for allowed in (5, 10, 15, 20, 25))
        rows.append({"what": f"calls take {latency} s", "goodput": round(worst, 3)})
        show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    logs.configure("ERROR")  # a line for each 429 is not a figure
    rows = asyncio.run(run(asked.seconds, asked.databases))
    bad = [row for row in rows if failed(row)]
    sys.stdout.write("FAILED\n" if bad else "others wait for nothing; what is allowed is used\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
