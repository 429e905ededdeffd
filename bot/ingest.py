"""Updates come in: stored first, confirmed only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.clock import Clock
from bot.health import Health
from bot.metrics import Metrics
from bot.spool import Spool, SpoolFailed
from channels.telegram import Telegram
from domain.keys import Keys
from storage import inbox
from storage.session import Database, is_trouble

PATIENCE = 5.0  # seconds for a commit, when there is a spool to take its place

log = structlog.get_logger()


@dataclass(eq=False)
class _Load:
    """What one caller brings to be committed, and why it was not."""

    arrivals: list[inbox.Arrival]
    next_offset: int | None
    failed: Exception | None = None


class Ingest:
    """The door, whichever way the platform uses it."""

    def __init__(
        self,
        database: Database,
        channel: Telegram,
        keys: Keys,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        wake: Callable[[], None],
        spool: Spool | None = None,
    ) -> None:
        """Wire the door to the database; `wake` tells the worker that something came.

        The `spool` takes what comes while the database is away.
        """
        self._database = database
        self._channel = channel
        self._clock = clock
        self._health = health
        self._wake = wake
        self._hash = keys
        self._offset: int | None = None
        self._metrics = metrics
        self._spool = spool
        self._door = asyncio.Event()
        self._door.set()
        self._replaying = asyncio.Lock()
        self._loads: list[_Load] = []
        self._committing = asyncio.Lock()

    async def store(self, updates: Sequence[bytes], *, next_offset: int | None = None) -> int:
        """Keep updates for good; returns how many are new in the inbox.

        The same update again (same id, same bytes) is not stored twice. With a spool they go there
        while the database is away, and as long as earlier ones wait in it. Raises trouble when
        they could not be kept.
        """
        if self._spool is None:
            return await self._commit(updates, next_offset)
        while not self._door.is_set():
            await self._door.wait()
        if not self._spool.waiting:
            try:
                return await self._commit(updates, next_offset)
            except Exception as error:
                if not is_trouble(error):
                    raise
                reason = type(error).__name__
                self._health.bad("database", f"database: {reason}")
                log.error("updates go to the spool", reason=reason)
        try:
            await self._spool.append(updates)
        except SpoolFailed as error:
            self._health.bad("spool", f"it fails: {error}")
            log.error("the spool fails", reason=str(error))
            raise
        self._health.bad("spool", "updates wait in it for the database")
        return 0

    async def replay(self) -> None:
        """Bring what waits in the spool into the inbox, in order, until nothing waits.

        May end anywhere and be called again. Raises trouble.
        """
        if self._spool is None:
            return
        moved = damaged = 0
        answers = False
        async with self._replaying:
            try:
                while self._spool.waiting:
                    batch = await self._spool.read()
                    if answers:
                        self._door.clear()  # or under load the end might never be reached
                    if batch.updates:
                        moved += await self._commit(batch.updates)
                        answers = True
                    await self._spool.forget(batch)
                    damaged += batch.damaged
                    self._metrics.damaged(batch.damaged)
                    if not batch.last:
                        self._door.set()  # between two batches fewer come in than went out
            finally:
                self._door.set()
        if moved or damaged:
            log.warning("the spool is empty again", moved=moved, damaged=damaged)
        self._health.good("spool")

    async def _commit(self, updates: Sequence[bytes], next_offset: int | None = None) -> int:
        """Commit to the inbox, in one go with what others bring while a commit is under way.

        Returns how many are new; what came along with others counts for one of them.
        """
        mine = _Load([self._arrival(raw) for raw in updates], next_offset)
        self._loads.append(mine)
        try:
            async with self._patience(), self._committing:
                if mine in self._loads:
                    return await self._commit_loads()
        finally:
            if mine in self._loads:  # given up: whoever brought it hears that it was not kept
                self._loads.remove(mine)
        if mine.failed is not None:
            raise mine.failed
        return 0

    async def _commit_loads(self) -> int:
        loads, self._loads = self._loads, []
        arrivals = {(a.update_id, a.payload_hash): a for load in loads for a in load.arrivals}
        offsets = [load.next_offset for load in loads if load.next_offset is not None]
        try:
            async with self._database.transaction(brief=True) as tx:
                new = await inbox.store(
                    tx,
                    self._channel.channel,
                    self._channel.bot_id,
                    list(arrivals.values()),
                    at=self._clock.now(),
                    next_offset=offsets[-1] if offsets else None,
                )
        except BaseException as error:
            if isinstance(error, Exception):
                for load in loads:
                    load.failed = error
            else:
                self._loads = loads + self._loads  # who gives up takes nobody along
            self._wake()  # it may be committed all the same, and no repeat of it is new
            raise
        if new:
            self._wake()
        return new

    def _arrival(self, raw: bytes) -> inbox.Arrival:
        head = self._channel.head(raw)
        update_id = -1 if head.update_id is None else head.update_id
        digest = self._hash.digest("inbox", raw)
        return inbox.Arrival(update_id, digest, head.sort, head.chat, raw)

    async def poll(self, *, seconds: float) -> int:
        """Ask once for updates and store them; the next question confirms them."""
        if self._offset is None:
            try:
                async with self._patience(), self._database.reading() as tx:
                    self._offset = await inbox.cursor(tx, self._channel.bot_id)
            except Exception as error:
                if self._spool is None or not is_trouble(error):
                    raise
        # Unknown, all that is unconfirmed comes once more.
        since = self._offset or 0
        updates = await self._channel.poll(since, timeout=seconds)
        self._health.good("poll")
        if not updates:
            return 0
        offset = offset_after(self._channel, updates, since)
        await self.store(updates, next_offset=offset)
        self._offset = offset
        return len(updates)

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        """Where there is a spool, a database that does not answer soon is away, too."""
        try:
            async with asyncio.timeout(None if self._spool is None else PATIENCE):
                yield
        except TimeoutError:
            if self._spool is None:
                raise
            raise ConnectionError("the database does not answer") from None


def offset_after(channel: Telegram, updates: Sequence[bytes], since: int) -> int:
    """The offset that confirms `updates`, which were asked for with `since`.

    It follows the ids of this batch, never the highest ever seen: after a quiet week Telegram
    starts again at a random number.
    """
    ids = [i for raw in updates if (i := channel.head(raw).update_id) is not None]
    return ids[-1] + 1 if ids else since + 1
