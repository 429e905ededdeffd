"""An error in a log must not carry what somebody wrote or who it was."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
from collections.abc import Callable

import pytest
import structlog
from sqlalchemy import insert

from bot import logs
from storage import people
from storage.people import Address
from storage.session import Database

PERSON = 65123 * 65537
SECRET = "chat-of-" + "somebody\n\nwho wrote"


async def test_a_broken_rule_is_logged_without_the_row(database: Database) -> None:
    stream = io.StringIO()
    logs.configure("INFO", stream=stream)
    try:
        row = {
            "id": 5,
            "channel": "telegram",
            "bot_id": 1,
            "key": "secret\n\nchat",
            "active": True,
        }
        try:
            async with database.transaction() as tx:
                await tx.execute(insert(Address).values(**row, person_id=PERSON))
        except Exception as error:
            structlog.get_logger().error("turn failed", exc_info=error)
            logging.getLogger("library").error("failed", exc_info=error)
        else:
            pytest.fail("the row names a person who does not exist")
    finally:
        logs.configure("WARNING")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 2
    for line in lines:
        assert "IntegrityError" in line["exception"]
        assert str(PERSON) not in line["exception"]
        assert SECRET.split()[0] not in line["exception"]


async def test_the_most_talkative_log_names_no_values(database: Database) -> None:
    stream = io.StringIO()
    logs.configure("DEBUG", stream=stream)
    try:
        async with database.transaction() as tx:
            await people.callers(tx, "telegram", 1, [(str(PERSON), "id")])
    finally:
        logs.configure("WARNING")
    assert str(PERSON) not in stream.getvalue()


WRITTEN = "rahasia burung kenari"
QUOTING = [
    lambda: int(WRITTEN),
    lambda: {}[WRITTEN],
    lambda: [].index(f"{WRITTEN}'s"),
    lambda: float(f"\"{WRITTEN}\" dan '{WRITTEN}'"),
]


@pytest.mark.parametrize("quote", QUOTING)
@pytest.mark.parametrize("grouped", [False, True])
def test_an_error_that_repeats_what_somebody_wrote_is_logged_without_it(
    quote: Callable[[], object], grouped: bool
) -> None:
    stream = io.StringIO()
    logs.configure("INFO", stream=stream)
    try:
        quote()
    except Exception as error:
        told = ExceptionGroup("several", [error]) if grouped else error
        structlog.get_logger().error("turn failed", exc_info=told)
        logging.getLogger("library").error("failed", exc_info=told)
    finally:
        logs.configure("WARNING")
    lines = [json.loads(line)["exception"] for line in stream.getvalue().splitlines()]
    assert len(lines) == 2
    for line in lines:
        assert "Error" in line
        assert "quote()" in line, "where it happened stays"
        assert WRITTEN not in line


async def test_a_task_nobody_asked_is_logged_without_what_somebody_wrote() -> None:
    async def bug() -> None:
        int(WRITTEN)

    stream = io.StringIO()
    logs.configure("INFO", stream=stream)
    try:
        forgotten = asyncio.ensure_future(bug())
        await asyncio.sleep(0.01)
        del forgotten
        gc.collect()
    finally:
        logs.configure("WARNING")
    assert "never retrieved" in stream.getvalue()
    assert WRITTEN not in stream.getvalue()


def test_our_own_words_about_an_error_stay() -> None:
    told = 'Traceback (most recent call last):\n  File "bot/run.py", line 7\nRuntimeError: a bug'
    assert logs.traceback(told) == told
