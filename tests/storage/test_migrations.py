"""The schema's history goes up, down and up again, and ends where the code is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage import migrate
from storage.migrate import Standing
from storage.session import Database
from tests.conftest import run
from tests.kit.databases import new_postgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    return run(new_postgres(request.getfixturevalue("postgres_uri"), migrated=False))


async def test_up_down_and_up_again(empty_url: str) -> None:
    for _ in range(2):
        await migrate.upgrade(empty_url)
        database = Database(empty_url)
        assert await migrate.current(database) == migrate.head()
        assert await migrate.differences(database) == []
        await database.close()
        await migrate.downgrade(empty_url)
        database = Database(empty_url)
        assert await migrate.current(database) is None
        await database.close()


def test_the_last_file_is_the_head_of_the_history() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(migrate._config()).get_current_head() == migrate.head()


async def test_a_database_knows_how_it_stands_to_the_program(empty_url: str) -> None:
    database = Database(empty_url)
    assert await migrate.standing(database) is Standing.BEHIND
    await migrate.upgrade(empty_url)
    assert await migrate.standing(database) is Standing.CURRENT
    async with database.transaction() as tx:
        await tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert await migrate.standing(database) is Standing.AHEAD
    async with database.transaction() as tx:
        await tx.exec_driver_sql("DELETE FROM alembic_version")
    assert await migrate.standing(database) is Standing.BEHIND
    await database.close()


def test_a_start_on_a_current_schema_does_without_alembic(empty_url: str) -> None:
    """A process of its own, for in this one somebody has imported it already."""
    run(migrate.upgrade(empty_url))
    look = (
        "import asyncio, sys; from storage import migrate; from storage.session import Database;"
        f" print(asyncio.run(migrate.standing(Database({empty_url!r}))), 'alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, check=True, text=True, cwd=ROOT
    )
    assert done.stdout.split() == ["current", "False"]


async def test_on_sqlite_no_table_of_answers_remembers_an_order(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    await migrate.upgrade(url)
    database = Database(url)
    async with database.reading() as tx:
        rows = await tx.exec_driver_sql("select name, sql from sqlite_schema where type = 'table'")
        tables = dict(rows.all())
    await database.close()
    for name in ("response", "answer", "comment", "once", "person", "address", "dialog"):
        assert "WITHOUT ROWID" in tables[name], name
