"""What Telegram refuses, and in which words: texts, entities and the errors themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ENTITY_LIMIT = 100

ENTITY_TYPES = frozenset(
    {
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    }
)


class ApiError(Exception):
    """An answer with `ok: false`, as the Bot API would give it."""

    def __init__(
        self, code: int, description: str, parameters: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = dict(parameters) if parameters else None

    def body(self) -> dict[str, Any]:
        """The JSON object that is sent."""
        answer: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad_request(words: str) -> ApiError:
    """A 400 in Telegram's form."""
    return ApiError(400, f"Bad Request: {words}")


def forbidden(words: str) -> ApiError:
    """A 403 in Telegram's form."""
    return ApiError(403, f"Forbidden: {words}")


def units(text: str) -> int:
    """Length in UTF-16 code units, in which Telegram counts offsets."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def check_text(text: str | None) -> str:
    """A text that may be sent.

    The limit is read as UTF-16 units: sources disagree with code points, and whoever stays
    below this one stays below both.
    """
    if text is None or not text.strip():
        raise bad_request("message text is empty")
    if units(text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return text


def check_caption(text: str | None) -> str | None:
    """A caption that may be sent; none stays none."""
    if text is not None and units(text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return text or None


def check_entities(text: str, entities: Any) -> list[dict[str, Any]]:
    """The entities that Telegram would keep, in its order.

    Stricter than Telegram on purpose in two points where it silently repairs or drops:
    more than 100 entities, and entities that cross instead of nesting, are refused here.
    """
    if entities is None:
        return []
    if not isinstance(entities, Sequence) or isinstance(entities, str):
        raise bad_request("can't parse entities: expected an Array")
    if len(entities) > ENTITY_LIMIT:
        raise bad_request("ENTITIES_TOO_LONG")
    boundaries = _boundaries(text)
    kept = [_entity(raw, boundaries) for raw in entities]
    kept.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    _refuse_crossing(kept)
    return kept


def _boundaries(text: str) -> set[int]:
    """The offsets at which a character begins or the text ends."""
    at, found = 0, {0}
    for char in text:
        at += 2 if ord(char) > 0xFFFF else 1
        found.add(at)
    return found


def _entity(raw: Any, boundaries: set[int]) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise bad_request("can't parse entities: expected an Object")
    kind, offset, length = raw.get("type"), raw.get("offset"), raw.get("length")
    if not isinstance(kind, str) or kind not in ENTITY_TYPES:
        raise bad_request(f'can\'t parse entities: unsupported entity type "{kind}" specified')
    if not isinstance(offset, int) or offset < 0:
        raise bad_request(f"receive an entity with incorrect offset {offset}")
    if not isinstance(length, int) or length <= 0:
        raise bad_request(f"receive an entity with incorrect length {length}")
    end, last = offset + length, max(boundaries)
    if end > last:
        raise bad_request(
            f"entity beginning at UTF-16 offset {offset} ends after the end of the text "
            f"at UTF-16 offset {end}"
        )
    if offset not in boundaries:
        raise bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {offset}")
    if end not in boundaries:
        raise bad_request(
            f"entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol "
            f"at byte offset {end}"
        )
    if kind == "text_link" and not raw.get("url"):
        raise bad_request("can't parse entities: URL host is empty")
    return {key: value for key, value in raw.items() if value is not None}


def _refuse_crossing(entities: Sequence[Mapping[str, Any]]) -> None:
    open_until: list[tuple[int, str]] = []
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        while open_until and open_until[-1][0] <= start:
            open_until.pop()
        if open_until and open_until[-1][0] < end:
            raise bad_request(f"can't parse entities: entities cross at UTF-16 offset {start}")
        if entity["type"] in {kind for _, kind in open_until}:
            raise bad_request(f"can't parse entities: nested {entity['type']} at {start}")
        if any(kind in {"code", "pre"} for _, kind in open_until):
            raise bad_request(f"can't parse entities: an entity inside code at {start}")
        open_until.append((end, str(entity["type"])))
