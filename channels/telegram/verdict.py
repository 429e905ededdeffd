"""What an answer of the Bot API, or the lack of one, says about a message."""

from __future__ import annotations

import re
import socket
from http import HTTPStatus
from typing import Any

import msgspec

from channels.result import Ending, Result
from channels.telegram.request import NotSent

_MISSING = re.compile(
    r"message to edit not found|message can't be edited|message_id_invalid"
    r"|message identifier is not specified|no text in the message to edit",
    re.I,
)
_HARMLESS = re.compile(r"message is not modified|message_not_modified|query is too old", re.I)
_ENTITIES = re.compile(r"can't parse (message)?entit|entit(y|ies)_", re.I)

_LONGEST = 86_400  # seconds we may be told to wait; far more would be past the last date there is


class _Sent(msgspec.Struct):
    message_id: int


class _Answer(msgspec.Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")


_ANSWER = msgspec.json.Decoder(_Answer)
_SENT = msgspec.json.Decoder(_Sent)


def judge(status: int, payload: bytes) -> Result:
    """The ending that an answer of the Bot API proves, by its status and its JSON."""
    if 200 <= status < 300:
        try:
            answer = _ANSWER.decode(payload)
        except (ValueError, RecursionError):
            return Result(Ending.UNCERTAIN, error=f"{status} with an unreadable answer")
        if answer.ok:
            return Result(Ending.SENT, message=_message_id(answer.result))
    said = _object(payload)
    code = said.get("error_code") if status < 300 else status
    return _refusal(code if isinstance(code, int) else status, said)


def classify(error: BaseException) -> Result:
    """The ending when there was no answer, by the cause of the failure.

    Only what certainly never left counts as not sent; whatever is not known is uncertain.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NotSent | ConnectionRefusedError | socket.gaierror):
            return Result(Ending.NOT_SENT, error=str(cause) or type(cause).__name__)
        cause = cause.__cause__
    return Result(Ending.UNCERTAIN, error=str(error) or type(error).__name__)


def refuses_entities(result: Result) -> bool:
    """Whether it was the formatting that Telegram did not take, so that plain text may pass."""
    return result.ending is Ending.REFUSED and bool(_ENTITIES.search(result.error))


def _refusal(code: int, said: dict[str, Any]) -> Result:
    words = said.get("description")
    error = words if isinstance(words, str) and words else f"HTTP {code}"
    if code >= 500 or code < 300:
        # A gateway may break after the message was taken, whatever the answer says.
        return Result(Ending.UNCERTAIN, error=error)
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        return Result(Ending.THROTTLED, error=error, retry_after=_retry_after(said))
    if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND):
        return Result(Ending.UNAUTHORISED, error=error)
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Result(Ending.REFUSED, error=error)
    if code < 400 or said.get("ok") is not False:
        # Not Telegram's own words: something on the way (a firewall, a sign-in page) said no.
        return Result(Ending.NOT_SENT, error=f"HTTP {code}, not from Telegram")
    if code == HTTPStatus.FORBIDDEN:
        return Result(Ending.BLOCKED, error=error)
    if code == HTTPStatus.BAD_REQUEST and _HARMLESS.search(error):
        return Result(Ending.SENT)
    if code == HTTPStatus.BAD_REQUEST and _MISSING.search(error):
        return Result(Ending.MISSING, error=error)
    return Result(Ending.REFUSED, error=error)


def _message_id(result: msgspec.Raw) -> str:
    try:
        return str(_SENT.decode(result).message_id)
    except (ValueError, RecursionError):
        return ""  # "true": the call has no message to name


def _object(payload: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _retry_after(said: dict[str, Any]) -> float | None:
    """Seconds to wait, if they are said and make sense."""
    parameters = said.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        return None
    return float(min(seconds, _LONGEST))
