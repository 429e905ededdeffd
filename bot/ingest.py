"""Updates come in: stored first, confirmed only then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.clock import Clock
from bot.health import Health
from channels.telegram import Telegram
from domain.keys import Keys
from storage import inbox
from storage.session import Database


class Ingest:
    """The door, whichever way the platform uses it."""

    def __init__(
        self,
        database: Database,
        channel: Telegram,
        keys: Keys,
        clock: Clock,
        health: Health,
        wake: Callable[[], None],
    ) -> None:
        """Wire the door to the database; `wake` tells the worker that something came."""
        self._database = database
        self._channel = channel
        self._clock = clock
        self._health = health
        self._wake = wake
        self._hash = keys
        self._offset: int | None = None

    async def store(self, updates: Sequence[bytes], *, next_offset: int | None = None) -> int:
        """Commit updates to the inbox; returns how many were new.

        The same update again (same id, same bytes) is not stored twice.
        """
        arrivals = {}
        for raw in updates:
            head = self._channel.head(raw)
            digest = self._hash.digest("inbox", raw)
            update_id = -1 if head.update_id is None else head.update_id
            arrivals[update_id, digest] = inbox.Arrival(
                update_id, digest, head.sort, head.chat, raw
            )
        async with self._database.transaction() as tx:
            new = await inbox.store(
                tx,
                self._channel.channel,
                self._channel.bot_id,
                list(arrivals.values()),
                at=self._clock.now(),
                next_offset=next_offset,
            )
        if new:
            self._wake()
        return new

    async def poll(self, *, seconds: float) -> int:
        """Ask once for updates and store them; the next question confirms them.

        The offset follows the ids of this batch, never the highest ever seen: after a quiet
        week Telegram starts again at a random number.
        """
        if self._offset is None:
            async with self._database.reading() as tx:
                self._offset = await inbox.cursor(tx, self._channel.bot_id)
        updates = await self._channel.poll(self._offset, timeout=seconds)
        self._health.good("poll")
        if not updates:
            return 0
        ids = [i for raw in updates if (i := self._channel.head(raw).update_id) is not None]
        offset = ids[-1] + 1 if ids else self._offset + 1
        await self.store(updates, next_offset=offset)
        self._offset = offset
        return len(updates)
