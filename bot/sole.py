"""One writing process for one database: a second one refuses to start."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.session import Database


class AlreadyRunning(Exception):
    """Another process holds this database."""


@asynccontextmanager
async def sole(database: Database) -> AsyncIterator[None]:
    """Hold the database for this process. Raises AlreadyRunning."""
    if database.path is None:
        async with database.advisory_lock() as held:
            if not held:
                raise AlreadyRunning("Another process already works on this PostgreSQL database.")
            yield
        return
    lock = database.path.with_name(database.path.name + ".lock")
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Another process already works on {database.path}. Stop it first; "
                "two would write over each other."
            ) from None
        yield
