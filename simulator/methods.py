"""The methods that set the bot up, and the table of all methods."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec

from simulator.cloud import Cloud
from simulator.params import Params
from simulator.record import Record
from simulator.sending import Sending
from simulator.strict import ApiError, bad_request
from simulator.webhook import Webhook

LONGEST_POLL = 50
FLOODED = frozenset({"sendmessage", "senddocument", "sendphoto"})

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/|$)")


# `getMe` says these; the bot as the sender of a message carries none of them.
_ABILITIES = {
    "can_join_groups": True,
    "can_read_all_group_messages": True,
    "supports_inline_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
}


class Answer:
    """A result, and the words Telegram adds to some of them."""

    def __init__(self, result: Any, description: str | None = None) -> None:
        self.result = result
        self.description = description


Method = Callable[[Params], Any]


class Methods:
    """Every method by its name in lower case: Telegram does not mind the case."""

    def __init__(self, cloud: Cloud, record: Record, webhook: Webhook) -> None:
        self._cloud = cloud
        self._webhook = webhook
        sending = Sending(cloud, record)
        self._table: dict[str, Method | Callable[[Params], Awaitable[Any]]] = {
            "getme": lambda _: {**cloud.bot, **_ABILITIES},
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": lambda _: webhook.info(),
            "sendmessage": sending.send_message,
            "senddocument": sending.send_document,
            "sendphoto": sending.send_photo,
            "editmessagetext": sending.edit_text,
            "editmessagereplymarkup": sending.edit_markup,
            "deletemessage": sending.delete,
            "answercallbackquery": sending.answer_tap,
            "sendchataction": self._chat_action,
            "getchat": self._get_chat,
            "setmycommands": self._set_commands,
            "getmycommands": lambda p: cloud.commands.get(_scope(p), []),
            "deletemycommands": self._delete_commands,
            "setchatmenubutton": self._set_menu_button,
            "setmydescription": lambda p: self._describe(p, "description", 512),
            "setmyshortdescription": lambda p: self._describe(p, "short_description", 120),
        }

    async def call(self, method: str, params: Params) -> Answer:
        """Run one method; raises ApiError."""
        found = self._table.get(method.lower())
        if found is None:
            raise ApiError(404, "Not Found")
        result = found(params)
        if isinstance(result, Awaitable):
            result = await result
        return result if isinstance(result, Answer) else Answer(result)

    async def _get_updates(self, params: Params) -> list[msgspec.Raw]:
        if self._webhook.url:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._allow(params)
        limit = params.integer("limit")
        batch = await self._cloud.updates.get(
            params.integer("offset") or 0,
            100 if limit is None or not 1 <= limit <= 100 else limit,
            min(max(params.integer("timeout") or 0, 0), LONGEST_POLL),
        )
        return [msgspec.Raw(raw) for raw in batch]

    def _set_webhook(self, params: Params) -> Answer:
        url = params.text("url") or ""
        if not url:
            return self._delete_webhook(params)
        # Real Telegram wants HTTPS always; on this machine plain HTTP is let through.
        if not url.startswith("https://") and not _LOOPBACK.match(url):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        secret = params.text("secret_token") or ""
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        connections = params.integer("max_connections") or 40
        if not 1 <= connections <= 100:
            raise bad_request("bad webhook: max_connections must be between 1 and 100")
        self._allow(params)
        self._drop_pending(params)
        same = (url, secret, connections) == (
            self._webhook.url,
            self._webhook.secret,
            self._webhook.max_connections,
        )
        self._cloud.updates.webhook_was_set()
        self._webhook.set(url, secret, connections)
        return Answer(True, "Webhook is already set" if same else "Webhook was set")

    def _delete_webhook(self, params: Params) -> Answer:
        had = bool(self._webhook.url)
        self._webhook.remove()
        self._drop_pending(params)
        return Answer(True, "Webhook was deleted" if had else "Webhook is already deleted")

    def _drop_pending(self, params: Params) -> None:
        if params.boolean("drop_pending_updates"):
            updates = self._cloud.updates
            updates.give_up(updates.pending, "dropped")

    def _allow(self, params: Params) -> None:
        allowed = params.json("allowed_updates", "allowed updates")
        if allowed is not None:
            if not isinstance(allowed, list):
                raise bad_request("can't parse allowed updates: expected an Array")
            self._cloud.updates.allowed = [str(kind) for kind in allowed]

    def _chat_action(self, params: Params) -> bool:
        chat = self._cloud.reachable(params.chat())
        if not params.text("action"):
            raise bad_request("wrong parameter action in request")
        chat.typing_until = self._cloud.now() + timedelta(seconds=5)
        self._cloud.changed("phone", chat.id)
        return True

    def _get_chat(self, params: Params) -> dict[str, Any]:
        chat = self._cloud.chat(params.chat())
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription")
        return {
            **chat.as_json(),
            "accent_color_id": chat.id % 7,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys((*gifts, "gifts_from_channels"), False),
        }

    def _set_commands(self, params: Params) -> bool:
        commands = params.json("commands", "commands")
        if not isinstance(commands, list):
            raise bad_request("can't parse commands: expected an Array")
        if len(commands) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for one in commands:
            if not _COMMAND.fullmatch(str(one.get("command", "")).removeprefix("/")):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(str(one.get("description", "")).strip()) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self._cloud.commands[_scope(params)] = [
            {"command": one["command"].removeprefix("/"), "description": one["description"]}
            for one in commands
        ]
        self._cloud.changed("phone", None)
        return True

    def _delete_commands(self, params: Params) -> bool:
        self._cloud.commands.pop(_scope(params), None)
        self._cloud.changed("phone", None)
        return True

    def _set_menu_button(self, params: Params) -> bool:
        chat_id = params.integer("chat_id")
        if chat_id is not None:
            self._cloud.chat(chat_id)
        button = params.json("menu_button", "menu button") or {"type": "default"}
        if button.get("type") not in {"default", "commands", "web_app"}:
            raise bad_request("can't parse menu button: unsupported type specified")
        self._cloud.menu_buttons[chat_id] = button
        self._cloud.changed("phone", chat_id)
        return True

    def _describe(self, params: Params, name: str, limit: int) -> bool:
        text = params.text(name) or ""
        if len(text) > limit:
            raise bad_request(f"{name} is too long")
        self._cloud.descriptions[(name, params.text("language_code") or "")] = text
        self._cloud.changed("phone", None)
        return True


def _scope(params: Params) -> tuple[str, str]:
    scope = params.json("scope", "bot command scope") or {"type": "default"}
    kind = str(scope.get("type", "default"))
    name = f"chat:{scope.get('chat_id')}" if kind == "chat" else kind
    return name, params.text("language_code") or ""
