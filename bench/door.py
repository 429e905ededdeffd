"""The way updates take to a bot's webhook: plain HTTP on loopback, kept alive, as Telegram posts.

At most 40 updates are under way at once (Telegram's default); others wait their turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from urllib.parse import urlsplit

AT_ONCE = 40
AGAIN = 1.0  # seconds before an update that was refused is posted again


class Door:
    """The connections to one webhook and the updates that wait for them."""

    def __init__(self, url: str, secret: str) -> None:
        """Updates go to `url`, each with the secret in its header."""
        self._to = urlsplit(url)
        self._head = (
            f"POST {self._to.path or '/'} HTTP/1.1\r\nHost: {self._to.netloc}\r\n"
            f"Content-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: {secret}\r\n"
            "Content-Length: "
        ).encode()
        self._free: list[_Line] = []
        self._lines = 0
        self._queue: deque[bytes] = deque()
        self._opening: set[asyncio.Task[object]] = set()
        self._closed = False
        self.refused = 0
        self.acks: list[float] = []  # seconds from writing an update to its acknowledgement

    def close(self) -> None:
        """Hang up; nothing more is posted."""
        self._closed = True
        self._queue.clear()
        for line in self._free:
            line.transport.close()

    def post(self, update: bytes) -> None:
        """Hand over an update now, or as soon as a connection is free."""
        if self._closed:
            return
        if self._free:
            self._free.pop().carry(update)
            return
        self._queue.append(update)
        if self._lines < AT_ONCE:
            self._lines += 1
            loop = asyncio.get_running_loop()
            task = loop.create_task(
                loop.create_connection(lambda: _Line(self), self._to.hostname, self._to.port)
            )
            self._opening.add(task)
            task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[object]) -> None:
        self._opening.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._lines -= 1
            if self._queue:
                self.answered(self._queue.popleft(), 0)

    def free(self, line: _Line) -> None:
        """A connection stands and has nothing to carry."""
        if self._queue:
            line.carry(self._queue.popleft())
        else:
            self._free.append(line)

    def answered(self, update: bytes, status: int) -> None:
        """An update was taken, or must be posted again; 0 when the connection broke."""
        if status != 200:
            self.refused += 1
            asyncio.get_running_loop().call_later(AGAIN, self.post, update)

    def lost(self, line: _Line) -> None:
        """A connection was closed."""
        self._lines -= 1
        if line in self._free:
            self._free.remove(line)

    def framed(self, update: bytes) -> bytes:
        """The request that carries an update."""
        return self._head + b"%d\r\n\r\n%b" % (len(update), update)


class _Line(asyncio.Protocol):
    """One connection, one update at a time."""

    transport: asyncio.Transport

    def __init__(self, door: Door) -> None:
        self._door = door
        self._update = b""
        self._read = b""
        self._written = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self._door.free(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._door.lost(self)
        if self._update:
            self._door.answered(self._update, 0)

    def carry(self, update: bytes) -> None:
        self._update, self._read = update, b""
        self._written = asyncio.get_running_loop().time()
        self.transport.write(self._door.framed(update))

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, mark, body = self._read.partition(b"\r\n\r\n")
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        if not mark or (at >= 0 and len(body) < int(lowered[at + 15 :].split(b"\r\n", 1)[0])):
            return
        update, self._update = self._update, b""
        self._door.acks.append(asyncio.get_running_loop().time() - self._written)
        self._door.answered(update, int(head[9:12]))
        self._door.free(self)
