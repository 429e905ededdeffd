"""The simulator itself: one bot's Telegram, in process by `call` and over HTTP by `app`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.routing import Route

from simulator.cloud import Chat, Cloud, Person
from simulator.faults import REFUSALS, Dropped, Fault, Faults, refusal
from simulator.flood import Flood, Limits
from simulator.groups import Group
from simulator.http import bot_door
from simulator.methods import FLOODED, Methods
from simulator.page_api import Page
from simulator.params import Params, Upload
from simulator.phone import Phone
from simulator.record import Answered, Record
from simulator.stage import Stage
from simulator.strict import ApiError
from simulator.updates import Updates
from simulator.waits import Sleep
from simulator.webhook import Poster, Webhook, http_poster

_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True, slots=True)
class Reply:
    """What leaves the door. `drip` is sent one byte a second."""

    status: int
    body: bytes
    content_type: str = "application/json"
    drip: bool = False


class Simulator:
    """A Bot API server for one bot, with the phones of everyone who talks to it.

    Time comes in by `now` (aware UTC: dates, expiry), `monotonic` (flood limit, webhook retries)
    and `sleep` (long polls, delays, retries), so that a test may move all of it by hand.
    """

    def __init__(
        self,
        *,
        token: str,
        now: Callable[[], datetime],
        bot_id: int = 7_000_000_001,
        username: str = "TanggapDemoBot",
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        stage: Stage | None = None,
        limits: Limits | None = None,
        record_to: Path | None = None,
        poster: Poster | None = None,
    ) -> None:
        head, _, secret = token.partition(":")
        self.token = token
        self.username = username
        self.bot_id = int(head) if secret and head.isdigit() else bot_id
        self.stage = stage
        self.faults = Faults()
        self.record = Record(record_to)
        self._poster = poster
        self.sleep = sleep
        self._revoked = False
        self._flood = Flood(limits, monotonic) if limits else None
        self.updates = Updates(now=now, monotonic=monotonic, sleep=sleep, record=self.record)
        bot = {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": "Tanggap",
            "username": username,
        }
        self.cloud = Cloud(bot=bot, now=now, updates=self.updates)
        self.webhook = Webhook(
            updates=self.updates, now=now, monotonic=monotonic, sleep=sleep, record=self.record
        )
        self._methods = Methods(self.cloud, self.record, self.webhook)
        self._phones: dict[str, Phone] = {}
        self.closing = False
        self._on_close: list[Callable[[], None]] = []

    @cached_property
    def app(self) -> Starlette:
        """The Bot API at /bot{token}/{method} and, when there is a stage, the phones page at /."""
        routes = [Route("/bot{token}/{method}", bot_door(self), methods=["GET", "POST"])]
        return Starlette(routes=[*routes, *Page(self).routes()], lifespan=self._lifespan)

    async def call(
        self,
        token: str,
        method: str,
        params: Mapping[str, Any],
        files: Mapping[str, Upload] | None = None,
    ) -> tuple[int, bytes]:
        """The same door without HTTP: status and body. Raises Dropped when so scripted."""
        reply = await self.answer(token, method, params, files)
        if reply.drip:
            await self.sleep(float(len(reply.body)))
        return reply.status, reply.body

    async def answer(
        self,
        token: str,
        method: str,
        params: Mapping[str, Any],
        files: Mapping[str, Upload] | None = None,
    ) -> Reply:
        """Run one call, with the fault that is scripted for it; keeps the record."""
        wanted = Params(params, files)
        if ":" not in token:
            return self._reply(method, wanted, ApiError(404, "Not Found"))
        if token != self.token or self._revoked:
            return self._reply(method, wanted, ApiError(401, "Unauthorized"))
        fault = self.faults.take(method, wanted.chat())
        if fault:
            await self._before(fault)
            if fault.kind in REFUSALS:
                return self._reply(method, wanted, refusal(fault), fault)
        result = await self._run(method, wanted)
        if fault and fault.kind == "delay_after":
            await self.sleep(fault.seconds)
        if fault and fault.kind == "drop_after":
            raise Dropped(accepted=not isinstance(result, ApiError))
        return self._reply(method, wanted, result, fault)

    def person(self, name: str, *, user_id: int | None = None, language: str = "id") -> Phone:
        """The phone of a person, who is created on the first call with this name."""
        if name not in self._phones:
            number = 5_000_000_001 + len(self._phones) if user_id is None else user_id
            person = Person(number, name, language)
            chat = Chat(number, person)
            self.cloud.people[number] = person
            self.cloud.chats[number] = chat
            self._phones[name] = Phone(self.cloud, person, chat)
        return self._phones[name]

    @property
    def phones(self) -> list[Phone]:
        """Everyone's phone."""
        return list(self._phones.values())

    def group(self, title: str) -> Group:
        """A supergroup with the bot in it."""
        chat = Chat(-1_002_000_000_000 - self.cloud.serial(), title=title)
        self.cloud.chats[chat.id] = chat
        return Group(self.cloud, chat)

    def inject(self, update: dict[str, Any]) -> None:
        """Queue a raw update as it is: poison, unknown kinds, a repeated update_id."""
        self.updates.inject(update)

    def revoke_token(self) -> None:
        """From now on every call is answered 401, as after "Revoke" in BotFather."""
        self._revoked = True

    def restore_token(self, token: str | None = None) -> None:
        """The token counts again, or a new one does."""
        self._revoked = False
        self.token = token or self.token

    async def run(self) -> None:
        """Push updates to the webhook for ever; the app does this by itself while it serves."""
        async with AsyncExitStack() as stack:
            post = self._poster
            if post is None:
                post = await stack.enter_async_context(http_poster())
            await self.webhook.run(post)

    def close(self) -> None:
        """End open long polls and page streams, so that a server can stop without waiting."""
        self.closing = True
        self.updates.close()
        for tell in list(self._on_close):
            tell()

    def on_close(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Have something told at the end; the answer takes the wish back."""
        self._on_close.append(tell)
        return lambda: self._on_close.remove(tell)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            pushing = group.create_task(self.run())
            yield
            self.close()
            pushing.cancel()
        self.record.close()

    async def _before(self, fault: Fault) -> None:
        if fault.kind in {"delay", "hang"}:
            await self.sleep(fault.seconds)
        if fault.kind in {"drop_before", "hang"}:
            raise Dropped(accepted=False)

    async def _run(self, method: str, params: Params) -> dict[str, Any] | ApiError:
        try:
            chat = params.chat()
            if self._flood and chat is not None and method.lower() in FLOODED:
                self._flood.spend(chat)
            answer = await self._methods.call(method, params)
        except ApiError as error:
            return error
        body: dict[str, Any] = {"ok": True, "result": answer.result}
        if answer.description:
            body["description"] = answer.description
        return body

    def _reply(
        self,
        method: str,
        params: Params,
        result: dict[str, Any] | ApiError,
        fault: Fault | None = None,
    ) -> Reply:
        status = result.code if isinstance(result, ApiError) else 200
        answer: Any = result.body() if isinstance(result, ApiError) else result
        kind = fault.kind if fault else ""
        if kind in {"502", "504", "502_after"}:
            status = 504 if kind == "504" else 502
            reply = Reply(status, _HTML, "text/html")
            answer = _HTML.decode()
        else:
            body = msgspec.json.encode(answer)
            if kind == "truncated":
                body = body[: len(body) // 2]
                answer = body.decode(errors="replace")
            content_type = "text/html" if kind == "wrong_type" else "application/json"
            reply = Reply(status, body, content_type, drip=kind == "drip")
        if method.lower() != "getupdates" or status != 200:
            self._keep(method, params, status, answer)
        return reply

    def _keep(self, method: str, params: Params, status: int, answer: Any) -> None:
        at = self.cloud.now().isoformat()
        values = dict(params.values)
        for name in (*values, *(params.files.keys() - params.attached)):
            if upload := params.upload(name):
                values[name] = {"file_name": upload[0], "size": len(upload[1])}
        self.record.add(Answered(at, method, values, status, answer))
