"""G11: days of restarts, downtime and a clock that jumps; nothing missed, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import due
from bot import logs
from tests.kit.world import World

pytestmark = pytest.mark.full


@pytest.fixture(autouse=True)
def quietly() -> Iterator[None]:
    """That a start finds messages in the air is meant here."""
    logs.configure("ERROR")
    yield
    logs.configure("WARNING")


async def test_through_all_troubles_everything_due_is_told_once(world: World) -> None:
    row = await due.thousand(world, 10, seed=3)
    assert not due.failed(row), row
    assert set(row["troubles"]) == {"hours", "tick twice", "restart", "down", "killed", "clock"}
    assert row["set_aside"] > 10
