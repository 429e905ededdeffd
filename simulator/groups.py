"""A supergroup that the bot is in, so that tests can see how it behaves among people."""

from __future__ import annotations

from typing import Any

from simulator.cloud import Chat, Cloud
from simulator.messages import ChatMessage, found_entities
from simulator.phone import Phone, member


class Group:
    """A group whose every message reaches the bot (its privacy mode is off)."""

    def __init__(self, cloud: Cloud, chat: Chat) -> None:
        self._cloud = cloud
        self._chat = chat

    @property
    def chat_id(self) -> int:
        """Negative, as for every group."""
        return self._chat.id

    @property
    def messages(self) -> list[ChatMessage]:
        """All messages, oldest first."""
        return list(self._chat.messages.values())

    async def send(self, by: Phone, text: str) -> ChatMessage:
        """Somebody writes in the group."""
        person = self._cloud.people[by.user_id]
        person.met = True
        message = ChatMessage(
            id=self._cloud.next_message_id(self._chat),
            chat_id=self._chat.id,
            from_bot=False,
            sender_id=by.user_id,
            date=self._cloud.now(),
            text=text,
            entities=found_entities(text),
        )
        self._cloud.add(self._chat, message)
        self._cloud.updates.add("message", self._cloud.render(message), ("m", self._chat.id))
        return message

    async def add_bot(self, by: Phone) -> None:
        """Somebody takes the bot in."""
        self._membership(by, "member")

    async def remove_bot(self, by: Phone) -> None:
        """Somebody throws the bot out."""
        self._membership(by, "kicked")

    def _membership(self, by: Phone, status: str) -> None:
        change: dict[str, Any] = {
            "chat": self._chat.as_json(),
            "from": self._cloud.people[by.user_id].as_user(),
            "date": int(self._cloud.now().timestamp()),
            "old_chat_member": member(self._cloud.bot, self._chat.bot_status),
            "new_chat_member": member(self._cloud.bot, status),
        }
        self._chat.bot_status = status
        self._cloud.updates.add("my_chat_member", change, ("s", self._chat.id))
