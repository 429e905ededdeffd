"""Visitors without a phone: their updates as bytes, and a platform that says yes at once.

For benches that weigh the program alone; what Telegram would allow is the simulator's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec
from telegram.request import BaseRequest, RequestData

ME = {"id": 7_000_000_001, "is_bot": True, "first_name": "Tanggap", "username": "TanggapBot"}
_numbers = count(900_000_000)


class Platform(BaseRequest):
    """Takes every call, and remembers for each chat its newest message and the buttons on it."""

    def __init__(self) -> None:
        self._messages = count(1)
        self.shown: dict[int, tuple[int, dict[str, str]]] = {}

    @property
    def read_timeout(self) -> float | None:
        """Nobody waits here."""
        return None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *_: Any,
        **__: Any,
    ) -> tuple[int, bytes]:
        """Yes, at once."""
        if url.endswith("/getMe"):
            return 200, msgspec.json.encode({"ok": True, "result": ME})
        asked = request_data.parameters if request_data is not None else {}
        number = asked.get("message_id") or next(self._messages)
        if "reply_markup" in asked:
            rows = asked["reply_markup"]
            rows = msgspec.json.decode(rows) if isinstance(rows, str) else rows
            buttons = {b["text"]: b["callback_data"] for r in rows["inline_keyboard"] for b in r}
            self.shown[asked["chat_id"]] = (number, buttons)
        return 200, msgspec.json.encode({"ok": True, "result": {"message_id": number}})


@dataclass
class Visitor:
    """One citizen in front of one counter."""

    platform: Platform
    chat: int
    payload: str


def walk() -> Iterator[tuple[str, str]]:
    """From the QR to the receipt of the survey: the kind of each turn and what is done."""
    yield "start", "/start"
    yield "rating", "Puas"
    yield "begin", "Mulai"
    yield from (("answer", str(n % 4 + 1)) for n in range(9))
    yield from (("skip", "Lewati") for _ in range(5))
    yield "submit", "Kirim jawaban"


def tap(visitor: Visitor, label: str) -> bytes:
    """The update that comes when the visitor taps a label, or the n-th button when it is a digit.

    Raises KeyError when there is no such button.
    """
    person = {"id": visitor.chat, "is_bot": False, "first_name": "Warga", "language_code": "id"}
    chat = {"id": visitor.chat, "type": "private", "first_name": "Warga"}
    update_id = next(_numbers)
    if label == "/start":
        words = {
            "message_id": update_id,
            "from": person,
            "chat": chat,
            "date": 1_790_000_000,
            "text": f"/start {visitor.payload}",
            "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
        }
        return msgspec.json.encode({"update_id": update_id, "message": words})
    message, buttons = visitor.platform.shown[visitor.chat]
    data = list(buttons.values())[int(label) - 1] if label.isdecimal() else buttons[label]
    pressed = {
        "id": str(update_id),
        "from": person,
        "chat_instance": str(visitor.chat),
        "data": data,
        "message": {"message_id": message, "chat": chat, "date": 1_790_000_000, "text": "…"},
    }
    return msgspec.json.encode({"update_id": update_id, "callback_query": pressed})
