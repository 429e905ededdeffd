"""Every answer, and every lack of one, ends as what it proves and as nothing more."""

from __future__ import annotations

import errno
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import NetworkError, TimedOut

from channels.result import Ending, Result
from channels.telegram.request import MaybeSent, NotSent
from channels.telegram.verdict import classify, judge, refuses_entities
from tests.channels.line import no, yes

ANSWERS = [
    (yes({"message_id": 77, "date": 0}), Ending.SENT),
    (yes(True), Ending.SENT),
    ((200, b'{"ok":true}'), Ending.SENT),
    ((200, b""), Ending.UNCERTAIN),
    ((200, b'{"ok":tru'), Ending.UNCERTAIN),
    ((200, b"<html>ok</html>"), Ending.UNCERTAIN),
    ((200, b"[]"), Ending.UNCERTAIN),
    ((200, b'{"ok":"yes"}'), Ending.UNCERTAIN),
    ((200, b'{"ok":true,"result":' + b"[" * 10_000 + b"]" * 10_000 + b"}"), Ending.UNCERTAIN),
    ((200, no(400, "Bad Request: chat not found")[1]), Ending.REFUSED),
    ((200, no(429, "Too Many Requests", retry_after=3)[1]), Ending.THROTTLED),
    ((200, b'{"ok":false}'), Ending.UNCERTAIN),
    (no(500, "Internal Server Error: restart"), Ending.UNCERTAIN),
    (no(502, "Bad Gateway"), Ending.UNCERTAIN),
    ((502, b"<html>Bad Gateway</html>"), Ending.UNCERTAIN),
    ((504, b""), Ending.UNCERTAIN),
    (no(429, "Too Many Requests: retry after 5", retry_after=5), Ending.THROTTLED),
    ((429, b"<html>slow down</html>"), Ending.THROTTLED),
    (no(401, "Unauthorized"), Ending.UNAUTHORISED),
    (no(404, "Not Found"), Ending.UNAUTHORISED),
    ((404, b""), Ending.UNAUTHORISED),
    (no(403, "Forbidden: bot was blocked by the user"), Ending.BLOCKED),
    (no(403, "Forbidden: user is deactivated"), Ending.BLOCKED),
    (no(403, "Forbidden: bot was kicked from the group chat"), Ending.BLOCKED),
    (no(403, "Forbidden: bot can't initiate conversation with a user"), Ending.BLOCKED),
    ((403, b"<html>blocked by the firewall</html>"), Ending.NOT_SENT),
    ((407, b"proxy login"), Ending.NOT_SENT),
    ((302, b""), Ending.NOT_SENT),
    ((300, yes({"message_id": 77})[1]), Ending.NOT_SENT),
    ((502, no(403, "Forbidden: bot was blocked by the user")[1]), Ending.UNCERTAIN),
    ((403, b'{"error":"forbidden"}'), Ending.NOT_SENT),
    (no(413, "Request Entity Too Large"), Ending.REFUSED),
    ((413, b"<html>too large</html>"), Ending.REFUSED),
    (no(400, "Bad Request: chat not found"), Ending.REFUSED),
    (no(400, "Bad Request: message is too long"), Ending.REFUSED),
    (no(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100), Ending.REFUSED),
    (no(400, "Bad Request: can't parse entities: x"), Ending.REFUSED),
    (no(400, "Bad Request: BUTTON_DATA_INVALID"), Ending.REFUSED),
    (no(400, "Bad Request: message is not modified: same content"), Ending.SENT),
    (no(400, "Bad Request: query is too old and response timeout expired"), Ending.SENT),
    (no(400, "Bad Request: message to edit not found"), Ending.MISSING),
    (no(400, "Bad Request: message can't be edited"), Ending.MISSING),
    (no(400, "Bad Request: MESSAGE_ID_INVALID"), Ending.MISSING),
    (no(400, "Bad Request: there is no text in the message to edit"), Ending.MISSING),
    (no(400, ""), Ending.REFUSED),
    ((400, b'{"ok":false,"description":7}'), Ending.REFUSED),
]


