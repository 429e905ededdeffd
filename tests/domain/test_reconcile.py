"""The books agree after a day at the office, and disagree as soon as one row is touched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import text

from domain.reconcile import reconcile
from storage.base import Tx
from storage.session import Database
from tests.conversations.citizen import at_summary, scan, tap
from tests.kit.admins import admin, compose, do, subscriber
from tests.kit.office import DUKCAPIL, LOKET_KK, small_city
from tests.kit.staff import join, later
from tests.kit.world import World


@pytest.fixture
async def day(database: Database) -> AsyncIterator[World]:
    """A day on which everything there is happened at least once."""
    await small_city(database)
    world = await World(database).open()
    await tap(world, await at_summary(world, "Ani"), "Kirim jawaban")
    await tap(world, await scan(world, "Beni", LOKET_KK), "Puas")
    budi = await admin(world)
    await join(world, "Rina", unit=DUKCAPIL, hour="10.00")
    await subscriber(world, "Citra")
    await subscriber(world, "Dedi")
    await compose(world, budi, "Kantor tutup hari Jumat", "Warga yang bersedia", "✓ Ya, kirim")
    await world.tick()
    assert await later(world, hours=1) == 1
    world.simulator.updates.add("message", {"message_id": "none at all"}, ("o", 0))
    await world.settle()
    await world.advance(seconds=10)
    yield world
    await world.close()


async def red(tx: Tx) -> set[str]:
    return {check.name for check in await reconcile(tx) if not check.agrees}


async def counted(tx: Tx) -> dict[str, int]:
    checks = await reconcile(tx)
    return {
        name: sum(check.promised for check in checks if check.name == name)
        for name in {check.name for check in checks}
    }


ALTERED = {
    "an announcement's message is gone": (
        "DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox WHERE batch LIKE 'ann:%')",
        {"announcements", "outbox"},
    ),
    "an announcement's message is another's": (
        "UPDATE outbox SET batch = 'ann:999' WHERE id ="
        " (SELECT min(id) FROM outbox WHERE batch LIKE 'ann:%')",
        {"announcements"},
    ),
    "a recipient was promised and never written down": (
        "UPDATE announcement SET recipients = recipients + 1",
        {"announcements"},
    ),
    "a lesson's message is gone": (
        "DELETE FROM outbox WHERE cause LIKE 'occ:%'",
        {"occurrences", "outbox"},
    ),
    "an occurrence is gone": (
        "DELETE FROM occurrence WHERE state = 'handed'",
        {"occurrences"},
    ),
    "an occurrence was handed over and is due again": (
        "UPDATE occurrence SET state = 'due' WHERE state = 'handed'",
        {"occurrences"},
    ),
    "the book of occurrences was changed": (
        "UPDATE ledger SET n = n + 1 WHERE name = 'occurrence.handed'",
        {"occurrences"},
    ),
    "a response is gone": (
        "DELETE FROM response WHERE instrument = 'skm'",
        {"submissions"},
    ),
    "a response is of another day": (
        "UPDATE response SET local_date = '2026-11-24' WHERE instrument = 'skm'",
        {"submissions"},
    ),
    "a response is of another instrument": (
        "UPDATE response SET instrument = 'quick' WHERE instrument = 'skm'",
        {"submissions"},
    ),
    "a submission was counted twice": (
        "UPDATE ledger SET n = n + 1 WHERE name = 'response.skm'",
        {"submissions"},
    ),
    "a day's book is gone": ("DELETE FROM ledger WHERE name = 'response.quick'", {"submissions"}),
    "an update is gone": (
        "DELETE FROM inbox WHERE id = (SELECT min(id) FROM inbox WHERE state = 'done')",
        {"inbox"},
    ),
    "one set aside is gone": ("DELETE FROM inbox WHERE state = 'quarantined'", {"inbox"}),
    "the book of updates was changed": (
        "UPDATE ledger SET n = n - 1 WHERE name = 'inbox.stored'",
        {"inbox"},
    ),
    "an update is in a state without a name": (
        "UPDATE inbox SET state = 'lost' WHERE id = (SELECT min(id) FROM inbox)",
        {"states"},
    ),
    "a reply is gone": (
        "DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE cause LIKE 'in:%')",
        {"outbox"},
    ),
    "the book of messages was changed": (
        "UPDATE ledger SET n = n + 1 WHERE name = 'outbox.put'",
        {"outbox"},
    ),
    "a message is in a state without a name": (
        "UPDATE outbox SET state = 'limbo' WHERE id = (SELECT max(id) FROM outbox)",
        {"states"},
    ),
    "a response lost its answers": (
        "DELETE FROM answer WHERE response_key ="
        " (SELECT key FROM response WHERE instrument = 'skm')",
        {"loose"},
    ),
}


class _Undo(Exception):
    """Takes an alteration back."""


@asynccontextmanager
async def altering(database: Database) -> AsyncIterator[Tx]:
    """A transaction that is rolled back at its end."""
    with suppress(_Undo):
        async with database.transaction() as tx:
            yield tx
            raise _Undo


async def test_the_books_agree_and_one_altered_row_is_enough_to_see(day: World) -> None:
    async with day.database.reading() as tx:
        assert await red(tx) == set()
        promised = await counted(tx)
        # Nothing of this agrees because it is empty.
        assert promised["announcements"] == 2
        assert promised["occurrences"] == 2  # the lesson, counted by its row and by the book
        assert promised["submissions"] == 3  # Ani's rating and survey, Beni's rating
        assert promised["inbox"] > 30
        assert promised["outbox"] > 30
    for what, (statement, expected) in ALTERED.items():
        async with altering(day.database) as tx:
            await tx.execute(text(statement))
            assert await red(tx) == expected, what
    async with day.database.reading() as tx:
        assert await red(tx) == set()


async def test_an_answer_without_its_response_is_seen(day: World) -> None:
    async with altering(day.database) as tx:
        # Both are asked to look away: a damaged disk does not respect a constraint either.
        if day.database.is_sqlite:
            await tx.execute(text("PRAGMA defer_foreign_keys=ON"))
        else:
            await tx.execute(text("ALTER TABLE answer DROP CONSTRAINT fk_answer_response_key"))
        await tx.execute(
            text(
                "UPDATE answer SET response_key = 'nobody' WHERE item = 'waktu'"
                " AND response_key = (SELECT key FROM response WHERE instrument = 'skm')"
            )
        )
        assert await red(tx) == {"loose"}


async def test_who_takes_her_data_away_leaves_the_books_in_order(day: World) -> None:
    for name in ("Rina", "Citra", "Ani"):
        phone = day.phone(name)
        await do(day, phone, "/hapus")
        await phone.tap(phone.last.keyboard[0][0].label)
        await day.settle()
    async with day.database.reading() as tx:
        assert await red(tx) == set()
        assert (await counted(tx))["submissions"] == 3
        erased = await tx.execute(text("SELECT count(*) FROM outbox WHERE cause LIKE 'erased:%'"))
        assert erased.scalar_one() > 0


async def test_a_week_of_forgetting_leaves_the_books_in_order(day: World) -> None:
    await day.advance(days=8)
    async with day.database.reading() as tx:
        assert await red(tx) == set()
        done = await tx.execute(text("SELECT count(*) FROM inbox WHERE state = 'done'"))
        assert done.scalar_one() == 0  # forgotten, and still counted
