"""Brings a database to the current schema, or says how far it is from it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.session import Database
from storage.tables import metadata


class Standing(StrEnum):
    """How a database's schema stands to the one this program needs."""

    CURRENT = "current"
    BEHIND = "behind"  # an upgrade brings it here; an empty one is behind too
    AHEAD = "ahead"  # made by a newer program


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` up to `revision`, all in one transaction."""
    await _with(url, lambda connection: command.upgrade(_config(connection), revision))


async def downgrade(url: str, revision: str = "base") -> None:
    """Take the database at `url` back to `revision`; tables and what is in them go."""
    await _with(url, lambda connection: command.downgrade(_config(connection), revision))


async def _with(url: str, work: Any) -> None:
    database = Database(url)
    try:
        async with database.transaction() as tx:
            await tx.run_sync(work)
    finally:
        await database.close()


def head() -> str:
    """The revision that this program needs."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None
    return found


async def current(database: Database) -> str | None:
    """The revision a database is at; None for an empty one."""
    async with database.reading() as tx:
        return await tx.run_sync(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )


async def standing(database: Database) -> Standing:
    """How the database stands to this program."""
    found = await current(database)
    if found == head():
        return Standing.CURRENT
    script = ScriptDirectory.from_config(_config())
    known = {revision.revision for revision in script.walk_revisions()}
    return Standing.BEHIND if found is None or found in known else Standing.AHEAD


async def differences(database: Database) -> list[Any]:
    """What the tables in the code and those in the database do not have in common."""
    async with database.reading() as tx:
        return await tx.run_sync(
            lambda connection: compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), metadata
            )
        )
