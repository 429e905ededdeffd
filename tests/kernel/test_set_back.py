"""A clock that was ahead and is set right again keeps nobody waiting for the hour it named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from simulator import Phone
from storage import settling
from storage.outbox import Outbox, State
from tests.kit.world import World

AHEAD = timedelta(days=7)


async def _put_off(office: World, phone: Phone, kind: str, seconds: int | None = None) -> None:
    """She says hello, and the answer does not get through."""
    office.simulator.faults.add(kind=kind, method="sendMessage", times=1, retry_after=seconds)
    await phone.start("one")
    await office.program.ingest.poll(seconds=0)
    await office.program.worker.step()
    await office.program.sender.step()


@pytest.mark.parametrize(("kind", "seconds"), [("429", 20), ("502_after", None)])
async def test_what_was_put_off_by_a_wrong_clock_is_said_when_it_is_right(
    world: World, kind: str, seconds: int | None
) -> None:
    ani = world.phone("Ani")
    world.clock.jump(AHEAD)
    await _put_off(world, ani, kind, seconds)
    heard = len(ani.messages)
    world.clock.jump(-AHEAD)
    await world.advance(seconds=60)
    assert len(ani.messages) == heard + 1
    await ani.start("two")
    await world.settle()
    assert ani.last.text == "halo two"


async def test_a_restart_with_the_right_clock_lets_it_go_as_well(world: World) -> None:
    ani = world.phone("Ani")
    world.clock.jump(AHEAD)
    await _put_off(world, ani, "429", 20)
    world.clock.jump(-AHEAD)
    await world.crash()
    await world.advance(seconds=60)
    assert ani.last.text == "halo one"


async def test_what_waits_by_right_goes_on_waiting(world: World) -> None:
    now = world.clock.now()
    await _put_off(world, world.phone("Ani"), "429", 50)
    async with world.database.transaction() as tx:
        assert await settling.bring_forward(tx, now=now) == 0
        (row,) = (await tx.execute(select(Outbox.state, Outbox.not_before))).all()
    assert row.state == State.READY
    assert row.not_before == now + timedelta(seconds=50)
