"""A program that stood still says so; one that is a little late says nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.ticks import PULSE, Pulse
from tests.kit.clock import HandClock


@pytest.mark.parametrize(("late", "told"), [(0.0, []), (0.9, []), (5.0, [5.0]), (60.0, [60.0])])
async def test_a_beat_that_comes_late_is_told(late: float, told: list[float]) -> None:
    clock = HandClock()
    pulse = Pulse(clock)
    with capture_logs() as lines:
        await pulse.beat()
        for seconds in (PULSE, PULSE + late, PULSE):
            clock.advance(timedelta(seconds=seconds))
            await pulse.beat()
    assert [line["seconds"] for line in lines] == told


async def test_a_clock_that_is_set_is_no_standstill() -> None:
    clock = HandClock()
    pulse = Pulse(clock)
    with capture_logs() as lines:
        for jump in (timedelta(days=1), -timedelta(hours=1)):
            await pulse.beat()
            clock.advance(timedelta(seconds=PULSE))
            clock.jump(jump)
        await pulse.beat()
    assert lines == []
