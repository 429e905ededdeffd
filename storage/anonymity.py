"""What takes away, after a while, the last things that could tie an answer to a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError

from storage.base import Tx, put_rows
from storage.ledger import Ledger, total
from storage.responses import Once, PeriodKey
from storage.session import Database

_SHUFFLED, _SHUFFLED_AT, _SORTED_ON = (
    "anonymity.shuffled",
    "anonymity.shuffled_at",
    "anonymity.sorted_on",
)
_NOT_NOW = ("55P03", "57014")  # PostgreSQL: a lock not given, a statement not done in time


async def forget_periods(tx: Tx, *, before: str) -> tuple[int, int]:
    """Destroy the keys and hashes of periods (local dates) before `before`; how many of each."""
    keys = await tx.execute(delete(PeriodKey).where(PeriodKey.period < before))
    hashes = await tx.execute(delete(Once).where(Once.period < before))
    return keys.rowcount, hashes.rowcount


async def shuffle(database: Database, *, since: str, now: int) -> int:
    """Rewrite responses in the order of their random keys, with all of their half-day.

    PostgreSQL keeps rows in the order they were written, and a dump shows them so. Only
    half-days since the local date `since` in which something changed are rewritten, at most
    every five minutes (`now` in seconds). Returns how many responses; 0 on SQLite, whose tables
    are in the order of their keys anyway, and when others are writing too busily.
    """
    if database.is_sqlite:
        return 0
    try:
        async with database.transaction() as tx:
            if abs(now - await total(tx, _SHUFFLED_AT)) < 300:
                return 0
            return await _shuffle(tx, since, now)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") in _NOT_NOW:
            return 0  # the next sweep tries again
        raise


async def _shuffle(tx: Tx, since: str, now: int) -> int:
    changed = """
        SELECT local_date, half_day FROM response
        WHERE local_date >= :since AND xmin::text <> :mine
        UNION SELECT local_date, half_day FROM response JOIN answer ON response_key = key
        WHERE local_date >= :since AND answer.xmin::text <> :mine
        UNION SELECT local_date, half_day FROM response JOIN comment ON response_key = key
        WHERE local_date >= :since AND comment.xmin::text <> :mine
    """
    mine = str(await total(tx, _SHUFFLED))
    await _run(tx, "SET LOCAL lock_timeout = '2s'")
    await _run(tx, "SET LOCAL statement_timeout = '60s'")
    await _run(tx, "LOCK TABLE response, answer, comment IN SHARE ROW EXCLUSIVE MODE")
    await _run(
        tx,
        f"CREATE TEMP TABLE kept_response ON COMMIT DROP AS SELECT * FROM response"  # noqa: S608
        f" WHERE (local_date, half_day) IN ({changed})",
        since=since,
        mine=mine,
    )
    n = int(await tx.scalar(text("SELECT count(*) FROM kept_response")) or 0)
    if n:
        for child in ("answer", "comment"):
            await _run(
                tx,
                f"CREATE TEMP TABLE kept_{child} ON COMMIT DROP AS SELECT c.* FROM {child} c"  # noqa: S608
                " JOIN kept_response ON key = response_key",
            )
        await _run(tx, "DELETE FROM response USING kept_response k WHERE response.key = k.key")
        await _run(tx, "INSERT INTO response SELECT * FROM kept_response ORDER BY key")
        await _run(tx, "INSERT INTO answer SELECT * FROM kept_answer ORDER BY response_key, item")
        await _run(tx, "INSERT INTO comment SELECT * FROM kept_comment ORDER BY response_key")
        # Rows written by this transaction carry its number; any other was changed since.
        ours = await tx.scalar(
            text("SELECT pg_current_xact_id()::text::bigint & 4294967295 AS ours")
        )
        await _mark(tx, _SHUFFLED, int(ours or 0))
    await _mark(tx, _SHUFFLED_AT, now)
    return n


async def sort_people(database: Database, *, day: int) -> bool:
    """Once a day, bring people, addresses and hashes into the order of their random keys.

    `day` counts days. True when it was done now; never on SQLite, which needs none of it.
    """
    if database.is_sqlite:
        return False
    try:
        async with database.transaction() as tx:
            if await total(tx, _SORTED_ON) == day:
                return False
            await _run(tx, "SET LOCAL lock_timeout = '2s'")
            await _run(tx, "SET LOCAL statement_timeout = '60s'")
            for table in ("person", "address", "consent", "once"):
                await _run(tx, f"CLUSTER {table} USING pk_{table}")
            await _mark(tx, _SORTED_ON, day)
            return True
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") in _NOT_NOW:
            return False
        raise


async def _run(tx: Tx, statement: str, **values: Any) -> None:
    await tx.execute(text(statement), values)


async def _mark(tx: Tx, name: str, n: int) -> None:
    await put_rows(tx, Ledger, [{"name": name, "local_date": "", "n": n}])


async def period_keys(tx: Tx) -> list[str]:
    """The periods whose key still exists."""
    return list((await tx.execute(select(PeriodKey.period))).scalars())
