"""An Outbound as the parameters of a Bot API call: entities and buttons, never markup.

No parse mode is ever set, so nothing a person typed can turn into a link or a format.
"""

from __future__ import annotations

from typing import Any

from telegram.constants import MessageEntityType, MessageLimit

from channels.telegram.codec import sign
from talk.clean import boundary
from talk.messages import Outbound
from talk.text import Text, flat

TEXT_LIMIT = int(MessageLimit.MAX_TEXT_LENGTH)
CAPTION_LIMIT = int(MessageLimit.CAPTION_LENGTH)
ENTITY_LIMIT = int(MessageLimit.MESSAGE_ENTITIES)
LABEL_LIMIT = 60  # a longer label is cut by the phones anyway, in the middle and without a sign

_STYLES = {"b": MessageEntityType.BOLD.value, "i": MessageEntityType.ITALIC.value}
_ELLIPSIS = "…"

Parameters = dict[str, Any]


def message(
    body: Outbound, *, key: bytes, bot_id: int, chat: str, ref: str, resend: bool = False
) -> Parameters:
    """Text (or caption), entities and keyboard; the caller adds chat, message and file.

    A resend carries its reference as the last line, so that a twin is seen to be one.
    Raises ValueError for a body that cannot be shown: no text, or a choice out of shape.
    """
    tail = f"#{ref}" if resend else ""
    if body.document is None:
        if not flat(body.text).strip():
            raise ValueError("a message without words")
        text, entities = entitled(body.text, TEXT_LIMIT, tail)
        shown: Parameters = {"text": text, "link_preview_options": {"is_disabled": True}}
        if entities:
            shown["entities"] = entities
    else:
        text, entities = entitled(body.text, CAPTION_LIMIT, tail)
        shown = {"caption": text} if text.strip() else {}
        if entities:
            shown["caption_entities"] = entities
    if body.rows:
        shown["reply_markup"] = {
            "inline_keyboard": [
                [
                    {
                        "text": _label(choice.label),
                        "callback_data": sign(key, bot_id, chat, ref, choice.value),
                    }
                    for choice in row
                ]
                for row in body.rows
                if row
            ]
        }
    return shown


def entitled(text: Text, limit: int, tail: str = "") -> tuple[str, list[Parameters]]:
    """The characters and their entities, at most `limit` UTF-16 units with the last line `tail`.

    Telegram counts entities in UTF-16 units. It is not known for certain whether it counts the
    text in those or in code points; what fits in UTF-16 units fits either way.
    """
    ending = f"\n\n{tail}" if tail else ""
    words = cut(flat(text), limit - units(ending))
    end = units(words)
    entities: list[Parameters] = []
    offset = 0
    for span in text:
        length = min(units(span.text), end - offset)
        if length <= 0 and offset >= end:
            break
        if span.style and length and len(entities) < ENTITY_LIMIT:
            entities.append({"type": _STYLES[span.style], "offset": offset, "length": length})
        offset += length
    return words + ending if words else tail, entities


def cut(text: str, limit: int) -> str:
    """The text, or as much of it as leaves room for an ellipsis within `limit` UTF-16 units."""
    if units(text) <= limit:
        return text
    room = text.encode("utf-16-le")[: 2 * (limit - 1)]
    at = len(room.decode("utf-16-le", "ignore"))  # half a pair at the end is left out
    return text[: boundary(text, at)].rstrip() + _ELLIPSIS


def units(text: str) -> int:
    """How many UTF-16 units the text takes. Raises ValueError for half a surrogate pair."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _label(label: str) -> str:
    if not label.strip():
        raise ValueError("a button without a label")
    return cut(label, LABEL_LIMIT)
