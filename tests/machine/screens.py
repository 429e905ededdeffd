"""What stands on a phone, and what was done with it, in the words of the model."""

from __future__ import annotations

from typing import Any

from simulator import Phone
from tests.machine.model import PAGES

TAPPED = 20  # characters of a button's data before its value
# Buttons whose effect the model knows; the others of the menu are another story.
STANDING = ("mulai", "nanti", "ubah", "lanjut", "menu", "nilai_diri", "belajar", "lesson")
FURTHER = ("_skip", "_send", "_go", "!mulai", "!lanjut", "begin", "resume", "finish", "now")
_VALUES = {"quick", "skm", "begin", "resume", "anew", "finish", "change", "now"}
_VALUES |= {page for pages in PAGES.values() for page in pages}


def buttons(phone: Phone, *, known: bool = True) -> list[tuple[int, str]]:
    """Message and data of what can be pressed on a phone, the newest message first."""
    return [
        (message.id, button.value)
        for message in reversed(phone.messages)
        if message.from_bot and not message.deleted
        for row in message.keyboard
        for button in row
        if not known or _is_known(button.value[TAPPED:])
    ]


def forward(phone: Phone, answer: int) -> tuple[int, str] | None:
    """The button by which the newest question goes on: an answer, else what leads further."""
    shown = buttons(phone)
    here = [one for one in shown if one[0] == shown[0][0]]
    answers = [one for one in here if one[1][TAPPED:].isdecimal() or "!lesson" in one[1]]
    if answers:
        return answers[answer % len(answers)]
    further = [one for one in here if one[1][TAPPED:].partition(":")[0] in FURTHER]
    return further[0] if further else None


def _is_known(value: str) -> bool:
    if value.startswith("!"):
        return value[1:].partition(":")[0] in STANDING
    return value.isdecimal() or value in _VALUES or value.startswith("_")


def did(update: dict[str, Any], asked: dict[str, int]) -> tuple[int, tuple[str, Any]]:
    """Whose update it is, and what the model calls what was done."""
    if (query := update.get("callback_query")) is not None:
        data = query["data"]
        return query["from"]["id"], ("press", (asked.get(data[1:9], 0), data[TAPPED:]))
    message = update["message"]
    words = message.get("text", "")
    chat = message["chat"]["id"]
    if words.startswith("/start "):
        return chat, ("scan", words.removeprefix("/start "))
    return chat, ("command", words[1:]) if words.startswith("/") else ("thing", None)
