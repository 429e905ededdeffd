"""An error in a log must not carry what somebody wrote or who it was."""

from __future__ import annotations

import io
import json
import logging

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
