"""An announcement to a million people, from the list of names to the last ending.

    python -m bench.outbox --rows 1000000 --databases sqlite postgresql

Freezes real recipients (persons, addresses, consents) as the tick does while a citizen talks
with the office five times a second, then claims and settles all of them, 256 at once. The
process keeps to one core; PostgreSQL is durable. Exit 1 when a figure is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text

from bench.battle import show
from bench.proc import reading
from domain import announcing
from domain.announcing import Plan
from domain.reconcile import reconcile
from storage import sending, settling
from storage.outbox import State
from storage.session import Database, Tx
from storage.settling import Outcome
from talk.messages import Outbound
from talk.text import plain
from tests.kit.crowd import BOT
from tests.kit.databases import new_postgres, postgres_server, sqlite_database, sqlite_template
from tests.kit.world import World

ROUND = 256  # rows taken at once: twice what the fastest sender has under way
_STATES = "select state, count(*) from outbox where lane = 'broadcast' group by state"
WORDS = "Besok pelayanan tutup pukul 12.00."


class Target(NamedTuple):
    """What must hold on one database."""

    frozen_s: float
    rows_per_s: float
    reply_ms: float = 250
    memory_mib: float = 50


TARGETS = {"sqlite": Target(5, 50_000), "postgresql": Target(10, 15_000)}

_RANDOM = {  # 62 bits, as the product draws them
    "sqlite": (
        "with recursive k(n) as (select 1 union all select n + 1 from k where n < :rows)",
        "(random() & 4611686018427387903) | 1",
        "k",
    ),
    "postgresql": (
        "",
        "(random() * 4611686018427387000)::bigint | 1",
        "generate_series(1, :rows) k(n)",
    ),
}


async def people(tx: Tx, rows: int, now: datetime) -> None:
    """So many people who agreed to get announcements, each with an address."""
    recursive, number, source = _RANDOM[tx.dialect.name]
    await tx.execute(
        text(
            f"{recursive} insert into person (id, language, sample)"
            f" select id, 'id', false from (select {number} as id from {source}) drawn order by 1"
        ),
        {"rows": rows},
    )
    await tx.execute(
        text(
            "insert into address (id, channel, bot_id, key, person_id, active)"
            " select id, 'telegram', :bot, cast(id as varchar), person_id, true from (select"
            f" (id & ~2147483647) | (({number}) & 2147483647) as id, id as person_id from person"
            ") drawn order by 1"
        ),
        {"bot": BOT},
    )
    await tx.execute(
        text(
            "insert into consent (person_id, purpose, version, channel, given_at)"
            " select id, 'announcement', '1', 'telegram', :at from person order by id"
        ),
        {"at": now if tx.dialect.name == "postgresql" else now.replace(tzinfo=None)},
    )


async def announce(database: Database, now: datetime) -> int:
    """An announcement to all of them, nobody written down as yet; its number."""
    if not database.is_sqlite:
        async with database._writer.connect() as raw:
            await raw.execution_options(isolation_level="AUTOCOMMIT")
            for words in ("set statement_timeout = 0", "vacuum analyze", "checkpoint"):
                await raw.exec_driver_sql(words)
    body = Outbound(plain(WORDS))
    async with database.transaction() as tx:
        return await announcing.create(
            tx,
            author_id=(await tx.execute(text("select min(id) from person"))).scalar_one(),
            audience="citizens",
            text=WORDS,
            sender="Kota",
            sheets={"id": body, "en": body},
            plan=Plan(now, "", None),
            zone="Asia/Jakarta",
            now=now,
        )


class Memory:
    """How much this process holds beyond what it held at first."""

    def __init__(self) -> None:
        """Begin with what there is now."""
        gc.collect()
        self._base = reading(os.getpid()).rss
        self.more = 0.0

    def look(self) -> None:
        """Remember the most, in MiB."""
        self.more = max(self.more, reading(os.getpid()).rss - self._base)


async def talk(world: World, over: asyncio.Event, replies: list[float]) -> None:
    """Newcomers who get a menu, one after the other; seconds from each word to its answer."""
    number = 0
    while not over.is_set():
        number += 1
        phone = world.phone(f"warga {number}")
        began = time.perf_counter()
        await phone.send("/menu")
        await world.program.ingest.poll(seconds=0)
        await world.program.worker.step()
        await world._detached()
        assert phone.last.from_bot, phone.messages
        replies.append(time.perf_counter() - began)
        await world.program.sender.settle()
        world.clock.advance(timedelta(seconds=10))
        await asyncio.sleep(max(0.0, 0.2 - replies[-1]))


async def freeze(database: Database, number: int, now: datetime, memory: Memory) -> float:
    """Write down everybody who gets it, chunk by chunk, as the tick does; seconds."""
    began, more = time.perf_counter(), True
    while more:
        async with database.transaction() as tx:
            more = not await announcing.freeze_step(tx, number, now=now)
        memory.look()
    return time.perf_counter() - began


async def send(database: Database, now: datetime, memory: Memory) -> tuple[int, float]:
    """Claim and settle all of it, as a sender does; rows and seconds."""
    began, settled = time.perf_counter(), 0
    endings: list[Outcome] = []
    passed = sending.Passed()
    while True:
        async with database.transaction(brief=True) as tx:
            await settling.settle(tx, endings, owner="bench", at=now)
            hand = await sending.claim(
                tx,
                most=ROUND,
                others=ROUND,
                owner="bench",
                bot_id=BOT,
                now=now,
                passed=passed,
            )
        if not hand.more:
            return settled, time.perf_counter() - began
        passed = hand.passed
        endings = [Outcome(row.id, State.SENT, str(row.id)) for row in hand.rows]
        settled += len(hand.rows)
        if settled % (100 * ROUND) == 0:
            memory.look()


async def battle(database: Database, rows: int) -> dict[str, Any]:
    """One database: people, an announcement, its list, its sending, and the books."""
    world = await World(database).open()
    now, over = world.clock.now(), asyncio.Event()
    async with database.transaction() as tx:
        await people(tx, rows, now)
    number = await announce(database, now)
    memory, replies = Memory(), list[float]()
    async with asyncio.TaskGroup() as group:
        group.create_task(talk(world, over, replies))
        frozen_s = await freeze(database, number, now, memory)
        over.set()
    settled, sending_s = await send(database, now, memory)
    async with database.reading() as tx:
        broken = [f"{c.name} {c.subject}" for c in await reconcile(tx) if not c.agrees]
        states = dict((await tx.execute(text(_STATES))).all())
    await world.close()
    return {
        "database": "sqlite" if database.is_sqlite else "postgresql",
        "rows": rows,
        "frozen_s": round(frozen_s, 2),
        "settled": settled,
        "rows_per_s": round(settled / sending_s),
        "reply_ms": round(max(replies, default=0) * 1e3, 1),
        "replies": len(replies),
        "memory_mib": round(memory.more, 1),
        "states": states,
        "broken": broken,
    }


def wrong(row: dict[str, Any]) -> bool:
    """Whether anybody was left out, or stands there twice."""
    return bool(row["broken"] or row["states"] != {"sent": row["rows"]} or not row["replies"])


def missed(row: dict[str, Any]) -> list[str]:
    """The figures that are not met."""
    target = TARGETS[row["database"]]
    found = {
        "frozen_s": row["frozen_s"] > target.frozen_s,
        "rows_per_s": row["rows_per_s"] < target.rows_per_s,
        "reply_ms": row["reply_ms"] > target.reply_ms,
        "memory_mib": row["memory_mib"] > target.memory_mib,
    }
    return [name for name, bad in found.items() if bad]


async def run(rows: int, databases: list[str]) -> list[dict[str, Any]]:
    """Both databases, one after the other."""
    found = []
    with tempfile.TemporaryDirectory(prefix="tanggap-outbox-") as base:
        if "sqlite" in databases:
            template = await sqlite_template(Path(base))
            async with sqlite_database(template, Path(base)) as database:
                found.append(await battle(database, rows))
        if "postgresql" in databases:
            with postgres_server(durable=True) as uri:
                database = Database(await new_postgres(uri), hurry=False)
                found.append(await battle(database, rows))
                await database.close()
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rows = asyncio.run(run(asked.rows, asked.databases))
    for row in rows:
        show({**row, "missed": missed(row)})
    sys.exit(any(wrong(row) or missed(row) for row in rows))


if __name__ == "__main__":
    main()
