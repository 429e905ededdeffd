"""Spoilt updates go through the whole kernel and cost nobody anything."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from handlers import find
from storage.inbox import DONE, QUARANTINED
from storage.session import Database
from tests.poison.mutants import SEED, seed_of
from tests.poison.sickbay import Outcome, admit
from tests.poison.ward import ward


async def _admitted(database: Database, way: str, numbers: Sequence[int]) -> Outcome:
    print(f"mutants {numbers[0]} to {numbers[-1]} of seed {SEED}")  # seen when it fails
    async with ward(database, way) as one:
        outcome = await admit(one, numbers)
    assert outcome.broken == []
    assert outcome.stored == outcome.confirmed == len(numbers)
    assert outcome.states.keys() == {DONE, QUARANTINED}
    assert outcome.ratings, "some taps are still taps"
    return outcome


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_mutants_are_stored_confirmed_and_set_aside_beside_neighbours(
    database: Database, way: str
) -> None:
    await _admitted(database, way, range(1, 121) if way == "polling" else range(121, 241))


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("way", "numbers"), [("polling", range(1_001, 2_201)), ("webhook", range(3_001, 3_601))]
)
async def test_a_larger_sample_of_mutants(database: Database, way: str, numbers: range) -> None:
    """`python -m bench.poison` sends twenty thousand."""
    await _admitted(database, way, numbers)


async def test_a_mutant_that_meets_a_bug_is_tried_once_more_and_holds_up_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test bites, too: with a bug in the search for a service it is not silent."""

    def broken(*_: object) -> list[int]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(find, "closest", broken)
    async with ward(database, "polling") as one:
        outcome = await admit(one, [n for n in range(1, 1_500) if seed_of(n) == "words"][:20])
        async with one.world.database.reading() as tx:
            rows = await tx.exec_driver_sql("select state, error, attempts from inbox")
            found = {tuple(row) for row in rows if str(row[1]).startswith("bug")}
    assert found == {(QUARANTINED, "bug: RuntimeError", 2)}
    assert outcome.broken
    assert all("bug: RuntimeError" in words for words in outcome.broken)
    assert outcome.neighbours == 4
