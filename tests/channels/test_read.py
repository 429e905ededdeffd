"""Each sort of update is read as what the person did, and nobody else's doing is taken for it."""

from __future__ import annotations

from typing import Any

import pytest

from channels.result import Unreadable
from channels.telegram import Head, Telegram
from channels.telegram.codec import sign
from talk.messages import Inbound, Kind, Press
from tests.channels.line import BOT_ID, KEY, Line, bot, yes
from tests.channels.updates import (
    CONTENTS,
    DATA,
    PERSON,
    REF,
    SEEDS,
    Json,
    chat,
    edited,
    group,
    membership,
    message,
    raw,
    tap,
    user,
)

ME = str(PERSON)


@pytest.fixture
async def telegram() -> Telegram:
    """A bot that knows its name."""
    known = bot(Line(yes({"id": BOT_ID, "username": "TanggapBot"})))
    await known.start()
    return known


def inbound(kind: Kind, **parts: Any) -> Inbound:
    return Inbound("telegram", BOT_ID, **{"chat": ME, "kind": kind, "language": "id", **parts})


TYPED = {
    "Pelayanannya baik": inbound(Kind.TEXT, text="Pelayanannya baik"),
    "  baik\u200b \u202e": inbound(Kind.TEXT, text="baik"),
    "4": inbound(Kind.TEXT, text="4"),
    "\u200b": inbound(Kind.TEXT, text=""),
    "/start": inbound(Kind.START),
    "/start loket-3_a": inbound(Kind.START, argument="loket-3_a"),
    "/start@tanggapbot loket3": inbound(Kind.START, argument="loket3"),
    "/START loket3": inbound(Kind.START, argument="loket3"),
    "/start  dua kata": inbound(Kind.START, argument="dua kata"),
    "/privasi": inbound(Kind.COMMAND, text="privasi"),
    "/Privasi": inbound(Kind.COMMAND, text="privasi"),
    "/privasi@TanggapBot": inbound(Kind.COMMAND, text="privasi"),
    "/hapus semua\ndata": inbound(Kind.COMMAND, text="hapus", argument="semua\ndata"),
    "/privasi@botlain": inbound(Kind.TEXT, text="/privasi@botlain"),
    "/start@botlain x": inbound(Kind.TEXT, text="/start@botlain x"),
    "/": inbound(Kind.TEXT, text="/"),
    "/ privasi": inbound(Kind.TEXT, text="/ privasi"),
    "//": inbound(Kind.TEXT, text="//"),
    "1/2": inbound(Kind.TEXT, text="1/2"),
    "/" + "x" * 65: inbound(Kind.TEXT, text="/" + "x" * 65),
}


@pytest.mark.parametrize("text", TYPED)
def test_what_was_typed(telegram: Telegram, text: str) -> None:
    assert telegram.read(raw(message(text=text))) == TYPED[text]


@pytest.mark.parametrize("length", [0, 1, 3999, 4000, 4001, 4095, 4096, 4097, 60_000])
@pytest.mark.parametrize("letter", ["a", "é", "😀"])
def test_a_long_text_is_cut_at_4000(telegram: Telegram, length: int, letter: str) -> None:
    read = telegram.read(raw(message(text=letter * length)))
    assert read == inbound(Kind.TEXT, text=letter * min(length, 4000))


@pytest.mark.parametrize("sort", sorted(CONTENTS))
def test_what_was_sent_instead_of_words(telegram: Telegram, sort: str) -> None:
    update = message(**{sort: CONTENTS[sort]}, caption="keterangan")
    assert telegram.read(raw(update)) == inbound(Kind.OTHER, text=sort)


def test_the_more_telling_sort_is_named(telegram: Telegram) -> None:
    moving = message(document=CONTENTS["document"], animation=CONTENTS["animation"])
    assert telegram.read(raw(moving)).text == "animation"
    place = message(location=CONTENTS["location"], venue=CONTENTS["venue"])
    assert telegram.read(raw(place)).text == "venue"


@pytest.mark.parametrize(
    "service", ["pinned_message", "successful_payment", "message_auto_delete_timer_changed", "x"]
)
def test_service_messages_are_about_no_conversation(telegram: Telegram, service: str) -> None:
    read = telegram.read(raw(message(**{service: {"a": 1}})))
    assert read == inbound(Kind.UNKNOWN, text="message", language="")


def test_an_edit(telegram: Telegram) -> None:
    assert telegram.read(raw(edited())) == inbound(Kind.EDITED, text="Baik sekali")
    photo = edited(text=..., photo=CONTENTS["photo"])
    assert telegram.read(raw(photo)) == inbound(Kind.EDITED)
    assert telegram.read(raw(edited(text="/start x"))).kind is Kind.EDITED


def test_a_tap(telegram: Telegram) -> None:
    assert telegram.read(raw(tap())) == inbound(
        Kind.PRESS, press=Press(REF, "rate:4"), message="31", query="4382bfdwdsb323b2d9"
    )


