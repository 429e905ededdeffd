"""A whole program at work in this process: real loops, real HTTP, loopback only.

Real time passes here, so tests wait for what they expect, never for a number of seconds.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from bot.clock import SystemClock
from bot.install import read_settings, working
from bot.service import Service
from bot.serving import listen, web_server
from simulator import Simulator
from tests.bot.conftest import TOKEN

T = TypeVar("T")
PATIENCE = 45.0  # seconds: the machine may be busy


async def until(look: Callable[[], Awaitable[T | None]]) -> T:
    """What `look` finds, as soon as it finds anything."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await look()):
            await asyncio.sleep(0.02)
        return found


@asynccontextmanager
async def telegram_at(sock: socket.socket, simulator: Simulator) -> AsyncIterator[None]:
    """The simulator, serving on a port that is bound already."""
    server = web_server(simulator.app)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[sock]))
        try:
            yield
        finally:
            simulator.close()
            server.should_exit = True


class Living:
    """A running service and its web port."""

    def __init__(self, service: Service, address: str, web: aiohttp.ClientSession) -> None:
        self.service = service
        self.address = address
        self._web = web

    async def ask(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a page."""
        async with self._web.get(self.address + path) as answer:
            return answer.status, await answer.json()

    async def parts(self) -> dict[str, str]:
        """What `/readyz` says of each part."""
        parts: dict[str, str] = (await self.ask("/readyz"))[1]["parts"]
        return parts

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        async with self._web.post(self.address + path, data=body, headers=headers) as answer:
            return answer.status

    async def ready(self) -> bool:
        return (await self.ask("/readyz"))[0] == 200


@asynccontextmanager
async def living(folder: Path, api_url: str, **given: Any) -> AsyncIterator[Living]:
    """`run`, in this loop, on a fresh SQLite database; stopped and drained at the end."""
    settings = read_settings(
        _env_file=None,
        **{
            "database_url": f"sqlite:///{folder / 'tanggap.db'}",
            "secret_file": folder / "secret",
            "telegram_token": TOKEN,
            "telegram_api_url": api_url,
            **given,
        },
    )
    with listen("127.0.0.1", settings.web_port) as sock:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with working(settings) as place, aiohttp.ClientSession() as web:
            service = Service(settings, place, SystemClock())
            async with asyncio.TaskGroup() as group:
                group.create_task(service.run(sock))
                try:
                    yield Living(service, address, web)
                finally:
                    service.runner.stop()
