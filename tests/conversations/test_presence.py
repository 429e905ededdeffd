"""How long the database tells when somebody was last here, as docs/anonymity.md says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from storage.dialogs import Dialog
from storage.outbox import Outbox
from tests.conversations.citizen import at_summary, say, scan, tap
from tests.kit.world import World

QUARTER, DAY, WEEK = timedelta(minutes=15), timedelta(days=1), timedelta(days=7)


async def _traces(world: World) -> int:
    """Addresses of which one can tell when their newest message was written."""
    async with world.database.reading() as tx:
        found = select(func.count()).join(Outbox, Outbox.ref == Dialog.prompt)
        return int(await tx.scalar(found.select_from(Dialog)) or 0)


async def _receipt(world: World) -> None:
    await tap(world, await at_summary(world), "Kirim jawaban")


async def _invited(world: World) -> None:
    await tap(world, await scan(world), "Puas")


async def _asked(world: World) -> None:
    await scan(world)


async def _searching(world: World) -> None:
    await say(world, world.phone("Ani"), "/start", "/menu", "Nilai layanan")


async def _helped(world: World) -> None:
    await say(world, world.phone("Ani"), "/start", "/bantuan")


async def _menu(world: World) -> None:
    await say(world, world.phone("Ani"), "/menu")


async def _drafting(world: World) -> None:
    await tap(world, await scan(world), "Puas", "Mulai", "Sesuai")


async def _menu_beside_a_draft(world: World) -> None:
    ani = await scan(world)
    await tap(world, ani, "Puas", "Mulai", "Sesuai")
    await world.advance(minutes=20)
    await say(world, ani, "/menu")


@pytest.mark.parametrize(
    ("deed", "stands"),
    [
        (_receipt, QUARTER),
        (_invited, QUARTER),
        (_asked, DAY),
        (_searching, DAY),
        (_helped, DAY),
        (_menu, DAY),
        (_menu_beside_a_draft, DAY),
        (_drafting, WEEK),
    ],
)
async def test_the_trace_goes_with_the_conversation(
    city: World, deed: object, stands: timedelta
) -> None:
    await deed(city)  # type: ignore[operator]
    city.clock.advance(stands - timedelta(minutes=2))
    await city.tick()
    assert await _traces(city) == 1
    city.clock.advance(timedelta(minutes=3))
    await city.tick()
    assert await _traces(city) == 0


async def test_giving_up_forgets_the_draft(city: World) -> None:
    await _drafting(city)
    await say(city, city.phone("Ani"), "/batal")
    async with city.database.reading() as tx:
        notes = (await tx.execute(select(Dialog.notes))).scalars().all()
    assert all("skm" not in note and "rate" not in note for note in notes)
