"""Sends what stands in the outbox: claim, call, settle, never a transaction across a call."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.calls import Calls
from bot.clock import Clock
from bot.handover import Ended, Promise, Terms, write_down
from bot.health import Health
from bot.metrics import Metrics
from bot.pace import Pace
from bot.verdict import RESEND_AFTER, verdict
from channels.result import Ending, Result
from channels.telegram import Telegram
from storage import sending, settling
from storage.sending import Claimed, Hand
from storage.session import Database, Tx, is_trouble
from talk.messages import Lane

RESERVED = 1 / 3  # of the calls under way at once are kept for people who wait for an answer
DOZE = 15.0  # seconds after which it looks although nobody called it
PATIENCE = 0.1  # seconds for which an ending may wait to be written down together with others
TOKEN_CHECK = 15.0  # seconds between looks whether a refused token works again
PAUSE = 1.0  # seconds before another try after trouble with the database
DOUBT = 60.0  # seconds for which a commit without an answer may still come through

log = structlog.get_logger()


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
    ) -> None:
        """Wire it; `spawn` runs a delivery that nobody waits for."""
        self.owner = secrets.token_hex(8)
        self._database = database
        self._bot_id = channel.bot_id
        self._calls = Calls(database, channel, clock)
        self._pace = pace
        self._clock = clock
        self._health = health
        self._metrics = metrics
        self._spawn = spawn
        self.at_once = pace.at_once
        self.reserved = int(pace.at_once * RESERVED)
        self._wake = asyncio.Event()
        self._outcomes: list[Ended] = []
        self._flying: dict[int, Claimed] = {}
        self._refused_until = 0.0
        # As the last claim saw it: when something postponed wants to go, and whether any might.
        self._due: datetime | None = None
        self._more = True
        self._passed = sending.Passed()
        self._claiming = False
        self._patient = False  # a round comes very soon anyway: what ends need not call for one
        self._unsure = False  # whether a commit that failed may have taken rows all the same
        self._doubt_until = 0.0  # for so long it may do so: it can be on its way to the server
        self._promised = 0  # calls set aside for what workers hand over

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way and everything learnt is written down."""
        return not self._claiming and not self._flying and not self._outcomes

    def wake(self) -> None:
        """Something was committed to the outbox."""
        self._more = True
        self._wake.set()

    async def recover(self) -> dict[str, int]:
        """At the start of a sole process: settle what an earlier one left in the air."""
        now = self._clock.now()
        async with self._database.transaction(brief=True) as tx:
            left = await settling.recover(tx, now=now, resend_at=now + RESEND_AFTER)
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
        room = min(self._free, min(self.reserved, self._pace.room(now)[0]) - self._promised)
        held = self._pace.held(now) | self._pace.yielding(now)
        promise = Promise(self.owner, max(0, room) if ready else 0, held)
        self._promised += promise.room
        try:
            yield promise
        except BaseException:
            if promise.rows:
                self._doubt()
            raise
        finally:
            self._promised -= promise.room
            if self._unsure:
                self.wake()  # what is in doubt is put back once no promise stands
        for row in promise.rows:
            self._in_hand(row)
            self._spawn(self.deliver(row))

    def _doubt(self) -> None:
        self._unsure = True
        self._doubt_until = self._clock.monotonic() + DOUBT

    @property
    def _doubtful(self) -> bool:
        return self._unsure or self._clock.monotonic() < self._doubt_until

    @property
    def _free(self) -> int:
        """How many more calls may be under way."""
        return self.at_once - len(self._flying) - len(self._outcomes) - self._promised

    def _in_hand(self, row: Claimed) -> None:
        self._flying[row.id] = row
        self._pace.spend(row.address_id, edit=bool(row.edits), now=self._clock.monotonic())

    # --- one round ------------------------------------------------------------------------

    async def claim(self) -> list[Claimed]:
        """Take what may go now, as far as pace and free calls allow."""
        return (await self._round(settle=False))[0]

    async def settle(self) -> int:
        """Write down, in one commit, how all finished calls ended; returns how many."""
        return (await self._round(claim=False))[1]

    async def _round(
        self, *, claim: bool = True, settle: bool = True
    ) -> tuple[list[Claimed], int]:
        """Write down what ended and take what may go, in one commit; what was taken, how many."""
        finished = self._outcomes[:] if settle else []
        terms = self._terms(finished) if claim else None
        if not finished and terms is None:
            return [], 0
        self._claiming = terms is not None  # not idle: a stop must wait for what this brings
        # A promised row is in no hand as yet, so none is promised until this is committed.
        releasing = terms is not None and self._doubtful and not self._promised
        self._unsure = self._unsure or releasing
        try:
            async with self._database.transaction(brief=True) as tx:
                if finished:
                    await write_down(tx, finished, owner=self.owner, at=self._clock.now())
                hand = None if terms is None else await self._take(tx, terms, releasing)
        except BaseException:
            if terms is not None:
                self._doubt()  # it may be committed all the same
            raise
        finally:
            self._claiming = False
        self._settled(finished)
        if hand is None:
            return [], len(finished)
        if releasing:
            self._unsure = False
        self._due, self._more, self._passed = hand.due, hand.more, hand.passed
        for row in hand.rows:
            self._in_hand(row)
        return hand.rows, len(finished)

    def _terms(self, finished: Sequence[Ended]) -> Terms | None:
        """How much may be taken once the `finished` are written down; None for nothing."""
        self._more = True  # unless the look finds nothing
        now = self._clock.monotonic()
        replies, others = self._pace.room(now)
        free = self._free + len(finished)
        most = min(replies, free)
        if most <= 0 or now < self._refused_until:
            return None
        # Until an ending is surely written down, a commit that seemed to fail may let it go again.
        unwritten = self._outcomes[len(finished) :]
        held = self._pace.held(now) | {ended.row.address_id for ended in unwritten}
        return Terms(most, min(others, free - self.reserved), held, self._pace.yielding(now))

    async def _take(self, tx: Tx, terms: Terms, releasing: bool) -> Hand:
        now = self._clock.now()
        if releasing:
            ours = [*self._flying, *(ended.row.id for ended in self._outcomes)]
            await settling.release(tx, owner=self.owner, flying=ours, now=now)
        hand = await sending.claim(
            tx,
            most=terms.most,
            others=terms.others,
            owner=self.owner,
            bot_id=self._bot_id,
            now=now,
            held=terms.held,
            yielding=terms.yielding,
            passed=self._passed,
        )
        await self._calls.read_sheets(tx, hand.rows)
        return hand

    def _settled(self, finished: Sequence[Ended]) -> None:
        """What follows once it is committed how these ended."""
        if not finished:
            return
        del self._outcomes[: len(finished)]
        for row, outcome, _ in finished:
            self._metrics.settled(row.lane, outcome.state)
            if outcome.not_before is not None:
                self._due = min(outcome.not_before, self._due or outcome.not_before)
        self._health.good("sender")

    async def deliver(self, row: Claimed) -> None:
        """Make the call for one claimed row and note how it ended."""
        began, started = self._clock.now(), self._clock.monotonic()
        result = await self._calls.make(row)
        now = self._clock.monotonic()
        self._metrics.called(now - started)
        result = self._heed(row, result)
        outcome = verdict(row, result, now=self._clock.now())
        del self._flying[row.id]
        blocked = began if result.ending is Ending.BLOCKED else None
        self._outcomes.append(Ended(row, outcome, blocked))
        # Somebody may wait for the next message of a conversation, if any may go at all.
        if not self._patient or (row.lane == Lane.INTERACTIVE and self._pace.room(now)[0]):
            self._wake.set()

    async def step(self) -> bool:
        """One whole round: claim, call, settle; tell whether there was any work."""
        claimed = await self.claim()
        await asyncio.gather(*(self.deliver(row) for row in claimed))
        return bool(await self.settle()) or bool(claimed)

    def _heed(self, row: Claimed, result: Result) -> Result:
        """Tell whom it concerns how a call ended; a 429 then says when to try again."""
        now = self._clock.monotonic()
        if result.ending is Ending.THROTTLED:
            wait = self._pace.throttled(row.address_id, result.retry_after, now)
            self._metrics.throttled()
            told = round(result.retry_after or wait, 1)
            log.warning("told to slow down", lane=row.lane, seconds=told)
            result = result._replace(retry_after=wait)
        elif result.ending is Ending.UNAUTHORISED:
            self._refused_until = now + TOKEN_CHECK
            self._health.bad("token", "the token is refused (401)")
            log.error("the token is refused")
        elif result.ending is Ending.SENT:
            self._pace.delivered(row.address_id, now)
            self._health.good("token")
        return result

    # --- the loop -------------------------------------------------------------------------

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep calls flowing and write down how they end; once told to stop, only that (drain).

        Whatever has ended meanwhile is written down in the commit that takes what goes next.
        """
        while not (stopping.is_set() and self.idle):
            self._wake.clear()
            claim = (self._more or self._doubtful) and not stopping.is_set()
            done = await self._safely(partial(self._round, claim=claim))
            if done is None:
                continue  # what woke us still waits
            self._health.good("sender")
            for row in done[0]:
                self._spawn(self.deliver(row))
            await self._doze(stopping)

    async def _doze(self, stopping: asyncio.Event) -> None:
        """Sleep until woken, or until the pace or the clock lets something go."""
        now = self._clock.monotonic()
        short = self._pace.wait(now)
        token = max(0.0, self._refused_until - now)
        seconds = min(0.2 if stopping.is_set() else DOZE, short or DOZE, token or DOZE)
        # What is due already but held back by its chat waits for the pace, not for the hour.
        if self._due is not None and (until := self._due - self._clock.now()) > timedelta():
            seconds = min(seconds, until.total_seconds())
        # What ended during the round is written down now, or with what the pace lets go next.
        self._patient = self._more and short is not None and short <= PATIENCE
        if self._outcomes and not self._patient:
            return
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            self._more = True
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
