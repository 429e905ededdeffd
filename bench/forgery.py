"""Ten thousand forged webhooks and ten thousand forged taps: none is taken for a real one.

    python -m bench.forgery

Webhooks: guessed, cut, lengthened, respelled and misplaced secrets, and every secret that differs
in one character. Taps: made up, of another person, another bot, another making, with the value or
the reference changed; all through the door, with the right secret, as Telegram would hand over
what a forged app sends.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import string
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select

from bench.battle import show
from bot import logs
from channels.telegram import codec
from simulator import Phone
from storage import inbox
from storage.announcements import Announcement
from storage.responses import Response
from storage.staff import Role
from tests.kit.doorway import HEADER, SECRET, Doorway, Headers, press
from tests.kit.grounds import world_on
from tests.kit.office import LOKET, small_city
from tests.kit.world import World

ALLOWED = string.ascii_letters + string.digits + "_-"  # in a secret, as Telegram has it
VALUES = ("1", "2", "3", "4", "!umumkan", "!berhenti", "!hapus", "!undang", "ann:1", "yes")


# --- webhooks -----------------------------------------------------------------------------------


def secrets(n: int, chance: random.Random) -> Iterator[str]:
    """At least `n` secrets that are not ours; first all that differ in one character."""
    yield from ("", " ", SECRET[:-1], SECRET[1:], SECRET + "a", SECRET * 2, SECRET.swapcase())
    yield from (SECRET.upper(), SECRET.lower(), SECRET[::-1], f'"{SECRET}"', f"Bearer {SECRET}")
    for place in range(len(SECRET)):
        for letter in ALLOWED:
            if letter != SECRET[place]:
                yield SECRET[:place] + letter + SECRET[place + 1 :]
    for _ in range(n):
        yield "".join(chance.choices(ALLOWED, k=chance.choice((len(SECRET), 1, 256))))


def shown(secret: str) -> Headers:
    """A secret in its header."""
    return [(HEADER, secret.encode("latin-1"))]


MISPLACED: list[tuple[Headers, bytes]] = [
    ([], b""),
    ([(b"authorization", b"Bearer " + SECRET.encode())], b""),
    ([(b"x-telegram-bot-api-secret", SECRET.encode())], b""),
    ([(b"x-telegram-bot-api-secret-token-", SECRET.encode())], b""),
    ([(b"cookie", HEADER + b"=" + SECRET.encode())], b""),
    ([], b"secret_token=" + SECRET.encode()),
    ([(HEADER, b"x"), (HEADER, SECRET.encode())], b""),
]


async def webhooks(world: World, n: int, seed: int) -> dict[str, Any]:
    """At least `n` posts without the secret."""
    door, chance = Doorway(world), random.Random(seed)
    statuses: Counter[int] = Counter()
    body = press(1, 5_000_000_001, "x", 1)
    for headers, query in MISPLACED:
        statuses[await door.post(body, headers, query=query)] += 1
    for secret in secrets(n, chance):
        statuses[await door.post(body, shown(secret))] += 1
    async with world.database.reading() as tx:
        stored = await inbox.states(tx)
    return {
        "what": "webhooks",
        "forged": statuses.total(),
        "accepted": statuses.total() - statuses[403],
        "stored": sum(stored.values()),
    }


# --- taps ---------------------------------------------------------------------------------------


def data(world: World, eve: Phone, genuine: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Callback data that nobody signed for Eve."""
    bot, chat = world.program.channel.bot_id, str(eve.chat_id)
    refs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    while True:
        ref, value = "".join(chance.choices(refs, k=8)), chance.choice(VALUES)
        other = bytes(chance.randrange(256) for _ in range(32))
        taken = chance.choice(genuine)
        yield f"1{ref}{''.join(chance.choices(ALLOWED, k=11))}{value}"
        yield taken  # of another person
        yield taken[:20] + value
        yield taken[0] + ref + taken[9:]
        yield codec.sign(other, bot, chat, ref, value)  # another making
        yield codec.sign(world.keys.key("cookie"), bot, chat, ref, value)
        yield codec.sign(world.keys.key("callback"), bot + 1, chat, ref, value)  # another bot
        yield codec.sign(world.keys.key("callback"), bot, chat + "1", ref, value)
        yield value
        yield "".join(chance.choices(string.printable, k=chance.randrange(65)))


async def taps(world: World, n: int, seed: int) -> dict[str, Any]:
    """`n` taps of many forged apps, through the door and the worker."""
    await small_city(world.database)
    door, chance = Doorway(world), random.Random(seed)
    ani = world.phone("Ani")
    await ani.start(LOKET)
    await world.settle()
    genuine = [str(button.value) for row in ani.last.keyboard for button in row]
    before = await _effects(world)
    believed = 0
    apps = [world.phone(f"Eve {number}") for number in range(n // 90 + 1)]
    for eve in apps:
        await eve.start(LOKET)  # she has a question of her own before her
    await world.settle()
    for number in range(n):
        eve = apps[number % len(apps)]
        made = data(world, eve, genuine, random.Random(f"{seed}:{number}"))
        for _ in range(chance.randrange(10)):
            next(made)
        body = press(800_000_000 + number, eve.user_id, next(made), eve.last.id)
        believed += world.program.channel.read(body).press is not None
        assert await door.post(body) == 200
        if number % 640 == 639:
            await world.settle(patience=600)
    await world.settle(patience=600)
    after = await _effects(world)
    async with world.database.reading() as tx:
        states = await inbox.states(tx)
    return {
        "what": "taps",
        "forged": n,
        "accepted": believed,
        "effects": {name: after[name] - before[name] for name in after},
        "states": states,
    }


async def _effects(world: World) -> dict[str, int]:
    async with world.database.reading() as tx:
        return {
            table.__tablename__: int(await tx.scalar(select(func.count()).select_from(table)) or 0)
            for table in (Response, Announcement, Role)
        }


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    done = sum(row.get("effects", {}).values())
    return bool(row["accepted"] or row.get("stored") or done or "waiting" in row.get("states", {}))


async def run(n: int, seed: int, databases: Sequence[str]) -> list[dict[str, Any]]:
    """Both kinds on each database."""
    rows = []
    for kind in databases:
        async with world_on(kind) as world:
            rows.append({"database": kind, **await webhooks(world, n, seed)})
            show(rows[-1])
            rows.append({"database": kind, **await taps(world, n, seed)})
            show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forged", type=int, default=10_000, help="of each kind, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    logs.configure("ERROR")  # that a chat sends too much is meant
    rows = asyncio.run(run(asked.forged, asked.seed, asked.databases))
    bad = [row for row in rows if failed(row)]
    sys.stdout.write("FAILED\n" if bad else "none was taken for a real one\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
