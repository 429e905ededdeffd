"""Started while the database is away, or only reads: updates go to the spool until it is back.

Somebody restarts a bot that does not answer, or a machine comes back before its database does. All
else waits: the bot starts for real, with all its checks, when the database can be reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket

import structlog
from starlette.applications import Starlette

from bot.ingest import offset_after
from bot.install import WEBHOOK_PATH, check_whole, open_database, spool_of, webhook_of
from bot.metrics import Metrics
from bot.platform import channel_of
from bot.refusals import CannotStart
from bot.run import LONGEST_PAUSE, POLL, as_asked
from bot.serving import web_server
from bot.settings import Settings
from bot.spool import Spool, SpoolFailed
from channels.result import Trouble
from channels.telegram import Telegram
from web.doors import Webhook, doors

AGAIN = 1.0  # seconds between looks whether the database is back
_STOPS = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


async def stand_in(settings: Settings, sock: socket.socket) -> bool:
    """Keep updates until the database answers; with no spool, or no need, return at once.

    `sock` stays open: who calls between this and the start waits. False when told to stop
    meanwhile (SIGTERM, SIGINT). Raises CannotStart.
    """
    channel = channel_of(settings)
    if settings.spool_dir is None or not (away := await _away(settings)):
        return True
    log.error("the database is away: updates go to the spool", problem=away)
    spool = spool_of(settings, channel.bot_id)
    assert spool is not None
    _, secret = webhook_of(settings)
    server = web_server(_doors(settings, spool, secret, away))
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in _STOPS:
        loop.add_signal_handler(number, stopping.set)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[sock.dup()]))
            polling = None if secret else group.create_task(_poll(channel, spool))
            while away and not stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), AGAIN)
                away = await _away(settings)
            server.should_exit = True
            if polling is not None:
                polling.cancel()
    finally:
        for number in _STOPS:
            loop.remove_signal_handler(number)
        await channel.stop()
        spool.close()
    return not stopping.is_set()


async def _away(settings: Settings) -> str:
    """Why the database takes nothing; "" if it does. Anything else is the start's to tell."""
    database = open_database(settings, beside=True)
    try:
        # A file is not away: what is wrong with it does not pass by itself.
        if not database.is_sqlite:
            await check_whole(database)
            return await database.check_writing()
    except CannotStart as error:
        return str(error.values["problem"]) if error.key == "cli.database_away" else ""
    finally:
        await database.close()
    return ""


def _doors(settings: Settings, spool: Spool, secret: str, away: str) -> Starlette:
    token = settings.metrics_token
    metrics = Metrics()
    metrics.spool.set_function(lambda: spool.size)

    async def readiness() -> dict[str, str]:
        return {"database": f"database: {away}", "spool": "updates go there until it is back"}

    async def figures() -> bytes:
        return metrics.text()

    async def keep(update: bytes) -> None:
        await spool.append([update])

    webhook = Webhook(WEBHOOK_PATH, secret, keep) if secret else None
    return doors(
        readiness=readiness,
        metrics=figures,
        metrics_token=token.get_secret_value() if token else None,
        webhook=webhook,
    )


async def _poll(channel: Telegram, spool: Spool) -> None:
    offset, pause, known = 0, 0.5, False  # where we were stands in the database
    while True:
        try:
            if not known:
                await channel.start()
                known = True
            updates = await channel.poll(offset, timeout=POLL)
            if updates:
                await spool.append(updates)
                offset = offset_after(channel, updates, offset)
            pause = 0.5
        except (Trouble, SpoolFailed) as error:
            if isinstance(error, Trouble):
                pause = as_asked(pause, error)
            log.warning("no updates for now", reason=str(error), retry_in=pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
