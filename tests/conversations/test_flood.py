"""Two hundred messages of one citizen beside another citizen's rating."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.flood import BURST
from domain.reconcile import reconcile
from storage import inbox
from tests.conversations.citizen import labels, responses, say, scan, tap
from tests.kit.staff import written
from tests.kit.world import World


@pytest.mark.full
@pytest.mark.parametrize("words", ["ktp", "a." * 2_000, "/menu"])
async def test_a_flood_beside_a_rating(city: World, words: str) -> None:
    budi = await scan(city, "Budi")
    ani = city.phone("Ani")
    for number in range(130):
        await ani.send(words)
        if number == 120:
            await budi.tap("Puas")
    while await city.program.ingest.poll(seconds=0):
        pass
    while await city.program.worker.step():
        pass
    (row,) = await responses(city)
    assert row["answers"]
    await city.settle(patience=600)
    assert labels(budi)[0] == "Mulai", "the rating was answered"
    said = written(ani)
    assert len(said) <= BURST + 2
    assert sum("terlalu cepat" in text for text in said) == 1
    async with city.database.reading() as tx:
        assert [check for check in await reconcile(tx) if not check.agrees] == []
        assert set(await inbox.states(tx)) == {inbox.DONE}
    city.clock.advance(timedelta(seconds=10))
    await say(city, ani, "/privasi")
    assert "Pasal 20" in ani.last.text
    city.clock.advance(timedelta(minutes=1))
    await scan(city, "Ani")
    await tap(city, ani, "Puas")
    assert len(await responses(city)) == 2
