"""Handles what waits in the inbox: effect, conversation, replies and inbox row in one commit."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog

from bot.clock import Clock
from bot.health import Health
from bot.metrics import Metrics
from bot.sender import Promise, Sender
from bot.shape import shape
from channels.result import Unreadable
from channels.telegram import Telegram
from domain.anonymity import sweep_at
from handlers.router import Router
from handlers.turn import House, Turn
from storage import dialogs, inbox, outbox, people, sending
from storage.base import Tx
from storage.dialogs import Standing
from storage.inbox import Waiting
from storage.session import Database, is_trouble
from talk.messages import Inbound, Kind, Outbound, Parcel

BATCH = 64
SECOND_TRY = timedelta(seconds=1)
LANGUAGES = ("id", "en")

log = structlog.get_logger()


class Toast(NamedTuple):
    """The answer to a tap, given right after the commit."""

    query: str
    text: str


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
        self._router = router
        self._house = house
        self._clock = clock
        self._health = health
        self._metrics = metrics
        self._sender = sender
        self._spawn = spawn
        self._choosing = asyncio.Lock()
        self._busy: set[str] = set()
        self._taken: set[int] = set()
        self.postponed = True  # whether an update may wait for its second try; unknown at first

    async def step(self) -> int:
        """Handle one batch; returns how many updates it was.

        Trouble with the database is raised: nothing was changed, and nothing counts as tried.
        """
        rows: list[Waiting] = []
        try:
            with self._sender.promise() as promise:
                async with self._database.transaction() as tx:
                    async with self._choosing:
                        found = await inbox.take(
                            tx, BATCH, now=self._clock.now(), busy=frozenset(self._busy)
                        )
                        rows = [row for row in found if row.id not in self._taken]
                        self._busy |= {row.chat for row in rows if row.chat}
                        self._taken |= {row.id for row in rows}
                    if not rows:
                        self._health.good("worker")
                        return 0
                    toasts = await Batch(self, tx, self._clock.now(), promise).handle(rows)
        finally:
            self._busy -= {row.chat for row in rows}
            self._taken -= {row.id for row in rows}
        self._health.good("worker")
        self._sender.wake()
        for toast in toasts:
            self._spawn(self._channel.answer(toast.query, toast.text))
        return len(rows)

    async def next_try(self) -> datetime | None:
        """When a postponed update wants its second try."""
        if not self.postponed:
            return None
        async with self._database.reading() as tx:
            due = await inbox.next_try(tx)
        self.postponed = due is not None
        return due


class Batch:
    """One transaction over several inbounds, each in its own savepoint."""

    def __init__(self, worker: Worker, tx: Tx, now: datetime, promise: Promise) -> None:
        """Begin with nothing done; `promise` is what the sender takes over at once."""
        self._w = worker
        self._promise = promise
        self._to: dict[int, tuple[str, int, str]] = {}
        self._tx = tx
        self._now = now
        self._done: list[int] = []
        self._parcels: list[Parcel] = []
        self._toasts: list[Toast] = []
        self._held: set[str] = set()

    async def handle(self, rows: list[Waiting]) -> list[Toast]:
        """Handle the rows in order and write down the result; returns the answers to taps."""
        read = [(row, said) for row in rows if (said := await self._read(row)) is not None]
        spoken = [(row, said) for row, said in read if said.kind is not Kind.UNKNOWN]
        self._done += [row.id for row, said in read if said.kind is Kind.UNKNOWN]
        for said in (said for _, said in read if said.kind is Kind.UNKNOWN):
            self._w._metrics.ignored(said.text)
        if spoken:
            await self._converse(spoken)
        if self._parcels:
            await outbox.put(self._tx, self._parcels, at=self._now)
            await self._hand_over()
        if self._done:
            await inbox.finish(self._tx, self._done)
        return self._toasts

    async def _hand_over(self) -> None:
        promise = self._promise
        free = [
            parcel.cause
            for parcel in self._parcels
            if parcel.address_id in self._to and parcel.address_id not in promise.held
        ][: promise.room]
        if free:
            promise.rows = await sending.take_new(
                self._tx, free, owner=promise.owner, now=self._now, to=self._to
            )

    async def _read(self, row: Waiting) -> Inbound | None:
        try:
            return self._w._channel.read(row.raw)
        except Unreadable as error:
            await self._set_aside(row, f"unreadable: {error}")
            return None

    async def _converse(self, spoken: list[tuple[Waiting, Inbound]]) -> None:
        first = spoken[0][1]
        callers = await people.callers(
            self._tx,
            first.channel,
            first.bot_id,
            [(said.chat, _language(said.language)) for _, said in spoken],
        )
        self._to = {c.address_id: (first.channel, first.bot_id, c.key) for c in callers.values()}
        known = await dialogs.load(self._tx, self._to)
        changed: dict[int, Standing] = {}
        for row, said in spoken:
            if said.chat in self._held:
                continue  # an earlier one of this chat is to be tried again first
            caller = callers[said.chat]
            standing = known.get(caller.address_id) or Standing(caller.address_id)
            turn = Turn(
                house=self._w._house,
                tx=self._tx,
                now=self._now,
                inbound=said,
                inbox_id=row.id,
                caller=caller,
                dialog=copy.deepcopy(standing),
            )
            if await self._one(row, turn):
                known[caller.address_id] = changed[caller.address_id] = turn.dialog
                turn.dialog.sweep_at = sweep_at(turn.dialog, self._now)
        await dialogs.save(self._tx, list(changed.values()))

    async def _one(self, row: Waiting, turn: Turn) -> bool:
        try:
            async with self._tx.begin_nested():
                await self._w._router.handle(turn)
        except Exception as error:  # a bug in a journey must not stop its neighbours
            if is_trouble(error):
                raise
            await self._mishap(row, turn, error)
            return False
        self._done.append(row.id)
        self._parcels += turn.parcels
        if turn.inbound.query:
            self._toasts.append(Toast(turn.inbound.query, turn.toast))
        self._w._metrics.handled(turn.inbound.kind)
        return True

    async def _mishap(self, row: Waiting, turn: Turn, error: Exception) -> None:
        name = type(error).__name__
        log.error("turn failed", inbox=row.id, tries=row.attempts + 1, exc_info=error)
        if row.attempts == 0:
            self._held.add(row.chat)
            self._w.postponed = True
            await inbox.retry(self._tx, row.id, at=self._now + SECOND_TRY, error=name)
            return
        await self._set_aside(row, f"bug: {name}")
        sorry = self._w._house.say(turn.caller.language, "turn.sorry")
        self._parcels.append(Parcel(f"in:{row.id}:sorry", turn.caller.address_id, Outbound(sorry)))
        if turn.inbound.query:
            self._toasts.append(Toast(turn.inbound.query, ""))

    async def _set_aside(self, row: Waiting, error: str) -> None:
        await inbox.quarantine(self._tx, row.id, shape=shape(row.raw), error=error[:200])
        self._w._metrics.quarantined()
        log.warning("update set aside", inbox=row.id, reason=error.split(":")[0])


def _language(hint: str) -> str:
    """Indonesian, unless the app is set to another language that we have in full."""
    return "en" if hint and hint not in ("id", "ms", "jv", "su") else "id"
