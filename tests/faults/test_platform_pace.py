"""F20–F23: told to slow down. Who must wait waits, the others do not, and nothing is lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bench import storm
from bot.pace import PROBE
from simulator import Limits, Phone
from storage import outbox
from storage.outbox import State
from storage.session import Database
from talk.messages import Lane, Outbound, Parcel, Policy
from talk.text import plain
from tests.kit.crowd import receivers
from tests.kit.world import World


async def test_one_chat_that_must_wait_a_minute_delays_nobody_else(world: World) -> None:
    row = await storm.one_chat_waits(world, others=6)
    assert row["answers"] == 12
    assert not storm.failed(row), row


@pytest.mark.full
@pytest.mark.parametrize("allowed", [20.0, None])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_in_a_storm_the_speed_falls_and_comes_back_and_nothing_is_lost(
    database: Database, allowed: float | None
) -> None:
    limits = Limits(allowed, 1.0) if allowed else None
    world = await World(database, send_per_second=storm.RATE, limits=limits).open()
    row = await storm.storm(world, seconds=20, allowed=allowed)
    await world.close()
    row.pop("goodput", None)  # of so short a time the beginning is a large part
    assert row["states"] == {State.SENT: storm.RATE * 20}
    assert not storm.failed(row), row


@pytest.mark.parametrize("latency", [0.05, 0.3])
@pytest.mark.parametrize("allowed", [5, 20])
def test_nine_tenths_of_what_is_allowed_are_used(allowed: float, latency: float) -> None:
    """The slower the calls, the more of them are under way when the first is refused."""
    assert storm.goodput(allowed, latency=latency, seconds=120) >= 0.9


async def _put(world: World, phones: list[Phone], words: str, lane: Lane, policy: Policy) -> None:
    parcels = [
        Parcel(
            f"test:{words}:{phone.chat_id}",
            phone.chat_id,
            Outbound(plain(words)),
            lane=lane,
            policy=policy,
            expires_at=world.clock.now() + timedelta(days=3),
        )
        for phone in phones
    ]
    async with world.database.transaction() as tx:
        await outbox.put(tx, parcels, at=world.clock.now())


def _calls(world: World, phones: list[Phone]) -> list[float]:
    """Seconds between the calls to these chats."""
    chats = {phone.chat_id for phone in phones}
    at = [
        datetime.fromisoformat(entry.at)
        for entry in world.simulator.record.answered
        if entry.method == "sendMessage" and entry.params["chat_id"] in chats
    ]
    return [(b - a).total_seconds() for a, b in zip(at, at[1:], strict=False)]


HOURS = 10_072  # seconds; the longest that was seen in the wild


async def test_a_pause_of_hours_holds_announcements_and_is_probed_by_single_replies(
    world: World,
) -> None:
    many, asking = (await receivers(world, 60))[:40], [world.phone(f"Warga {n}") for n in range(9)]
    world.simulator.faults.add(kind="429", method="sendMessage", times=10**6, retry_after=HOURS)
    await _put(world, many, "pengumuman", Lane.BROADCAST, Policy.D)
    await world.settle(patience=0)
    began = len(world.simulator.record.answered)
    for phone in asking:  # one after the other, five minutes long
        await phone.start()
        await world.live(PROBE)
    calls = [e for e in world.simulator.record.answered[began:] if e.method == "sendMessage"]
    assert 2 <= len(calls) <= len(asking) + 1, "one reply in half a minute, no announcement"
    assert {entry.params["chat_id"] for entry in calls} <= {phone.chat_id for phone in asking}
    assert b"tanggap_throttled_total" in world.program.metrics.text()
    await world.tick()
    assert "asks to wait" in (await world.program.readiness())["pace"]
    world.simulator.faults.clear()
    late = world.phone("Wati")
    await late.start()
    await world.live(2 * PROBE)
    assert late.messages[-1].from_bot, "the probe that passes ends the pause"
    await world.tick()
    assert (await world.program.readiness())["pace"] == "ok"
    await world.live(HOURS)
    assert all([m.text for m in phone.messages].count("pengumuman") == 1 for phone in many), (
        "held, not lost, and once"
    )


async def test_a_wait_that_is_not_said_doubles_up_to_five_minutes(world: World) -> None:
    (ani,) = await receivers(world, 1)
    world.simulator.faults.add(kind="429", chat=ani.chat_id, times=8)
    await _put(world, [ani], "pengumuman", Lane.BROADCAST, Policy.D)
    await world.live(1_300)
    waits = _calls(world, [ani])
    assert waits == pytest.approx([5, 10, 20, 40, 80, 160, 300, 300], abs=0.1)
    assert [m.text for m in ani.messages] == ["pengumuman"]
