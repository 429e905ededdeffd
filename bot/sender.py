"""Sends what stands in the outbox: claim, call, settle, never a transaction across a call."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.clock import Clock
from bot.health import Health
from bot.metrics import Metrics
from bot.pace import Pace
from bot.verdict import RESEND_AFTER, verdict
from channels.result import Ending, Result
from channels.telegram import Telegram
from storage import outbox, sending
from storage.outbox import State
from storage.sending import Claimed, Outcome
from storage.session import Database, is_trouble
from talk.messages import Lane, Outbound, decode

IN_FLIGHT = 32  # calls under way at once, at the most
RESERVED = 10  # of them kept for people who wait for an answer
TOKEN_CHECK = 15.0  # seconds between looks whether a refused token works again
PAUSE = 1.0  # seconds before another try after trouble with the database

log = structlog.get_logger()


@dataclass
class Promise:
    """How many replies a worker may take for the sender, and to whom not; then those it took."""

    owner: str
    room: int
    held: set[int]
    rows: list[Claimed] = field(default_factory=list)


class Sender:
    """One sender for one bot. `run` keeps calls flowing; `step` does one round, for tests."""

    def __init__(
        self,
        database: Database,
        channel: Telegram,
        pace: Pace,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """Wire it; `spawn` runs a delivery that nobody waits for."""
        self.owner = secrets.token_hex(8)
        self._database = database
        self._channel = channel
        self._pace = pace
        self._clock = clock
        self._health = health
        self._metrics = metrics
        self._spawn = spawn
        self._limit = in_flight
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._outcomes: list[tuple[Claimed, Outcome, bool]] = []
        self._flying: dict[int, Claimed] = {}
        self._sheets: dict[int, Outbound] = {}
        self._refused_until = 0.0
        # As the last claim saw it: when something postponed wants to go, and whether any might.
        self._due: datetime | None = None
        self._more = True
        self._claiming = False
        self._unsure = False  # whether a commit that failed may have taken rows all the same
        self._promised = 0  # calls set aside for what workers hand over

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way and everything learnt is written down."""
        return not self._claiming and not self._flying and not self._outcomes

    def wake(self) -> None:
        """Something was committed to the outbox."""
        self._wake.set()

    async def recover(self) -> dict[str, int]:
        """At the start of a sole process: settle what an earlier one left in the air."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            left = await sending.recover(tx, now=now, resend_at=now + RESEND_AFTER)
        if any(left.values()):
            log.warning("found messages in the air", **left)
        return left

    # --- handed over by a worker ----------------------------------------------------------

    @contextmanager
    def promise(self) -> Iterator[Promise]:
        """Set calls aside for replies that a worker takes in the commit that makes them.

        Left by an error, nobody knows whether that commit came through: the next claim puts back
        what it took.
        """
        now = self._clock.monotonic()
        ready = not self._unsure and now >= self._refused_until
        # Never more than is kept for replies anyway: what others wait for must find calls, too.
        room = min(self._free, min(RESERVED, self._pace.room(now)[0]) - self._promised)
        promise = Promise(self.owner, max(0, room) if ready else 0, self._pace.held(now))
        self._promised += promise.room
        try:
            yield promise
        except BaseException:
            self._unsure = self._unsure or bool(promise.rows)
            raise
        finally:
            self._promised -= promise.room
            if self._unsure:
                self._wake.set()  # what is in doubt is put back once no promise stands
        for row in promise.rows:
            self._in_hand(row)
            self._spawn(self.deliver(row))

    @property
    def _free(self) -> int:
        """How many more calls may be under way."""
        return self._limit - len(self._flying) - len(self._outcomes) - self._promised

    def _in_hand(self, row: Claimed) -> None:
        self._flying[row.id] = row
        self._pace.spend(
            row.address_id,
            reply=row.lane == Lane.INTERACTIVE,
            edit=bool(row.edits),
            now=self._clock.monotonic(),
        )

    # --- one round ------------------------------------------------------------------------

    async def claim(self) -> list[Claimed]:
        """Take what may go now, as far as pace and free calls allow."""
        self._claiming = True  # not idle: a stop must wait for what this brings
        try:
            return await self._claim()
        finally:
            self._claiming = False

    async def _claim(self) -> list[Claimed]:
        self._more = True  # unless the look below finds nothing
        now = self._clock.monotonic()
        free = self._free
        if free <= 0 or now < self._refused_until:
            return []
        replies, others = self._pace.room(now)
        others = min(others, free - RESERVED)
        limits = [(Lane.INTERACTIVE, min(replies, free))]
        limits += [(lane, others) for lane in (Lane.SECURITY, Lane.REMINDER, Lane.BROADCAST)]
        if all(limit <= 0 for _, limit in limits):
            return []
        # Until an ending is surely written down, a commit that seemed to fail may let it go again.
        held = self._pace.held(now) | {row.address_id for row, _, _ in self._outcomes}
        releasing = self._unsure and not self._promised  # a promised row is in no hand as yet
        try:
            async with self._database.transaction() as tx:
                if releasing:
                    ours = [*self._flying, *(row.id for row, _, _ in self._outcomes)]
                    await sending.release(tx, owner=self.owner, flying=ours, now=self._clock.now())
                hand = await sending.claim(
                    tx, limits, owner=self.owner, now=self._clock.now(), held=held, most=free
                )
                for row in hand.rows:
                    if row.sheet_id is not None and row.sheet_id not in self._sheets:
                        self._sheets[row.sheet_id] = decode(await outbox.sheet(tx, row.sheet_id))
        except BaseException:
            self._unsure = True  # it may have been committed all the same
            raise
        if releasing:
            self._unsure = False
        self._due, self._more = hand.due, hand.more
        for row in hand.rows:
            self._in_hand(row)
        return hand.rows

    async def deliver(self, row: Claimed) -> None:
        """Make the call for one claimed row and note how it ended."""
        started = self._clock.monotonic()
        try:
            result = await self._call(row)
        except Exception as error:  # a bug of ours: nothing may be assumed about the call
            log.error("delivery failed", outbox=row.id, exc_info=error)
            result = Result(Ending.UNCERTAIN, error=f"bug: {type(error).__name__}")
        self._metrics.called(self._clock.monotonic() - started)
        self._heed(row, result)
        outcome = verdict(row, result, now=self._clock.now())
        del self._flying[row.id]
        self._outcomes.append((row, outcome, result.ending is Ending.BLOCKED))
        self._settled.set()

    async def settle(self) -> int:
        """Write down, in one commit, how all finished calls ended; returns how many."""
        finished = self._outcomes[:]
        if not finished:
            return 0
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await sending.settle(tx, [o for _, o, _ in finished], owner=self.owner, at=now)
            for row, _, blocked in finished:
                if blocked:
                    await outbox.shut_out(tx, row.address_id, at=now)
        del self._outcomes[: len(finished)]
        for row, outcome, _ in finished:
            self._metrics.settled(row.lane, outcome.state)
        self._health.good("sender")
        if self._more or any(outcome.not_before for _, outcome, _ in finished):
            self._wake.set()
        return len(finished)

    async def step(self) -> bool:
        """One whole round: claim, call, settle; tell whether there was any work."""
        claimed = await self.claim()
        await asyncio.gather(*(self.deliver(row) for row in claimed))
        return bool(await self.settle()) or bool(claimed)

    # --- the call -------------------------------------------------------------------------

    async def _call(self, row: Claimed) -> Result:
        if row.expires_at is not None and row.expires_at <= self._clock.now():
            return Result(Ending.REFUSED, error=State.EXPIRED)
        body = self._body(row)
        bulk = row.lane == Lane.BROADCAST
        if not row.edits:
            assert body is not None
            return await self._channel.send(
                row.key, body, ref=row.ref, resend=row.resend, bulk=bulk
            )
        message = await self._message(row.edits)
        if message:
            result = await self._channel.edit(
                row.key, message, None if row.strip else body, ref=row.ref
            )
            if result.ending is not Ending.MISSING:
                return result
        if row.strip or body is None:
            return Result(Ending.SENT, error="nothing to strip")
        # What should be edited never arrived or is gone: say it anew.
        return await self._channel.send(row.key, body, ref=row.ref, resend=row.resend, bulk=bulk)

    def _body(self, row: Claimed) -> Outbound | None:
        if row.body is not None:
            return decode(row.body)
        return None if row.sheet_id is None else self._sheets[row.sheet_id]

    async def _message(self, edits: str) -> str:
        if not edits.startswith("@"):
            return edits
        async with self._database.reading() as tx:
            found = await outbox.message_of(tx, edits[1:])
        return "" if found is None else found[1]

    def _heed(self, row: Claimed, result: Result) -> None:
        now = self._clock.monotonic()
        if result.ending is Ending.THROTTLED:
            wait = self._pace.throttled(row.address_id, result.retry_after, now)
            self._metrics.throttled()
            log.warning("told to slow down", lane=row.lane, seconds=round(wait, 1))
        elif result.ending is Ending.UNAUTHORISED:
            self._refused_until = now + TOKEN_CHECK
            self._health.bad("token", "the token is refused (401)")
            log.error("the token is refused")
        elif result.ending is Ending.SENT:
            self._pace.delivered(row.address_id, now)
            self._health.good("token")

    # --- the loop -------------------------------------------------------------------------

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep calls flowing until told to stop; then wait for those under way (drain)."""
        while not stopping.is_set():
            self._wake.clear()
            claimed = await self._safely(self.claim)
            if claimed is None:
                continue  # what woke us still waits
            self._health.good("sender")
            for row in claimed:
                self._spawn(self.deliver(row))
            if len(claimed) < self._limit // 2:
                # Nothing more can go before a commit, an ending or the pace wakes us.
                await self._doze(stopping)
        self._settled.set()  # who settles must not sleep through the stop

    async def run_settling(self, stopping: asyncio.Event) -> None:
        """Write down endings as they come, all that wait at once, also while draining."""
        while not (stopping.is_set() and self.idle):
            self._settled.clear()
            if await self._safely(self.settle) == 0:  # after trouble it is tried again
                with suppress(TimeoutError):
                    seconds = 0.2 if stopping.is_set() else 5
                    await asyncio.wait_for(self._settled.wait(), seconds)

    async def _doze(self, stopping: asyncio.Event) -> None:
        """Sleep until woken by a commit, or until something postponed is due."""
        seconds = 5.0
        if (wait := self._pace.wait(self._clock.monotonic())) is not None:
            seconds = min(seconds, wait)
        # What is due already but held back by its chat waits for the pace, not for the hour.
        if self._due is not None and (until := self._due - self._clock.now()) > timedelta():
            seconds = min(seconds, until.total_seconds())
        if stopping.is_set():
            return
        try:
            await asyncio.wait_for(self._wake.wait(), max(0.01, seconds))
        except TimeoutError:
            self._health.good("sender")

    async def _safely(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return await work()
        except Exception as error:
            if not is_trouble(error):
                raise
            self._health.bad("database", f"database: {type(error).__name__}")
            log.error("database trouble in the sender", reason=type(error).__name__)
            await asyncio.sleep(PAUSE)
            return None
