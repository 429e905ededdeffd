"""The upgrade of a database, killed at each of its statements: the old schema or the new one.

    python -m bench.upgrade                     # every statement, both databases, every revision
    python -m bench.upgrade --every 10          # a sample

From an empty database and from every earlier revision with an office's rows in it. A process of
its own dies at the n-th statement, at the commit, right after it, or at a moment nobody chose.
Afterwards the schema is the one before or the one after, never between, all rows are there, and
the next start finishes what was begun.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, make_url, text

from bench.battle import show, sync_url
from storage import migrate
from storage.session import Database
from tests.kit import office
from tests.kit.postgres import Postgres, postgres
from tests.kit.world import World

BASE = "base"


def revisions() -> list[str]:
    """All revisions, oldest first, after the empty database."""
    script = ScriptDirectory.from_config(migrate._config())
    return [BASE, *reversed([one.revision for one in script.walk_revisions()])]


# --- databases to be killed on ------------------------------------------------------------


@dataclass
class Stock:
    """Makes as many databases of one kind as are needed, each a copy of another."""

    folder: Path
    server: Postgres | None
    made: int = 0

    def new(self, like: str = "") -> str:
        """A new one, empty or like the one at this address; its address."""
        self.made += 1
        if self.server is None:
            path = self.folder / f"{self.made}.db"
            if like:
                source = str(make_url(like).database)
                for end in ("", "-wal"):
                    if Path(source + end).exists():
                        shutil.copy(source + end, f"{path}{end}")
            return f"sqlite+aiosqlite:///{path}"
        name, template = f"upgrade_{self.made}", make_url(like).database if like else "template0"
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        url = make_url(self.server.uri).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Have done with it."""
        name = str(make_url(url).database)
        if self.server is None:
            for path in Path(name).parent.glob(Path(name).name + "*"):
                path.unlink()
        else:
            self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def stocks(kind: str, folder: Path) -> Iterator[Stock]:
    """The stock of one kind."""
    if kind == "sqlite":
        yield Stock(folder, None)
    else:
        with postgres() as server:
            yield Stock(folder, server)


# --- in a process of its own --------------------------------------------------------------


def apart(work: Callable[[], Any], patience: float | None = None) -> int:
    """Do it in a fork; its exit status, negative for the signal that ended it.

    After `patience` seconds it is killed.
    """
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    if patience is not None:
        time.sleep(patience)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def upgrade(url: str, die_at: int = 0) -> None:
    """Bring it to the newest schema; die at so manyth statement or commit, or the end after it."""
    done = 0

    def step(*_: Any) -> None:
        nonlocal done
        done += 1
        if done == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    asyncio.run(migrate.upgrade(url))
    step()


async def furnish(url: str) -> None:
    """An office at work: its units, two ratings, what came in and went out."""
    database = Database(url)
    await office.small_city(database)
    world = await World(database).open()
    for name, label in (("Ani", "Puas"), ("Budi", "Tidak puas")):
        phone = world.phone(name)
        await phone.start(office.LOKET)
        await world.settle()
        await phone.tap(label)
        await world.settle()
    await world.close()
    await database.close()


# --- what stands there --------------------------------------------------------------------

_SCHEMA = {
    "sqlite": "SELECT type, name, sql FROM sqlite_schema",
    "postgresql": """
        SELECT 'column', concat_ws(' ', table_name, column_name, data_type, is_nullable),
            column_default FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
        """,
}


@dataclass(frozen=True)
class Found:
    """A schema with its revision, and how many rows each table has."""

    schema: frozenset[tuple[Any, ...]]
    rows: dict[str, int]


