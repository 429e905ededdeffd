"""One update of the Bot API, read as what a person did.

The structs hold the fields we use and nothing else, so new fields and new kinds of updates
cannot break them. A field we use that is missing or of another type makes the update Unreadable.
"""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

import msgspec

from channels.result import Unreadable
from channels.telegram.codec import verify
from talk.clean import clean
from talk.messages import Inbound, Kind

CHANNEL = "telegram"

# Telegram promises at most 52 significant bits; JSON's numbers are exact up to 53.
Id = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class _Chat(msgspec.Struct):
    id: Id
    type: str


class _User(msgspec.Struct):
    id: Id
    is_bot: bool = False
    language_code: str | None = None


class _Message(msgspec.Struct):
    chat: _Chat
    user: _User | None = msgspec.field(default=None, name="from")
    text: str | None = None


class _Tapped(msgspec.Struct):
    """The message with the button; of an old one only these two are told."""

    chat: _Chat
    message_id: Id


class _Query(msgspec.Struct):
    id: str
    user: _User = msgspec.field(name="from")
    message: _Tapped | None = None
    data: str | None = None


class _Member(msgspec.Struct):
    status: str


class _Membership(msgspec.Struct):
    chat: _Chat
    user: _User = msgspec.field(name="from")
    new_chat_member: _Member


class _Update(msgspec.Struct):
    update_id: Id
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Query | None = None
    my_chat_member: _Membership | None = None


READ = ("message", "edited_message", "callback_query", "my_chat_member")
"""The sorts of update we ask Telegram for."""

# What a message without text may be, the more telling first: an animation is also a document,
# a venue also a location.
_CONTENTS = (
    *("animation", "audio", "live_photo", "paid_media", "photo", "sticker", "story"),
    *("video_note", "video", "voice", "document", "checklist", "contact", "dice", "game"),
    *("invoice", "poll", "venue", "location"),
)
_COMMAND = re.compile(r"/(\w{1,64})(?:@(\w+))?(?:\s+(.*))?", re.S)
_NAME = re.compile(r"[a-z0-9_]{1,64}")  # no kind is called otherwise, and any can be stored
_UPDATE_ID = re.compile(rb'"update_id"\s*:\s*(\d{1,15})(?!\d|\.)')
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_update = msgspec.json.Decoder(_Update)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_id = msgspec.json.Decoder(Id)


class Head(NamedTuple):
    """What must be known of an update to store it and to keep a chat's updates in order."""

    update_id: int | None
    sort: str  # "message", "callback_query", …; "" when it cannot be told
    chat: str


class _HasId(msgspec.Struct):
    id: Id


class _HasChat(msgspec.Struct):
    chat: _HasId


class _HasQuery(msgspec.Struct):
    user: _HasId = msgspec.field(name="from")
    message: _HasChat | None = None


_has_chat = msgspec.json.Decoder(_HasChat)
_has_query = msgspec.json.Decoder(_HasQuery)


def head(raw: bytes) -> Head:
    """The number, sort and chat of an update as far as they can be told. Never raises."""
    try:
        fields = _fields.decode(raw)
    except _BROKEN:
        # Broken somewhere; the number still lets Telegram be told that it was taken.
        found = _UPDATE_ID.search(raw)
        return Head(int(found[1]) if found else None, "", "")
    sort = _sort(fields)
    try:
        number = _id.decode(fields["update_id"])
    except (*_BROKEN, KeyError):
        number = None
    return Head(number, sort, _chat(sort, fields[sort]) if sort in READ else "")


def read(raw: bytes, *, bot_id: int, username: str, key: bytes) -> Inbound:
    """What the person did. Raises Unreadable.

    `username` is the bot's own, `key` the one its buttons are signed with.
    """
    try:
        update = _update.decode(raw)
        if update.message is not None:
            return _message(update.message, raw, bot_id, username)
        if update.edited_message is not None:
            return _edited(update.edited_message, bot_id)
        if update.callback_query is not None:
            return _press(update.callback_query, bot_id, key)
        if update.my_chat_member is not None:
            return _membership(update.my_chat_member, bot_id)
        return _unknown(bot_id, "", _sort(_fields.decode(raw)))
    except _BROKEN as error:
        # The reason names fields and types only, never what the person said.
        reason = str(error) if isinstance(error, msgspec.ValidationError) else type(error).__name__
    raise Unreadable(reason)


