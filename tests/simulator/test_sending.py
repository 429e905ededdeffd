"""What Telegram takes, changes and refuses when a bot writes."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import Phone, Simulator


async def test_a_message_lands_on_the_phone(bot: Any, siti: Phone) -> None:
    sent = await bot("sendMessage", chat_id=siti.chat_id, text="Halo")
    assert siti.last.text == "Halo"
    assert siti.last.id == sent["message_id"]
    assert sent["from"]["is_bot"]
    assert "can_join_groups" not in sent["from"]


async def test_numbers_may_come_as_text_and_keyboards_as_json(bot: Any, siti: Phone) -> None:
    markup = '{"inline_keyboard":[[{"text":"Ya","callback_data":"y"}]]}'
    await bot("sendMessage", chat_id=str(siti.chat_id), text="Halo", reply_markup=markup)
    assert siti.last.keyboard == [[("Ya", "y")]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "message text is empty"),
        ("", "message text is empty"),
        (" \n\t", "message text is empty"),
        ("a" * 4097, "message is too long"),
        ("😀" * 2049, "message is too long"),
    ],
)
async def test_text_limits(bot: Any, siti: Phone, text: str | None, words: str) -> None:
    refused = await bot.refused("sendMessage", chat_id=siti.chat_id, text=text)
    assert refused == f"Bad Request: {words}"


@pytest.mark.parametrize("text", ["a" * 4096, "😀" * 2048])
async def test_a_full_message_is_taken(bot: Any, siti: Phone, text: str) -> None:
    await bot("sendMessage", chat_id=siti.chat_id, text=text)
    assert siti.last.text == text


def bold(offset: int, length: int, kind: str = "bold") -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length}


@pytest.mark.parametrize(
    ("entities", "words"),
    [
        ([bold(0, 9)], "entity beginning at UTF-16 offset 0 ends after the end of the text"),
        ([bold(-1, 2)], "receive an entity with incorrect offset -1"),
        ([bold(0, 0)], "receive an entity with incorrect length 0"),
        ([bold(3, 1)], "entity beginning at UTF-16 offset 3 ends in a middle"),
        ([bold(4, 1)], "entity begins in a middle of a UTF-16 symbol"),
        ([bold(0, 3), bold(2, 3, "italic")], "entities cross"),
        ([bold(0, 5), bold(1, 2)], "nested bold"),
        ([bold(0, 5, "code"), bold(1, 1)], "an entity inside code"),
        ([bold(0, 1)] * 101, "ENTITIES_TOO_LONG"),
        ([bold(0, 2, "shiny")], 'unsupported entity type "shiny"'),
        ([bold(0, 2, "text_link")], "URL host is empty"),
    ],
)
async def test_entities_that_do_not_fit(
    bot: Any, siti: Phone, entities: list[dict[str, Any]], words: str
) -> None:
    # "abc😀" is five UTF-16 units long.
    refused = await bot.refused(
        "sendMessage", chat_id=siti.chat_id, text="abc😀", entities=entities
    )
    assert words in refused


async def test_entities_that_fit_come_back_in_order(bot: Any, siti: Phone) -> None:
    inner, outer = bold(1, 1, "italic"), bold(0, 5)
    sent = await bot("sendMessage", chat_id=siti.chat_id, text="abc😀", entities=[inner, outer])
    assert sent["entities"] == [outer, inner]


async def test_html_becomes_entities(bot: Any, siti: Phone) -> None:
    text = "<b>A &lt; <i>B</i></b> <a href='https://a.b/?x=1&amp;y=2'>di sini</a>"
    await bot("sendMessage", chat_id=siti.chat_id, text=text, parse_mode="HTML")
    assert siti.last.text == "A < B di sini"
    assert siti.last.entities == [
        bold(0, 5),
        bold(4, 1, "italic"),
        {**bold(6, 7, "text_link"), "url": "https://a.b/?x=1&y=2"},
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag"),
        ("<b>x</i>", "Unmatched end tag"),
        ("<blink>x</blink>", 'Unsupported start tag "blink"'),
        ("1 < 2", "Unsupported start tag"),
    ],
)
async def test_broken_html_is_refused(bot: Any, siti: Phone, text: str, words: str) -> None:
    refused = await bot.refused("sendMessage", chat_id=siti.chat_id, text=text, parse_mode="HTML")
    assert refused.startswith("Bad Request: can't parse entities: ")
    assert words in refused


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "a", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "x" * 65}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": " ", "callback_data": "x"}, "inline keyboard button text must be non-empty"),
        ({"text": "a"}, "text buttons are unallowed in the inline keyboard"),
        ({"text": "a", "callback_data": "x", "url": "https://a.b"}, "BUTTON_TYPE_INVALID"),
        ({"text": "a", "url": "http://localhost:8080"}, "Wrong HTTP URL"),
        ({"text": "a", "url": "javascript:alert(1)"}, "Unsupported scheme"),
        ({"text": "a", "web_app": {"url": "http://a.b"}}, "Only HTTPS links are allowed"),
    ],
)
async def test_buttons_that_are_refused(
    bot: Any, siti: Phone, button: dict[str, Any], words: str
) -> None:
    markup = {"inline_keyboard": [[button]]}
    refused = await bot.refused("sendMessage", chat_id=siti.chat_id, text="a", reply_markup=markup)
    assert words in refused
    assert not [message for message in siti.messages if message.from_bot]


async def test_more_than_a_hundred_buttons_are_refused(bot: Any, siti: Phone) -> None:
    rows = [[{"text": "a", "callback_data": "a"}]] * 101
    refused = await bot.refused(
        "sendMessage", chat_id=siti.chat_id, text="a", reply_markup={"inline_keyboard": rows}
    )
    assert refused == "Bad Request: reply markup is too long"


async def test_nobody_is_written_to_who_never_pressed_start(
    bot: Any, simulator: Simulator
) -> None:
    stranger = simulator.person("Orang Asing")
    refused = await bot.refused("sendMessage", chat_id=stranger.chat_id, text="Halo")
    assert refused == "Bad Request: chat not found"
    assert await bot.refused("sendMessage", chat_id=1, text="x") == "Bad Request: chat not found"
    assert await bot.refused("sendMessage", text="x") == "Bad Request: chat_id is empty"


async def test_someone_met_in_a_group_must_still_press_start(
    bot: Any, simulator: Simulator
) -> None:
    budi = simulator.person("Budi")
    await simulator.group("RT 05").send(budi, "halo")
    refused = await bot.refused("sendMessage", chat_id=budi.chat_id, text="Halo")
    assert refused == "Forbidden: bot can't initiate conversation with a user"


async def test_a_block_is_told_and_respected(bot: Any, simulator: Simulator, siti: Phone) -> None:
    await siti.block()
    refused = await bot.refused("sendMessage", chat_id=siti.chat_id, text="Halo")
    assert refused == "Forbidden: bot was blocked by the user"
    await siti.unblock()
    await bot("sendMessage", chat_id=siti.chat_id, text="Halo")
    changes = [u["my_chat_member"] for u in await bot("getUpdates")]
    pairs = [(c["old_chat_member"]["status"], c["new_chat_member"]["status"]) for c in changes]
    assert pairs == [("member", "kicked"), ("kicked", "member")]


async def test_an_edit_changes_the_same_message(bot: Any, siti: Phone) -> None:
    sent = await bot.ask(siti, "Ya")
    where = {"chat_id": siti.chat_id, "message_id": sent["message_id"]}
    edited = await bot("editMessageText", **where, text="Sudah")
    assert edited["edit_date"] >= edited["date"]
    assert [m.text for m in siti.messages if m.from_bot] == ["Sudah"]
    assert siti.last.edited == 1
    assert siti.last.keyboard == [], "an edit without a keyboard takes the old one off"


async def test_an_edit_that_changes_nothing_is_refused(bot: Any, siti: Phone) -> None:
    sent = await bot.ask(siti, "Ya")
    where = {"chat_id": siti.chat_id, "message_id": sent["message_id"]}
    same = await bot.refused(
        "editMessageText", **where, text="Pilih", reply_markup=sent["reply_markup"]
    )
    assert same == (
        "Bad Request: message is not modified: specified new message content and reply markup "
        "are exactly the same as a current content and reply markup of the message"
    )
    await bot("editMessageReplyMarkup", **where)
    assert "not modified" in await bot.refused("editMessageReplyMarkup", **where)


async def test_what_can_not_be_edited(bot: Any, siti: Phone) -> None:
    own = siti.messages[0]
    where = {"chat_id": siti.chat_id, "text": "x"}
    edit = "editMessageText"
    assert "message can't be edited" in await bot.refused(edit, message_id=own.id, **where)
    assert "message to edit not found" in await bot.refused(edit, message_id=999, **where)
    assert "message identifier is not specified" in await bot.refused(edit, **where)
    file = {"document": ("a.csv", b"1")}
    sent = await bot("sendDocument", chat_id=siti.chat_id, files=file)
    refused = await bot.refused(edit, message_id=sent["message_id"], **where)
    assert refused == "Bad Request: there is no text in the message to edit"


async def test_deleting_ends_after_two_days(bot: Any, siti: Phone, clock: Any) -> None:
    first = await bot("sendMessage", chat_id=siti.chat_id, text="satu")
    where = {"chat_id": siti.chat_id, "message_id": first["message_id"]}
    assert await bot("deleteMessage", **where) is True
    assert siti.messages[-1].deleted
    assert "message to delete not found" in await bot.refused("deleteMessage", **where)
    assert "to edit not found" in await bot.refused("editMessageText", **where, text="x")
    second = await bot("sendMessage", chat_id=siti.chat_id, text="dua")
    await clock.move(48 * 3600 + 1)
    where["message_id"] = second["message_id"]
    assert "can't be deleted for everyone" in await bot.refused("deleteMessage", **where)


async def test_a_tap_is_answered_once_and_in_time(bot: Any, siti: Phone, clock: Any) -> None:
    await bot.ask(siti, "Ya", "Tidak")
    tap = await siti.tap("Ya")
    [update] = await bot("getUpdates")
    query = update["callback_query"]
    assert query["id"] == tap
    assert query["data"] == "Ya"
    assert query["message"]["reply_markup"]["inline_keyboard"][0][0]["text"] == "Ya"
    answer = {"callback_query_id": tap, "text": "Tercatat", "show_alert": True}
    await bot("answerCallbackQuery", **answer)
    assert [(t.text, t.alert) for t in siti.toasts] == [("Tercatat", True)]
    too_late = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert await bot.refused("answerCallbackQuery", **answer) == too_late
    late = await siti.tap("Tidak")
    await clock.move(151)
    assert await bot.refused("answerCallbackQuery", callback_query_id=late) == too_late
    assert await bot.refused("answerCallbackQuery", callback_query_id="1") == too_late


async def test_a_file_arrives_whole_and_can_be_sent_again(bot: Any, siti: Phone) -> None:
    content = bytes(range(256)) * 9
    sent = await bot(
        "sendDocument",
        chat_id=siti.chat_id,
        caption="Rekap",
        document="attach://berkas",
        files={"berkas": ("rekap.bin", content, "application/x-thing")},
    )
    assert siti.last.document_bytes == content
    assert siti.last.document_name == "rekap.bin"
    assert sent["caption"] == "Rekap"
    again = await bot("sendDocument", chat_id=siti.chat_id, document=sent["document"]["file_id"])
    assert again["document"] == sent["document"]
    where = {"chat_id": siti.chat_id}
    empty = await bot.refused("sendDocument", files={"document": b""}, **where)
    assert empty == "Bad Request: file must be non-empty"
    assert "wrong file identifier" in await bot.refused("sendDocument", document="x", **where)
    files = {"document": b"1"}
    long = await bot.refused("sendDocument", caption="a" * 1025, files=files, **where)
    assert long == "Bad Request: message caption is too long"


async def test_a_picture_must_be_one(bot: Any, siti: Phone) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4) + (320).to_bytes(4)
    sent = await bot("sendPhoto", chat_id=siti.chat_id, files={"photo": png})
    assert (sent["photo"][0]["width"], sent["photo"][0]["height"]) == (640, 320)
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08" + (20).to_bytes(2) + (30).to_bytes(2)
    sent = await bot("sendPhoto", chat_id=siti.chat_id, files={"photo": jpeg + b"\0" * 4})
    assert (sent["photo"][0]["width"], sent["photo"][0]["height"]) == (30, 20)
    text = {"photo": b"not a picture"}
    assert "IMAGE_PROCESS_FAILED" in await bot.refused(
        "sendPhoto", chat_id=siti.chat_id, files=text
    )


async def test_a_reply_needs_its_message(bot: Any, siti: Phone) -> None:
    own = siti.messages[0]
    where: dict[str, Any] = {"chat_id": siti.chat_id, "text": "Baik"}
    sent = await bot("sendMessage", **where, reply_parameters={"message_id": own.id})
    assert sent["reply_to_message"]["message_id"] == own.id
    gone = {"message_id": 4711}
    refused = await bot.refused("sendMessage", **where, reply_parameters=gone)
    assert refused == "Bad Request: message to be replied not found"
    gone["allow_sending_without_reply"] = True
    assert "reply_to_message" not in await bot("sendMessage", **where, reply_parameters=gone)


async def test_a_group_is_written_to_until_the_bot_is_thrown_out(
    bot: Any, simulator: Simulator, siti: Phone
) -> None:
    group = simulator.group("Kelurahan")
    await group.send(siti, "/start halo")
    sent = await bot("sendMessage", chat_id=group.chat_id, text="Halo semua")
    assert sent["chat"] == {"id": group.chat_id, "title": "Kelurahan", "type": "supergroup"}
    assert [m.text for m in group.messages] == ["/start halo", "Halo semua"]
    await group.remove_bot(siti)
    refused = await bot.refused("sendMessage", chat_id=group.chat_id, text="Halo")
    assert refused == "Forbidden: bot was kicked from the supergroup chat"
    kinds = [next(k for k in u if k != "update_id") for u in await bot("getUpdates")]
    assert kinds == ["message", "my_chat_member"]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("{broken", "can't parse reply keyboard markup JSON object"),
        ("[]", "object expected as reply markup"),
        ({"shiny": True}, "can't parse reply keyboard markup JSON object"),
        ({"inline_keyboard": {}}, "can't parse inline keyboard markup JSON object"),
        ({"inline_keyboard": [[{}]]}, "can't parse inline keyboard button"),
        ({"keyboard": [[{}]]}, "can't parse keyboard button"),
        ({"keyboard": [[" "]]}, "keyboard button text must be non-empty"),
    ],
)
async def test_keyboards_that_are_refused(bot: Any, siti: Phone, markup: Any, words: str) -> None:
    refused = await bot.refused("sendMessage", chat_id=siti.chat_id, text="a", reply_markup=markup)
    assert words in refused


async def test_a_message_can_only_be_edited_to_inline_buttons(bot: Any, siti: Phone) -> None:
    sent = await bot.ask(siti, "Ya")
    where = {"chat_id": siti.chat_id, "message_id": sent["message_id"], "text": "x"}
    refused = await bot.refused("editMessageText", **where, reply_markup={"remove_keyboard": True})
    assert refused == "Bad Request: inline keyboard expected"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"text": ["x"]}, 'field "text" must be of type String'),
        ({"text": "x", "parse_mode": "Klingon"}, "unsupported parse_mode"),
        ({"text": "x", "entities": "{"}, "can't parse message entities JSON object"),
        ({"text": "x", "entities": {}}, "can't parse entities: expected an Array"),
        ({"text": "x", "entities": ["b"]}, "can't parse entities: expected an Object"),
        ({"text": "x", "chat_id": "@kota"}, "chat not found"),
        ({"text": "x", "chat_id": True}, "chat_id is empty"),
    ],
)
async def test_parameters_that_are_refused(
    bot: Any, siti: Phone, params: dict[str, Any], words: str
) -> None:
    refused = await bot.refused("sendMessage", **{"chat_id": siti.chat_id, **params})
    assert words in refused


async def test_numbers_that_are_none(bot: Any, siti: Phone) -> None:
    where = {"chat_id": siti.chat_id, "message_id": "satu"}
    refused = await bot.refused("deleteMessage", **where)
    assert refused == 'Bad Request: invalid parameter "message_id" specified'
    assert (await bot("sendMessage", chat_id=siti.chat_id, text=5))["text"] == "5"


async def test_a_tap_note_has_two_hundred_characters(bot: Any, siti: Phone) -> None:
    await bot.ask(siti, "Ya")
    tap = {"callback_query_id": await siti.tap("Ya")}
    too_long = await bot.refused("answerCallbackQuery", **tap, text="a" * 201)
    assert too_long == "Bad Request: MESSAGE_TOO_LONG"
    await bot("answerCallbackQuery", **tap, text="a" * 200)
