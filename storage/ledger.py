"""Counters kept in the same transaction as what they count: the books of `reconcile`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Tx, upsert


class Ledger(Base):
    """How often something happened on one local day ("" = over all time)."""

    __tablename__ = "ledger"
    name: Mapped[str] = mapped_column(primary_key=True)
    local_date: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


async def count(tx: Tx, entries: Mapping[tuple[str, str], int]) -> None:
    """Add to the books: (name, local date or "") → how many."""
    rows = [
        {"name": name, "local_date": day, "n": n} for (name, day), n in sorted(entries.items())
    ]
    await tx.execute(_add(tx.dialect.name), rows)


@cache
def _add(database: str) -> Any:
    insert = upsert(database, Ledger)
    more = {"n": Ledger.n + insert.excluded.n}
    return insert.on_conflict_do_update(index_elements=["name", "local_date"], set_=more)


async def total(tx: Tx, name: str, local_date: str = "") -> int:
    """What the books say under one name and day."""
    found = await tx.scalar(
        select(Ledger.n).where(Ledger.name == name, Ledger.local_date == local_date)
    )
    return found or 0


async def by_day(tx: Tx, name: str) -> dict[str, int]:
    """What the books say under one name, day by day."""
    rows = await tx.execute(select(Ledger.local_date, Ledger.n).where(Ledger.name == name))
    return dict(rows.all())