def _message(message: _Message, raw: bytes, bot_id: int, username: str) -> Inbound:
    chat = str(message.chat.id)
    if message.chat.type != "private":
        return Inbound(CHANNEL, bot_id, chat, Kind.GROUP)
    if not _is_person(message.user, message.chat, bot_id):
        return _unknown(bot_id, chat, "message")
    language = _language(message.user)
    if message.text is None:
        fields = _fields.decode(_fields.decode(raw)["message"])
        for sort in _CONTENTS:
            if sort in fields:
                return Inbound(CHANNEL, bot_id, chat, Kind.OTHER, text=sort, language=language)
        return _unknown(bot_id, chat, "message")
    text = clean(message.text)
    command = _COMMAND.fullmatch(text)
    if command is None or (command[2] or username).lower() != username.lower():
        return Inbound(CHANNEL, bot_id, chat, Kind.TEXT, text=text, language=language)
    name, argument = command[1].lower(), command[3] or ""
    if name == "start":
        return Inbound(CHANNEL, bot_id, chat, Kind.START, argument=argument, language=language)
    return Inbound(
        CHANNEL, bot_id, chat, Kind.COMMAND, text=name, argument=argument, language=language
    )


def _edited(message: _Message, bot_id: int) -> Inbound:
    chat = str(message.chat.id)
    if message.chat.type != "private":
        return Inbound(CHANNEL, bot_id, chat, Kind.GROUP)
    if not _is_person(message.user, message.chat, bot_id):
        return _unknown(bot_id, chat, "edited_message")
    return Inbound(
        CHANNEL,
        bot_id,
        chat,
        Kind.EDITED,
        text=clean(message.text or ""),
        language=_language(message.user),
    )


def _press(query: _Query, bot_id: int, key: bytes) -> Inbound:
    tapped = query.message
    # A button under a message sent by way of another chat comes without that message.
    chat = str(query.user.id if tapped is None else tapped.chat.id)
    message = "" if tapped is None else str(tapped.message_id)
    if tapped is not None and tapped.chat.type != "private":
        return Inbound(CHANNEL, bot_id, chat, Kind.GROUP, message=message, query=query.id)
    if query.user.is_bot or query.user.id == bot_id:
        return _unknown(bot_id, chat, "callback_query")
    press = None
    if tapped is not None and tapped.chat.id == query.user.id and query.data is not None:
        press = verify(key, bot_id, chat, query.data)
    return Inbound(
        CHANNEL,
        bot_id,
        chat,
        Kind.PRESS,
        press=press,
        message=message,
        query=query.id,
        language=_language(query.user),
    )


def _membership(change: _Membership, bot_id: int) -> Inbound:
    chat = str(change.chat.id)
    kind = {"kicked": Kind.BLOCKED, "member": Kind.UNBLOCKED}.get(change.new_chat_member.status)
    if kind is None or change.chat.type != "private":
        return _unknown(bot_id, chat, "my_chat_member")
    if not _is_person(change.user, change.chat, bot_id):
        return _unknown(bot_id, chat, "my_chat_member")
    return Inbound(CHANNEL, bot_id, chat, kind, language=_language(change.user))


def _unknown(bot_id: int, chat: str, sort: str) -> Inbound:
    return Inbound(CHANNEL, bot_id, chat, Kind.UNKNOWN, text=sort)


def _is_person(user: _User | None, chat: _Chat, bot_id: int) -> bool:
    """Whether the one whose private chat it is did it: not we ourselves, another bot, a channel.

    A private chat has the number of the person in it, so a missing sender is that person.
    """
    if chat.id <= 0 or chat.id == bot_id:
        return False
    return user is None or (user.id == chat.id and not user.is_bot)


def _language(user: _User | None) -> str:
    """The language of the person's app where it is one of two letters ("en-GB" → "en")."""
    code = (user.language_code or "") if user is not None else ""
    first = code.partition("-")[0].lower()
    return first if len(first) == 2 and first.isascii() and first.isalpha() else ""


def _sort(fields: dict[str, msgspec.Raw]) -> str:
    present = [name for name, value in fields.items() if bytes(value) != b"null"]
    for name in (*READ, *present):
        if name in present and name != "update_id":
            return name if _NAME.fullmatch(name) else ""
    return ""


def _chat(sort: str, value: msgspec.Raw) -> str:
    try:
        if sort != "callback_query":
            return str(_has_chat.decode(value).chat.id)
        query = _has_query.decode(value)
        return str(query.user.id if query.message is None else query.message.chat.id)
    except _BROKEN:
        return ""
