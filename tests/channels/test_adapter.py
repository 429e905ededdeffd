"""Calls reach Telegram once, as meant, and whatever comes back is told without the token."""

from __future__ import annotations

import logging

import pytest

from channels.result import Ending, Result
from channels.telegram import Telegram
from channels.telegram.request import MaybeSent, NotSent
from talk.messages import Choice, Document, Kind, Outbound
from talk.reference import reference
from talk.text import Span, fill, plain
from tests.channels.line import BOT_ID, KEY, TOKEN, Answer, Line, bot, no, yes
from tests.channels.updates import raw, tap

REF = reference("in:1:1")
SECRET = TOKEN.partition(":")[2]
BODY = Outbound(fill("Halo **{n}**", n="Sri"), ((Choice("Baik", "4"), Choice("Buruk", "1")),))
ME = {"id": BOT_ID, "is_bot": True, "first_name": "Tanggap", "username": "tanggapbot"}


async def test_a_message_is_sent() -> None:
    line = Line()
    assert await bot(line).send("42", BODY, ref=REF) == Result(Ending.SENT, "77")
    (asked,) = line.asked
    assert asked.method == "sendMessage"
    assert asked.parameters["chat_id"] == 42
    assert asked.parameters["text"] == "Halo Sri"
    assert asked.parameters["entities"] == [{"type": "bold", "offset": 5, "length": 3}]
    assert set(asked.parameters) == {
        *("chat_id", "text", "entities", "link_preview_options", "reply_markup")
    }


async def test_what_is_sent_can_be_tapped() -> None:
    line = Line()
    telegram = bot(line)
    await telegram.send("5000000042", BODY, ref=REF)
    button = line.asked[0].parameters["reply_markup"]["inline_keyboard"][0][1]
    read = telegram.read(raw(tap(data=button["callback_data"])))
    assert read.kind is Kind.PRESS
    assert read.press
    assert (read.press.ref, read.press.value) == (REF, "1")


async def test_a_resend_shows_its_reference() -> None:
    line = Line()
    await bot(line).send("42", BODY, ref=REF, resend=True)
    assert line.asked[0].parameters["text"] == f"Halo Sri\n\n#{REF}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("laporan mutu.pdf", "laporan mutu.pdf"),
        ("Rekap Désa.pdf", "Rekap Désa.pdf"),
        ('a"b\r\nc\\d/e.pdf', "a_b_c_d_e.pdf"),
        ("", "file"),
    ],
)
async def test_a_file_is_sent(name: str, shown: str) -> None:
    line = Line()
    document = Document(name, "application/pdf", b"%PDF-")
    sent = await bot(line).send("42", Outbound((Span("Ini", "b"),), document=document), ref=REF)
    assert sent == Result(Ending.SENT, "77")
    (asked,) = line.asked
    assert asked.method == "sendDocument"
    assert asked.files == {"document": (shown, b"%PDF-", "application/pdf")}
    assert asked.parameters == {
        "chat_id": 42,
        "caption": "Ini",
        "caption_entities": [{"type": "bold", "offset": 0, "length": 3}],
    }


async def test_a_message_is_edited() -> None:
    line = Line(yes({"message_id": 31}), no(400, "Bad Request: message is not modified"))
    telegram = bot(line)
    assert await telegram.edit("42", "31", BODY, ref=REF) == Result(Ending.SENT, "31")
    assert await telegram.edit("42", "31", BODY, ref=REF) == Result(Ending.SENT, "31")
    assert {asked.method for asked in line.asked} == {"editMessageText"}
    assert line.asked[0].parameters["message_id"] == 31
    assert line.asked[0].parameters["text"] == "Halo Sri"


async def test_buttons_are_taken_off() -> None:
    line = Line(yes(True))
    assert await bot(line).edit("42", "31", None, ref=REF) == Result(Ending.SENT, "31")
    (asked,) = line.asked
    assert asked.method == "editMessageReplyMarkup"
    assert asked.parameters == {"chat_id": 42, "message_id": 31}


@pytest.mark.parametrize("message", ["", "abc", "-5", "3.1", "@AAAA"])
async def test_an_edit_of_nothing_is_missing(message: str) -> None:
    line = Line()
    assert (await bot(line).edit("42", message, BODY, ref=REF)).ending is Ending.MISSING
    assert line.asked == []


async def test_a_file_cannot_be_edited_in() -> None:
    line = Line()
    body = Outbound(plain("x"), document=Document("a.pdf", "application/pdf", b"x"))
    assert (await bot(line).edit("42", "31", body, ref=REF)).ending is Ending.MISSING
    assert line.asked == []


@pytest.mark.parametrize("said", ["can't parse entities: x", "ENTITY_BOUNDS_INVALID"])
async def test_refused_formatting_goes_once_more_as_plain_text(said: str) -> None:
    for document in (None, Document("a.pdf", "application/pdf", b"x")):
        line = Line(no(400, f"Bad Request: {said}"))
        body = Outbound(BODY.text, BODY.rows, document)
        assert (await bot(line).send("42", body, ref=REF)).ending is Ending.SENT
        first, second = line.asked
        gone = set(first.parameters) - set(second.parameters)
        assert gone == {"entities" if document is None else "caption_entities"}
        assert second.parameters == {k: first.parameters[k] for k in second.parameters}
        assert second.files == first.files


