"""The schema's history goes up, down and up again, and ends where the code is."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import migrate
from storage.session import Database
from tests.conftest import run
from tests.kit.databases import new_postgres


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
