"""The Bot API over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from simulator.faults import Dropped
from simulator.forms import read_form
from simulator.strict import ApiError
from simulator.waits import Sleep

if TYPE_CHECKING:
    from simulator.server import Simulator


def bot_door(simulator: Simulator) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of every method."""

    async def door(request: Request) -> Response:
        method = request.path_params["method"]
        try:
            values, files = read_form(
                request.url.query, request.headers.get("content-type", ""), await request.body()
            )
            reply = await simulator.answer(request.path_params["token"], method, values, files)
        except ApiError as error:
            return _error(error)
        except Dropped:
            return await _hang_up(request)
        if reply.drip:
            return StreamingResponse(
                _drip(reply.body, simulator.sleep), reply.status, media_type=reply.content_type
            )
        return Response(reply.body, reply.status, media_type=reply.content_type)

    return door


def _error(error: ApiError) -> Response:
    return Response(msgspec.json.encode(error.body()), error.code, media_type="application/json")


async def _drip(body: bytes, sleep: Sleep) -> AsyncIterator[bytes]:
    for at in range(len(body)):
        yield body[at : at + 1]
        await sleep(1.0)


async def _hang_up(request: Request) -> Response:
    """Cut the connection without an answer, as a lost network does.

    ASGI has no word for that, so the server's own transport is asked: uvicorn's `receive` is a
    method of the object that holds it.
    """
    transport = getattr(getattr(request.receive, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("dropping a connection needs uvicorn")
    transport.abort()
    await request.receive()
    return Response(status_code=444)
