"""Handles what waits in the inbox: effect, conversation, replies and inbox row in one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import structlog

from bot.batch import Batch, Means
from bot.clock import Clock
from bot.health import Health
from bot.metrics import Metrics
from bot.sender import Sender
from channels.telegram import Telegram
from handlers.router import Router
from handlers.turn import House
from storage import inbox
from storage.inbox import Waiting
from storage.session import Database, is_trouble, took_too_long

BATCH = 64
SLOW_TRIES = 4  # of an update whose statements take too long, before it is set aside

log = structlog.get_logger()


class Worker:
    """Takes what waits, oldest first, per chat in order; commits a whole batch at once."""

    def __init__(
        self,
        database: Database,
        channel: Telegram,
        router: Router,
        house: House,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        *,
        sender: Sender,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """Wire it; `spawn` runs what nobody waits for (answers to taps)."""
        self._database = database
        self._channel = channel
        self._clock = clock
        self._health = health
        self._sender = sender
        self._spawn = spawn
        self._means = Means(channel, router, house, clock, metrics, self._answer)
        self._choosing = asyncio.Lock()
        self._busy: set[str] = set()
        self._taken: set[int] = set()
        self.postponed = True  # whether an update may wait for its second try; unknown at first

    async def step(self) -> int:
        """Handle one batch; returns how many updates it was.

        Trouble with the database is raised: nothing was changed, and nothing counts as tried. An
        error that belongs to no single journey (a row it points to is gone) costs only the update
        that brings it: then each is handled by itself. So does a statement that takes too long.
        """
        rows: list[Waiting] = []
        try:
            try:
                done = await self._together(rows)
            except Exception as error:
                slow = took_too_long(error)
                if not rows or (is_trouble(error) and not slow):
                    raise
                if len(rows) > 1 or slow:
                    log.error("batch failed", updates=len(rows), exc_info=error)
                    await self._one_by_one(rows)
                else:
                    self._follow(await self._give_up(rows[0], error))
            else:
                self._follow(done)
        finally:
            self._busy -= {row.chat for row in rows}
            self._taken -= {row.id for row in rows}
        self._health.good("worker")
        return len(rows)

    async def _together(self, rows: list[Waiting]) -> Batch:
        """Take what waits into `rows`, and handle all of it in one transaction."""
        with self._sender.promise() as promise:
            async with self._database.transaction(brief=True) as tx:
                async with self._choosing:
                    found = await inbox.take(
                        tx,
                        BATCH,
                        bot_id=self._channel.bot_id,
                        now=self._clock.now(),
                        busy=frozenset(self._busy),
                    )
                    rows += [row for row in found if row.id not in self._taken]
                    self._busy |= {row.chat for row in rows if row.chat}
                    self._taken |= {row.id for row in rows}
                batch = Batch(self._means, tx, promise)
                if rows:
                    await batch.handle(rows)
        return batch

    async def _one_by_one(self, rows: list[Waiting]) -> None:
        """The same in a transaction each; what fails alone is treated as a bug in a journey.

        One that takes too long is tried again a few times; when two do, the database is at fault.
        """
        held: set[str] = set()
        slow = False
        for row in rows:
            if row.chat and row.chat in held:
                continue  # an earlier one of this chat is to be tried again first
            try:
                async with self._database.transaction(brief=True) as tx:
                    batch = Batch(self._means, tx)
                    await batch.handle([row])
            except Exception as error:
                if took_too_long(error) and not slow:
                    slow = True
                    batch = await self._give_up(row, error, tries=SLOW_TRIES)
                elif is_trouble(error):
                    raise
                else:
                    batch = await self._give_up(row, error)
            held |= batch.held
            self._follow(batch)

    async def _give_up(self, row: Waiting, failed: Exception, *, tries: int = 2) -> Batch:
        """Try what failed alone again later, or set it aside: with a word, if that can be."""
        log.error("update failed", inbox=row.id, tries=row.attempts + 1, exc_info=failed)
        error = type(failed).__name__
        try:
            return await self._failed(row, error, tries, sorry=True)
        except Exception as again:
            if is_trouble(again):
                raise
            log.error("nobody was told", inbox=row.id, exc_info=again)
        return await self._failed(row, error, tries, sorry=False)

    async def _failed(self, row: Waiting, error: str, tries: int, *, sorry: bool) -> Batch:
        async with self._database.transaction(brief=True) as tx:
            batch = Batch(self._means, tx)
            await batch.fail(row, error, tries, sorry=sorry)
        return batch

    def _follow(self, done: Batch) -> None:
        """Do what follows from a commit."""
        self.postponed = self.postponed or bool(done.held)
        if done.left:
            self._sender.wake()
        done.committed()

    def _answer(self, query: str, toast: str) -> None:
        self._spawn(self._channel.answer(query, toast))

    async def next_try(self) -> datetime | None:
        """When a postponed update wants its second try."""
        if not self.postponed:
            return None
        self.postponed = False  # before the look: another worker may postpone one meanwhile
        try:
            async with self._database.reading() as tx:
                due = await inbox.next_try(tx, bot_id=self._channel.bot_id)
        except BaseException:
            self.postponed = True
            raise
        self.postponed = self.postponed or due is not None
        return due
