"""Keyboards: which ones Telegram takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from simulator.strict import bad_request

BUTTON_LIMIT = 100
DATA_BYTES = 64

_INLINE_KINDS = (
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)


def check_markup(markup: Any, *, inline_only: bool = False) -> dict[str, Any] | None:
    """The reply markup as it is kept; none stays none.

    `inline_only` is the rule for edits: a message can only be edited to an inline keyboard.
    """
    if markup is None or markup == {}:
        return None
    if not isinstance(markup, Mapping):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        rows = _rows(markup["inline_keyboard"], "inline keyboard")
        kept = [[_inline(button) for button in row] for row in rows]
        return {"inline_keyboard": kept} if any(kept) else None
    if inline_only:
        raise bad_request("inline keyboard expected")
    if "keyboard" in markup:
        rows = _rows(markup["keyboard"], "reply keyboard")
        return {**markup, "keyboard": [[_plain(button) for button in row] for row in rows]}
    if markup.get("remove_keyboard") is True or markup.get("force_reply") is True:
        return dict(markup)
    raise bad_request("can't parse reply keyboard markup JSON object")


def _rows(value: Any, what: str) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise bad_request(f"can't parse {what} markup JSON object")
    if sum(len(row) for row in value) > BUTTON_LIMIT:
        raise bad_request("reply markup is too long")
    return value


def _inline(button: Any) -> dict[str, Any]:
    if not isinstance(button, Mapping) or not isinstance(button.get("text"), str):
        raise bad_request("can't parse inline keyboard button: can't find field \"text\"")
    if not button["text"].strip():
        raise bad_request("inline keyboard button text must be non-empty")
    kinds = [kind for kind in _INLINE_KINDS if button.get(kind) is not None]
    if not kinds:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if len(kinds) > 1:
        raise bad_request("BUTTON_TYPE_INVALID")
    data = button.get("callback_data")
    if data is not None and (
        not isinstance(data, str) or not 0 < len(data.encode()) <= DATA_BYTES
    ):
        raise bad_request("BUTTON_DATA_INVALID")
    if button.get("url") is not None:
        _check_url(button["url"], "URL", {"http", "https", "tg", "ton"})
    if button.get("web_app") is not None:
        _check_url(dict(button["web_app"]).get("url", ""), "Web App URL", {"https"})
    return {key: value for key, value in button.items() if value is not None}


def _plain(button: Any) -> dict[str, Any]:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, Mapping) or not isinstance(button.get("text"), str):
        raise bad_request("can't parse keyboard button: can't find field \"text\"")
    if not button["text"].strip():
        raise bad_request("keyboard button text must be non-empty")
    return {key: value for key, value in button.items() if value is not None}


def _check_url(url: Any, what: str, schemes: set[str]) -> None:
    # Telegram wants a dot in the host: "localhost" is refused there, so it is refused here.
    parts = urlsplit(str(url))
    if parts.scheme not in schemes:
        reason = "Only HTTPS links are allowed" if schemes == {"https"} else "Unsupported scheme"
    elif parts.scheme in {"http", "https"} and "." not in (parts.hostname or ""):
        reason = "Wrong HTTP URL"
    else:
        return
    raise bad_request(f"inline keyboard button {what} '{url}' is invalid: {reason}")
