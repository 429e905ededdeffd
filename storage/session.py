"""Connections and transactions: the only file that begins and commits.

SQLite: one writing connection behind a fair lock, `BEGIN IMMEDIATE`, full durability; readers
cannot write and never checkpoint. PostgreSQL: a pool, read committed, time limits on statements.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.base import Tx
from storage.lock import Lock
from storage.near import Near, near

__all__ = ["Database", "Tx", "UnknownDatabase", "is_trouble"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}

# psycopg calls these internal errors: a standby that only reads (after a failover), and a
# connection that the server closed because we held it idle too long (a frozen machine).
_AWAY = ("25006", "25P03")

_SQLITE_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_POSTGRES_DAMAGED = ("XX001", "XX002")

# Waiting for a lock ends before a statement does, so that the two can be told apart.
_LIMITS = "-c lock_timeout=10s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s"
# A line that vanishes (a way that swallows everything, a power cut) is noticed by both its ends
# after 30 s; else a server keeps the session for 2 hours, and with it our lock. The user timeout
# (ms) is for an answer that was on its way just then: those keep no alive.
_NOTICE = (
    "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=30000"
)
_NOTICE_HERE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
_TOO_LONG = "57014"

# Refused when anything else would be: a new table needs room on the disk at once, where a new row
# may find some in a page that is there. Nobody ever sees it.
_WRITE = text("CREATE TABLE tanggap_writes AS SELECT 1 AS one")


def is_trouble(error: BaseException) -> bool:
    """Whether the database is at fault (away, locked, full, damaged), not the one who asked.

    Both drivers wrap what the system tells them into errors of their own: psycopg any OSError of
    its socket and of looking up a name, SQLite that of its file. A broken connection is all that
    could come through bare; a time that ran out, a missing file, a closed pipe are somebody
    else's, and trying for ever would only hide them.
    """
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return True
    if isinstance(error, ConnectionError):
        return not isinstance(error, BrokenPipeError)  # that is a reader of ours gone, not it
    if not isinstance(error, DBAPIError):
        return False
    away = getattr(error.orig, "sqlstate", "") in _AWAY
    return away or error.connection_invalidated or is_damage(error)


def took_too_long(error: BaseException) -> bool:
    """Whether PostgreSQL ended a statement by its time limit: one may ask too much."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") == _TOO_LONG


def is_damage(error: DBAPIError) -> bool:
    """Whether the database says that it is broken: nothing may be set aside on its word."""
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    state = getattr(error.orig, "sqlstate", "")
    return name.startswith(_SQLITE_DAMAGED) or state in _POSTGRES_DAMAGED


class UnknownDatabase(ValueError):
    """An address that names neither SQLite nor PostgreSQL."""


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


