"""Brings a database to the current schema, or says how far it is from it.

Alembic is imported where it is used: a start finds the schema current nearly every time, and
would otherwise pay a fifth of a second and 9 MiB for nothing.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from storage.session import Database

if TYPE_CHECKING:
    from alembic.config import Config

_NOTED = "alembic_version"  # where Alembic notes the revision
_MIGRATIONS = Path(__file__).parent / "migrations"


class Standing(StrEnum):
    """How a database's schema stands to the one this program needs."""

    CURRENT = "current"
    BEHIND = "behind"  # an upgrade brings it here; an empty one is behind too
    AHEAD = "ahead"  # made by a newer program


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` up to `revision`, all in one transaction."""
    from alembic import command

    await _with(url, lambda connection: command.upgrade(_config(connection), revision))


async def downgrade(url: str, revision: str = "base") -> None:
    """Take the database at `url` back to `revision`; tables and what is in them go."""
    from alembic import command

    await _with(url, lambda connection: command.downgrade(_config(connection), revision))


async def _with(url: str, work: Any) -> None:
    database = Database(url, hurry=False)  # an index on ten million rows takes its time
    try:
        async with database.transaction() as tx:
            await tx.run_sync(work)
    finally:
        await database.close()


def head() -> str:
    """The revision that this program needs: the last of the numbered files."""
    return max(path.stem.partition("_")[0] for path in _MIGRATIONS.glob("versions/[0-9]*.py"))


async def current(database: Database) -> str | None:
    """The revision a database is at; None for an empty one."""
    async with database.reading() as tx:
        if not await tx.run_sync(lambda connection: inspect(connection).has_table(_NOTED)):
            return None
        revision: str | None = await tx.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


async def standing(database: Database) -> Standing:
    """How the database stands to this program."""
    found = await current(database)
    if found == head():
        return Standing.CURRENT
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    known = {revision.revision for revision in script.walk_revisions()}
    return Standing.BEHIND if found is None or found in known else Standing.AHEAD


async def differences(database: Database) -> list[Any]:
    """What the tables in the code and those in the database do not have in common."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from storage.tables import metadata

    async with database.reading() as tx:
        return await tx.run_sync(
            lambda connection: compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), metadata
            )
        )
