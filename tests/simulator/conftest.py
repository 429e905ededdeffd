"""A simulator whose time is moved by hand, and a bot that calls it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn

from simulator import Phone, Simulator

TOKEN = "7000000001:TEST-token_of_the_simulator"


class HandClock:
    """Wall clock, monotonic clock and sleep in one; nothing passes unless it is moved."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.begin = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> datetime:
        return self.begin + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._sleepers.append((self.passed + seconds, woken))
        if seconds <= 0:
            woken.set()
        await woken.wait()

    async def move(self, seconds: float) -> None:
        """Let time pass, and everything that waited for it run until it waits again."""
        await settle()
        self.passed += seconds
        for until, woken in self._sleepers:
            if until <= self.passed:
                woken.set()
        self._sleepers = [one for one in self._sleepers if not one[1].is_set()]
        await settle()


async def settle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


class Bot:
    """What a bot's library would do: one call, the decoded answer."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def raw(self, method: str, **params: Any) -> tuple[int, bytes]:
        files = params.pop("files", None)
        return await self.simulator.call(TOKEN, method, params, files)

    async def __call__(self, method: str, **params: Any) -> Any:
        status, body = await self.raw(method, **params)
        answer = json.loads(body)
        assert answer["ok"], answer
        assert status == 200
        return answer["result"]

    async def refused(self, method: str, **params: Any) -> str:
        """The description of a refusal."""
        status, body = await self.raw(method, **params)
        answer = json.loads(body)
        assert not answer["ok"], answer
        assert answer["error_code"] == status
        return str(answer["description"])

    async def ask(self, phone: Phone, *labels: str, text: str = "Pilih") -> dict[str, Any]:
        """Send a question with one button in each row; its data is its label."""
        rows = [[{"text": label, "callback_data": label}] for label in labels]
        markup = {"inline_keyboard": rows}
        sent: dict[str, Any] = await self(
            "sendMessage", chat_id=phone.chat_id, text=text, reply_markup=markup
        )
        return sent


@asynccontextmanager
async def serve(app: Any) -> AsyncIterator[str]:
    """The app on a free loopback port; its address."""
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True


@pytest.fixture
def served() -> Callable[[Any], AbstractAsyncContextManager[str]]:
    return serve


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def make(clock: HandClock) -> Callable[..., Simulator]:
    def build(**more: Any) -> Simulator:
        return Simulator(
            token=TOKEN, now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep, **more
        )

    return build


@pytest.fixture
def simulator(make: Callable[..., Simulator]) -> Simulator:
    return make()


@pytest.fixture
def bot(simulator: Simulator) -> Bot:
    return Bot(simulator)


@pytest.fixture
async def siti(simulator: Simulator) -> Phone:
    """A citizen who pressed Start; the update was taken."""
    phone = simulator.person("Siti Rahma")
    await phone.start()
    await take(simulator)
    return phone


async def take(simulator: Simulator) -> list[dict[str, Any]]:
    """All updates that wait, confirmed."""
    found: list[dict[str, Any]] = []
    while True:
        offset = found[-1]["update_id"] + 1 if found else 0
        _, body = await simulator.call(TOKEN, "getUpdates", {"offset": offset})
        batch = json.loads(body)["result"]
        if not batch:
            return found
        found += batch
