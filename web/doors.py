"""The doors of the running program: webhook, health, figures."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from storage.session import is_trouble

BODY_LIMIT = 256 * 1024  # bytes; Telegram itself drops updates beyond 64 KiB
RETRY_AFTER = 5  # seconds, asked of the platform while the database is away


@dataclass(frozen=True)
class Webhook:
    """Where updates are delivered, the secret that must come with each, and who stores them."""

    path: str
    secret: str
    store: Callable[[bytes], Awaitable[object]]


def doors(
    *,
    readiness: Callable[[], Awaitable[Mapping[str, str]]],
    metrics: Callable[[], Awaitable[bytes]],
    metrics_token: str | None = None,
    webhook: Webhook | None = None,
) -> Starlette:
    """The application behind the web port.

    `readiness` tells each part with "ok" or what is wrong; `metrics` gives Prometheus text.
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        parts = dict(await readiness())
        ready = all(state == "ok" for state in parts.values())
        return JSONResponse(
            {"status": "ready" if ready else "not ready", "parts": parts},
            status_code=200 if ready else 503,
        )

    async def figures(request: Request) -> Response:
        if not _may_see_figures(request, metrics_token):
            return PlainTextResponse("not here", status_code=403)
        return Response(await metrics(), media_type="text/plain; version=0.0.4")

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", figures),
    ]
    if webhook is not None:  # the first: nearly all that comes is for it
        routes.insert(0, Route(webhook.path, _receiver(webhook), methods=["POST"]))
    return Starlette(routes=routes)


def _receiver(webhook: Webhook) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode(), webhook.secret.encode()):
            return Response(status_code=403)
        try:
            body = await _limited(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return Response(status_code=413)
        try:
            await webhook.store(body)
        except Exception as error:
            if not is_trouble(error):
                raise
            return Response(status_code=503, headers={"Retry-After": str(RETRY_AFTER)})
        return Response(status_code=200)

    return receive


async def _limited(request: Request) -> bytes | None:
    """The body, or None as soon as it is known to be too large."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > BODY_LIMIT:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)


def _may_see_figures(request: Request, token: str | None) -> bool:
    if token is not None:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    host = request.client.host if request.client else ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
