"""A whole office to which bytes come that nobody has checked, by polling or by the webhook."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import msgspec
from sqlalchemy import select
from starlette.applications import Starlette

from simulator.record import Issued
from simulator.updates import Waiting
from simulator.webhook import Receipt
from storage.inbox import WAITING, Inbox
from storage.session import Database
from tests.kit.office import small_city
from tests.kit.world import World
from web.doors import Webhook, doors

SECRET = "s" * 40
ADDRESS = "http://127.0.0.1/in/telegram"


class Row(NamedTuple):
    """What became of an update."""

    state: str
    error: str
    attempts: int
    raw: bytes


def lined(update: object) -> bytes:
    """An update as ASCII bytes: also what no strict writer of JSON would write."""
    return json.dumps(update).encode()


class Ward:
    """A city whose Telegram hands over whatever is put into its queue."""

    def __init__(self, world: World, way: str) -> None:
        self.world = world
        self._way = way
        self._queue = world.simulator.updates
        self._queue.on_add = lambda _: None  # what phones do is popped, spoilt and put back

    @property
    def next_id(self) -> int:
        """The number that Telegram will give to the next update."""
        return self._queue._next_id

    def put(self, update: Mapping[str, Any], book: Mapping[str, Any] | None = None) -> int:
        """Queue an update under a number that Telegram gives it, and book it as `book`."""
        number = self.next_id
        booked = {**(book or {}), "update_id": number}
        return self.put_bytes(lined({**update, "update_id": number}), booked)

    def put_bytes(self, raw: bytes, book: Mapping[str, Any] | None = None) -> int:
        """The same for bytes that need not be an update at all."""
        number = self.next_id
        self._queue._next_id += 1
        lane = ("o", number)  # each by itself, so that none waits for another
        expires = self.world.clock.now() + timedelta(hours=24)
        one = Waiting(number, raw, expires, lane)
        booked = dict(book or {"update_id": number})
        self.world.simulator.record.add(Issued(expires.isoformat(), booked))
        self._queue._waiting[one] = None
        self.world.simulator.webhook._take_in(one)
        return number

    def pop(self) -> dict[str, Any]:
        """Take the newest update out of the queue again, before it is handed over."""
        one = next(reversed(self._queue._waiting))
        del self._queue._waiting[one]
        booked = self.world.simulator.record.entries.pop()
        assert isinstance(booked, Issued)
        return dict(msgspec.json.decode(one.raw))

    async def come(self) -> None:
        """Let all that is queued be stored and confirmed."""
        if self._way == "polling":
            while await self.world.program.ingest.poll(seconds=0):
                pass
            return
        while await self.world.simulator.webhook.step(self._post):
            self.world.clock.advance(timedelta(seconds=60 if self._failing else 0))

    @property
    def _failing(self) -> bool:
        return bool(self.world.simulator.webhook._failing)

    async def post(self, body: bytes) -> int:
        """Hand bytes over at the door of the webhook; the status that comes back."""
        given = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        return (await self._post(ADDRESS, body, given)).status

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
        answer = await self._client.post(url, content=body, headers=dict(headers))
        return Receipt(answer.status_code, dict(answer.headers))

    async def drain(self) -> None:
        """Handle what waits and send every answer, with the time it takes passing by hand."""
        program = self.world.program
        waited = 0.0
        while True:
            busy = bool(await program.worker.step())
            await self.world._detached()
            busy = await program.sender.step() or busy
            if busy:
                continue
            seconds = await self.world._soon()
            if seconds is None or waited > 3600:
                return
            self.world.clock.advance(timedelta(seconds=seconds))
            waited += seconds

    async def waiting(self) -> dict[bytes, int]:
        """The rows that wait, by what is stored of them."""
        async with self.world.database.reading() as tx:
            found = await tx.execute(select(Inbox.raw, Inbox.id).where(Inbox.state == WAITING))
            return {bytes(raw): number for raw, number in found}

    async def ends(self) -> dict[int, Row]:
        """What became of everything that ever came, by row."""
        columns = (Inbox.id, Inbox.state, Inbox.error, Inbox.attempts, Inbox.raw)
        async with self.world.database.reading() as tx:
            return {number: Row(*rest) for number, *rest in await tx.execute(select(*columns))}

    async def rows(self, ids: Sequence[int]) -> dict[int, Row]:
        """What became of these updates, by number."""
        columns = (Inbox.update_id, Inbox.state, Inbox.error, Inbox.attempts, Inbox.raw)
        async with self.world.database.reading() as tx:
            found = await tx.execute(select(*columns).where(Inbox.update_id.in_(ids)))
            return {number: Row(*rest) for number, *rest in found}

    @property
    def app(self) -> Starlette:
        """The doors of the program, the webhook's among them."""
        ingest = self.world.program.ingest

        async def store(body: bytes) -> object:
            return await ingest.store([body])

        return doors(
            readiness=self.world.program.readiness,
            metrics=_nothing,
            webhook=Webhook("/in/telegram", SECRET, store),
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Ward]:
        """With its door open, where it has one."""
        if self._way == "polling":
            yield self
            return
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as self._client:
            self.world.simulator.webhook.set(ADDRESS, SECRET, 40)
            yield self


async def _nothing() -> bytes:
    return b""


@asynccontextmanager
async def ward(database: Database, way: str) -> AsyncIterator[Ward]:
    """A small city with its Telegram."""
    await small_city(database)
    world = await World(database).open()
    try:
        async with Ward(world, way).opened() as one:
            yield one
    finally:
        await world.close()
