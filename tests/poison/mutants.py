"""Updates of every type there is, with one or two values spoilt: a numbered, endless supply.

A mutant is made from its number alone, so a failure can be repeated by that number.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from channels.telegram.reader import READ
from simulator import Phone
from tests.channels.mutations import MISSING, MUTATIONS, at, changed, places
from tests.channels.updates import SEEDS, Json
from tests.kit.office import LOKET, MEJA
from tests.poison.cases import cases, owned, update_of
from tests.poison.ward import Ward, lined

SEED = 2026
LABELS = {"Sangat puas": 4, "Puas": 3, "Kurang puas": 2, "Tidak puas": 1}


def _deep(value: Any) -> Any:
    for _ in range(300):
        value = [value]
    return value


def _grown(value: Any) -> Any:
    return {**value, "new_thing": {"a": [1]}} if isinstance(value, dict) else [value, value]


WRAPPED: dict[str, Callable[[Any], Any]] = {
    "in a list": lambda value: [value],
    "in an object": lambda value: {"x": value},
    "as text": str,
    "deep down": _deep,
    "with a new field": lambda v: (
        {**v, "new_thing": {"a": [1]}} if isinstance(v, dict) else [v, v]
    ),
    "half a pair": lambda _: "\ud800",
    "a long text": lambda _: "x" * 40_000,
    "a huge number": lambda _: 10**400,
    "no number": lambda _: float("nan"),
    "endless": lambda _: float("inf"),
}
CHANGES: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    *((f"{value!r:.20}", lambda _, value=value: value) for value in MUTATIONS),
    *WRAPPED.items(),
)

# What a person does on a phone, as the simulator writes it down; the last update is the one.
ACTS: dict[str, Callable[[Phone], Awaitable[Any]]] = {
    "scan": lambda phone: phone.start(LOKET),
    "scan a desk": lambda phone: phone.start(MEJA),
    "words": lambda phone: phone.send("ktp di dukcapil"),
    "command": lambda phone: phone.send("/hasil ktp"),
    "stop": lambda phone: phone.send("BERHENTI"),
    "photo": lambda phone: phone.send_photo("NIK 3201011508950001"),
    "contact": lambda phone: phone.send_contact("+6281234567890"),
    "voice": lambda phone: phone.send_voice(),
    "sticker": lambda phone: phone.send_sticker(),
    "place": lambda phone: phone.send_location(-7.8, 110.4),
    "block": lambda phone: phone.block(),
}
TAP = "tap"
WEIGHT = {TAP: 12, "scan": 3}
"""A tap on a real button is where a mutant could do harm, so there are more of those."""


def _firsts() -> dict[str, Json]:
    """One valid update of each type that we do not read, from the corpus."""
    found: dict[str, Json] = {}
    for case in cases("C01"):
        (sort,) = case["update"]
        if sort not in READ:
            found.setdefault(sort, update_of(case, 1))
    return found


OTHERS = {**{f"seed {name}": seed for name, seed in SEEDS.items()}, **_firsts()}
NAMES = (*ACTS, *OTHERS, *[TAP])
_DRAWN = tuple(name for name in NAMES for _ in range(WEIGHT.get(name, 1)))


@dataclass(frozen=True)
class Mutant:
    """One update with something wrong in it, and whose rating it may be, if it is one."""

    number: int
    name: str  # the seed and what was done to it
    update: Json
    owed: int | None = None  # the value a tap still names, if it is still a tap of its person
    genuine: Json | None = None  # that tap as it was before


def seed_of(number: int) -> str:
    """What the mutant of that number is made from; of a TAP its person must have been asked."""
    return random.Random(f"{SEED}:{number}").choice(_DRAWN)


async def mutant(number: int, ward: Ward, phone: Phone) -> Mutant:
    """The mutant of that number, as one of that person's; one in four is spoilt twice."""
    chance = random.Random(f"{SEED}:{number}")
    name = chance.choice(_DRAWN)
    given: dict[str, int] = {}
    if name in OTHERS:
        seed = owned(OTHERS[name], phone.user_id)
    elif name == TAP:
        given = offered(phone)
        await phone.tap(chance.choice(list(LABELS)))
        seed = ward.pop()
    else:
        await ACTS[name](phone)
        seed = ward.pop()
    done = [name]
    update = seed
    for _ in range(2 if number % 4 == 0 else 1):
        update, what = spoilt(update, chance)
        done.append(what)
    owed = _owed(update, given, phone.user_id)
    return Mutant(number, "; ".join(done), update, owed, None if owed is None else seed)


def spoilt(update: Json, chance: random.Random) -> tuple[Json, str]:
    """The update with one value changed; its number is Telegram's and stays."""
    ways = [way for way in places(update) if way[0] != "update_id"]
    if not ways:
        return update, "nothing is left of it"
    way = chance.choice(ways)
    what, change = chance.choice(CHANGES)
    value = change(at(update, way))
    where = ".".join(str(step) for step in way)
    return changed(update, way, value), f"{where}: {'missing' if value is MISSING else what}"


def offered(phone: Phone) -> dict[str, int]:
    """What stands behind the four labels on a screen, and the value each gives."""
    buttons = [button for row in phone.last.keyboard for button in row]
    return {one.value: LABELS[one.label] for one in buttons if one.label in LABELS}


def _owed(update: Json, given: dict[str, int], person: int) -> int | None:
    """Whether this is a tap of that person, in the private chat, on a button that was offered.

    Written without our reader, by what Telegram says of a callback query.
    """
    try:
        query = update["callback_query"]
        sender, chat = query["from"], query["message"]["chat"]
        same = sender["id"] == chat["id"] == person and type(sender["id"]) is int
        if same and chat["type"] == "private" and sender.get("is_bot", False) is False:
            return given.get(query["data"])
    except (KeyError, TypeError, IndexError, AttributeError):
        pass
    return None


def lined_as(one: Mutant, update_id: int) -> bytes:
    """The bytes of a mutant under the number that Telegram gave it."""
    return lined({**one.update, "update_id": update_id})
