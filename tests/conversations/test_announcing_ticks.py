"""The one tick that spares the database its question, and an announcement all the same."""

from __future__ import annotations

from datetime import timedelta

from bot.ticks import Announcing
from tests.kit.admins import admin, announced, compose, do, progress, subscribers
from tests.kit.world import World


async def test_an_announcement_goes_on_from_tick_to_tick_though_nobody_speaks(
    city: World,
) -> None:
    people = await subscribers(city, 3)
    budi = await admin(city)
    tick = Announcing(city.program)
    await tick.advance()
    await compose(city, budi, "Besok libur", "Warga yang bersedia")
    await do(city, budi, "✓ Ya, kirim")
    for _ in range(5):
        await tick.advance()
        await city.settle()
        city.clock.advance(timedelta(seconds=4))
    assert [len(announced(phone, "Besok libur")) for phone in people] == [1, 1, 1]
    assert "Selesai" in progress(budi).text