def test_a_tap_under_an_old_message(telegram: Telegram) -> None:
    old = tap(message={"chat": chat(), "message_id": 3, "date": 0})
    assert telegram.read(raw(old)) == inbound(
        Kind.PRESS, press=Press(REF, "rate:4"), message="3", query="4382bfdwdsb323b2d9"
    )


OTHERS = user(id=PERSON + 1)
FORGED: dict[str, Json] = {
    "no data": tap(data=...),
    "null data": tap(data=None),
    "empty": tap(data=""),
    "noise": tap(data="A" * 64),
    "65 bytes": tap(data=DATA + "x" * 50),
    "an old deployment's": tap(data="rate:4"),
    "one letter off": tap(data=DATA[:-1] + "5"),
    "another version": tap(data="2" + DATA[1:]),
    "another person's": tap(data=sign(KEY, BOT_ID, str(PERSON + 1), REF, "rate:4")),
    "another bot's": tap(data=sign(KEY, BOT_ID + 1, ME, REF, "rate:4")),
    "another key's": tap(data=sign(b"x" * 32, BOT_ID, ME, REF, "rate:4")),
    "an admin's action": tap(data=DATA[:20] + "approve:1"),
    "pressed by somebody else": tap(**{"from": OTHERS}),
    "a game": tap(data=..., game_short_name="g"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_button_that_is_not_ours_for_this_person(telegram: Telegram, name: str) -> None:
    assert telegram.read(raw(FORGED[name])) == inbound(
        Kind.PRESS, press=None, message="31", query="4382bfdwdsb323b2d9"
    )


def test_a_button_without_its_message_proves_nothing(telegram: Telegram) -> None:
    assert telegram.read(raw(tap(message=..., inline_message_id="a"))) == inbound(
        Kind.PRESS, press=None, query="4382bfdwdsb323b2d9"
    )


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel", "something new"])
def test_we_are_for_private_chats(telegram: Telegram, kind: str) -> None:
    there = str(group()["id"])
    spoken = inbound(Kind.GROUP, chat=there, language="")
    assert telegram.read(raw(message(chat=group(kind), text="/start x"))) == spoken
    assert telegram.read(raw(edited(chat=group(kind)))) == spoken
    pressed = tap(message={"chat": group(kind), "message_id": 3, "date": 1})
    assert telegram.read(raw(pressed)) == inbound(
        Kind.GROUP, chat=there, message="3", query="4382bfdwdsb323b2d9", language=""
    )
    changed = telegram.read(raw(membership("kicked", chat=group(kind))))
    assert changed == inbound(Kind.UNKNOWN, chat=there, text="my_chat_member", language="")


@pytest.mark.parametrize(
    ("status", "kind"), [("kicked", Kind.BLOCKED), ("member", Kind.UNBLOCKED)]
)
def test_shut_out_and_let_in(telegram: Telegram, status: str, kind: Kind) -> None:
    assert telegram.read(raw(membership(status))) == inbound(kind)


@pytest.mark.parametrize("status", ["left", "administrator", "restricted", "creator", "new"])
def test_other_memberships_mean_nothing_here(telegram: Telegram, status: str) -> None:
    assert telegram.read(raw(membership(status))).kind is Kind.UNKNOWN


# Whose doing it is: numbers, bots, anonymous senders.

OURSELVES = user(id=BOT_ID, is_bot=True)
NOT_A_PERSON: dict[str, Json] = {
    "we ourselves": message(**{"from": OURSELVES}, text="x"),
    "we ourselves, chat and all": message(
        **{"from": user(id=BOT_ID)}, chat=chat(id=BOT_ID), text="x"
    ),
    "our own chat, nobody named": message(**{"from": ...}, chat=chat(id=BOT_ID), text="x"),
    "another bot": message(**{"from": user(is_bot=True)}, text="x"),
    "somebody in another's chat": message(**{"from": OTHERS}, text="x"),
    "a chat with number 0": message(**{"from": ...}, chat=chat(id=0), text="x"),
    "a chat below 0": message(**{"from": ...}, chat=chat(id=-5), text="x"),
    "an edit of ours": edited(**{"from": OURSELVES}),
    "a tap by a bot": tap(**{"from": user(is_bot=True)}),
    "a tap by ourselves": tap(**{"from": user(id=BOT_ID)}),
    "a membership by a bot": membership("kicked", **{"from": OURSELVES}),
}


@pytest.mark.parametrize("name", NOT_A_PERSON)
def test_what_no_person_did_is_not_taken_for_one(telegram: Telegram, name: str) -> None:
    assert telegram.read(raw(NOT_A_PERSON[name])).kind is Kind.UNKNOWN


FROM_SOMEBODY: dict[str, Json] = {
    "nobody named in a private chat": message(**{"from": ...}, text="x"),
    "forwarded from a hidden person": message(
        text="x", forward_origin={"type": "hidden_user", "sender_user_name": "A", "date": 1}
    ),
    "forwarded from a channel": message(
        text="x",
        forward_origin={"type": "channel", "chat": group("channel"), "message_id": 1, "date": 1},
    ),
    "by way of an inline bot": message(text="x", via_bot=user(id=9, is_bot=True)),
    "a reply": message(text="x", reply_to_message={"message_id": 1, "chat": group(), "date": 1}),
    "the largest number": message(**{"from": user(id=2**53)}, chat=chat(id=2**53), text="x"),
    "beyond 31 bits": message(**{"from": user(id=2**31)}, chat=chat(id=2**31), text="x"),
    "52 bits": message(**{"from": user(id=2**52)}, chat=chat(id=2**52), text="x"),
}


@pytest.mark.parametrize("name", FROM_SOMEBODY)
def test_a_person_is_the_chat(telegram: Telegram, name: str) -> None:
    update = FROM_SOMEBODY[name]
    read = telegram.read(raw(update))
    assert (read.kind, read.text) == (Kind.TEXT, "x")
    assert read.chat == str(update["message"]["chat"]["id"])


@pytest.mark.parametrize(
    "update",
    [
        message(chat=group(), text="x", sender_chat=group()),
        message(
            chat=group(), text="x", **{"from": user(id=1087968824, username="GroupAnonymousBot")}
        ),
        message(chat=group(), text="x", **{"from": ...}, sender_chat=group("channel")),
        message(chat=group("channel"), text="x", **{"from": ...}),
        message(chat=group(), new_chat_members=[OURSELVES]),
        message(chat=group(), migrate_to_chat_id=-100999),
        message(chat=group(), text="/start x", message_thread_id=4, is_topic_message=True),
    ],
)
def test_a_group_s_anonymous_people_are_a_group(telegram: Telegram, update: Json) -> None:
    assert telegram.read(raw(update)).kind is Kind.GROUP


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64, 10**30, "5", 5.5, True, None, [], {}])
@pytest.mark.parametrize("where", ["chat", "from", "update_id", "tapper", "tapped"])
def test_a_number_out_of_range_or_shape_is_unreadable(
    telegram: Telegram, where: str, number: Any
) -> None:
    updates = {
        "chat": message(chat=chat(id=number), text="x"),
        "from": message(**{"from": user(id=number)}, text="x"),
        "update_id": message(text="x") | {"update_id": number},
        "tapper": tap(**{"from": user(id=number)}),
        "tapped": tap(message={"chat": chat(), "date": 0, "message_id": number}),
    }
    with pytest.raises(Unreadable):
        telegram.read(raw(updates[where]))


