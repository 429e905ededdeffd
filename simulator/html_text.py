"""Texts sent with `parse_mode=HTML`: tags become entities, as Telegram does it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from simulator.strict import bad_request, units

_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}
_TOKEN = re.compile(r"<(/?)([a-zA-Z-]+)((?:\s[^<>]*)?)>|(&[a-zA-Z]+;|&#\w+;)|([^<&]+|[<&])")
_NAMED = {"&lt;", "&gt;", "&amp;", "&quot;"}
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")


@dataclass(slots=True)
class _Open:
    tag: str
    offset: int
    attributes: dict[str, str]


def parse(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The plain text and its entities; raises Telegram's "can't parse entities"."""
    plain: list[str] = []
    length = 0
    stack: list[_Open] = []
    entities: list[dict[str, Any]] = []
    for match in _TOKEN.finditer(text):
        closing, tag, attributes, reference, words = match.groups()
        at = len(text[: match.start()].encode())
        if tag and not closing:
            stack.append(_Open(tag.lower(), length, _start(tag.lower(), attributes, at)))
        elif tag:
            entities.extend(_end(stack, tag.lower(), length, at))
        else:
            piece = _piece(reference, words, at)
            plain.append(piece)
            length += units(piece)
    if stack:
        raise bad_request(
            f"can't parse entities: Can't find end tag corresponding to start tag "
            f'"{stack[-1].tag}"'
        )
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return "".join(plain), entities


def _piece(reference: str | None, words: str | None, at: int) -> str:
    if words == "<":
        raise bad_request(f'can\'t parse entities: Unsupported start tag "" at byte offset {at}')
    if reference and (reference in _NAMED or reference.startswith("&#")):
        return html.unescape(reference)
    return reference or words or ""


def _start(tag: str, attributes: str, at: int) -> dict[str, str]:
    found = {
        name.lower(): (value or "").strip("\"'")
        for name, value in _ATTRIBUTE.findall(attributes or "")
    }
    if tag == "span" and found.get("class") == "tg-spoiler":
        return found
    if tag not in _KINDS:
        raise bad_request(
            f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {at}'
        )
    return found


def _end(stack: list[_Open], tag: str, length: int, at: int) -> list[dict[str, Any]]:
    if not stack:
        raise bad_request(f"can't parse entities: Unexpected end tag at byte offset {at}")
    opened = stack.pop()
    if opened.tag != tag:
        raise bad_request(
            f"can't parse entities: Unmatched end tag at byte offset {at}, expected "
            f'"</{opened.tag}>", found "</{tag}>"'
        )
    if length == opened.offset:
        return []
    entity: dict[str, Any] = {
        "type": _KINDS.get(tag, "spoiler"),
        "offset": opened.offset,
        "length": length - opened.offset,
    }
    if tag == "a":
        url = html.unescape(opened.attributes.get("href", ""))
        if not url:
            return []
        entity["url"] = url
    if tag == "blockquote" and "expandable" in opened.attributes:
        entity["type"] = "expandable_blockquote"
    return [entity]
