"""What Telegram knows: people, chats, messages and taps that wait for their answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.messages import ChatMessage, File, Toast
from simulator.strict import ApiError, bad_request, forbidden
from simulator.updates import CALLBACK_KEPT, Updates


@dataclass(slots=True)
class Person:
    """A Telegram account."""

    user_id: int
    name: str
    language: str
    started: bool = False
    blocked: bool = False
    met: bool = False

    def as_user(self) -> dict[str, Any]:
        """Telegram's `User`."""
        first, _, last = self.name.partition(" ")
        user: dict[str, Any] = {"id": self.user_id, "is_bot": False, "first_name": first}
        if last:
            user["last_name"] = last
        user["language_code"] = self.language
        return user


@dataclass(slots=True)
class Chat:
    """A private chat (`person` is set) or a supergroup."""

    id: int
    person: Person | None = None
    title: str = ""
    bot_status: str = "member"
    messages: dict[int, ChatMessage] = field(default_factory=dict)
    toasts: list[Toast] = field(default_factory=list)
    typing_until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Telegram's `Chat`."""
        if self.person is None:
            return {"id": self.id, "title": self.title, "type": "supergroup"}
        user = self.person.as_user()
        names: dict[str, Any] = {
            key: user[key] for key in ("first_name", "last_name") if key in user
        }
        return {"id": self.id, **names, "type": "private"}


@dataclass(slots=True)
class Tap:
    """A button that was pressed and not yet answered."""

    chat_id: int
    at: datetime
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Something on a phone changed: "message", "toast", "answered" (a tap) or "phone" (the rest).

    Without a chat it concerns every phone.
    """

    kind: str
    chat_id: int | None
    message: ChatMessage | None = None
    toast: Toast | None = None


class Cloud:
    """The state behind every method and every phone."""

    def __init__(
        self, *, bot: dict[str, Any], now: Callable[[], datetime], updates: Updates
    ) -> None:
        self.bot = bot
        self.now = now
        self.updates = updates
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.taps: dict[str, Tap] = {}
        self.files: dict[str, File] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.menu_buttons: dict[int | None, dict[str, Any]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self.watchers: list[Callable[[Change], None]] = []
        self._message_id = 0
        self._serial = 0

    def serial(self) -> int:
        """A number that was not used before in this cloud."""
        self._serial += 1
        return self._serial

    def user(self, user_id: int) -> dict[str, Any]:
        """Telegram's `User` of a person or of the bot."""
        return self.bot if user_id == self.bot["id"] else self.people[user_id].as_user()

    def add(self, chat: Chat, message: ChatMessage) -> None:
        """Put a message in a chat; the phones hear of it."""
        chat.messages[message.id] = message
        self.changed("message", chat.id, message)

    def next_message_id(self, chat: Chat) -> int:
        """Private chats share one count, as in a real bot's account; each group has its own."""
        if chat.person is None:
            return max(chat.messages, default=0) + 1
        self._message_id += 1
        return self._message_id

    def render(self, message: ChatMessage) -> dict[str, Any]:
        """Telegram's `Message`, with the message it replies to."""
        chat = self.chats[message.chat_id]
        body = message.as_json(chat.as_json(), self.user(message.sender_id))
        if message.reply_to is not None:
            parent = chat.messages.get(message.reply_to)
            if parent and not parent.deleted:
                body["reply_to_message"] = parent.as_json(
                    chat.as_json(), self.user(parent.sender_id)
                )
        return body

    def changed(
        self,
        kind: str,
        chat_id: int | None,
        message: ChatMessage | None = None,
        toast: Toast | None = None,
    ) -> None:
        """Tell everyone who watches."""
        for watcher in list(self.watchers):
            watcher(Change(kind, chat_id, message, toast))

    def reachable(self, chat_id: Any) -> Chat:
        """The chat the bot may write to; raises in Telegram's words when it may not."""
        chat = self.chat(chat_id)
        person = chat.person
        if person is not None:
            if person.blocked:
                raise forbidden("bot was blocked by the user")
            if not person.started:
                raise forbidden("bot can't initiate conversation with a user")
        elif chat.bot_status == "kicked":
            raise forbidden("bot was kicked from the supergroup chat")
        elif chat.bot_status == "left":
            raise forbidden("bot is not a member of the supergroup chat")
        return chat

    def chat(self, chat_id: Any) -> Chat:
        """The chat the bot knows; raises when it has never met it."""
        if chat_id is None or chat_id == "":
            raise bad_request("chat_id is empty")
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None:
            raise bad_request("chat not found")
        person = chat.person
        if person is not None and not person.started and not person.met:
            raise bad_request("chat not found")
        return chat

    def message(self, chat: Chat, message_id: int | None, missing: str) -> ChatMessage:
        """A message that stands in the chat; `missing` are the words when it does not."""
        if message_id is None:
            raise bad_request("message identifier is not specified")
        message = chat.messages.get(message_id)
        if message is None or message.deleted:
            raise bad_request(missing)
        return message

    def answer_tap(self, tap_id: str | None) -> Tap:
        """The tap that waits for its answer, now answered; late and second answers raise."""
        tap = self.taps.get(tap_id or "")
        kept: timedelta = CALLBACK_KEPT
        if tap is None or tap.answered or self.now() > tap.at + kept:
            raise ApiError(
                400,
                "Bad Request: query is too old and response timeout expired "
                "or query ID is invalid",
            )
        tap.answered = True
        return tap

    def commands_for(self, chat_id: int, language: str) -> list[dict[str, str]]:
        """The command menu a person sees: the nearest scope first, then the nearest language."""
        for scope in (f"chat:{chat_id}", "all_private_chats", "default"):
            for tongue in (language, ""):
                if found := self.commands.get((scope, tongue)):
                    return found
        return []

    def menu_button_for(self, chat_id: int) -> dict[str, Any]:
        """The button beside the text field."""
        own = self.menu_buttons.get(chat_id)
        if own is None or own.get("type") == "default":
            own = self.menu_buttons.get(None, {"type": "default"})
        if own.get("type") == "default":
            return {"type": "commands"} if self.commands else {"type": "default"}
        return own
