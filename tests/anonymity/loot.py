"""What an attacker carries home: every table as a dump shows it, every file, every log line.

Everything but the installation's secret.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from storage.session import Database
from storage.tables import metadata

Row = Mapping[str, Any]


@dataclass
class Loot:
    """Tables with their rows in physical order, the raw bytes of all files, and the logs."""

    tables: dict[str, list[Row]]
    logs: str
    files: dict[str, bytes] = field(default_factory=dict)


async def carry_home(database: Database, logs: str) -> Loot:
    """Take everything."""
    if database.path is not None:
        return _from_files(database.path, logs)
    async with database.reading() as tx:
        tables = {}
        for table in metadata.sorted_tables:
            found = await tx.execute(text(f'SELECT * FROM "{table.name}" ORDER BY ctid'))
            tables[table.name] = [dict(row._mapping) for row in found]
    return Loot(tables, logs)


def _from_files(path: Path, logs: str) -> Loot:
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for file in path.parent.glob(path.name + "*"):
            files[file.name] = file.read_bytes()
            shutil.copy(file, folder)
        connection = sqlite3.connect(Path(folder) / path.name)
        connection.row_factory = sqlite3.Row
        tables = {
            table.name: [dict(row) for row in connection.execute(f'SELECT * FROM "{table.name}"')]
            for table in metadata.sorted_tables
        }
        connection.close()
    return Loot(tables, logs, files)