# Conversations are read and written at every turn, and this is several times quicker.
_JSON: dict[str, Any] = {
    "json_serializer": _json,
    "json_deserializer": msgspec.json.decode,
}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class Database:
    """One database, opened for the owner of the writing role or beside it."""

    def __init__(
        self, url: str, *, beside: bool = False, pool_size: int = 10, hurry: bool = True
    ) -> None:
        """Prepare, without connecting; `beside` never checkpoints SQLite (short commands).

        Without `hurry` a statement on PostgreSQL may take as long as it needs (migrations).
        Raises UnknownDatabase. Whatever driver the address names, ours is used.
        """
        try:
            self.url = make_url(url)
        except ArgumentError:
            raise UnknownDatabase("not an address of a database") from None
        kind = self.url.get_backend_name()
        if kind not in _DRIVERS:
            raise UnknownDatabase(kind)
        self.url = self.url.set(drivername=_DRIVERS[kind])
        self.is_sqlite = kind == "sqlite"
        self._lock = asyncio.Lock()
        self._near: Near | None = None
        if self.is_sqlite:
            if self.path is not None:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._writer = self._sqlite(read_only=False, pool_size=1, checkpoint=not beside)
            self._reader = self._sqlite(read_only=True, pool_size=4, checkpoint=False)
        else:
            from storage.line import Line  # an office on SQLite needs no PostgreSQL in memory

            quick = {"options": f"{_LIMITS} {_NOTICE}", "async_creator_fn": Line.connect}
            self._writer = self._reader = create_async_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_timeout=10,
                pool_pre_ping=False,
                **_JSON,
                hide_parameters=True,  # an error in a log must not carry anybody's values
                connect_args={
                    "connect_timeout": 5,
                    **_NOTICE_HERE,
                    **(quick if hurry else {"options": _NOTICE}),
                },
            )

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database; None for PostgreSQL."""
        name = self.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @property
    def where(self) -> str:
        """The database in words for its operator: the file, or the address without password."""
        return str(self.path) if self.path else self.url.render_as_string(hide_password=True)

    def _sqlite(self, *, read_only: bool, pool_size: int, checkpoint: bool) -> AsyncEngine:
        def connect(*arguments: Any, **options: Any) -> Near:
            connection = near(*arguments, **options)
            if not read_only:
                self._near = connection
            return connection

        engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,
            **_JSON,
            connect_args={"timeout": 30, "check_same_thread": False, "async_creator_fn": connect},
        )

        def prepare(connection: Any, _: Any) -> None:
            connection.isolation_level = None  # BEGIN is ours, below
            cursor = connection.cursor()
            cursor.execute("PRAGMA busy_timeout=30000")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA trusted_schema=OFF")
            if read_only:
                cursor.execute("PRAGMA query_only=ON")
            else:
                cursor.execute("PRAGMA journal_mode=WAL")
                cursor.execute("PRAGMA synchronous=FULL")
                # What is erased must not stay readable in free pages.
                cursor.execute("PRAGMA secure_delete=ON")
            if not checkpoint:
                cursor.execute("PRAGMA wal_autocheckpoint=0")
            cursor.close()

        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

        event.listen(engine.sync_engine, "connect", prepare)
        event.listen(engine.sync_engine, "begin", begin)
        return engine

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[Tx]:
        """One writing transaction: committed at the end, rolled back on any error.

        Never keep it open across a call to a platform. `brief` promises that each statement
        touches few rows, by their keys: SQLite then runs them without a detour over a thread.
        """
        if not self.is_sqlite:
            async with self._writer.begin() as tx:
                yield tx
            return
        async with self._lock, self._writer.begin() as tx:
            assert self._near is not None
            with self._near.brief() if brief else nullcontext():
                yield tx

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """One consistent view; nothing can be written through it."""
        async with self._reader.connect() as tx:
            if not self.is_sqlite:
                await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield tx

    def lock(self) -> Lock:
        """PostgreSQL's own lock for one working process, not taken yet."""
        return Lock(self._writer)

    async def check(self) -> str:
        """Ask the database whether it is whole; "" when it is, else what it says.

        Raises trouble when it cannot be reached.
        """
        try:
            async with self.reading() as tx:
                if not self.is_sqlite:
                    await tx.execute(text("SELECT 1"))
                    return ""
                found = str(await tx.scalar(text("PRAGMA quick_check(1)")))
        except DBAPIError as error:
            if not is_damage(error):
                raise
            return str(error.orig)  # "file is not a database", "disk image is malformed"
        return "" if found == "ok" else found

    async def check_writing(self) -> str:
        """Make PostgreSQL write, and take it back; "" when it does, else what is in the way.

        It may only read, be full, or be away. What else it refuses (we may make no table) is no
        matter of when: that is "", too.
        """
        try:
            async with self._writer.connect() as tx:  # never committed
                await tx.execute(_WRITE)
        except Exception as error:
            return type(getattr(error, "orig", error)).__name__ if is_trouble(error) else ""
        return ""

    async def truncate_log(self) -> None:
        """Bring SQLite's log home and empty it, so that erased pages leave the disk.

        While somebody reads the log stays; the next call finds it and tries again.
        """
        if self.path is None:
            return
        log = self.path.with_name(self.path.name + "-wal")
        if await asyncio.to_thread(_size, log):
            async with self._lock, self._writer.connect() as connection:
                raw = await connection.get_raw_connection()
                cursor = await raw.driver_connection.execute(  # type: ignore[union-attr]
                    "PRAGMA wal_checkpoint(TRUNCATE)"
                )
                await cursor.close()

    async def close(self) -> None:
        """Let all connections go."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()
