"""A fresh database for every test: a file of SQLite, and a real PostgreSQL from PyPI."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import OperationalError

from storage.migrate import upgrade
from storage.session import Database, Tx
from storage.tables import metadata
from tests.kit.postgres import postgres


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL of our own on a private socket; its maintenance URL (psycopg form)."""
    with postgres(durable=durable) as server:
        yield server.uri


async def sqlite_template(folder: Path) -> Path:
    """A migrated, empty SQLite file to be copied."""
    path = folder / "template.db"
    await upgrade(f"sqlite+aiosqlite:///{path}")
    return path


async def new_postgres(uri: str, *, migrated: bool = True) -> str:
    """A new database on that server; its SQLAlchemy URL."""
    name = f"tanggap_{uuid.uuid4().hex[:8]}"
    _execute(uri, f'CREATE DATABASE "{name}"')
    url = make_url(uri).set(drivername="postgresql+psycopg", database=name)
    rendered = url.render_as_string(hide_password=False)
    if migrated:
        await upgrade(rendered)
    return rendered


def careless(database: Database) -> None:
    """Wait for no disk, as the tests' PostgreSQL does not: nothing here outlives a power cut.

    Thousands of small commits would be nothing but waiting.
    """
    if database.is_sqlite:

        def prepare(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF")

        event.listen(database._writer.sync_engine, "connect", prepare)


@asynccontextmanager
async def sqlite_database(template: Path, folder: Path) -> AsyncIterator[Database]:
    path = folder / "tanggap.db"
    shutil.copy(template, path)
    database = Database(f"sqlite+aiosqlite:///{path}")
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def postgres_database(url: str) -> AsyncIterator[Database]:
    """The session's database, emptied afterwards: far quicker than making one for every test."""
    database = Database(url, pool_size=5)
    try:
        yield database
    finally:
        async with database.transaction() as tx:
            await tx.exec_driver_sql("SET LOCAL statement_timeout = 0")
            used = list(await tx.scalars(_USED))
            if used:
                names = ", ".join(f'"{table}"' for table in used)
                await tx.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        await database.close()


@contextmanager
def deaf(database: Database) -> Iterator[None]:
    """Whatever is committed meanwhile, the answer to the commit gets lost."""
    begin = database.transaction

    @asynccontextmanager
    async def cut_off(**asked: bool) -> AsyncIterator[Tx]:
        async with begin(**asked) as tx:
            yield tx
        raise OperationalError("COMMIT", {}, ConnectionError())

    database.transaction = cut_off  # type: ignore[method-assign]
    try:
        yield
    finally:
        database.transaction = begin  # type: ignore[method-assign]


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Meanwhile nothing gets through to the database, neither to write nor to read."""

    @asynccontextmanager
    async def refused(**_: bool) -> AsyncIterator[Tx]:
        raise OperationalError("BEGIN", {}, ConnectionRefusedError())
        yield

    kept = database.transaction, database.reading
    database.transaction = database.reading = refused  # type: ignore[method-assign]
    try:
        yield
    finally:
        database.transaction, database.reading = kept  # type: ignore[method-assign]


# To empty a table costs the same when nothing is in it, and a test fills few of them.
_USED = text(
    " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in metadata.tables
    )
    + " UNION SELECT s.relname FROM pg_sequences q JOIN pg_depend d"
    " ON d.objid = (quote_ident(q.schemaname) || '.' || quote_ident(q.sequencename))::regclass"
    " AND d.deptype = 'a' JOIN pg_class s ON s.oid = d.refobjid WHERE q.last_value IS NOT NULL"
)


def _execute(uri: str, statement: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement.encode())
