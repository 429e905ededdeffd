"""G16, G20: two hundred presses at once are one rating, and nothing forged is believed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import forgery, presses
from bot import logs
from tests.kit.doorway import Doorway, press
from tests.kit.office import LOKET, small_city
from tests.kit.world import World

pytestmark = pytest.mark.full


@pytest.fixture(autouse=True)
def quietly() -> Iterator[None]:
    """That a chat sends too much is meant here."""
    logs.configure("ERROR")
    yield
    logs.configure("WARNING")


async def test_two_hundred_presses_at_once_are_one_rating(world: World) -> None:
    row = await presses.storm(world, 2)
    assert not presses.failed(row), row


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_no_webhook_without_the_secret_is_stored(world: World) -> None:
    row = await forgery.webhooks(world, 8_000, seed=1)
    assert row["forged"] >= 10_000
    assert not forgery.failed(row), row


async def test_no_forged_tap_has_an_effect(world: World) -> None:
    row = await forgery.taps(world, 100, seed=1)
    assert not forgery.failed(row), row


async def test_the_right_secret_and_a_real_tap_do_pass(world: World) -> None:
    """Else the three above would prove nothing."""
    await small_city(world.database)
    ani = world.phone("Ani")
    await ani.start(LOKET)
    await world.settle()
    data = str(ani.last.keyboard[0][0].value)
    body = press(1, ani.user_id, data, ani.last.id)
    assert world.program.channel.read(body).press is not None
    assert await Doorway(world).post(body) == 200
    await world.settle()
    assert (await forgery._effects(world))["response"] == 1
