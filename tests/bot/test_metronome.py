"""The ticks go on whatever becomes of the machine's clock; `/readyz` tells when they do not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from apscheduler.schedulers import base
from apscheduler.triggers import interval

from bot import metronome as module
from bot.health import SILENCE
from bot.metronome import Metronome
from bot.ticks import Tick
from simulator import Simulator
from tests.bot.living import until
from tests.bot.test_running import both

JUMPS = {
    "an hour back": timedelta(hours=-1),
    "years back": timedelta(days=-9_000),
    "an hour ahead": timedelta(hours=1),
    "days ahead": timedelta(days=3),
}


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Sets the machine's clock, as APScheduler and the metronome read it."""
    off = timedelta()

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + off

    def move(by: timedelta) -> None:
        nonlocal off
        off += by

    for place in (base, interval, module):
        monkeypatch.setattr(place, "datetime", Moved)
    return move


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
async def test_ticks_go_on_after_the_clock_was_set(
    set_clock: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    monkeypatch.setattr(module, "PULSE", 0.1)
    called: list[str] = []

    async def call(tick: Tick) -> None:
        called.append(tick.name)

    async def each_again() -> bool:
        return called.count("often") >= 3 and called.count("seldom") >= 2

    metronome = Metronome([Tick("often", 0.1, _nothing), Tick("seldom", 0.3, _nothing)], call)
    metronome.start()
    try:
        await until(each_again)
        called.clear()
        set_clock(jump)
        worked = time.process_time()
        await until(each_again)
        assert time.process_time() - worked < 2, "it did not count what it had passed by"
        assert len(called) < 40, "and called none of that"
    finally:
        metronome.stop()
    await asyncio.sleep(0)  # one may have been about to begin: it is over by now
    called.clear()
    await asyncio.sleep(0.4)
    assert called == []


async def _nothing() -> None:
    """A tick with nothing to do."""


async def test_ticks_that_are_not_heard_of_turn_it_red_until_they_are(
    tmp_path: Path, telegram: Simulator
) -> None:
    async with both(tmp_path, telegram) as one:
        await until(one.ready)
        program = one.service.program
        pulse = program.health.parts["pulse"]

        async def red() -> bool:
            pulse.last_good = program.clock.monotonic() - SILENCE - 1
            status, told = await one.ask("/readyz")
            return status == 503 and "silent" in told["parts"]["pulse"]

        await until(red)
        await until(one.ready)
