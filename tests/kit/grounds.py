"""A world outside pytest, for benches that measure in simulated time."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.kit.databases import (
    new_postgres,
    postgres_database,
    postgres_server,
    sqlite_database,
    sqlite_template,
)
from tests.kit.world import World


@asynccontextmanager
async def world_on(kind: str, **given: Any) -> AsyncIterator[World]:
    """A whole office on a fresh "sqlite" or "postgresql" database; `given` is for the world."""
    async with AsyncExitStack() as stack:
        if kind == "sqlite":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tanggap-")))
            template = await sqlite_template(folder)
            database = await stack.enter_async_context(sqlite_database(template, folder))
        else:
            url = await new_postgres(stack.enter_context(postgres_server()))
            database = await stack.enter_async_context(postgres_database(url))
        world = await World(database, **given).open()
        stack.push_async_callback(world.close)
        yield world
