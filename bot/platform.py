"""Asking the platform about ourselves, for commands that run beside the bot or without it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bot.install import api_url_of, token_of
from bot.pace import at_once
from bot.refusals import CannotStart
from bot.settings import Settings
from channels.result import Trouble
from channels.telegram import Telegram

NO_KEY = b"\0" * 32  # for a channel through which no button is shown


def channel_of(settings: Settings, key: bytes = NO_KEY) -> Telegram:
    """The bot's channel, not connected yet. Raises CannotStart for settings that do not fit."""
    token, url = token_of(settings), api_url_of(settings)
    try:
        calls = at_once(settings.send_per_second)
        return Telegram(token=token, api_url=url, key=key, connections=calls)
    except ValueError:
        raise CannotStart("cli.unfit_token") from None


@asynccontextmanager
async def acquainted(settings: Settings) -> AsyncIterator[Telegram]:
    """The bot's channel after it learnt its name. Raises CannotStart and Trouble."""
    channel = channel_of(settings)
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