def look(url: str) -> Found:
    """What a reader finds."""
    engine = create_engine(sync_url(url))
    with engine.connect() as connection:
        dialect = engine.dialect.name
        schema = {tuple(row) for row in connection.execute(text(_SCHEMA[dialect]))}
        tables = sorted(engine.dialect.get_table_names(connection))
        if "alembic_version" in tables:
            at = connection.execute(text("SELECT 'version', version_num FROM alembic_version"))
            schema |= {tuple(row) for row in at}
        rows = {
            name: int(connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one())
            for name in tables
            if name != "alembic_version"
        }
    engine.dispose()
    return Found(frozenset(schema), rows)


@dataclass
class Sweep:
    """All kills of one way up."""

    stock: Stock
    start: str  # the address of the database as it is before
    points: int = 0
    old: int = 0
    new: int = 0
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """See how it ends when nobody dies."""
        self.before = look(self.start)
        url = self.stock.new(like=self.start)
        began = time.monotonic()
        if apart(lambda: upgrade(url)):
            self.faults.append("it cannot be upgraded at all")
        self.seconds = time.monotonic() - began
        self.after = look(url)
        self._count_rows("the upgrade", self.after)
        self.stock.drop(url)

    def _count_rows(self, when: str, found: Found) -> None:
        for table, n in self.before.rows.items():
            if found.rows.get(table, n) != n:
                self.faults.append(f"{when}: {table} has {found.rows[table]} rows of {n}")

    def kill(self, at: int = 0, patience: float | None = None) -> bool:
        """Die at this statement, or after so many seconds; tell whether it came to that."""
        url = self.stock.new(like=self.start)
        status = apart(lambda: upgrade(url, at), patience)
        when = f"at statement {at}" if patience is None else f"after {patience:.3f} s"
        died = status == -signal.SIGKILL
        if died:
            self.points += 1
            found = look(url)
            self.old += found.schema == self.before.schema
            self.new += found.schema == self.after.schema
            if found.schema not in (self.before.schema, self.after.schema):
                self.faults.append(f"{when}: a schema between")
            self._count_rows(when, found)
        elif status:
            self.faults.append(f"{when}: it ended with {status}")
        if apart(lambda: upgrade(url)):
            self.faults.append(f"{when}: the next start does not finish")
        elif (found := look(url)).schema != self.after.schema:
            self.faults.append(f"{when}: the next start ends elsewhere")
        else:
            self._count_rows(f"{when}, after the next start", found)
        self.stock.drop(url)
        return died


def sweep(stock: Stock, revision: str, *, every: int, chances: int, seed: int) -> dict[str, Any]:
    """Kill the way up from one revision at each statement, and at moments nobody chose."""
    url = stock.new()
    if revision != BASE:
        for work in (
            lambda: upgrade(url),
            lambda: asyncio.run(furnish(url)),
            lambda: asyncio.run(migrate.downgrade(url, revision)),
        ):
            if apart(work):
                raise RuntimeError(f"no office stands at revision {revision}")
    one = Sweep(stock, url)
    chance = random.Random(f"{seed}:{revision}")
    at = 1 if every == 1 else chance.randint(1, every)
    while one.kill(at):
        at += every
    for _ in range(chances):
        one.kill(patience=chance.uniform(0, one.seconds))
    return {
        "database": "sqlite" if stock.server is None else "postgresql",
        "from": revision,
        "rows": sum(one.before.rows.values()),
        "kills": one.points,
        "found_old": one.old,
        "found_new": one.new,
        "faults": one.faults[:10],
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--every", type=int, default=1, help="each so manyth statement only")
    parser.add_argument("--chances", type=int, default=30, help="kills at any moment")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    bad = kills = 0
    for kind in asked.databases:
        with (
            tempfile.TemporaryDirectory(prefix="tanggap-") as folder,
            stocks(kind, Path(folder)) as stock,
        ):
            for revision in revisions()[:-1]:
                row = sweep(
                    stock, revision, every=asked.every, chances=asked.chances, seed=asked.seed
                )
                kills += row["kills"]
                bad += bool(row["faults"]) or row["kills"] == 0
                show(row)
    sys.stdout.write(f"{kills} kills: {'FAILED' if bad else 'the old schema or the new one'}\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
