"""The web port: bound before anything else, served inside our loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

LOOK = 1.0  # seconds between looks at the clock, for the date in answers


class Web(uvicorn.Server):
    """The web port inside our loop; signals are ours, not uvicorn's."""

    _over = False
    _tell: Callable[[], object] | None = None

    @property
    def should_exit(self) -> bool:
        """Whether the server is to end: uvicorn's own, except that it tells who waits for it."""
        return self._over

    @should_exit.setter
    def should_exit(self, over: bool) -> None:
        self._over = over
        if over and self._tell is not None:
            self._tell()

    async def main_loop(self) -> None:
        """As uvicorn's, which looks ten times a second whether it is over; this one is told."""
        told = asyncio.Event()
        # Like uvicorn's, it may be set from another thread.
        self._tell = partial(asyncio.get_running_loop().call_soon_threadsafe, told.set)
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), LOOK)
        self._tell = None

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Leave the signals alone."""
        yield


def web_server(app: ASGIApp) -> Web:
    """A server for `app` that logs no addresses and closes quickly."""
    return Web(
        uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=2,
            lifespan="off",
        )
    )


def listen(host: str, port: int, *, next_free: bool = False) -> socket.socket:
    """A bound port; with `next_free`, one of the next 50 when it is busy. Raises OSError."""
    for candidate in range(port, port + (50 if next_free and port else 1)):
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, candidate))
            # At once: two programs can bind one port, but only one can listen, and who calls
            # before the server is up waits instead of being refused.
            sock.listen(128)
            sock.set_inheritable(True)
            return sock
        except OSError:
            sock.close()
            if candidate == port + (49 if next_free and port else 0):
                raise
    raise OSError("no free port")
