"""Databases for the stages: a template for each story, copied for every point."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from storage.migrate import upgrade
from storage.session import Database
from tests.faults.stepper.stories import Story
from tests.kit.databases import new_postgres

_serial = itertools.count()


@dataclass
class Grounds:
    """Templates and their copies, all below one folder and on one PostgreSQL server."""

    folder: Path
    postgres_uri: str
    _templates: dict[tuple[str, str], str] = field(default_factory=dict)

    async def prepare(self, story: Story, kind: str) -> None:
        """Make the template of a story, if there is none yet."""
        if (story.name, kind) in self._templates:
            return
        if kind == "sqlite":
            url = f"sqlite+aiosqlite:///{self.folder / (story.name + '.db')}"
            await upgrade(url)
        else:
            url = await new_postgres(self.postgres_uri)
        database = Database(url)
        try:
            await story.plant(database)
        finally:
            await database.close()
        self._templates[story.name, kind] = url

    @asynccontextmanager
    async def copy(self, story: Story, kind: str) -> AsyncIterator[tuple[str, Path]]:
        """A fresh copy of the template: its address, and a folder for what belongs to it."""
        template = make_url(self._templates[story.name, kind])
        name = f"stage_{next(_serial)}"
        folder = self.folder / name
        folder.mkdir()
        assert template.database is not None
        try:
            if kind == "sqlite":
                path = folder / "tanggap.db"
                shutil.copy(template.database, path)
                yield f"sqlite+aiosqlite:///{path}", folder
            else:
                # By files: less than half of the work of writing all of it to the log.
                how = f'TEMPLATE "{template.database}" STRATEGY file_copy'
                await self._ask(f'CREATE DATABASE "{name}" {how}')
                yield template.set(database=name).render_as_string(hide_password=False), folder
                await self._ask(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            shutil.rmtree(folder)

    async def _ask(self, statement: str) -> None:
        def ask() -> None:
            with psycopg.connect(self.postgres_uri, autocommit=True) as connection:
                connection.execute(statement.encode())

        await asyncio.to_thread(ask)
