"""A line between a program and a server that can be cut, slowed and silenced at will.

It passes bytes and knows of PostgreSQL's protocol only where a COMMIT stands.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections import deque
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path

from sqlalchemy import make_url


class AtCommit(StrEnum):
    """What becomes of a commit whose connection breaks; who made it cannot tell the two apart."""

    UNHEARD = "unheard"  # done, but the answer is lost
    LOST = "lost"  # never reached the server


class Proxy:
    """Every line through it obeys these, at any moment."""

    def __init__(self, target: Path | int) -> None:
        """`target` is the Unix socket or the loopback port of the server."""
        self._target = target
        self._lines: dict[asyncio.Task[None], list[Writer]] = {}
        self._stranded: list[Writer] = []
        self.refusing = False  # new lines are closed at once
        self.silent = False  # nothing passes in either direction, and nothing is closed
        self.delay = 0.0  # seconds that each piece takes longer
        self.rate: float | None = None  # bytes per second and direction
        self.at_commit: deque[AtCommit | None] = deque()  # of the next commits, one each
        self.commits = 0  # how many were seen

    def cut(self) -> int:
        """Break every line that stands; how many there were."""
        standing = list(self._lines.items())
        for task, writers in standing:
            _abort(writers)
            task.cancel()
        return len(standing)

    def strand(self) -> int:
        """Nothing passes any more on the lines that stand, and neither end hears of it; how many.

        As after a power cut, or when something on the way forgot them; new lines pass.
        """
        standing = list(self._lines.items())
        for task, writers in standing:
            self._stranded += writers
            writers.clear()  # who ends the line closes nothing
            task.cancel()
        return len(standing)

    def half_close(self) -> None:
        """Tell every server that its client has nothing more to say; answers still pass."""
        for _, server in (writers for writers in self._lines.values() if len(writers) == 2):
            server.write_eof()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        line = self._lines[task] = [writer]
        try:
            if not self.refusing:
                with contextlib.suppress(asyncio.CancelledError):  # cut
                    await self._join(reader, line)
        finally:
            _abort(line)
            del self._lines[task]

    async def _join(self, reader: Reader, line: list[Writer]) -> None:
        try:
            there, server = await self._reach()
            line.append(server)
            away = asyncio.Event()  # set when the next answer must not come through
            async with asyncio.TaskGroup() as group:
                group.create_task(self._upwards(reader, server, line, away))
                group.create_task(self._downwards(there, line[0], away))
        except* (OSError, EOFError):
            pass  # either side went: so does the other

    async def _reach(self) -> tuple[Reader, Writer]:
        if isinstance(self._target, int):
            return await asyncio.open_connection("127.0.0.1", self._target)
        return await asyncio.open_unix_connection(self._target)

    async def _upwards(
        self, source: Reader, sink: Writer, line: list[Writer], away: asyncio.Event
    ) -> None:
        async for piece in self._pieces(source):
            if b"COMMIT\0" in piece:
                self.commits += 1
                fate = self.at_commit.popleft() if self.at_commit else None
                if fate is AtCommit.LOST:
                    _abort(line)
                    return
                if fate is AtCommit.UNHEARD:
                    away.set()
            await _pass(piece, sink)
        sink.write_eof()

    async def _downwards(self, source: Reader, sink: Writer, away: asyncio.Event) -> None:
        async for piece in self._pieces(source):
            if away.is_set():  # the server has done it, and says so to nobody
                raise EOFError
            await _pass(piece, sink)
        raise EOFError

    async def _pieces(self, source: Reader) -> AsyncIterator[bytes]:
        while piece := await source.read(65536):
            await asyncio.sleep(self.delay + (len(piece) / self.rate if self.rate else 0))
            while self.silent:
                await asyncio.sleep(0.02)
            yield piece


async def _pass(piece: bytes, sink: Writer) -> None:
    sink.write(piece)
    await sink.drain()


def _abort(line: list[Writer]) -> None:
    for writer in line:
        writer.transport.abort()


@contextlib.asynccontextmanager
async def proxy(target: Path | int, at: Path | int) -> AsyncIterator[Proxy]:
    """A proxy to `target` that listens on the Unix socket or loopback port `at`."""
    opened = Proxy(target)
    if isinstance(at, int):
        server = await asyncio.start_server(opened._serve, "127.0.0.1", at)
    else:
        server = await asyncio.start_unix_server(opened._serve, at)
    try:
        yield opened
    finally:
        server.close()
        opened.cut()
        _abort(opened._stranded)
        while opened._lines:
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def before(database_url: str, folder: Path) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before a PostgreSQL on a Unix socket, and the address of the database through it."""
    url = make_url(database_url)
    name = ".s.PGSQL.5432"
    async with proxy(Path(str(url.query["host"])) / name, folder / name) as opened:
        through = url.update_query_dict({"host": str(folder)})
        yield opened, through.render_as_string(hide_password=False)
