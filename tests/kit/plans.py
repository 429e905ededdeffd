"""What a database is asked, and how it means to find it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from storage.session import Tx


@contextmanager
def asked(tx: Tx) -> Iterator[list[tuple[str, Any]]]:
    """What `tx` is asked meanwhile: each statement and its values."""
    noted: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        noted.append((statement, values))

    event.listen(tx.sync_connection, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(tx.sync_connection, "before_cursor_execute", note)


async def plan(tx: Tx, statement: str, values: Any) -> list[str]:
    """The database's own plan for a statement, a step a line."""
    explain = "EXPLAIN QUERY PLAN" if tx.dialect.name == "sqlite" else "EXPLAIN"
    return [row[-1] for row in await tx.exec_driver_sql(f"{explain} {statement}", values)]
