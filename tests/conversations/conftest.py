"""Stories of citizens happen in a small city."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.session import Database
from tests.kit.office import small_city
from tests.kit.world import World


@pytest.fixture
async def city(database: Database) -> AsyncIterator[World]:
    """A world with offices in it."""
    await small_city(database)
    opened = await World(database).open()
    yield opened
    await opened.close()
