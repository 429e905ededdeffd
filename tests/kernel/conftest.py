"""The kernel's tests run with a small conversation of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.session import Database
from tests.kernel.journey import Journey, router
from tests.kit.world import World


@pytest.fixture
def journey() -> Journey:
    return Journey()


@pytest.fixture
async def world(database: Database, journey: Journey) -> AsyncIterator[World]:
    opened = await World(database, router=router(journey)).open()
    yield opened
    await opened.close()
