"""Whoever withdraws gets no announcement any more, whatever stage that has reached."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from storage import announcements, erasure, recipients
from storage.outbox import Outbox
from tests.kit.admins import admin, announced, compose, do, subscriber
from tests.kit.staff import person_of
from tests.kit.world import World

WORDS = "Besok libur"
AGREED = "✓ Ya, kirim"


async def _agreed_to(city: World) -> int:
    """An announcement whose recipients are not written down yet."""
    budi = await admin(city)
    await compose(city, budi, WORDS, "Warga yang bersedia")
    await do(city, budi, AGREED)
    async with city.database.reading() as tx:
        (one,) = await announcements.unfinished(tx)
    return one.id


@pytest.mark.parametrize("deeds", [("/langganan", "Tidak"), ("berhenti",)])
async def test_what_waits_for_the_morning_is_taken_back(
    city: World, deeds: tuple[str, ...]
) -> None:
    ani = await subscriber(city, "Ani")
    city.clock.advance(timedelta(hours=12))  # 21.00 WIB
    await _agreed_to(city)
    for _ in range(3):
        await city.tick()
    await do(city, ani, *deeds)
    for _ in range(2):
        await city.advance(hours=6)
    assert announced(ani, WORDS) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_who_stops_while_the_list_is_written_is_not_on_it(city: World) -> None:
    ani = await subscriber(city, "Ani")
    one = await _agreed_to(city)
    async with city.database.transaction() as tx:
        await recipients.freeze(tx, one, at=city.clock.now())
        await ani.send("berhenti")
        await city.program.ingest.poll(seconds=0)
        stopping = asyncio.ensure_future(city.program.worker.step())
        await asyncio.sleep(0.2)
    await stopping
    await city.tick()
    assert "kami berhenti" in ani.last.text
    assert announced(ani, WORDS) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_who_is_erased_while_the_list_is_written_is_not_on_it(city: World) -> None:
    ani = await subscriber(city, "Ani")
    person = await person_of(city, ani)
    one = await _agreed_to(city)

    async def erased() -> None:
        async with city.database.transaction() as tx:
            await erasure.erase(tx, person, language="id")

    async with city.database.transaction() as tx:
        await recipients.freeze(tx, one, at=city.clock.now())
        erasing = asyncio.ensure_future(erased())
        await asyncio.sleep(0.2)
    await erasing
    await city.tick()
    assert announced(ani, WORDS) == []
    async with city.database.reading() as tx:
        causes = await tx.scalars(select(Outbox.cause))
    assert not [cause for cause in causes if str(person) in cause]
