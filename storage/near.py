"""An SQLite connection that runs short statements where it is asked, not in a thread of its own.

aiosqlite hands every statement to a thread, four times over: cursor, execution, rows, end. That is
right for a statement that may wait or read much. One that touches a few rows by their key takes 10
to 50 µs, and the way to the thread and back costs ten times as much.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

from aiosqlite import Connection, connect

from storage.base import Tx

# What may wait: for another process that holds the lock, for the disk.
_WAITS = ("BEGIN", "PRAGMA")
_ENDS = ("commit", "rollback")


class Near(Connection):
    """The connection; `brief` says when its statements are short."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Begin as any other connection: everything in its thread."""
        super().__init__(*arguments, **options)
        self._thread.daemon = True
        self._brief = False

    @contextmanager
    def brief(self) -> Iterator[None]:
        """Meanwhile run statements at once; what may wait still goes to the thread."""
        self._brief = True
        try:
            yield
        finally:
            self._brief = False

    @contextmanager
    def at_length(self) -> Iterator[None]:
        """Meanwhile everything goes to the thread, whatever was promised."""
        brief, self._brief = self._brief, False
        try:
            yield
        finally:
            self._brief = brief

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        name = fn.__name__
        if name == "rollback" and not self.in_transaction:
            return None  # asked at the end of every transaction, whether there is one or not
        if not self._brief or name in _ENDS or (args and str(args[0]).startswith(_WAITS)):
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        return fn(*args, **kwargs)


@asynccontextmanager
async def at_length(tx: Tx) -> AsyncIterator[None]:
    """Meanwhile `tx` may be asked for what takes long, although it is to be brief."""
    connection = (await tx.get_raw_connection()).driver_connection
    with connection.at_length() if isinstance(connection, Near) else nullcontext():
        yield


def near(*arguments: Any, **options: Any) -> Near:
    """What `aiosqlite.connect` does, with this class."""
    plain = connect(*arguments, **options)
    return Near(plain._connector, plain._iter_chunk_size)
