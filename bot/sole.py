"""One writing process for one database: a second one refuses to start."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.errors import Refused
from storage.session import Database


class AlreadyRunning(Refused):
    """Another process holds this database; two would write over each other."""

    def __init__(self, database: Database) -> None:
        """Say which database, without its password."""
        super().__init__("cli.already_running", where=database.where)


@asynccontextmanager
async def sole(database: Database) -> AsyncIterator[None]:
    """Hold the database for this process. Raises AlreadyRunning."""
    if database.path is None:
        async with database.advisory_lock() as held:
            if not held:
                raise AlreadyRunning(database)
            yield
        return
    lock = database.path.with_name(database.path.name + ".lock")
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(database) from None
        yield
