"""A day at one office: many people rate, some fill in the whole questionnaire."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from simulator import Phone
from storage.dialogs import Dialog
from storage.people import Address
from tests.kit.office import LOKET, LOKET_KK
from tests.kit.world import World

LABELS = ("Tidak puas", "Kurang puas", "Puas", "Sangat puas")
AT_ONCE = 25
"""People who stand at the counters at the same time."""


@dataclass
class Day:
    """What really happened: chat → key of the response, for each questionnaire."""

    quick: dict[str, str] = field(default_factory=dict)
    skm: dict[str, str] = field(default_factory=dict)


async def live_through(
    world: World, raters: int, *, whole: int, rng: random.Random, ticking: bool = True
) -> Day:
    """Let `raters` people rate from 09.00 to 15.00 at two counters.

    Of the first `whole` groups, half go on to the whole questionnaire. Between the groups the
    ticks run as in an office, unless told not to.
    """
    day = Day()
    phones = [world.phone(f"Warga {n}") for n in range(raters)]
    groups = [phones[n : n + AT_ONCE] for n in range(0, raters, AT_ONCE)]
    pause = timedelta(hours=6) / len(groups)
    for number, group in enumerate(groups):
        for phone in group:
            await phone.start(rng.choice((LOKET, LOKET_KK)))
        await world.settle()
        world.clock.advance(timedelta(seconds=20))
        for phone in rng.sample(group, len(group)):
            await phone.tap(rng.choice(LABELS))
        await world.settle()
        day.quick |= await _keys(world, "done_quick")
        if number < whole:
            await _fill_in(world, group[: AT_ONCE // 2], rng)
            day.skm |= await _keys(world, "done_skm")
        world.clock.advance(pause)
        if ticking:
            await world.tick()
    return day


async def _fill_in(world: World, phones: Sequence[Phone], rng: random.Random) -> None:
    for phone in phones:
        await phone.tap("Mulai")
    await world.settle()
    for _ in range(40):
        open_ = [p for p in phones if p.last.keyboard and not p.standing("Kirim jawaban")]
        if not open_:
            break
        for phone in open_:
            buttons = [b.label for row in phone.last.keyboard for b in row]
            answers = [b for b in buttons if b not in ("Kembali", "Nanti saja")]
            await phone.tap("Lewati" if "Lewati" in answers else rng.choice(answers))
        world.clock.advance(timedelta(seconds=7))
        await world.settle()
    for phone in phones:
        await phone.tap("Kirim jawaban")
    await world.settle()


async def _keys(world: World, note: str) -> dict[str, str]:
    """Who has just sent which response: known for a quarter of an hour, and to the test."""
    async with world.database.reading() as tx:
        rows = await tx.execute(
            select(Address.key, Dialog.notes).join(Address, Address.id == Dialog.address_id)
        )
        return {row.key: row.notes[note]["key"] for row in rows if note in row.notes}