# New things in the Bot API.

NEW = {"a": [1, {"b": None}], "c": "d"}


@pytest.mark.parametrize(
    "sort",
    [
        *("channel_post", "edited_channel_post", "inline_query", "chosen_inline_result"),
        *("shipping_query", "pre_checkout_query", "poll", "poll_answer", "chat_member"),
        *("chat_join_request", "message_reaction", "message_reaction_count", "chat_boost"),
        *("removed_chat_boost", "business_connection", "business_message", "new_thing"),
        *("edited_business_message", "deleted_business_messages", "purchased_paid_media"),
    ],
)
@pytest.mark.parametrize("content", [NEW, {}, [], "x", 7, True])
def test_an_unknown_sort_is_named_and_kept(telegram: Telegram, sort: str, content: Any) -> None:
    update = raw({"update_id": 8, sort: content})
    assert telegram.read(update) == Inbound("telegram", BOT_ID, "", Kind.UNKNOWN, text=sort)
    assert telegram.head(update) == Head(8, sort, "")


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("value", [NEW, None, [], "x", 2**70])
def test_new_fields_change_nothing(telegram: Telegram, name: str, value: Any) -> None:
    def grown(node: Any) -> Any:
        if isinstance(node, list):
            return [grown(entry) for entry in node]
        if isinstance(node, dict):
            return {key: grown(entry) for key, entry in node.items()} | {"new_thing": value}
        return node

    assert telegram.read(raw(grown(SEEDS[name]))) == telegram.read(raw(SEEDS[name]))
    assert telegram.head(raw(grown(SEEDS[name]))) == telegram.head(raw(SEEDS[name]))


@pytest.mark.parametrize("nothing", [{}, {"message": None}, {"callback_query": None}])
def test_an_update_about_nothing(telegram: Telegram, nothing: Json) -> None:
    read = telegram.read(raw({"update_id": 8, **nothing}))
    assert read == Inbound("telegram", BOT_ID, "", Kind.UNKNOWN)
    assert telegram.head(raw({"update_id": 8, **nothing})) == Head(8, "", "")


@pytest.mark.parametrize(
    ("code", "language"),
    [("id", "id"), ("ID", "id"), ("en-GB", "en"), ("zh-hans", "zh"), ("min", ""), ("", "")]
    + [(None, ""), ("x1", ""), ("é1", ""), ("i", ""), ("-id", ""), ("éé", "")],
)
def test_the_language_of_the_app(telegram: Telegram, code: str | None, language: str) -> None:
    update = message(**{"from": user(language_code=code)}, text="x")
    assert telegram.read(raw(update)).language == language


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
