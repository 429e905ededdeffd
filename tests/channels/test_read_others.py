"""What no person did, and what is new in the Bot API, is told apart and kept."""

from __future__ import annotations

from typing import Any

import pytest

from channels.result import Unreadable
from channels.telegram import Head, Telegram
from talk.messages import Inbound, Kind
from tests.channels.line import BOT_ID
from tests.channels.updates import (
    PERSON,
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


# Whose doing it is: numbers, bots, anonymous senders.

OURSELVES = user(id=BOT_ID, is_bot=True)
NOT_A_PERSON: dict[str, Json] = {
    "we ourselves": message(**{"from": OURSELVES}, text="x"),
    "we ourselves, chat and all": message(
        **{"from": user(id=BOT_ID)}, chat=chat(id=BOT_ID), text="x"
    ),
    "our own chat, nobody named": message(**{"from": ...}, chat=chat(id=BOT_ID), text="x"),
    "another bot": message(**{"from": user(is_bot=True)}, text="x"),
    "somebody in another's chat": message(**{"from": user(id=PERSON + 1)}, text="x"),
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
