"""The phones page, and what it asks of the simulator."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec
import segno
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from simulator.page_events import stream
from simulator.page_views import cast_view, phone_of, scannable_view, start_link
from simulator.phone import Phone
from simulator.stage import Stage

if TYPE_CHECKING:
    from simulator.server import Simulator

_PAGE = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_SHOWN_IN_PLACE = frozenset({"application/pdf", "image/png", "image/jpeg"})
_GUARD = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Page:
    """The page's endpoints. Without a stage there is no page: every one answers 404."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/", self.index),
            Route("/sim/page/{name}", self.asset),
            Route("/sim/state", self.state),
            Route("/sim/events", self.events),
            Route("/sim/scannables", self.scannables),
            Route("/sim/qr/{payload}", self.qr),
            Route("/sim/files/{file_id}", self.file),
            Route("/sim/advance", self.advance, methods=["POST"]),
            Route("/sim/phones/{user_id:int}/{action}", self.act, methods=["POST"]),
        ]

    async def index(self, _: Request) -> Response:
        """The page itself."""
        return self._asset("index.html")

    async def asset(self, request: Request) -> Response:
        """A script or style of the page."""
        return self._asset(request.path_params["name"])

    async def state(self, _: Request) -> Response:
        """Everything the page shows at first."""
        stage, simulator = self._stage(), self._simulator
        return _json(
            {
                "title": dict(stage.title),
                "language": stage.language,
                "bot": simulator.cloud.bot["first_name"],
                "username": simulator.username,
                "cast": [cast_view(simulator, member) for member in stage.cast],
                "office": await stage.office(),
            }
        )

    async def events(self, _: Request) -> Response:
        """What changes from now on, as server-sent events."""
        lines = stream(self._simulator, self._stage())
        return StreamingResponse(lines, media_type="text/event-stream", headers=_GUARD)

    async def scannables(self, _: Request) -> Response:
        """What can be scanned."""
        found = await self._stage().scannables()
        return _json([scannable_view(self._simulator, one) for one in found])

    async def qr(self, request: Request) -> Response:
        """The QR code of a start payload, as SVG."""
        self._stage()
        payload = request.path_params["payload"].removesuffix(".svg")
        out = io.BytesIO()
        segno.make(start_link(self._simulator, payload), error="m", micro=False).save(
            out, kind="svg", scale=4, border=2, xmldecl=False, nl=False
        )
        return _answer(out.getvalue(), "image/svg+xml")

    async def file(self, request: Request) -> Response:
        """A file the bot sent: pictures and PDF are shown, everything else is downloaded."""
        self._stage()
        file = self._simulator.cloud.files.get(request.path_params["file_id"])
        if file is None:
            raise HTTPException(404)
        way = "inline" if file.mime in _SHOWN_IN_PLACE else "attachment"
        named = f"{way}; filename*=UTF-8''{quote(file.name, safe='')}"
        kind = file.mime if way == "inline" else "application/octet-stream"
        return _answer(file.content, kind, {"content-disposition": named})

    async def advance(self, request: Request) -> Response:
        """Move the demo's clock: by `seconds`, or `to` the next due thing."""
        stage, wish = self._stage(), await _body(request)
        if wish.get("to") == "next":
            office = await stage.office()
            now = datetime.fromisoformat(office["now"])
            times = sorted(datetime.fromisoformat(one["at"]) for one in office["due"])
            later = [at for at in times if at > now]
            if not later:
                raise HTTPException(409, "nothing is due")
            step = later[0] - now + timedelta(seconds=1)
        else:
            step = timedelta(seconds=max(0, int(wish.get("seconds", 0))))
        await stage.advance(step)
        return _json(await stage.office())

    async def act(self, request: Request) -> Response:
        """Something a person does on a phone."""
        member = next(
            (one for one in self._stage().cast if one.user_id == request.path_params["user_id"]),
            None,
        )
        action = _ACTIONS.get(request.path_params["action"])
        if member is None or action is None:
            raise HTTPException(404)
        wish = await _body(request)
        phone = phone_of(self._simulator, member)
        if phone.blocked and request.path_params["action"] != "unblock":
            raise HTTPException(409, "blocked")
        await action(phone, wish)
        return _json({"ok": True})

    def _stage(self) -> Stage:
        if self._simulator.stage is None:
            raise HTTPException(404)
        return self._simulator.stage

    def _asset(self, name: str) -> Response:
        self._stage()
        path = _PAGE / name
        if path.suffix not in _TYPES or not path.is_file():
            raise HTTPException(404)
        return _answer(path.read_bytes(), _TYPES[path.suffix])


async def _tap(phone: Phone, wish: dict[str, Any]) -> None:
    # A real app sends what its screen shows, even when the bot changed the message meanwhile.
    await phone.press_raw(str(wish["data"]), int(wish["message_id"]))


async def _attach(phone: Phone, wish: dict[str, Any]) -> None:
    match wish.get("what"):
        case "contact":
            await phone.send_contact("+6281200000000")
        case "location":
            await phone.send_location(-7.2575, 112.7521)
        case "voice":
            await phone.send_voice()
        case "photo":
            await phone.send_photo()
        case "sticker":
            await phone.send_sticker()
        case _:
            raise HTTPException(400)


async def _send(phone: Phone, wish: dict[str, Any]) -> None:
    text = str(wish.get("text", ""))[:4096]
    if not text.strip():
        raise HTTPException(400)
    await phone.send(text)


async def _start(phone: Phone, wish: dict[str, Any]) -> None:
    await phone.start(str(wish.get("payload", "")))


async def _block(phone: Phone, _: dict[str, Any]) -> None:
    await phone.block()


async def _unblock(phone: Phone, _: dict[str, Any]) -> None:
    await phone.unblock()


_ACTIONS: dict[str, Callable[[Phone, dict[str, Any]], Awaitable[None]]] = {
    "attach": _attach,
    "block": _block,
    "send": _send,
    "start": _start,
    "tap": _tap,
    "unblock": _unblock,
}


async def _body(request: Request) -> dict[str, Any]:
    """The JSON of a request of our own page; other sites can't send it."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403)
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415)
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except msgspec.DecodeError:
        raise HTTPException(400) from None


def _json(value: Any) -> Response:
    return _answer(msgspec.json.encode(value), "application/json")


def _answer(body: bytes, kind: str, more: dict[str, str] | None = None) -> Response:
    return Response(body, media_type=kind, headers={**_GUARD, **(more or {})})
