"""Updates come in as they are, trouble is named, and the token is told to nobody."""

from __future__ import annotations

import logging
import traceback

import msgspec
import pytest

from channels.result import Conflict, Trouble, Unauthorised
from channels.telegram import Telegram, Webhook
from channels.telegram.request import MaybeSent, NotSent
from talk.messages import Choice, Outbound
from talk.reference import reference
from talk.text import fill
from tests.channels.line import BOT_ID, KEY, TOKEN, Answer, Line, bot, no, yes
from tests.channels.updates import SEEDS, raw

REF = reference("in:1:1")
SECRET = TOKEN.partition(":")[2]
BODY = Outbound(fill("Halo **{n}**", n="Sri"), ((Choice("Baik", "4"), Choice("Buruk", "1")),))
ME = {"id": BOT_ID, "is_bot": True, "first_name": "Tanggap", "username": "tanggapbot"}


# Taking updates in.


async def test_updates_come_as_they_are() -> None:
    odd = b'{ "update_id" : 7,"message":{"x":"\\u00e9"} }'
    line = Line((200, b'{"ok":true,"result":[' + odd + b"," + raw(SEEDS["tap"]) + b"]}"))
    assert await bot(line).poll(5, timeout=25, limit=10) == [odd, raw(SEEDS["tap"])]
    (asked,) = line.asked
    assert asked.parameters == {
        "offset": 5,
        "timeout": 25,
        "limit": 10,
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
    }
    assert asked.seconds == 35


TROUBLES: list[tuple[Answer, type[Trouble]]] = [
    (no(401, "Unauthorized"), Unauthorised),
    (no(404, "Not Found"), Unauthorised),
    (no(409, "Conflict: terminated by other getUpdates request"), Conflict),
    (no(409, "Conflict: can't use getUpdates method while webhook is active"), Conflict),
    (no(429, "Too Many Requests", retry_after=3), Trouble),
    ((502, b"<html>"), Trouble),
    ((200, b"<html>"), Trouble),
    ((200, b'{"ok":true,"result":true}'), Trouble),
    (NotSent("x"), Trouble),
    (MaybeSent("x"), Trouble),
    (ValueError("x"), Trouble),
]


@pytest.mark.parametrize(("answer", "trouble"), TROUBLES)
async def test_trouble_while_polling(answer: Answer, trouble: type[Trouble]) -> None:
    with pytest.raises(Trouble) as caught:
        await bot(Line(answer)).poll(0, timeout=1)
    assert type(caught.value) is trouble
    assert str(caught.value).startswith("getUpdates: ")
    throttled = isinstance(answer, tuple) and answer[0] == 429
    assert caught.value.retry_after == (3.0 if throttled else None)


@pytest.mark.parametrize(("answer", "trouble"), TROUBLES)
async def test_trouble_at_the_start(answer: Answer, trouble: type[Trouble]) -> None:
    line = Line(answer, yes(ME))
    telegram = bot(line)
    with pytest.raises(Trouble) as caught:
        await telegram.start()
    assert type(caught.value) is trouble
    await telegram.start()
    assert telegram.username == "tanggapbot"


# Arrangements.


async def test_the_webhook_is_set_seen_and_removed() -> None:
    info = {
        "url": "https://a.example/hook",
        "has_custom_certificate": False,
        "pending_update_count": 12,
        "last_error_message": "Connection refused",
    }
    line = Line(yes(True), yes(info), yes({"url": "", "pending_update_count": 0}), yes(True))
    telegram = bot(line)
    await telegram.set_webhook("https://a.example/hook", "s3cret")
    assert await telegram.webhook_info() == Webhook(
        "https://a.example/hook", 12, "Connection refused"
    )
    assert await telegram.webhook_info() == Webhook("", 0, "")
    await telegram.remove_webhook()
    assert [(asked.method, asked.parameters) for asked in line.asked] == [
        (
            "setWebhook",
            {
                "url": "https://a.example/hook",
                "secret_token": "s3cret",
                "max_connections": 40,
                "allowed_updates": [
                    *("message", "edited_message", "callback_query", "my_chat_member")
                ],
            },
        ),
        ("getWebhookInfo", {}),
        ("getWebhookInfo", {}),
        ("deleteWebhook", {"drop_pending_updates": False}),
    ]
    with pytest.raises(Trouble, match="getWebhookInfo"):
        await bot(Line(yes(True))).webhook_info()