@pytest.mark.parametrize(("answer", "ending"), ANSWERS)
def test_what_an_answer_proves(answer: tuple[int, bytes], ending: Ending) -> None:
    result = judge(*answer)
    assert result.ending is ending
    assert bool(result.error) == (ending is not Ending.SENT)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            no(403, "Forbidden: bot was blocked by the user"),
            "Forbidden: bot was blocked by the user",
        ),
        (no(429, ""), "HTTP 429"),
        ((400, b'{"ok":false,"description":7}'), "HTTP 400"),
        ((504, b""), "HTTP 504"),
        ((403, b"<html>blocked</html>"), "HTTP 403, not from Telegram"),
        ((200, b"<html>ok</html>"), "200 with an unreadable answer"),
    ],
)
def test_an_operator_reads_why(answer: tuple[int, bytes], error: str) -> None:
    assert judge(*answer).error == error


def test_the_number_of_what_was_sent() -> None:
    assert judge(*yes({"message_id": 77})).message == "77"
    assert judge(*yes({"message_id": "77"})) == Result(Ending.SENT)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(5, 5.0), (0, 0.0), (10_072, 10_072.0), (1.5, 1.5), (2**40, 86_400.0)]
    + [(None, None), ("5", None), (-1, None), (True, None), ([5], None)],
)
def test_how_long_to_wait(said: object, seconds: float | None) -> None:
    assert judge(*no(429, "Too Many Requests", retry_after=said)).retry_after == seconds


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"ok":false,"parameters":[]}', b"\xff"])
def test_a_throttle_that_does_not_say_how_long(payload: bytes) -> None:
    assert judge(429, payload)[::3] == (Ending.THROTTLED, None)


@given(st.integers(100, 599), st.binary(max_size=80))
def test_nothing_unreadable_counts_as_sent(status: int, payload: bytes) -> None:
    assert judge(status, payload).ending is not Ending.SENT


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        NotSent("no connection: connector dns"),
        caused(NetworkError("x"), NotSent("y")),
        caused(TimedOut("x"), caused(NetworkError("y"), NotSent("z"))),
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        caused(NetworkError("x"), socket.gaierror(socket.EAI_NONAME, "unknown")),
    ],
)
def test_what_certainly_never_left(error: Exception) -> None:
    assert classify(error).ending is Ending.NOT_SENT
    assert classify(error).error


@pytest.mark.parametrize(
    "error",
    [
        MaybeSent("no answer: server disconnected"),
        caused(NetworkError("x"), MaybeSent("y")),
        TimedOut("x"),
        NetworkError("x"),
        TimeoutError(),
        ConnectionResetError(),
        BrokenPipeError(),
        OSError("x"),
        RuntimeError("x"),
        ValueError(""),
        NotSent.__base__("x"),  # type: ignore[misc]
    ],
)
def test_what_nobody_knows(error: Exception) -> None:
    assert classify(error).ending is Ending.UNCERTAIN
    assert classify(error).error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotSent("no connection: connector dns"), "no connection: connector dns"),
        (caused(NetworkError("x"), NotSent("no connection: refused")), "no connection: refused"),
        (ConnectionRefusedError(), "ConnectionRefusedError"),
        (caused(NetworkError("no answer"), MaybeSent("y")), "no answer"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_the_words_of_a_failure_or_its_name(error: Exception, words: str) -> None:
    """The words of the cause when it proves something, else those of the failure itself."""
    assert classify(error).error == words


@pytest.mark.parametrize(
    ("said", "formatting"),
    [
        ("Bad Request: can't parse entities: unsupported start tag", True),
        ("Bad Request: can't parse MessageEntity: field offset", True),
        ("Bad Request: ENTITY_BOUNDS_INVALID", True),
        ("Bad Request: ENTITIES_TOO_LONG", True),
        ("Bad Request: message is too long", False),
        ("Bad Request: can't parse reply keyboard markup JSON object", False),
    ],
)
def test_whether_plain_text_may_pass(said: str, formatting: bool) -> None:
    assert refuses_entities(judge(*no(400, said))) is formatting
    assert not refuses_entities(judge(*no(502, said)))
