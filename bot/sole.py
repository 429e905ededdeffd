"""One writing process for one database: a second one refuses to start."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.errors import Refused
from storage.session import Database, Lock, is_trouble

LOOK = 5.0  # seconds between looks whether PostgreSQL still keeps our lock


class AlreadyRunning(Refused):
    """Another process holds this database; two would write over each other."""

    def __init__(self, database: Database) -> None:
        """Say which database, without its password."""
        super().__init__("cli.already_running", where=database.where)


@asynccontextmanager
async def sole(database: Database) -> AsyncIterator[None]:
    """Hold the database for this process. Raises AlreadyRunning, also later.

    A server that restarts takes our lock along. We take it back as soon as it answers; whoever was
    quicker is working there now, and what stands inside is cancelled.
    """
    if database.path is None:
        lock, failed = database.lock(), None
        try:
            if not await lock.held():
                raise AlreadyRunning(database)
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(_watch(lock, database))
                try:
                    yield
                except Exception as error:
                    failed = error  # raised as it is, not as one of a group
                watch.cancel()
        except BaseExceptionGroup as lost:
            raise lost.exceptions[0] from None
        finally:
            await lock.release()
        if failed is not None:
            raise failed
        return
    file_itself = database.path.resolve()  # a link is another name, not another database
    path = file_itself.with_name(file_itself.name + ".lock")
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(database) from None
        yield


async def _watch(lock: Lock, database: Database) -> None:
    """Look again and again whether the lock is ours. Raises AlreadyRunning when it is not."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            if not await lock.held():
                raise AlreadyRunning(database)
        except Exception as error:
            if not is_trouble(error):
                raise
