"""One writing process for one database: a second one refuses to start."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from domain.errors import Refused
from storage.lock import Lock
from storage.session import Database, is_trouble

LOOK = 5.0  # seconds between looks whether PostgreSQL still keeps our lock
# Seconds a start waits for another process. PostgreSQL takes 30 to notice that the machine of one
# is gone (storage/session.py); as many again, for a server that has much to do then.
PATIENCE = 60.0
AGAIN = 1.0  # seconds between tries meanwhile

log = structlog.get_logger()


class AlreadyRunning(Refused):
    """Another process holds this database; two would write over each other."""

    def __init__(self, database: Database) -> None:
        """Say which database, without its password."""
        super().__init__("cli.already_running", where=database.where)


@asynccontextmanager
async def sole(database: Database, *, patience: float = 0.0) -> AsyncIterator[None]:
    """Hold the database for this process. Raises AlreadyRunning, also later.

    A server that restarts takes our lock along. We take it back as soon as it answers; whoever was
    quicker is working there now, and what stands inside is cancelled.

    PostgreSQL may keep the lock of a process that is gone: it is waited for, `patience` seconds.
    """
    if database.path is None:
        lock, failed = database.lock(), None
        try:
            await _take(lock, database, patience)
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


async def _take(lock: Lock, database: Database, patience: float) -> None:
    """Take the lock, or wait for it. Raises AlreadyRunning when that took too long.

    Nothing is taken in meanwhile, not even into the spool: the other may well be alive, and what
    is asked of the platform beside it would be missing there, and stay here.
    """
    if await lock.held():
        return
    until = asyncio.get_running_loop().time() + patience
    if patience:
        log.warning(
            "another process holds the database: waiting for its end",
            where=database.where,
            seconds=patience,
        )
    while asyncio.get_running_loop().time() < until:
        await asyncio.sleep(AGAIN)
        if await lock.held():
            return
    raise AlreadyRunning(database)


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
