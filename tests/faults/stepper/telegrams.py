"""One port behind which every stage has a Telegram of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.responses import Response

from bench.battle import Quiet, free_port
from tests.faults.stepper.forks import preload

if TYPE_CHECKING:
    from tests.faults.stepper.stage import Stage


class Telegrams:
    """An ASGI application: the first part of the path names the stage."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._stages: dict[str, Stage] = {}
        self._serial = itertools.count()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        _, name, path = scope["path"].split("/", 2)
        if (stage := self._stages.get(name)) is None:  # a life's last words
            await Response(status_code=404)(scope, receive, send)
            return
        parked = path.endswith("/getUpdates")
        stage.answering += not parked
        try:
            await stage.simulator.app({**scope, "path": f"/{path}"}, receive, send)
        finally:
            stage.answering -= not parked

    @contextlib.contextmanager
    def serving(self, stage: Stage) -> Iterator[str]:
        """The address of a stage's Telegram, as long as it has one."""
        name = f"s{next(self._serial)}"
        self._stages[name] = stage
        yield f"http://127.0.0.1:{self.port}/{name}"
        del self._stages[name]


@contextlib.asynccontextmanager
async def telegrams() -> AsyncIterator[Telegrams]:
    """Serve on loopback, and have lives ready to be forked."""
    preload()
    app = Telegrams(free_port())
    config = uvicorn.Config(
        app, port=app.port, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    server = Quiet(config)
    serving = asyncio.get_running_loop().create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield app
    finally:
        server.should_exit = True
        await serving