async def test_plain_text_is_tried_once_and_never_without_need() -> None:
    refused = no(400, "Bad Request: can't parse entities: x")
    line = Line(refused, refused)
    assert (await bot(line).send("42", BODY, ref=REF)).ending is Ending.REFUSED
    assert len(line.asked) == 2
    line = Line(refused)
    assert (await bot(line).send("42", Outbound(plain("x")), ref=REF)).ending is Ending.REFUSED
    assert len(line.asked) == 1


ENDINGS: list[tuple[Answer, Ending]] = [
    (NotSent("no connection: connector dns"), Ending.NOT_SENT),
    (ConnectionRefusedError(), Ending.NOT_SENT),
    (MaybeSent("no answer: server disconnected"), Ending.UNCERTAIN),
    (RuntimeError("something"), Ending.UNCERTAIN),
    ((502, b"<html>"), Ending.UNCERTAIN),
    ((200, b"half an ans"), Ending.UNCERTAIN),
    (no(429, "Too Many Requests: retry after 7", retry_after=7), Ending.THROTTLED),
    (no(403, "Forbidden: bot was blocked by the user"), Ending.BLOCKED),
    (no(400, "Bad Request: chat not found"), Ending.REFUSED),
    (no(400, "Bad Request: x", migrate_to_chat_id=-100), Ending.REFUSED),
    (no(400, "Bad Request: message to edit not found"), Ending.MISSING),
    (no(401, "Unauthorized"), Ending.UNAUTHORISED),
    (no(404, "Not Found"), Ending.UNAUTHORISED),
]


@pytest.mark.parametrize(("answer", "ending"), ENDINGS)
async def test_every_ending_is_told_after_one_call(answer: Answer, ending: Ending) -> None:
    for call in ("send", "edit", "strip"):
        line = Line(answer)
        telegram = bot(line)
        if call == "send":
            result = await telegram.send("42", BODY, ref=REF)
        else:
            result = await telegram.edit("42", "9", BODY if call == "edit" else None, ref=REF)
        assert result.ending is ending
        assert result.error
        assert result.retry_after == (7.0 if ending is Ending.THROTTLED else None)
        assert result.message == ""
        assert len(line.asked) == 1


@pytest.mark.parametrize(
    ("chat", "body"),
    [
        ("42", Outbound(plain(" "))),
        ("42", Outbound(plain("x"), ((Choice("Ya", "v" * 45),),))),
        ("42", Outbound(plain("\ud83d"))),
        ("sri", BODY),
        ("", BODY),
    ],
)
async def test_what_cannot_be_shown_is_refused_without_a_call(
    chat: str, body: Outbound, caplog: pytest.LogCaptureFixture
) -> None:
    line = Line()
    telegram = bot(line)
    assert (await telegram.send(chat, body, ref=REF)).ending is Ending.REFUSED
    edited = await telegram.edit(chat, "9", body, ref=REF)
    assert edited.ending is (Ending.REFUSED if chat == "42" else Ending.MISSING)
    assert (await telegram.edit(chat, "", None, ref=REF)).ending is Ending.MISSING
    assert line.asked == []
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


async def test_messages_to_many_and_answers_to_taps_have_connections_of_their_own() -> None:
    one, many, updates, taps = Line(yes(ME)), Line(), Line(yes([])), Line(yes(True))
    telegram = Telegram(
        token=TOKEN,
        key=KEY,
        request=one,
        poll_request=updates,
        bulk_request=many,
        tap_request=taps,
    )
    await telegram.start()
    await telegram.answer("77")
    await telegram.send("42", BODY, ref=REF)
    await telegram.send("42", BODY, ref=REF, bulk=True)
    await telegram.poll(0, timeout=5)
    await telegram.stop()
    assert [asked.method for asked in one.asked] == ["getMe", "sendMessage"]
    assert [asked.method for asked in many.asked] == ["sendMessage"]
    assert [asked.method for asked in updates.asked] == ["getUpdates"]
    assert [asked.method for asked in taps.asked] == ["answerCallbackQuery"]
    assert [(line.opened, line.closed) for line in (one, many, updates, taps)] == [(1, 1)] * 4


async def test_an_answered_tap() -> None:
    line = Line(yes(True), yes(True))
    telegram = bot(line)
    await telegram.answer("77")
    await telegram.answer("77", "x" * 300, alert=True)
    assert [asked.method for asked in line.asked] == ["answerCallbackQuery"] * 2
    assert line.asked[0].parameters == {"callback_query_id": "77"}
    assert line.asked[1].parameters == {
        "callback_query_id": "77",
        "text": "x" * 199 + "…",
        "show_alert": True,
    }


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (no(400, "Bad Request: query is too old"), False),
        (no(400, "Bad Request: QUERY_ID_INVALID"), True),
        (MaybeSent("no answer: timeout"), True),
        ((502, b""), True),
    ],
)
async def test_an_unanswered_tap_harms_nothing(
    answer: Answer, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await bot(Line(answer)).answer("77")
    assert bool(caplog.records) is told
