"""What stands behind a button: a reference and a value that nobody else can have made.

A person's app may send back any bytes for any message. The signature binds them to this bot and
this chat, so a button of another person, another bot or another making is not taken for ours.
It says who was offered what, not what may be done: that is asked again where it is done.
"""

from __future__ import annotations

import base64
import hmac
import re

from telegram.constants import InlineKeyboardButtonLimit

from talk.messages import Press

_VERSION = "1"
_REF = 8  # the length of talk.reference
_MAC = 11  # eight bytes as base64 without padding
_HEAD = len(_VERSION) + _REF + _MAC

VALUE_LIMIT = int(InlineKeyboardButtonLimit.MAX_CALLBACK_DATA) - _HEAD
"""How many characters the value of a choice may have."""

_REF_SHAPE = re.compile(rf"[A-Z2-7]{{{_REF}}}")
_VALUE_SHAPE = re.compile(rf"[ -~]{{1,{VALUE_LIMIT}}}")
_SHAPE = re.compile(
    rf"{_VERSION}({_REF_SHAPE.pattern})([A-Za-z0-9_-]{{{_MAC}}})({_VALUE_SHAPE.pattern})"
)


def sign(key: bytes, bot_id: int, chat: str, ref: str, value: str) -> str:
    """The data of a button, at most 64 bytes.

    Raises ValueError when the reference or the value is not of the agreed shape: a bug of ours.
    """
    if not _REF_SHAPE.fullmatch(ref):
        raise ValueError(f"a reference has {_REF} letters and digits, not {ref!r}")
    if not _VALUE_SHAPE.fullmatch(value):
        raise ValueError(f"a choice's value is 1 to {VALUE_LIMIT} ASCII characters, not {value!r}")
    return f"{_VERSION}{ref}{_mac(key, bot_id, chat, ref, value)}{value}"


def verify(key: bytes, bot_id: int, chat: str, data: str) -> Press | None:
    """What was signed for this chat, or None for anything else."""
    found = _SHAPE.fullmatch(data)
    if found is None:
        return None
    ref, mac, value = found.groups()
    # The text of the signature is compared, not its bytes: base64 has spare bits at the end.
    if not hmac.compare_digest(mac, _mac(key, bot_id, chat, ref, value)):
        return None
    return Press(ref, value)


def _mac(key: bytes, bot_id: int, chat: str, ref: str, value: str) -> str:
    claim = f"tanggap.press.{_VERSION}\0{bot_id}\0{chat}\0{ref}\0{value}"
    digest = hmac.digest(key, claim.encode(), "sha256")[:8]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
