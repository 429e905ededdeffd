"""An announcement to 1,000 people while the real process is killed again and again.

    python -m bench.announce --people 1000 --kills 20

Nobody gets it twice; what is uncertain is at most what was in the air at a kill, and listed; after
each restart it goes on within 10 s.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from bench.battle import Office, grounds, quiet, show, sync_url, telegram
from bot.secret import load_keys
from domain import consent, joining
from simulator import Phone, Simulator
from simulator.record import Accepted
from storage import people
from storage.session import Database
from talk.messages import Lane

WORDS = "Besok pelayanan tutup pukul 12.00."
UNSURE = 20  # announcements whose fate a single kill may leave unknown


def until_nine(now: datetime) -> timedelta:
    """How far the office's clock is set ahead: to the next Tuesday, 09.00 WIB."""
    nine = now.replace(hour=2, minute=0, second=0, microsecond=0)
    while nine <= now or nine.weekday() != 1:
        nine += timedelta(days=1)
    return nine - now


async def subscribe(office: Office, simulator: Simulator, n: int) -> None:
    """So many citizens who pressed Start and agreed, without the way there."""
    phones = [simulator.person(f"warga {number}") for number in range(n)]
    for phone in phones:
        phone._person.started = True
    bot = simulator.bot_id
    database = Database(office.database_url, beside=True)
    for begin in range(0, n, 200):
        async with database.transaction() as tx:
            keys = [(str(phone.chat_id), "id") for phone in phones[begin : begin + 200]]
            known = await people.callers(tx, "telegram", bot, keys)
            for caller in known.values():
                await consent.agree(
                    tx,
                    caller.person_id,
                    consent.ANNOUNCEMENT,
                    channel="telegram",
                    now=datetime.now(UTC),
                    zone="Asia/Jakarta",
                )
    await database.close()


async def invite(office: Office, now: datetime) -> str:
    """An admin's invitation, made by the program's clock: it lives 48 hours; its payload."""
    database = Database(office.database_url, beside=True)
    keys = load_keys(office.folder / "secret", create=False)
    async with database.transaction() as tx:
        payload = await joining.invite(tx, keys, "admin", None, now)
    await database.close()
    return payload


async def do(office: Office, phone: Phone, *deeds: str) -> None:
    """One deed after the other: tap what is on the screen, else type it; wait for all answers."""
    for deed in deeds:
        before = [(m.id, m.edited) for m in phone.messages if m.from_bot]
        if phone.messages and phone.standing(deed):
            await phone.tap(deed)
        elif deed.startswith("start "):
            await phone.start(deed.removeprefix("start "))
        else:
            await phone.send(deed)
        for _ in range(1000):
            if [(m.id, m.edited) for m in phone.messages if m.from_bot] != before:
                break
            await asyncio.sleep(0.01)
        await quiet(office, but=Lane.BROADCAST)


def first_choice(phone: Phone) -> str:
    """The label of the first button on the screen."""
    return next(m for m in reversed(phone.messages) if m.keyboard).keyboard[0][0].label


async def battle(*, database_url: str, folder: Path, count: int, kills: int, seed: int) -> Any:
    """One database: compose, agree, kill at random moments, judge."""
    chance = random.Random(seed)
    ahead = until_nine(datetime.now(UTC))
    async with telegram(ahead) as (simulator, port):
        office = Office(folder, database_url, "polling", port, send_per_second=28)
        office.program = ("bench.at", str(ahead.total_seconds()))
        await asyncio.to_thread(office.prepare)
        await subscribe(office, simulator, count)
        invitation = await invite(office, datetime.now(UTC) + ahead)
        office.start()
        await office.ready()
        admin = simulator.person("Dewi")
        await do(office, admin, f"start {invitation}")
        await do(office, admin, first_choice(admin), "Dewi")
        for _ in range(3):
            if "hour" in admin.last.text or admin.last.keyboard:
                await do(office, admin, first_choice(admin))
        await do(office, admin, "/umumkan", WORDS, "Warga yang bersedia", "✓ Ya, kirim")
        pauses: list[float] = []
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.2, 3.0))
            office.kill()
            at = asyncio.get_running_loop().time()
            office.start()
            seen = _delivered(simulator).total()
            while _delivered(simulator).total() == seen and not _finished(office):
                await asyncio.sleep(0.05)
                if asyncio.get_running_loop().time() - at > 30:
                    break
            pauses.append(asyncio.get_running_loop().time() - at)
        await quiet(office, 180)
        office.terminate()
        copies = _delivered(simulator)
        states = _states(office)
        broken = await asyncio.to_thread(office.findings, simulator)
    return {
        "database": database_url.split("+")[0],
        "people": count,
        "kills": kills,
        "reached": len(copies),
        "doubled": sum(n - 1 for n in copies.values()),
        "states": states,
        "uncertain_allowed": kills * UNSURE,
        "broken": broken,
        "longest_pause_s": round(max(pauses, default=0), 2),
    }


def _delivered(simulator: Simulator) -> Counter[int]:
    return Counter(
        entry.chat_id
        for entry in simulator.record.accepted
        if isinstance(entry, Accepted)
        and entry.method == "sendMessage"
        and entry.text.startswith("Pengumuman dari")
    )


def _states(office: Office) -> dict[str, int]:
    engine = create_engine(sync_url(office.database_url))
    with engine.connect() as connection:
        rows = connection.execute(
            text("select state, count(*) from outbox where lane = 'broadcast' group by state")
        ).all()
    engine.dispose()
    return {state: n for state, n in rows}


def _finished(office: Office) -> bool:
    states = _states(office)
    return bool(states) and not states.keys() & {"ready", "sending"}


def failed(row: Any) -> bool:
    """Whether a row breaks a promise."""
    states = row["states"]
    return bool(
        row["broken"]
        or row["doubled"]
        or sum(states.values()) != row["people"]
        or states.get("uncertain", 0) > row["uncertain_allowed"]
        or states.keys() - {"sent", "uncertain"}
        or row["reached"] < states.get("sent", 0)
        or row["longest_pause_s"] > 10
    )


async def run(count: int, kills: int, seed: int, databases: list[str]) -> list[Any]:
    """Both databases, one after the other."""
    rows = []
    async for folder, url in grounds(databases):
        rows.append(
            await battle(database_url=url, folder=folder, count=count, kills=kills, seed=seed)
        )
        show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.people, asked.kills, asked.seed, asked.databases))
    sys.exit(any(failed(row) for row in rows))


if __name__ == "__main__":
    main()
