"""What all tables share: naming, types, and the few statements that differ by database."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")

Tx = AsyncConnection
"""A transaction in progress. Rooms above pass it on and never commit it."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time on both databases; SQLite alone would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    # One step each way, where the library takes three: a list of many is mostly times.

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Refuse naive times; store UTC."""
        return _utc if dialect.name == "postgresql" else _written

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Give the zone back."""
        return _utc if dialect.name == "postgresql" else _read


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)


def _written(value: datetime | None) -> str | None:
    """As SQLAlchemy writes it on SQLite: it sorts as it stands."""
    if (value := _utc(value)) is None:
        return None
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")


def _read(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


# SQLite fills only a plain INTEGER key by itself.
Serial = BigInteger().with_variant(Integer, "sqlite")


# SQLite's hidden row number counts up: where the order of insertion would be a link between a
# person and an answer, a table must not have one.
UNORDERED = {"sqlite_with_rowid": False}


class Base(DeclarativeBase):
    """All tables, with constraint names that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, int: BigInteger}


def random_id() -> int:
    """A key that says nothing about when or after whom its row came (62 bits)."""
    return secrets.randbits(62) | 1


def upsert(database: str, table: type[Base]) -> Any:
    """An INSERT that knows ON CONFLICT on a database ("postgresql"), and counts its rows."""
    dialect = postgresql if database == "postgresql" else sqlite
    return dialect.insert(table.__table__).execution_options(preserve_rowcount=True)


# Building a statement takes longer than running it, so those of every day are built once.


@cache
def _new_only(database: str, table: type[Base]) -> Any:
    return upsert(database, table).on_conflict_do_nothing()


@cache
def _in_place(database: str, table: type[Base], names: frozenset[str]) -> Any:
    insert = upsert(database, table)
    keys = [column.name for column in table.__table__.primary_key]
    changed = {name: insert.excluded[name] for name in sorted(names.difference(keys))}
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


_READ: WeakKeyDictionary[Tx, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()


async def read_once(tx: Tx, *what: Any, read: Callable[[], Awaitable[T]]) -> T:
    """What `read` finds, asked for once in a transaction, in which it does not change.

    Many turns share a transaction and ask for the same service and the same key.
    """
    known = _READ.setdefault(tx, {})
    if what not in known:
        known[what] = await read()
    found: T = known[what]
    return found


def forget_read(tx: Tx, *what: Any) -> None:
    """It was changed in this transaction: read it again."""
    _READ.setdefault(tx, {}).pop(what, None)


async def insert_new(tx: Tx, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those rows whose keys are not taken; returns how many those were."""
    done = await tx.execute(_new_only(tx.dialect.name, table), rows)
    return int(done.rowcount)


async def insert_once(tx: Tx, table: type[Base], **values: Any) -> bool:
    """Insert a row unless its key is taken; tell whether it was inserted."""
    return await insert_new(tx, table, [values]) > 0


async def put_rows(tx: Tx, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows (all with the same columns), each in the place of one with its primary key."""
    await tx.execute(_in_place(tx.dialect.name, table, frozenset(rows[0])), rows)
