"""A bot that knows its name."""

from __future__ import annotations

import pytest

from channels.telegram import Telegram
from tests.channels.line import BOT_ID, Line, bot, yes


@pytest.fixture
async def telegram() -> Telegram:
    """Started, as @TanggapBot, on a line that says yes to everything."""
    known = bot(Line(yes({"id": BOT_ID, "username": "TanggapBot"})))
    await known.start()
    return known
