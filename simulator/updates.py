"""The queue of updates that wait for the bot, and long polling on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from simulator.faults import CONFLICT_POLL
from simulator.record import Confirmed, Handed, Issued, Lost, Record
from simulator.strict import ApiError
from simulator.waits import Sleep, until

SIZE_LIMIT = 64 * 1024
MESSAGE_KEPT = timedelta(hours=24)
CALLBACK_KEPT = timedelta(seconds=150)

# Sent only to bots that ask for them by name.
ASKED_FOR = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

Lane = tuple[str, int]


@dataclass(slots=True, eq=False)
class Waiting:
    """One update in the queue. `lane` is the order it belongs to when pushed by webhook."""

    update_id: int
    raw: bytes
    expires: datetime
    lane: Lane


class Updates:
    """Updates in the order in which they arose, until they are confirmed or too old."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Sleep,
        record: Record,
        first_id: int = 100_000_001,
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._record = record
        self._next_id = first_id
        # A dict for its order and its cheap removal; identity is the key.
        self._waiting: dict[Waiting, None] = {}
        self._poll: _Poll | None = None
        self._last_ask: tuple[int, float] = (0, float("-inf"))
        self._closed = False
        self.allowed: list[str] = []
        self.on_add: Callable[[Waiting], None] = lambda _: None

    def add(self, kind: str, payload: dict[str, Any], lane: Lane) -> int | None:
        """Queue one update; the id, or None when the bot did not ask for this kind."""
        if self.allowed and kind not in self.allowed:
            return None
        if not self.allowed and kind in ASKED_FOR:
            return None
        update_id = self._next_id
        self._next_id += 1
        kept = CALLBACK_KEPT if kind == "callback_query" else MESSAGE_KEPT
        self.inject({"update_id": update_id, kind: payload}, lane=lane, kept=kept)
        return update_id

    def inject(
        self, update: dict[str, Any], *, lane: Lane = ("o", 0), kept: timedelta = MESSAGE_KEPT
    ) -> None:
        """Queue an update exactly as given: a poison, a future kind, or one that came before."""
        update_id = int(update["update_id"])
        raw = msgspec.json.encode(update)
        at = self._now()
        self._record.add(Issued(at.isoformat(), update))
        if len(raw) > SIZE_LIMIT:
            self._record.add(Lost(at.isoformat(), "too big", [update_id]))
            return
        one = Waiting(update_id, raw, at + kept, lane)
        self._waiting[one] = None
        self.on_add(one)
        if self._poll:
            self._poll.woken.set()

    def restart_ids(self, first_id: int) -> None:
        """Begin counting elsewhere, as Telegram does after a quiet week; the queue is empty then.

        Raises ValueError while updates wait.
        """
        if self._waiting:
            raise ValueError("ids restart only when nothing waits")
        self._next_id = first_id

    @property
    def pending(self) -> list[Waiting]:
        """What waits and is not too old."""
        self._forget_old()
        return list(self._waiting)

    async def get(self, offset: int, limit: int, seconds: int) -> list[bytes]:
        """Long poll; confirms everything before `offset`.

        Raises a 409 in the call that another poll or a webhook put out.
        """
        self._put_out(CONFLICT_POLL)
        asked, at = self._last_ask
        if offset == asked and self._monotonic() < at + 0.5:
            limit = 1
        self._last_ask = (offset, self._monotonic())
        self._confirm(offset)
        if not (batch := self._batch(limit)) and seconds > 0 and not self._closed:
            poll = self._poll = _Poll()
            try:
                await until(poll.woken, seconds, self._sleep)
            finally:
                if self._poll is poll:
                    self._poll = None
            if poll.conflict:
                raise ApiError(409, f"Conflict: {poll.conflict}")
            batch = self._batch(limit)
        if batch:
            ids = [one.update_id for one in batch]
            self._record.add(Handed(self._now().isoformat(), "poll", ids))
        return [one.raw for one in batch]

    def webhook_was_set(self) -> None:
        """End a poll that is under way."""
        self._put_out("terminated by setWebhook request")

    def done(self, one: Waiting) -> None:
        """The webhook took it."""
        if one in self._waiting:
            del self._waiting[one]
            self._record.add(Confirmed(self._now().isoformat(), [one.update_id]))

    def give_up(self, ones: Sequence[Waiting], why: str) -> None:
        """Throw away for good."""
        gone = [one for one in ones if one in self._waiting]
        if gone:
            for one in gone:
                del self._waiting[one]
            ids = [one.update_id for one in gone]
            self._record.add(Lost(self._now().isoformat(), why, ids))

    def close(self) -> None:
        """Answer the poll that is under way with nothing, and later ones at once."""
        self._closed = True
        if self._poll:
            self._poll.woken.set()

    def _put_out(self, conflict: str) -> None:
        if self._poll:
            self._poll.conflict = conflict
            self._poll.woken.set()
            self._poll = None

    def _forget_old(self) -> None:
        now = self._now()
        self.give_up([one for one in self._waiting if one.expires <= now], "expired")

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            gone = list(self._waiting)[:offset]
        elif offset > self._next_id:
            # Beyond all ids that exist: the ids restarted, and the bot has not noticed yet.
            gone = []
        else:
            gone = [one for one in self._waiting if one.update_id < offset]
        if gone:
            for one in gone:
                del self._waiting[one]
            ids = [one.update_id for one in gone]
            self._record.add(Confirmed(self._now().isoformat(), ids))

    def _batch(self, limit: int) -> list[Waiting]:
        self._forget_old()
        return list(islice(self._waiting, limit))


class _Poll:
    """One long poll that waits."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.conflict: str | None = None
