"""A sample of the crash stepper, and the proof that it can fail. All of it: `make faults`."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from tests.faults.stepper import flaws
from tests.faults.stepper.grounds import Grounds
from tests.faults.stepper.life import KILL, VARIANTS
from tests.faults.stepper.stage import Fault
from tests.faults.stepper.stories import ASSESSMENT, RATING, SENDING
from tests.faults.stepper.sweep import Combo, Stepper, spread
from tests.faults.stepper.telegrams import telegrams

pytestmark = [pytest.mark.full, pytest.mark.timeout(600), pytest.mark.enable_socket]

SAMPLE = 2  # points for each story and fault in each of the four combinations
LOOPS = 4
SEED = 7


@pytest.fixture
async def stepper(postgres_uri: str, tmp_path: Path) -> AsyncIterator[Stepper]:
    async with telegrams() as served:
        yield Stepper(Grounds(tmp_path, postgres_uri), served, at_once=2)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_no_point_loses_or_doubles_anything(stepper: Stepper, mode: str, kind: str) -> None:
    chance = random.Random(SEED)
    struck = 0
    for story in (RATING, ASSESSMENT, SENDING):
        combo = Combo(story, mode, kind)
        reference = await stepper.reference(combo)
        for variant in VARIANTS:
            points = spread(reference.points[variant], SAMPLE, chance)
            tally = await stepper.sweep(combo, variant, reference, points)
            assert not tally.broken, tally.broken
            struck += tally.points
    assert struck > 0.8 * 3 * 4 * SAMPLE, "faults missed the program"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_ten_crashes_in_a_row_while_it_starts_change_nothing(
    stepper: Stepper, kind: str
) -> None:
    """What is in the air at the first crash is settled once, however often that is begun."""
    combo = Combo(SENDING, "polling", kind)
    reference = await stepper.reference(combo)
    tally = await stepper.crash_loops(combo, reference, LOOPS, random.Random(SEED))
    assert not tally.broken, tally.broken
    assert tally.points >= LOOPS - 1, "faults missed the program"


async def _found(stepper: Stepper, flaw: str) -> list[str]:
    """What is found wrong when a program with a flaw is struck each time that it errs."""
    stepper.flaw = flaw
    combo = Combo(RATING, "polling", "sqlite")
    reference = await stepper.reference(combo)
    for at in count(1):
        point = await stepper.strike(combo, [Fault(KILL, at)], reference)
        if point.broken or not point.struck:
            break
    return point.broken


async def test_a_program_that_confirms_before_it_stores_is_found_out(stepper: Stepper) -> None:
    broken = await _found(stepper, flaws.CONFIRM_FIRST)
    assert any("confirmed but not stored" in one for one in broken), broken


async def test_a_program_that_calls_a_message_sent_before_it_is_sent_is_found_out(
    stepper: Stepper,
) -> None:
    broken = await _found(stepper, flaws.SENT_FIRST)
    assert any("misses" in one for one in broken), broken
