"""Our reading of valid updates agrees with the library's own."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from telegram import Message, Update
from telegram.constants import ChatMemberStatus, ChatType

from channels.telegram.codec import verify
from channels.telegram.reader import Head, head, read
from talk.clean import clean
from talk.messages import Inbound, Kind, Press
from tests.channels.line import BOT_ID, KEY
from tests.channels.updates import COMPANIONS, CONTENTS, SEEDS, Json, edited, message, raw, valid

NAME = "tanggapbot"


def by_the_library(update: Update) -> Inbound:
    """The same reading, spelled with the library's objects."""
    if (message := update.message or update.edited_message) is not None:
        return by_message(message, edited=update.message is None)
    if (query := update.callback_query) is not None:
        place = None if query.message is None else query.message.chat
        chat = str(query.from_user.id if place is None else place.id)
        number = "" if query.message is None else str(query.message.message_id)
        if place is not None and place.type != ChatType.PRIVATE:
            return Inbound("telegram", BOT_ID, chat, Kind.GROUP, message=number, query=query.id)
        if query.from_user.is_bot:
            return Inbound("telegram", BOT_ID, chat, Kind.UNKNOWN, text="callback_query")
        press: Press | None = None
        if query.data and place is not None and place.id == query.from_user.id:
            press = verify(KEY, BOT_ID, chat, query.data)
        language = two_letters(query.from_user.language_code)
        return Inbound(
            "telegram", BOT_ID, chat, Kind.PRESS, "", "", press, number, query.id, language
        )
    change = update.my_chat_member
    assert change is not None
    chat = str(change.chat.id)
    if change.chat.type != ChatType.PRIVATE or change.from_user.is_bot:
        return Inbound("telegram", BOT_ID, chat, Kind.UNKNOWN, text="my_chat_member")
    gone = change.new_chat_member.status == ChatMemberStatus.BANNED
    kind = Kind.BLOCKED if gone else Kind.UNBLOCKED
    return Inbound(
        "telegram", BOT_ID, chat, kind, language=two_letters(change.from_user.language_code)
    )


def by_message(message: Message, *, edited: bool) -> Inbound:
    chat = str(message.chat_id)
    if message.chat.type != ChatType.PRIVATE:
        return Inbound("telegram", BOT_ID, chat, Kind.GROUP)
    sort = "edited_message" if edited else "message"
    assert message.from_user is not None
    if message.from_user.is_bot:
        return Inbound("telegram", BOT_ID, chat, Kind.UNKNOWN, text=sort)
    language = two_letters(message.from_user.language_code)
    if edited:
        text = clean(message.text or "")
        return Inbound("telegram", BOT_ID, chat, Kind.EDITED, text=text, language=language)
    if message.text is None:
        held = [name for name in CONTENTS if getattr(message, name)]
        if not held:
            return Inbound("telegram", BOT_ID, chat, Kind.UNKNOWN, text=sort)
        # An animation is also a document, a venue also a location: the alphabet decides rightly
        # for the first, the second is asked for.
        name = "venue" if message.venue else held[0]
        return Inbound("telegram", BOT_ID, chat, Kind.OTHER, text=name, language=language)
    text = clean(message.text)
    command, _, rest = text.partition(" ")
    name, _, addressee = command[1:].partition("@")
    if command[:1] != "/" or not name or addressee not in ("", NAME):
        return Inbound("telegram", BOT_ID, chat, Kind.TEXT, text=text, language=language)
    if name.lower() == "start":
        return Inbound("telegram", BOT_ID, chat, Kind.START, "", rest, language=language)
    return Inbound("telegram", BOT_ID, chat, Kind.COMMAND, name.lower(), rest, language=language)


def two_letters(code: str | None) -> str:
    first = (code or "").split("-")[0].lower()
    return first if first in ("id", "en", "zh", "jv") else ""


def agree(update: Json) -> None:
    line = raw(update)
    parsed = Update.de_json(msgspec.json.decode(line))
    ours = read(line, bot_id=BOT_ID, username=NAME, key=KEY)
    assert ours == by_the_library(parsed)
    sort = next(name for name in update if name != "update_id")
    assert head(line) == Head(parsed.update_id, sort, ours.chat)


@settings(max_examples=400)
@given(valid())
def test_we_agree_with_the_library(update: Json) -> None:
    agree(update)


@pytest.mark.parametrize("name", SEEDS)
def test_we_agree_on_every_seed(name: str) -> None:
    agree(SEEDS[name])


@pytest.mark.parametrize("sort", CONTENTS)
def test_we_agree_on_every_content(sort: str) -> None:
    agree(message(**{sort: CONTENTS[sort]}, **COMPANIONS.get(sort, {})))
    agree(edited(**{sort: CONTENTS[sort]}, **COMPANIONS.get(sort, {})))
