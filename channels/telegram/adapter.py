"""Telegram as a channel: take updates in, send, edit and answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from telegram import InputFile
from telegram.constants import BotCommandScopeType, CallbackQueryLimit, MenuButtonType
from telegram.request import BaseRequest

from channels.result import Ending, Result, Trouble
from channels.telegram import batch, reader, render
from channels.telegram.calls import Calls
from channels.telegram.reader import READ, Head
from channels.telegram.request import AiohttpRequest
from channels.telegram.verdict import judge, refuses_entities
from talk.messages import Document, Inbound, Outbound

_log = logging.getLogger(__name__)
_TOKEN = re.compile(r"(\d{1,16}):([\w-]{3,})", re.A)
_UNFIT = re.compile(r'[\x00-\x1f\x7f"\\/]+')  # for a file's name

POLL_GRACE = 10.0  # seconds that a poll may take beyond the wait it asked Telegram for
WEBHOOK_CONNECTIONS = 40  # how many updates Telegram may hand over at once


class Webhook(NamedTuple):
    """What Telegram knows of the address it hands updates to."""

    url: str  # "" when there is none
    pending: int  # updates that wait on Telegram's side
    error: str  # the last failure to hand one over, "" if there was none


class _Bot(msgspec.Struct):
    username: str


class _Me(msgspec.Struct):
    result: _Bot


class _Info(msgspec.Struct):
    url: str
    pending_update_count: int
    last_error_message: str = ""


class _WebhookInfo(msgspec.Struct):
    result: _Info


_me = msgspec.json.Decoder(_Me)
_webhook_info = msgspec.json.Decoder(_WebhookInfo)


class Telegram:
    """One bot on one Bot API server. `key` signs the buttons."""

    channel = reader.CHANNEL

    def __init__(
        self,
        *,
        token: str,
        api_url: str = "https://api.telegram.org",
        key: bytes,
        connections: int = 16,
        request: BaseRequest | None = None,
        poll_request: BaseRequest | None = None,
        bulk_request: BaseRequest | None = None,
        tap_request: BaseRequest | None = None,
    ) -> None:
        """Raises ValueError for a token or an address that cannot be one.

        Calls beyond so many `connections` at once, to many or to one, wait for each other.
        """
        shape = _TOKEN.fullmatch(token)
        if shape is None:
            raise ValueError(
                "The Telegram token is not of the form 123456:ABC-DEF. "
                "Copy it again from @BotFather, without spaces around it."
            )
        server = urlsplit(api_url)
        if server.scheme not in ("http", "https") or not server.hostname:
            raise ValueError(
                "The address of the Bot API server must begin with https:// or http://."
            )
        self.bot_id = int(shape[1])
        self.username = ""
        self._calls = Calls(f"{api_url.rstrip('/')}/bot{token}/", secret=shape[2])
        self._key = key
        # Four pools, so that neither a long poll nor an announcement makes a reply wait, nor the
        # little signs that end the waiting on a button, should Telegram be slow with those.
        self._request = request or AiohttpRequest(connections)
        self._poll_request = poll_request or request or AiohttpRequest(4)
        self._bulk_request = bulk_request or request or AiohttpRequest(connections)
        self._tap_request = tap_request or request or AiohttpRequest(connections)

    def __repr__(self) -> str:
        return f"<Telegram bot {self.bot_id}>"

    async def start(self) -> None:
        """Open the connections and ask Telegram who we are. Raises Unauthorised or Trouble."""
        for request in self._requests():
            await request.initialize()
        try:
            self.username = _me.decode(
                await self._calls.answered("getMe", {}, self._request)
            ).result.username
        except msgspec.MsgspecError as error:
            raise Trouble(f"getMe: {error}") from None

    async def stop(self) -> None:
        """Close the connections."""
        for request in self._requests():
            await request.shutdown()

    async def poll(self, offset: int, *, timeout: float, limit: int = 100) -> list[bytes]:  # noqa: ASYNC109
        """The next updates as they came, waiting up to `timeout` seconds for the first.

        Updates before `offset` are confirmed by this call. Raises Unauthorised, Conflict, Trouble.
        """
        asked: dict[str, Any] = {
            "offset": offset,
            "timeout": int(timeout),
            "limit": limit,
            "allowed_updates": list(READ),
        }
        wait = asked["timeout"] + POLL_GRACE
        status, payload = await self._calls.fetched("getUpdates", asked, self._poll_request, wait)
        updates = batch.split(payload) if status == HTTPStatus.OK else None
        if updates is None:
            raise self._calls.trouble("getUpdates", status, judge(status, payload))
        return updates

    def head(self, raw: bytes) -> Head:
        """The number, sort and chat of an update as far as they can be told. Never raises."""
        return reader.head(raw)

    def read(self, raw: bytes) -> Inbound:
        """What the person did. Raises Unreadable."""
        return reader.read(raw, bot_id=self.bot_id, username=self.username, key=self._key)

    async def send(
        self, chat: str, body: Outbound, *, ref: str, resend: bool = False, bulk: bool = False
    ) -> Result:
        """Send a new message; `bulk` takes the connections meant for many."""
        request = self._bulk_request if bulk else self._request
        shown = self._shown(chat, body, ref, resend)
        if isinstance(shown, Result):
            return shown
        if body.document is None:
            return await self._deliver("sendMessage", shown, request)
        shown["document"] = _file(body.document)
        return await self._deliver("sendDocument", shown, request)

    async def edit(self, chat: str, message: str, body: Outbound | None, *, ref: str) -> Result:
        """Change a message sent earlier; no body takes only its buttons off.

        A message that cannot be changed is MISSING, and so is one that would have to take a file.
        """
        if not (message.isdecimal() and chat.isdecimal()):
            return Result(Ending.MISSING, error="no message to edit")
        shown: render.Parameters | Result
        if body is None:
            method, shown = "editMessageReplyMarkup", {"chat_id": int(chat)}
        elif body.document is None:
            method, shown = "editMessageText", self._shown(chat, body, ref)
        else:
            return Result(Ending.MISSING, error="a file cannot be put into an existing message")
        if isinstance(shown, Result):
            return shown
        shown["message_id"] = int(message)
        result = await self._deliver(method, shown, self._request)
        return result._replace(message=message) if result.ending is Ending.SENT else result

    async def answer(self, query: str, text: str = "", *, alert: bool = False) -> None:
        """End the waiting sign on a tapped button, perhaps with a word. Best effort."""
        parameters: dict[str, Any] = {"callback_query_id": query}
        if text:
            limit = int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)
            parameters |= {"text": render.cut(text, limit), "show_alert": alert}
        result = await self._calls.call("answerCallbackQuery", parameters, self._tap_request)
        if result.ending is not Ending.SENT:
            _log.info("a tap was not answered: %s", result.error)

    async def set_webhook(self, url: str, secret: str) -> None:
        """Have updates handed to `url`, each with `secret` in its header. Raises Trouble."""
        await self._arrange(
            "setWebhook",
            {
                "url": url,
                "secret_token": secret,
                "max_connections": WEBHOOK_CONNECTIONS,
                "allowed_updates": list(READ),
            },
        )

    async def remove_webhook(self) -> None:
        """Have updates wait to be polled; those that wait already are kept. Raises Trouble."""
        await self._arrange("deleteWebhook", {"drop_pending_updates": False})

    async def webhook_info(self) -> Webhook:
        """Where updates are handed to and how many wait. Raises Trouble."""
        try:
            info = _webhook_info.decode(
                await self._calls.answered("getWebhookInfo", {}, self._request)
            ).result
        except msgspec.MsgspecError as error:
            raise Trouble(f"getWebhookInfo: {error}") from None
        return Webhook(
            info.url, info.pending_update_count, self._calls.redacted(info.last_error_message)
        )

    async def set_commands(
        self, commands: Mapping[str, Sequence[tuple[str, str]]], chat: str | None = None
    ) -> None:
        """Set the menu of commands, per language, for everybody or for one chat. Raises Trouble.

        The first language is also the menu of everybody whose own has none. Telegram takes menus
        for languages of two letters only; others see the first.
        """
        scope: dict[str, Any] = {"type": BotCommandScopeType.ALL_PRIVATE_CHATS.value}
        button: dict[str, Any] = {"menu_button": {"type": MenuButtonType.COMMANDS.value}}
        if chat is not None:
            scope = {"type": BotCommandScopeType.CHAT.value, "chat_id": int(chat)}
            button["chat_id"] = int(chat)
        for place, (language, menu) in enumerate(commands.items()):
            if place and len(language) != 2:
                continue
            entries = [{"command": name, "description": words} for name, words in menu]
            asked: dict[str, Any] = {"commands": entries, "scope": scope}
            if place:
                asked["language_code"] = language
            await self._arrange("setMyCommands", asked)
        await self._arrange("setChatMenuButton", button)

    def _requests(self) -> set[BaseRequest]:
        return {self._request, self._poll_request, self._bulk_request, self._tap_request}

    def _shown(
        self, chat: str, body: Outbound, ref: str, resend: bool = False
    ) -> render.Parameters | Result:
        """The parameters that show the body, or the refusal of one that cannot be shown."""
        try:
            shown = render.message(
                body, key=self._key, bot_id=self.bot_id, chat=chat, ref=ref, resend=resend
            )
            return {"chat_id": int(chat), **shown}
        except ValueError as error:
            # A bug of ours. Nothing was sent, and trying again would end the same way.
            _log.error("message %s cannot be shown: %s", ref, error)
            return Result(Ending.REFUSED, error=f"cannot be shown: {error}")

    async def _arrange(self, method: str, parameters: render.Parameters) -> None:
        await self._calls.answered(method, parameters, self._request)

    async def _deliver(
        self, method: str, parameters: render.Parameters, request: BaseRequest
    ) -> Result:
        """Call; when only the formatting was refused (so nothing was sent), once more without."""
        result = await self._calls.call(method, parameters, request)
        bare = {k: v for k, v in parameters.items() if k not in ("entities", "caption_entities")}
        if refuses_entities(result) and len(bare) < len(parameters):
            return await self._calls.call(method, bare, request)
        return result


def _file(document: Document) -> InputFile:
    file = InputFile(document.data, filename=_UNFIT.sub("_", document.name) or "file")
    file.mimetype = document.media_type
    return file
