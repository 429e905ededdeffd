"""Broken updates are Unreadable, and still known well enough to be stored and confirmed."""

from __future__ import annotations

import pytest

from channels.result import Unreadable
from channels.telegram import Head, Telegram
from talk.messages import Kind
from tests.channels.line import bot
from tests.channels.updates import (
    PERSON,
    SEEDS,
    message,
    raw,
    tap,
)

ME = str(PERSON)


# Enough to store it, whatever it is.


@pytest.mark.parametrize(
    ("name", "sort"),
    [("text", "message"), ("tap", "callback_query"), ("blocked", "my_chat_member")]
    + [("edited", "edited_message"), ("old tap", "callback_query"), ("photo", "message")],
)
def test_the_head_of_what_we_read(telegram: Telegram, name: str, sort: str) -> None:
    assert telegram.head(raw(SEEDS[name])) == Head(SEEDS[name]["update_id"], sort, ME)


DEEP = b"[" * 10_000 + b"]" * 10_000


@pytest.mark.parametrize(
    ("broken", "head"),
    [
        (b"", Head(None, "", "")),
        (b"null", Head(None, "", "")),
        (b"[]", Head(None, "", "")),
        (b"7", Head(None, "", "")),
        (b"\x1f\x8b\x08\x00\x00", Head(None, "", "")),
        (b'\xef\xbb\xbf{"update_id":8,"message":{}}', Head(8, "", "")),
        (b'{"update_id":8,"message":{"text":"x', Head(8, "", "")),
        (b'{"update_id":8,"message":NaN}', Head(8, "", "")),
        (b'{"update_id":8,"x":' + DEEP + b"}", Head(8, "", "")),
        (b'{"update_id":8,"message":{"text":"\\ud800"}}', Head(8, "", "")),
        (b'{"x":"\\"update_id\\":9","update_id": 8,}', Head(8, "", "")),
        (b'{"update_id":8.5,"message":{}}', Head(None, "message", "")),
        (b'{"update_id":99999999999999999999,', Head(None, "", "")),
        (b'{"update_id":"8","message":{"chat":{"id":5}}}', Head(None, "message", "5")),
        (b'{"message":{"chat":{"id":5}}}', Head(None, "message", "5")),
        (b'{"update_id":8,"message":{"chat":{"id":"5"}}}', Head(8, "message", "")),
        (b'{"update_id":8,"callback_query":{}}', Head(8, "callback_query", "")),
        (b'{"update_id":8,"callback_query":{"from":{"id":6}}}', Head(8, "callback_query", "6")),
        (b'{"update_id":8,"poll":{},"message":{"chat":{"id":5}}}', Head(8, "message", "5")),
        (b'{"update_id":7,"update_id":8,"message":{"chat":{"id":5}}}', Head(8, "message", "5")),
    ],
)
def test_the_head_of_broken_things(telegram: Telegram, broken: bytes, head: Head) -> None:
    assert telegram.head(broken) == head


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"\x1f\x8b\x08\x00\x00",
        b"\xef\xbb\xbf" + raw(SEEDS["text"]),
        raw(SEEDS["text"])[:-1],
        raw(SEEDS["text"]) + b"}",
        raw(SEEDS["text"]).replace(b"Pelayanannya", b"\xff\xfe"),
        raw(SEEDS["text"]).replace(b"Pelayanannya", b"\\ud83d"),
        raw(SEEDS["text"]).replace(b"Pelayanannya", b"\x01"),
        raw(SEEDS["text"]).replace(b"1700000000", b"NaN"),
        b'{"update_id":8,"x":' + DEEP + b"}",
        b'{"update_id":8,"message":' + DEEP + b"}",
        b'{"update_id":8,"message":{}}',
        b'{"update_id":8,"message":"x"}',
        b'{"update_id":8,"callback_query":{}}',
        b'{"update_id":8,"my_chat_member":{}}',
        b'{"message":{"chat":{"id":5,"type":"private"},"text":"x"}}',
    ],
)
def test_broken_things_are_unreadable(telegram: Telegram, broken: bytes) -> None:
    with pytest.raises(Unreadable):
        telegram.read(broken)


def test_the_reason_does_not_repeat_what_was_said(telegram: Telegram) -> None:
    secret = "NIK 3404010101900001"
    for update in (
        message(text=[secret]),
        message(text="x", chat={"id": secret, "type": "private"}),
        tap(**{"from": secret}),
    ):
        with pytest.raises(Unreadable) as caught:
            telegram.read(raw(update))
        assert "3404" not in str(caught.value)
        assert str(caught.value)
        assert caught.value.__context__ is None


def test_before_the_name_is_known_only_bare_commands_count() -> None:
    unnamed = bot()
    assert unnamed.read(raw(message(text="/privasi"))).kind is Kind.COMMAND
    assert unnamed.read(raw(message(text="/privasi@tanggapbot"))).kind is Kind.TEXT