MENUS = {"id": [("mulai", "Mulai")], "en": [("start", "Start")], "min": [("mulai", "Mulai")]}


async def test_the_menu_of_commands() -> None:
    line = Line(*[yes(True)] * 6)
    telegram = bot(line)
    await telegram.set_commands(MENUS)
    mine = [{"command": "mulai", "description": "Mulai"}]
    theirs = [{"command": "start", "description": "Start"}]
    everybody = {"type": "all_private_chats"}
    assert [(asked.method, asked.parameters) for asked in line.asked] == [
        ("setMyCommands", {"commands": mine, "scope": everybody}),
        ("setMyCommands", {"commands": theirs, "scope": everybody, "language_code": "en"}),
        ("setChatMenuButton", {"menu_button": {"type": "commands"}}),
    ]
    await telegram.set_commands({"id": MENUS["id"]}, chat="42")
    one = {"type": "chat", "chat_id": 42}
    assert [(asked.method, asked.parameters) for asked in line.asked[3:]] == [
        ("setMyCommands", {"commands": mine, "scope": one}),
        ("setChatMenuButton", {"menu_button": {"type": "commands"}, "chat_id": 42}),
    ]
    with pytest.raises(Trouble, match="BOT_COMMAND_INVALID"):
        await bot(Line(no(400, "Bad Request: BOT_COMMAND_INVALID"))).set_commands(MENUS)


# The token.


@pytest.mark.parametrize(
    "token",
    ["", "123456", "abc:DEF", ":AAH", "123456:", "123456:AA H", " 123456:AAH-x", "123456:AAH-x\n"]
    + ["1" * 20 + ":AAH-canary", "123456:AAH:canary", "bot123456:AAH-canary", "１２３:AAH-canary"],
)
def test_a_malformed_token_is_said_but_not_repeated(token: str) -> None:
    with pytest.raises(ValueError, match="BotFather") as caught:
        Telegram(token=token, key=KEY, request=Line())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "api.telegram.org", "ftp://a", "https://", "http:/a"])
def test_an_address_that_cannot_be_one(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Telegram(token=TOKEN, key=KEY, api_url=address, request=Line())


def test_who_we_are_is_in_the_token() -> None:
    assert bot().bot_id == BOT_ID
    assert repr(bot()) == f"<Telegram bot {BOT_ID}>"


LEAKS = [
    f"https://api.telegram.org/bot{TOKEN}/sendMessage failed",
    f"Connection timeout to host http://127.0.0.1:8081/bot{TOKEN}/getUpdates",
    f"token {TOKEN}",
    f"secret {SECRET}",
    f"bot123456%3A{SECRET}",
]


@pytest.mark.parametrize("leak", LEAKS)
async def test_the_token_is_never_told(leak: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[Answer] = [
        RuntimeError(leak),
        NotSent(leak),
        no(400, leak),
        no(401, leak),
        no(502, leak),
    ]
    told = ""
    for answer in answers:
        told += repr(await bot(Line(answer)).send("42", BODY, ref=REF))
        told += repr(await bot(Line(answer)).edit("42", "9", BODY, ref=REF))
        await bot(Line(answer)).answer("7")
        for method in ("start", "webhook_info", "remove_webhook"):
            with pytest.raises(Trouble) as caught:
                await getattr(bot(Line(answer)), method)()
            told += "".join(traceback.format_exception(caught.value))
            assert caught.value.__context__ is None
        with pytest.raises(Trouble) as caught:
            await bot(Line(answer)).poll(0, timeout=1)
        told += "".join(traceback.format_exception(caught.value))
    info = {"url": "", "pending_update_count": 0, "last_error_message": leak}
    told += repr(await bot(Line(yes(info))).webhook_info())
    assert SECRET not in told + caplog.text
    assert "api.telegram.org" not in told + caplog.text


def test_updates_do_not_need_a_start() -> None:
    assert bot().head(msgspec.json.encode(SEEDS["text"])).chat == "5000000042"
