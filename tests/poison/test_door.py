"""Requests as nobody should send them, at the real web server on this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import func, select

from bot.serving import listen, web_server
from storage.inbox import Inbox
from storage.session import Database
from tests.poison.cases import Case, cases, pieced
from tests.poison.ward import SECRET, Ward, lined, ward

pytestmark = pytest.mark.full

CLOSED, NOTHING = 0, -1  # instead of a status: closed without an answer; still waiting for more
PATIENCE = 20.0  # seconds: the machine may be busy
MOMENT = 2.0  # seconds, where it may be that nothing comes


@asynccontextmanager
async def served(one: Ward) -> AsyncIterator[tuple[int, set[asyncio.Task[None]]]]:
    """The doors of the program on a port, and the requests that are being handled."""
    server = web_server(one.app)
    with listen("127.0.0.1", 0) as sock:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[sock]))
            try:
                yield sock.getsockname()[1], server.server_state.tasks
            finally:
                server.should_exit = True


def request_of(case: Case, number: int) -> bytes:
    """The bytes of a case, with updates of its own."""
    first, other = (lined({"update_id": n}) for n in (2 * number + 1, 2 * number + 2))
    raw = pieced(case["send"]).replace(b"@SECRET", SECRET.encode())
    for mark, value in (
        (b"@BODY", first),
        (b"@OTHER", other),
        (b"@LEN", str(len(first)).encode()),
        (b"@OLEN", str(len(other)).encode()),
        (b"@HEX", f"{len(first):x}".encode()),
    ):
        raw = raw.replace(mark, value)
    return raw


class Line:
    """One connection: what was sent, and the statuses that come back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, raw: bytes) -> None:
        """All of it, or as much as the other side takes before it hangs up."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(raw)
            await self._writer.drain()

    async def status(self, *, head: bool = False) -> int:
        """The next answer's status, beyond any "continue"; CLOSED when there is none."""
        try:
            while True:
                top = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                status = int(top.split()[1])
                if status >= 200:
                    break
            fields = dict(line.split(": ", 1) for line in top.split("\r\n")[1:] if ": " in line)
            if not head:
                await self._reader.readexactly(int(fields.get("content-length", 0)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return CLOSED
        return status

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def _answers(line: Line, case: Case, raw: bytes) -> list[int]:
    """One status for each that is expected."""
    loop = asyncio.get_running_loop()
    sending = loop.create_task(line.send(raw))  # an answer may come before all is sent
    found = []
    for right in case["expected"]:
        try:
            async with asyncio.timeout(MOMENT if NOTHING in right else PATIENCE):
                found.append(await line.status(head=raw.startswith(b"HEAD")))
        except TimeoutError:
            found.append(NOTHING)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    return found


async def _handled(under_way: set[asyncio.Task[None]], standing: set[asyncio.Task[None]]) -> None:
    """Until all but those are done: a line may be closed before what came over it is stored."""
    async with asyncio.timeout(PATIENCE):
        while left := under_way - standing:
            await asyncio.wait(left)


async def _stored(database: Database) -> int:
    async with database.reading() as tx:
        return await tx.scalar(select(func.count()).select_from(Inbox)) or 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_door_answers_whatever_is_sent(database: Database) -> None:
    """Those who send half a request and wait hold up nobody: they stand there all the while."""
    slow = [case for case in cases("C20") if case["expected"] == [[NOTHING]]]
    quick = [case for case in cases("C20") if case not in slow]
    good = next(case for case in quick if case["name"] == "as Telegram sends it")
    wrong = []
    async with (
        ward(database, "webhook") as one,
        served(one) as (port, under_way),
        AsyncExitStack() as standing,
    ):

        async def line() -> Line:
            opened = Line(*await asyncio.open_connection("127.0.0.1", port))
            standing.push_async_callback(opened.close)
            return opened

        for number, case in enumerate(slow * 10, 10_000):
            await (await line()).send(request_of(case, number))
        assert await _answers(await line(), good, request_of(good, 88_888)) == [200]
        held = set(under_way)
        for number, case in enumerate(quick):
            before = await _stored(database)
            used = await line()
            found = await _answers(used, case, request_of(case, number))
            await used.close()
            await _handled(under_way, held)
            stored = await _stored(database) - before
            if any(s not in right for s, right in zip(found, case["expected"], strict=True)):
                wrong.append(f"{case['name']}: {found}, not {case['expected']}")
            if case["stored"] is not None and stored != case["stored"]:
                wrong.append(f"{case['name']}: {stored} stored, not {case['stored']}")
        assert wrong == []
        await standing.aclose()
        assert await _answers(await line(), good, request_of(good, 99_999)) == [200]
