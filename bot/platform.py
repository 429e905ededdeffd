"""Asking the platform about ourselves, for commands that run beside the bot or without it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bot.install import api_url_of, token_of
from bot.refusals import CannotStart
from bot.settings import Settings
from channels.result import Trouble
from channels.telegram import Telegram


@asynccontextmanager
async def acquainted(settings: Settings) -> AsyncIterator[Telegram]:
    """The bot's channel after it learnt its name. Raises CannotStart and Trouble."""
    try:
        # Nothing is shown through it, so no button needs a signature.
        channel = Telegram(token=token_of(settings), api_url=api_url_of(settings), key=b"\0" * 32)
    except ValueError:
        raise CannotStart("cli.unfit_token") from None
    try:
        await channel.start()
        yield channel
    finally:
        await channel.stop()


async def username(settings: Settings) -> str:
    """The bot's name on the platform; "" without a token or an answer."""
    try:
        async with acquainted(settings) as channel:
            return channel.username
    except (CannotStart, Trouble):
        return ""


def link(name: str, payload: str) -> str:
    """The full link that opens the bot with this start payload; "" without a name."""
    return f"https://t.me/{name}?start={payload}" if name else ""


async def server_time(settings: Settings) -> datetime | None:
    """What time the API server thinks it is, to the second; None when it does not say."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            # Its front door, without the token: only the header matters.
            session.head(api_url_of(settings), allow_redirects=False) as answer,
        ):
            return parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, OSError, KeyError, ValueError):
        return None
