"""Pushing updates to the bot's address: in order per chat, retried, given up when too old."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from simulator.record import Handed, Record
from simulator.updates import Lane, Updates, Waiting
from simulator.waits import Sleep, until

SLOWEST_ANSWER = 60.0
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 3600.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the bot's address answered; headers with lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


# (address, body, headers) -> receipt. OSError, TimeoutError and aiohttp.ClientError are failures.
Poster = Callable[[str, bytes, Mapping[str, str]], Awaitable[Receipt]]


@asynccontextmanager
async def http_poster() -> AsyncIterator[Poster]:
    """Posts over real HTTP; the connections are closed at the end."""
    timeout = aiohttp.ClientTimeout(total=SLOWEST_ANSWER)
    async with aiohttp.ClientSession(timeout=timeout) as session:

        async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()
                return Receipt(
                    answer.status, {key.lower(): value for key, value in answer.headers.items()}
                )

        yield post


@dataclass(slots=True, eq=False)
class _Line:
    """The updates of one lane; only the first may be under way."""

    waiting: deque[Waiting] = field(default_factory=deque)
    failures: int = 0
    busy: bool = False
    # Ready now, or on the heap until its next try: in both cases it is already planned.
    planned: bool = False


class Webhook:
    """The address the bot gave, and the lanes that lead to it.

    Telegram keeps order within a chat's messages and within a person's taps, not between the two.
    """

    def __init__(
        self,
        *,
        updates: Updates,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Sleep,
        record: Record,
    ) -> None:
        self.url = ""
        self.secret = ""
        self.max_connections = 40
        self._updates = updates
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._record = record
        self._lines: dict[Lane, _Line] = {}
        self._ready: deque[_Line] = deque()
        self._later: list[tuple[float, int, _Line]] = []
        self._count = 0
        self._under_way = 0
        self._failing = 0
        self._changed = asyncio.Event()
        self._last_error: tuple[datetime, str] | None = None
        updates.on_add = self._take_in

    def set(self, url: str, secret: str, max_connections: int) -> None:
        """Push to this address from now on, beginning with what waits."""
        self.remove()
        self.url, self.secret, self.max_connections = url, secret, max_connections
        for one in self._updates.pending:
            self._take_in(one)

    def remove(self) -> None:
        """Push no more; what is under way may still arrive."""
        self.url = self.secret = ""
        for line in self._lines.values():
            line.waiting.clear()
            line.failures = 0
        self._lines, self._ready, self._later, self._failing = {}, deque(), [], 0
        self._last_error = None

    def info(self) -> dict[str, Any]:
        """Telegram's `WebhookInfo`."""
        info: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates.pending),
        }
        if self.url:
            info["max_connections"] = self.max_connections
            info["ip_address"] = "127.0.0.1"
        if self._last_error:
            info["last_error_date"] = int(self._last_error[0].timestamp())
            info["last_error_message"] = self._last_error[1]
        if self._updates.allowed:
            info["allowed_updates"] = self._updates.allowed
        return info

    async def step(self, post: Poster) -> int:
        """Deliver each lane's first that is due; how many were tried. For tests without a loop."""
        due = self._due()
        async with asyncio.TaskGroup() as group:
            for line in due:
                group.create_task(self._deliver(line, post))
        return len(due)

    async def run(self, post: Poster) -> None:
        """Deliver for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                for line in self._due():
                    group.create_task(self._deliver(line, post))
                wait = max(0.0, self._later[0][0] - self._monotonic()) if self._later else None
                full = self._under_way >= self.max_connections
                await until(self._changed, None if full else wait, self._sleep)

    def _take_in(self, one: Waiting) -> None:
        if not self.url:
            return
        line = self._lines.setdefault(one.lane, _Line())
        line.waiting.append(one)
        if not line.planned and not line.busy:
            self._plan(line, 0.0)

    def _plan(self, line: _Line, seconds: float) -> None:
        line.planned = True
        if seconds <= 0:
            self._ready.append(line)
        else:
            self._count += 1
            heapq.heappush(self._later, (self._monotonic() + seconds, self._count, line))
        self._changed.set()

    def _due(self) -> list[_Line]:
        now = self._monotonic()
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        # Telegram loads no new lane while more than twice the connections' number of lanes fail.
        stalled = self._failing > 2 * self.max_connections
        due: list[_Line] = []
        held: list[_Line] = []
        while self._ready and self._under_way < self.max_connections:
            line = self._ready.popleft()
            if stalled and not line.failures:
                held.append(line)
                continue
            line.planned, line.busy = False, True
            self._under_way += 1
            due.append(line)
        self._ready.extendleft(reversed(held))
        return due

    async def _deliver(self, line: _Line, post: Poster) -> None:
        one = line.waiting[0]
        pause = 0.0
        try:
            if one.expires <= self._now():
                self._finish(line, lambda: self._updates.give_up([one], "expired"))
            elif (failure := await self._post(one, post)) is None:
                self._finish(line, lambda: self._updates.done(one))
            else:
                pause = self._failed(line, one, failure)
        finally:
            line.busy = False
            self._under_way -= 1
            self._changed.set()
        if line.waiting and self.url:
            self._plan(line, pause)

    async def _post(self, one: Waiting, post: Poster) -> Receipt | str | None:
        """None when it was taken; otherwise what went wrong."""
        headers = {"content-type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        self._record.add(Handed(self._now().isoformat(), "webhook", [one.update_id]))
        try:
            receipt = await post(self.url, one.raw, headers)
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            return f"Connection failed: {type(error).__name__}"
        return None if 200 <= receipt.status < 300 else receipt

    def _finish(self, line: _Line, settle: Callable[[], None]) -> None:
        settle()
        if line.waiting:
            line.waiting.popleft()
        if line.failures:
            self._failing -= 1
        line.failures = 0

    def _failed(self, line: _Line, one: Waiting, failure: Receipt | str) -> float:
        """Seconds until the next try: at once, then 2, 4, 8 … 60, or what `Retry-After` says.

        It stands in place of the growing pauses: the Bot API server makes these only without it.
        """
        words, asked = "Wrong response from the webhook", 0.0
        if isinstance(failure, Receipt):
            words = f"{words}: {failure.status}"
            after = failure.headers.get("retry-after", "")
            asked = min(float(after), LONGEST_RETRY_AFTER) if after.isdigit() else 0.0
        else:
            words = failure
        self._last_error = (self._now(), words)
        if not line.failures:
            self._failing += 1
        line.failures += 1
        own = 0.0 if line.failures == 1 else min(2.0 ** (line.failures - 1), LONGEST_PAUSE)
        pause = asked or own
        if self._now() + timedelta(seconds=pause) > one.expires:
            self._finish(line, lambda: self._updates.give_up([one], "expired"))
            return 0.0
        return pause
