"""Years of an office, written into an empty database within minutes: what growth is measured on.

Of every four visitors one fills in the survey of nine elements after the quick rating, over two
years, at 120 services with a counter each. What two years leave behind is there with it: people
and addresses, sent messages, the updates of seven days, today's marks of visits, the books.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, create_engine, text

from storage.migrate import upgrade

DAYS = 730
SERVICES = 120
ELEMENTS = 9
SURVEYS = 4  # of so many visitors, one fills in the survey
PER_SURVEY = SURVEYS + ELEMENTS  # answers that come with one survey
TURNS_OF_RATING, TURNS_OF_SURVEY = 2, 16  # updates taken in, and about as many messages out
SECONDS = DAYS * 86_400
WEEK = 7  # days for which the inbox keeps what it needs to know a repeat


@dataclass(frozen=True)
class Dialect:
    """What the two databases spell differently; `{}` is a number of seconds since 1970."""

    numbers: str  # fills the table n with 1 to `top`
    key: str  # 22 characters
    id: str  # 62 bits, odd
    hash: str  # 32 bytes
    short: str  # 8 characters
    moment: str
    day: str
    empty: str
    indexes: str  # name and statement of each index that no constraint needs
    before: tuple[str, ...]
    after: tuple[str, ...]


SQLITE = Dialect(
    numbers="INSERT INTO n WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c"
    " WHERE i < :top) SELECT i FROM c",
    key="substr(hex(randomblob(11)), 1, 22)",
    id="((random() & 4611686018427387903) | 1)",
    hash="randomblob(32)",
    short="substr(hex(randomblob(4)), 1, 8)",
    moment="strftime('%Y-%m-%d %H:%M:%S.000000', {}, 'unixepoch')",
    day="date({}, 'unixepoch')",
    empty="x''",
    indexes="SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
    before=(
        "PRAGMA journal_mode=OFF",
        "PRAGMA synchronous=OFF",
        "PRAGMA cache_size=-1000000",
        "PRAGMA foreign_keys=OFF",
        "PRAGMA temp_store=FILE",
    ),
    # No ANALYZE: nothing runs it, and so do the plans of a real installation come about.
    after=("PRAGMA journal_mode=WAL",),
)
POSTGRES = Dialect(
    numbers="INSERT INTO n SELECT generate_series(1, :top)",
    key="substr(md5(random()::text), 1, 22)",
    id="(floor(random() * 4611686018427387903)::bigint | 1)",
    hash="decode(md5(random()::text) || md5(random()::text), 'hex')",
    short="upper(substr(md5(random()::text), 1, 8))",
    moment="to_timestamp({})",
    day="to_char(to_timestamp({}) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    empty="''::bytea",
    indexes="SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public' AND"
    " NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)",
    before=(
        "SET session_replication_role = replica",  # no foreign keys are looked up
        "SET synchronous_commit = off",
        "SET maintenance_work_mem = '512MB'",
        "SET work_mem = '256MB'",
    ),
    after=("VACUUM ANALYZE", "CHECKPOINT"),
)


def points() -> list[str]:
    """The start payloads of the counters."""
    return [f"p{_code(number)}" for number in range(1, SERVICES + 1)]


async def fill(database_url: str, answers: int, *, now: datetime) -> None:
    """Make the schema and write so many answers and all that belongs to them."""
    await upgrade(database_url)
    await asyncio.to_thread(_fill, database_url.replace("+aiosqlite", ""), answers, now)


def _fill(url: str, answers: int, now: datetime) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    dialect = SQLITE if engine.dialect.name == "sqlite" else POSTGRES
    with engine.connect() as connection:
        for statement in dialect.before:
            connection.exec_driver_sql(statement)
        indexes = connection.exec_driver_sql(dialect.indexes).all()
        for name, _ in indexes:
            connection.exec_driver_sql(f'DROP INDEX "{name}"')
        _write(connection, dialect, answers, int(now.timestamp()))
        for _, statement in indexes:
            connection.exec_driver_sql(statement)
        for statement in dialect.after:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _code(number: int) -> str:
    return f"growth{number:015}"


def _write(connection: Connection, dialect: Dialect, answers: int, now: int) -> None:
    surveys = max(1, answers // PER_SURVEY)
    ratings = surveys * SURVEYS
    updates = ratings * TURNS_OF_RATING + surveys * TURNS_OF_SURVEY
    week = max(1, updates * WEEK // DAYS)

    # When the i-th update came: spread evenly over the years, oldest first.
    at = dialect.moment.format(f"({now - SECONDS} + i * {SECONDS - 60} / {updates})")

    def run(statement: str, **values: object) -> None:
        connection.execute(text(statement), values)

    _office(run)
    run("CREATE TEMP TABLE n (i BIGINT)")
    run(dialect.numbers, top=updates)

    # People and where they are reached: each comes twice in the two years.
    run(
        "CREATE TEMP TABLE known AS"
        f" SELECT {dialect.id} AS person, {dialect.id} AS address, i FROM n WHERE i <= :top",
        top=max(1, ratings // 2),
    )
    run(
        "INSERT INTO person (id, language, sample)"
        " SELECT person, 'id', false FROM known ORDER BY person"
    )
    run(
        "INSERT INTO address (id, channel, bot_id, key, person_id, active)"
        " SELECT address, 'telegram', 7000000001, CAST(1000000000 + i AS TEXT), person, true"
        " FROM known ORDER BY address"
    )

    # On PostgreSQL half-days lie one after the other, each in the order of its keys.
    run(
        "CREATE TEMP TABLE given AS"
        f" SELECT {dialect.key} AS key, i, CASE WHEN i <= {ratings} THEN 'quick' ELSE 'skm' END"
        f" AS instrument, {_each(dialect.day, ratings, surveys, now)} AS local_date,"
        " CASE WHEN i / 7 % 2 = 0 THEN 'am' ELSE 'pm' END AS half_day"
        " FROM n WHERE i <= :top",
        top=ratings + surveys,
    )
    order = "key" if dialect is SQLITE else "local_date, half_day, key"
    run(
        "INSERT INTO response (key, instrument, version, service_id, point_id, local_date,"
        " half_day, channel, language, notice, visit_kind, duration, staff, burst)"
        f" SELECT key, instrument, '2026-1', i % {SERVICES} + 1, i % {SERVICES} + 1, local_date,"
        " half_day, 'telegram', 'id', '2026-1', 'poster', 'normal', false, false"
        f" FROM given ORDER BY {order}"
    )
    items = " UNION ALL ".join(f"SELECT 'u{n}' AS item" for n in range(1, ELEMENTS + 1))
    run(
        "INSERT INTO answer (response_key, item, value)"
        " SELECT key, item, 1 + i % 4 FROM given JOIN"
        f" (SELECT 'quick' AS of, 'rating' AS item UNION ALL SELECT 'skm', item FROM ({items}) e)"
        f" asked ON asked.of = given.instrument ORDER BY {order}, item"
    )
    run(
        "INSERT INTO comment (response_key, text) SELECT key, 'Ruang tunggu panas.' FROM given"
        f" WHERE instrument = 'skm' AND i % 10 = 0 ORDER BY {order}"
    )
    run(
        "INSERT INTO once (key, period)"
        f" SELECT h, d FROM (SELECT {dialect.hash} AS h, local_date AS d FROM given"
        f" WHERE local_date = {dialect.day.format(now)}) marks ORDER BY h"
    )

    run(
        "INSERT INTO inbox (id, channel, bot_id, update_id, payload_hash, sort, chat, raw,"
        " received_at, state, attempts, error)"
        f" SELECT i, 'telegram', 7000000001, 100000000 + i, {dialect.hash}, 'callback_query',"
        f" '', {dialect.empty}, {at}, 'done', 0, ''"
        " FROM n WHERE i > :gone ORDER BY n.i",
        gone=updates - week,
    )
    run(
        "INSERT INTO outbox (id, cause, ref, batch, address_id, lane, policy, edits, strip, state,"
        " attempts, created_at, owner, settled_at, message, error)"
        f" SELECT i, 'in:' || CAST(i AS TEXT) || '\\:0', {dialect.short}, '', NULL, 'interactive',"
        " CASE WHEN i % 9 = 0 THEN 'B' ELSE 'A' END, '', false, 'sent', 1,"
        f" {at}, '0123456789abcdef', {at}, CAST(i AS TEXT), ''"
        " FROM n ORDER BY n.i"
    )
    if dialect is POSTGRES:  # numbers given by hand move no sequence
        for table in ("inbox", "outbox"):
            run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {updates})")

    run(
        "INSERT INTO ledger (name, local_date, n) SELECT 'response.' || instrument, local_date,"
        " count(*) FROM response GROUP BY instrument, local_date"
    )
    for name, n in (
        ("inbox.stored", updates),
        ("inbox.forgotten", updates - week),
        ("outbox.put", updates),
    ):
        run("INSERT INTO ledger (name, local_date, n) VALUES (:name, '', :n)", name=name, n=n)


def _each(day: str, ratings: int, surveys: int, now: int) -> str:
    """The local date of the i-th response: quick ones first, then surveys, each over the years."""
    since = now - SECONDS
    quick = day.format(f"({since} + i * {SECONDS} / {ratings})")
    survey = day.format(f"({since} + (i - {ratings}) * {SECONDS} / {surveys})")
    return f"CASE WHEN i <= {ratings} THEN {quick} ELSE {survey} END"


def _office(run: object) -> None:
    assert callable(run)
    run(
        "INSERT INTO unit (id, key, name, zone, sample)"
        " VALUES (1, 'kota', 'Kota Contoh', 'Asia/Jakarta', false)"
    )
    for n in range(1, SERVICES + 1):
        run(
            "INSERT INTO service (id, key, name, unit_id, sample)"
            " VALUES (:n, :key, :name, 1, false)",
            n=n, key=f"layanan-{n}", name=f"Layanan {n}",
        )  # fmt: skip
        run(
            "INSERT INTO service_point (id, key, code, name, unit_id, service_id, active, sample)"
            " VALUES (:n, :key, :code, :name, 1, :n, true, false)",
            n=n, key=f"loket-{n}", code=_code(n), name=f"Loket {n}",
        )  # fmt: skip
