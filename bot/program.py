"""Puts the parts together: the only place that knows them all. Starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from bot.clock import Clock
from bot.health import Health
from bot.ingest import Ingest
from bot.metrics import Metrics
from bot.pace import Pace
from bot.sender import Sender
from bot.spool import Spool
from bot.worker import Worker
from channels.telegram import Telegram
from content import Bank
from domain.keys import Keys
from handlers.router import Router
from handlers.turn import House
from storage import inbox, library, overview
from storage.session import Database, is_trouble

COUNTING = 2.0  # seconds that counting rows may keep somebody waiting who asks for figures

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Program:
    """One bot on one database: door, worker, sender and what they share."""

    def __init__(
        self,
        *,
        database: Database,
        channel: Telegram,
        router: Router,
        bank: Bank,
        keys: Keys,
        clock: Clock,
        spawn: Spawn,
        send_per_second: float = 28.0,
        spool: Spool | None = None,
    ) -> None:
        """Wire everything; `spawn` runs what nobody waits for.

        The `spool` stays its giver's to close.
        """
        self.database = database
        self.channel = channel
        self.clock = clock
        self.bank = bank
        self.keys = keys
        self.health = Health(clock)
        self.metrics = Metrics()
        self.arrived = asyncio.Event()
        self.house = House(bank=bank, keys=keys, link=self.link)
        self.pace = Pace(send_per_second, clock.monotonic())
        self.sender = Sender(
            database,
            channel,
            self.pace,
            clock,
            self.health,
            self.metrics,
            spawn=spawn,
        )
        self.worker = Worker(
            database,
            channel,
            router,
            self.house,
            clock,
            self.health,
            self.metrics,
            sender=self.sender,
            spawn=spawn,
        )
        self.spool = spool
        self.ingest = Ingest(
            database, channel, keys, clock, self.health, self.metrics, self.arrived.set, spool
        )
        if spool is not None:
            self.metrics.spool.set_function(lambda: spool.size)

    def link(self, payload: str) -> str:
        """The full link that opens the bot with this start payload."""
        return f"https://t.me/{self.channel.username}?start={payload}"

    async def open(self) -> None:
        """Before the first update: keep the content's versions, settle what was in the air.

        What an earlier process left in the spool comes before anything new. Raises ContentChanged
        when a version came with other bytes.
        """
        async with self.database.transaction() as tx:
            for version in self.bank.versions:
                await library.keep(
                    tx,
                    version.kind,
                    version.key,
                    version.version,
                    digest=version.sha256,
                    body=version.body,
                    at=self.clock.now(),
                )
        await self.sender.recover()
        await self.ingest.replay()

    async def figures(self) -> bytes:
        """Everything that is counted, in Prometheus's text format.

        What stands in the queues is counted when somebody asks, and left out while the database
        does not say: an old number would look like a quiet hour.
        """
        self.metrics.inbox.clear()
        self.metrics.outbox.clear()
        try:
            async with asyncio.timeout(COUNTING), self.database.reading() as tx:
                self.metrics.inbox.labels(inbox.WAITING).set(await overview.waiting(tx))
                for state, n in (await overview.unsent(tx)).items():
                    self.metrics.outbox.labels(state).set(n)
        except Exception as error:
            if not (isinstance(error, TimeoutError) or is_trouble(error)):
                raise
        return self.metrics.text()

    async def readiness(self) -> dict[str, str]:
        """Each part with "ok" or what is wrong; asks the database now."""
        try:
            async with self.database.reading() as tx:
                await inbox.cursor(tx, self.channel.bot_id)
            self.health.good("database")
        except Exception as error:
            self.health.bad("database", f"database: {type(error).__name__}")
        return self.health.report()
