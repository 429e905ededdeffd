"""What stands in a chat: messages, their buttons, and the short notes over them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from simulator.strict import units


class Button(NamedTuple):
    """One button: what stands on it, and its callback data or address ("" when neither)."""

    label: str
    value: str


@dataclass(slots=True)
class File:
    """A file that was sent, with its bytes."""

    file_id: str
    name: str
    mime: str
    content: bytes
    width: int = 0
    height: int = 0

    def as_document(self) -> dict[str, Any]:
        """Telegram's `Document`."""
        return {
            "file_id": self.file_id,
            "file_unique_id": f"u{self.file_id}",
            "file_name": self.name,
            "mime_type": self.mime,
            "file_size": len(self.content),
        }

    def as_photo(self) -> list[dict[str, Any]]:
        """Telegram's list of `PhotoSize`; one size is enough."""
        return [
            {
                "file_id": self.file_id,
                "file_unique_id": f"u{self.file_id}",
                "width": self.width,
                "height": self.height,
                "file_size": len(self.content),
            }
        ]


@dataclass(slots=True)
class Toast:
    """The answer to a tap: a note that passes, or an alert that waits for "OK"."""

    text: str
    alert: bool
    at: datetime
    url: str | None = None


@dataclass(slots=True)
class ChatMessage:
    """One message in one chat, as it stands now.

    `attached` holds the other things a person can send (contact, location, …) in Telegram's shape.
    """

    id: int
    chat_id: int
    from_bot: bool
    sender_id: int
    date: datetime
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    markup: dict[str, Any] | None = None
    document: File | None = None
    photo: File | None = None
    attached: dict[str, Any] = field(default_factory=dict)
    reply_to: int | None = None
    edited: int = 0
    edit_date: datetime | None = None
    deleted: bool = False

    @property
    def keyboard(self) -> list[list[Button]]:
        """The inline keyboard, row by row; empty when there is none."""
        if not self.markup:
            return []
        rows = self.markup.get("inline_keyboard", [])
        return [[Button(button["text"], _value(button)) for button in row] for row in rows]

    @property
    def document_name(self) -> str | None:
        """The name of the file that came with it."""
        return self.document.name if self.document else None

    @property
    def document_bytes(self) -> bytes | None:
        """The bytes of the file that came with it."""
        return self.document.content if self.document else None

    def as_json(self, chat: Mapping[str, Any], sender: Mapping[str, Any]) -> dict[str, Any]:
        """Telegram's `Message`."""
        body: dict[str, Any] = {
            "message_id": self.id,
            "from": dict(sender),
            "chat": dict(chat),
            "date": int(self.date.timestamp()),
        }
        if self.edit_date is not None:
            body["edit_date"] = int(self.edit_date.timestamp())
        body.update(self.attached)
        caption = bool(self.document or self.photo or self.attached)
        if self.document:
            body["document"] = self.document.as_document()
        if self.photo:
            body["photo"] = self.photo.as_photo()
        if self.text:
            body["caption" if caption else "text"] = self.text
            if self.entities:
                body["caption_entities" if caption else "entities"] = self.entities
        if self.markup and "inline_keyboard" in self.markup:
            body["reply_markup"] = self.markup
        return body


def _value(button: Mapping[str, Any]) -> str:
    if "callback_data" in button:
        return str(button["callback_data"])
    if "web_app" in button:
        return str(button["web_app"]["url"])
    return str(button.get("url", ""))


_MARKED = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?)|(?P<url>https?://[^\s<>\"]+)"
    r"|(?P<mention>(?<!\w)@\w{4,32})"
)


def found_entities(text: str) -> list[dict[str, Any]]:
    """What Telegram marks by itself in a person's text: commands, addresses, names."""
    return [
        {
            "type": str(match.lastgroup),
            "offset": units(text[: match.start()]),
            "length": units(match.group()),
        }
        for match in _MARKED.finditer(text)
    ]
