"""One transaction of the worker: effect, conversation, replies and inbox rows of a few updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from bot.clock import Clock
from bot.flood import Flood
from bot.handover import Promise
from bot.metrics import Metrics
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
from storage.people import Caller
from talk.messages import Inbound, Kind, Outbound, Parcel
from talk.text import Text

SECOND_TRY = timedelta(seconds=1)

log = structlog.get_logger()


@dataclass(frozen=True)
class Means:
    """What every batch works with; `answer` answers a tap (query, words) and waits for nothing."""

    channel: Telegram
    router: Router
    house: House
    clock: Clock
    metrics: Metrics
    answer: Callable[[str, str], None]
    flood: Flood = field(default_factory=Flood)


class Batch:
    """One transaction over several inbounds: a bug in one is a bug in all, until each is alone."""

    def __init__(self, means: Means, tx: Tx, promise: Promise | None = None) -> None:
        """Begin with nothing done; what `promise` has room for goes to the sender at once."""
        self.held: set[str] = set()  # chats of which an update is to be tried again
        self.left = False  # whether something was put out that is not in the sender's hands
        self._means = means
        self._tx = tx
        self._promise = promise
        self._to: dict[int, tuple[str, int, str]] = {}
        self._now = means.clock.now()
        self._meter = means.flood.meter(means.clock.monotonic())
        self._done: list[int] = []
        self._parcels: list[Parcel] = []
        self._after: list[Callable[[], object]] = [self._meter.keep]

    def committed(self) -> None:
        """Answer taps, count, and remember how much was said."""
        for follow in self._after:
            follow()

    async def handle(self, rows: list[Waiting]) -> None:
        """Handle the rows in order and write down the result.

        A bug in a journey is raised: nothing of this transaction can be saved then.
        """
        read = [(row, said) for row in rows if (said := await self._read(row)) is not None]
        spoken = [(row, said) for row, said in read if said.kind is not Kind.UNKNOWN]
        for row, said in read:
            if said.kind is Kind.UNKNOWN:
                self._done.append(row.id)
                self._after.append(partial(self._means.metrics.ignored, said.text))
        if spoken:
            await self._converse(spoken)
        await self._write()

    async def fail(self, row: Waiting, error: str, tries: int, *, sorry: bool) -> None:
        """Leave one row for another of its `tries`, or set it aside and say `sorry`."""
        if await self._failed(row, error, tries) and sorry:
            said = self._means.channel.read(row.raw)
            callers = await self._callers([said])
            self._apologise(row, said, callers[said.chat])
            await self._write()

    async def _write(self) -> None:
        if self._parcels:
            await outbox.put(self._tx, self._parcels, at=self._now)
            taken = await self._hand_over()
            self.left = taken < len(self._parcels)
        if self._done:
            await inbox.finish(self._tx, self._done)

    async def _hand_over(self) -> int:
        """Give the sender what it promised to take; how many those are."""
        promise = self._promise
        if promise is None:
            return 0
        free = [
            parcel.cause
            for parcel in self._parcels
            if parcel.address_id in self._to and parcel.address_id not in promise.held
        ][: promise.room]
        if free:
            promise.rows = await sending.take_new(
                self._tx, free, owner=promise.owner, now=self._now, to=self._to
            )
        return len(promise.rows)

    async def _read(self, row: Waiting) -> Inbound | None:
        try:
            return self._means.channel.read(row.raw)
        except Unreadable as error:
            await self._set_aside(row, f"unreadable: {error}")
            return None

    async def _callers(self, said: list[Inbound]) -> dict[str, Caller]:
        return await people.callers(
            self._tx,
            said[0].channel,
            said[0].bot_id,
            [(one.chat, _language(one.language)) for one in said],
        )

    async def _converse(self, spoken: list[tuple[Waiting, Inbound]]) -> None:
        callers = await self._callers([said for _, said in spoken])
        first = spoken[0][1]
        self._to = {c.address_id: (first.channel, first.bot_id, c.key) for c in callers.values()}
        known = await dialogs.load(self._tx, self._to)
        if proofs := {said.press.ref for _, said in spoken if said.press is not None}:
            await outbox.arrived(self._tx, proofs, at=self._now)
        changed: dict[int, Standing] = {}
        for row, said in spoken:
            caller = callers[said.chat]
            if not self._admitted(row, said):
                self._drop(row, said, caller)
                continue
            standing = known.get(caller.address_id) or Standing(caller.address_id)
            turn = Turn(
                house=self._means.house,
                tx=self._tx,
                now=self._now,
                inbound=said,
                inbox_id=row.id,
                received_at=row.received_at,
                caller=caller,
                dialog=standing,
            )
            await self._one(row, turn)
            known[caller.address_id] = changed[caller.address_id] = standing
            standing.sweep_at = sweep_at(standing, self._now)
        await dialogs.save(self._tx, list(changed.values()))

    async def _one(self, row: Waiting, turn: Turn) -> None:
        await self._means.router.handle(turn)
        self._done.append(row.id)
        self._parcels += turn.parcels
        self._meter.heard(turn.inbound.chat, stop=self._means.router.is_stop(turn.inbound))
        self._answer(turn.inbound, turn.toast)
        self._after.append(partial(self._means.metrics.handled, turn.inbound.kind))

    # --- too much at once -----------------------------------------------------------------

    def _admitted(self, row: Waiting, said: Inbound) -> bool:
        """Whether an update is heard: within the measure, or one that must never be missed."""
        if row.attempts or said.kind in (Kind.BLOCKED, Kind.UNBLOCKED):
            return True
        if self._meter.admit(said.chat):
            return True
        # To say it again after nothing else was heard changes nothing, so that may be left out.
        return self._means.router.is_stop(said) and not self._meter.stopped(said.chat)

    def _drop(self, row: Waiting, said: Inbound, caller: Caller) -> None:
        """Finish an update unheard; its sender is told once."""
        self._done.append(row.id)
        self._answer(said, "")
        self._after.append(self._means.metrics.dropped)
        if said.kind is not Kind.GROUP and self._meter.tell(said.chat):
            log.warning("a chat sends too much", inbox=row.id)
            words = self._means.house.say(caller.language, "turn.too_fast")
            self._tell(row, caller, words)

    # --- mishaps --------------------------------------------------------------------------

    async def _failed(self, row: Waiting, error: str, tries: int) -> bool:
        """Have it tried again, later each time; whether it was set aside instead."""
        if row.attempts + 1 >= tries:
            await self._set_aside(row, f"bug: {error}")
            return True
        self.held.add(row.chat)
        at = self._now + SECOND_TRY * 8**row.attempts
        await inbox.retry(self._tx, row.id, at=at, error=error)
        return False

    async def _set_aside(self, row: Waiting, error: str) -> None:
        await inbox.quarantine(self._tx, row.id, shape=shape(row.raw), error=error[:200])
        self._after.append(self._means.metrics.quarantined)
        log.warning("update set aside", inbox=row.id, reason=error.split(":")[0])

    def _apologise(self, row: Waiting, said: Inbound, caller: Caller) -> None:
        self._tell(row, caller, self._means.house.say(caller.language, "turn.sorry"))
        self._answer(said, "")

    # --- what we say ----------------------------------------------------------------------

    def _tell(self, row: Waiting, caller: Caller, words: Text) -> None:
        """Say something about an update that no journey has answered."""
        cause = f"in:{row.id}:kernel"
        self._parcels.append(Parcel(cause, caller.address_id, Outbound(words)))

    def _answer(self, said: Inbound, toast: str) -> None:
        if said.query:
            self._after.append(partial(self._means.answer, said.query, toast))


def _language(hint: str) -> str:
    """Indonesian, unless the app is set to another language that we have in full."""
    return "en" if hint and hint not in ("id", "ms", "jv", "su") else "id"
