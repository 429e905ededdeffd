"""What every test may ask for: a database of either kind, and a world on it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings

from bot import logs
from storage.session import Database
from tests.kit import databases
from tests.kit.world import World

T = TypeVar("T")

logs.configure("WARNING")

# A slow machine must not fail a property; what CI tries does not depend on chance.
settings.register_profile("tanggap", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tanggap")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: at the end no worker waits for the last of another."""
    items.sort(key=lambda item: item.get_closest_marker("full") is None)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a thread of its own: a loop may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(databases.sqlite_template(tmp_path_factory.mktemp("sqlite")))


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    with databases.postgres_server() as uri:
        yield uri


@pytest.fixture(scope="session")
def postgres_url(postgres_uri: str) -> str:
    return run(databases.new_postgres(postgres_uri))


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        async with databases.sqlite_database(template, tmp_path) as opened:
            databases.careless(opened)
            yield opened
    else:
        url = request.getfixturevalue("postgres_url")
        async with databases.postgres_database(url) as opened:
            yield opened


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """A whole office with its Telegram, stepped by hand."""
    opened = await World(database).open()
    yield opened
    await opened.close()
