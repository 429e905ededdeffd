"""What `run` starts, and `demo` with another API address: everything assembled and served."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Awaitable, Callable

import structlog
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bot.clock import Clock
from bot.install import WEBHOOK_PATH, Place, spool_of, webhook_of
from bot.platform import channel_of
from bot.program import Program
from bot.refusals import CannotStart
from bot.run import Menu, Nursery, Platform, Runner
from bot.serving import web_server
from bot.settings import Settings
from bot.ticks import ticks
from bot.words import read_content
from content import Bank
from handlers import journeys
from handlers.router import Router
from storage.library import ContentChanged
from web.doors import Webhook, doors

SAFE_SQLITE = (3, 51, 3)  # older ones can, rarely, lose a checkpoint when two processes meet

log = structlog.get_logger()


class Service:
    """One installation at work."""

    def __init__(self, settings: Settings, place: Place, clock: Clock) -> None:
        """Assemble everything; nothing is started but the spool opened. Raises CannotStart."""
        url, secret = webhook_of(settings)
        channel = channel_of(settings, place.keys.key("callback"))
        bank = read_content()
        router = journeys.router()
        self.nursery = Nursery()
        self._spool = spool_of(settings, channel.bot_id)
        self.program = Program(
            database=place.database,
            channel=channel,
            router=router,
            bank=bank,
            keys=place.keys,
            clock=clock,
            spawn=self.nursery.spawn,
            send_per_second=settings.send_per_second,
            spool=self._spool,
        )
        self.runner = Runner(
            self.program,
            ticks(self.program),
            self.nursery,
            Platform(url, secret, menu(router, bank)),
        )
        self.app = self._doors(settings, secret)

    def _doors(self, settings: Settings, secret: str) -> Starlette:
        token = settings.metrics_token

        async def store(update: bytes) -> None:
            await self.program.ingest.store([update])

        return doors(
            readiness=self.program.readiness,
            metrics=self.program.figures,
            metrics_token=token.get_secret_value() if token else None,
            webhook=Webhook(WEBHOOK_PATH, secret, store) if secret else None,
        )

    async def run(
        self,
        sock: socket.socket,
        *,
        app: ASGIApp | None = None,
        connected: Callable[[], Awaitable[None]] | None = None,
        farewell: Callable[[], None] | None = None,
    ) -> None:
        """Work until told to stop; `app` is served instead of the doors alone.

        Raises CannotStart when a version of the content came with other bytes.
        """
        if self.program.database.is_sqlite and sqlite3.sqlite_version_info < SAFE_SQLITE:
            log.warning("this SQLite is old; see `tanggap doctor`", version=sqlite3.sqlite_version)
        try:
            await self.program.open()
            await self.runner.run(
                web_server(app or self.app), sock, connected=connected, farewell=farewell
            )
        except ContentChanged as error:
            raise CannotStart("cli.content_changed", what=str(error)) from None
        finally:
            await self.program.channel.stop()
            if self._spool is not None:
                self._spool.close()


def menu(router: Router, bank: Bank) -> Menu:
    """The command menu by language; the first is also everybody's whose own has none."""
    return {language: journeys.commands(router, bank, language) for language in bank.languages}
