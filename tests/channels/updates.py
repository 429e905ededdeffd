"""Updates as Telegram sends them: seeds for tables and mutants, strategies for comparison."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from channels.telegram.codec import sign
from talk.reference import reference
from tests.channels.line import BOT_ID, KEY

Json = dict[str, Any]
PERSON = 5_000_000_042
REF = reference("in:1:1")
DATA = sign(KEY, BOT_ID, str(PERSON), REF, "rate:4")


def raw(update: object) -> bytes:
    """The update as bytes on the line."""
    return msgspec.json.encode(update)


def user(**changes: Any) -> Json:
    """A person with a phone set to Indonesian."""
    return {
        "id": PERSON,
        "is_bot": False,
        "first_name": "Sri",
        "last_name": "Wahyuni",
        "username": "sri_w",
        "language_code": "id",
        **changes,
    }


def chat(**changes: Any) -> Json:
    """The private chat with that person."""
    return {"id": PERSON, "type": "private", "first_name": "Sri", "username": "sri_w", **changes}


def group(kind: str = "supergroup") -> Json:
    """A chat of several people."""
    return {"id": -1001234567890, "type": kind, "title": "RT 05"}


def message(**changes: Any) -> Json:
    """An update with a message; a field set to ... is left out."""
    return {"update_id": 700_000_001, "message": body(**changes)}


def body(**changes: Any) -> Json:
    """A message as it stands inside updates."""
    whole = {"message_id": 31, "date": 1_700_000_000, "chat": chat(), "from": user(), **changes}
    return {name: value for name, value in whole.items() if value is not ...}


def tap(**changes: Any) -> Json:
    """An update with a tapped button; a field set to ... is left out."""
    whole = {
        "id": "4382bfdwdsb323b2d9",
        "from": user(),
        "chat_instance": "-8877665544",
        "message": body(
            **{"from": {"id": BOT_ID, "is_bot": True, "first_name": "Tanggap"}},
            text="Bagaimana pelayanan kami?",
            reply_markup={"inline_keyboard": [[{"text": "Baik", "callback_data": DATA}]]},
        ),
        "data": DATA,
        **changes,
    }
    query = {name: value for name, value in whole.items() if value is not ...}
    return {"update_id": 700_000_002, "callback_query": query}


def membership(status: str, **changes: Any) -> Json:
    """An update that says the person shut us out or let us in again."""
    bot_user = {"id": BOT_ID, "is_bot": True, "first_name": "Tanggap", "username": "tanggapbot"}
    old: Json = {"user": bot_user, "status": "member" if status == "kicked" else "kicked"}
    new: Json = {"user": bot_user, "status": status}
    for member in (old, new):
        if member["status"] == "kicked":
            member["until_date"] = 0
    return {
        "update_id": 700_000_003,
        "my_chat_member": {
            "chat": chat(),
            "from": user(),
            "date": 1_700_000_000,
            "old_chat_member": old,
            "new_chat_member": new,
            **changes,
        },
    }


def edited(**changes: Any) -> Json:
    """An update with a message changed after it was sent."""
    return {
        "update_id": 700_000_004,
        "edited_message": body(edit_date=1_700_000_100, **{"text": "Baik sekali", **changes}),
    }


FILE = {"file_id": "AgAC", "file_unique_id": "AQAD"}
SIZED = {**FILE, "width": 90, "height": 90}
PLACE = {"latitude": -7.797, "longitude": 110.37}
CONTENTS: dict[str, Any] = {
    "animation": {**SIZED, "duration": 3},
    "audio": {**FILE, "duration": 3},
    "contact": {"phone_number": "+628123", "first_name": "Budi", "user_id": 77},
    "dice": {"emoji": "🎲", "value": 4},
    "document": {**FILE, "file_name": "a.pdf"},
    "game": {"title": "g", "description": "d", "photo": [SIZED]},
    "invoice": {
        "title": "t",
        "description": "d",
        "start_parameter": "s",
        "currency": "IDR",
        "total_amount": 1,
    },
    "location": PLACE,
    "paid_media": {"star_count": 1, "paid_media": []},
    "photo": [SIZED, {**SIZED, "width": 800}],
    "poll": {
        "id": "1",
        "question": "q",
        "options": [],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    },
    "sticker": {**SIZED, "is_animated": False, "is_video": False, "type": "regular"},
    "story": {"chat": {"id": 9, "type": "private"}, "id": 3},
    "venue": {"location": PLACE, "title": "Kelurahan", "address": "Jl. Mawar"},
    "video": {**SIZED, "duration": 3},
    "video_note": {**FILE, "length": 90, "duration": 3},
    "voice": {**FILE, "duration": 3},
}
COMPANIONS = {"animation": {"document": CONTENTS["document"]}, "venue": {"location": PLACE}}

SEEDS: dict[str, Json] = {
    "text": message(text="Pelayanannya baik"),
    "start": message(
        text="/start loket3", entities=[{"type": "bot_command", "offset": 0, "length": 6}]
    ),
    "photo": message(photo=CONTENTS["photo"], caption="Loket 3"),
    "group": message(chat=group(), text="halo"),
    "tap": tap(),
    "old tap": tap(message={"chat": chat(), "message_id": 3, "date": 0}),
    "blocked": membership("kicked"),
    "unblocked": membership("member"),
    "edited": edited(),
    "contact": message(contact=CONTENTS["contact"]),
}

# Strategies of valid updates, with more fields than we use.

_ids = st.integers(1, 2**52 - 1).filter(lambda n: n != BOT_ID)
_words = st.text(st.characters(codec="utf-8"), max_size=30)
_typed = _words | st.sampled_from(
    ["/start", "/start abc-_1", "/START x", "/privasi", "/bantuan@tanggapbot 2", "/x@lain", "/"]
)
_languages = st.sampled_from(["id", "en", "en-GB", "zh-hans", "min", "jv", "ID", "x", ""])


@st.composite
def users(draw: st.DrawFn, number: int | None = None) -> Json:
    """Any person, with or without the optional fields."""
    found: Json = {
        "id": draw(_ids) if number is None else number,
        "is_bot": draw(st.sampled_from([False, False, False, True])),
        "first_name": draw(_words),
    }
    if draw(st.booleans()):
        found["language_code"] = draw(_languages)
    if draw(st.booleans()):
        found |= {"last_name": draw(_words), "is_premium": True, "new_field": {"a": [1]}}
    return found


@st.composite
def messages(draw: st.DrawFn) -> Json:
    """Any message: typed or not, private or not."""
    kind = draw(
        st.sampled_from(["private", "private", "private", "group", "supergroup", "channel"])
    )
    number = draw(_ids)
    found: Json = {"message_id": draw(st.integers(1, 2**31)), "date": draw(st.integers(1, 2**31))}
    if kind == "private":
        found["chat"] = {"id": number, "type": kind, "first_name": draw(_words)}
        found["from"] = draw(users(number))
    else:
        found["chat"] = {"id": -number, "type": kind, "title": draw(_words)}
        if kind != "channel":
            found["from"] = draw(users())
        else:
            found["sender_chat"] = found["chat"]
    if draw(st.booleans()):
        found["text"] = draw(_typed)
    else:
        sort = draw(st.sampled_from([*sorted(CONTENTS), "pinned_message", "delete_chat_photo"]))
        found |= COMPANIONS.get(sort, {})
        service = {"message_id": 1, "date": 0, "chat": found["chat"]}
        found[sort] = CONTENTS.get(sort, service if sort == "pinned_message" else True)
        if draw(st.booleans()) and sort in ("photo", "video", "document"):
            found["caption"] = draw(_words)
    if draw(st.booleans()):
        found["reply_to_message"] = {
            "message_id": 1,
            "date": 5,
            "chat": found["chat"],
            "text": "x",
        }
    return found


@st.composite
def valid(draw: st.DrawFn) -> Json:
    """Any update of the sorts we read."""
    update: Json = {"update_id": draw(st.integers(1, 2**31))}
    match draw(st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member"])):
        case "callback_query":
            update["callback_query"] = draw(_taps())
        case "my_chat_member":
            number = draw(_ids)
            found = membership(draw(st.sampled_from(["kicked", "member"])))["my_chat_member"]
            place = draw(st.sampled_from([{"id": number, "type": "private"}, group()]))
            update["my_chat_member"] = found | {"chat": place, "from": draw(users(number))}
        case sort:
            update[sort] = draw(messages())
            if sort == "edited_message":
                update[sort]["edit_date"] = update[sort]["date"] + 1
    return update


@st.composite
def _taps(draw: st.DrawFn) -> Json:
    number = draw(_ids)
    found: Json = {"id": str(draw(_ids)), "from": draw(users(number)), "chat_instance": "1"}
    place = draw(
        st.sampled_from([{"id": number, "type": "private"}, {"id": 7, "type": "private"}, group()])
    )
    match draw(st.sampled_from(["accessible", "inaccessible", "inline"])):
        case "accessible":
            found["message"] = {"message_id": 9, "date": 1_700_000_000, "chat": place, "text": "?"}
        case "inaccessible":
            found["message"] = {"message_id": 9, "date": 0, "chat": place}
        case _:
            found["inline_message_id"] = "abc"
    match draw(st.sampled_from(["ours", "noise", "game"])):
        case "ours":
            value = draw(st.sampled_from(["4", "!yes", "rate:4"]))
            found["data"] = sign(KEY, BOT_ID, str(number), REF, value)
        case "noise":
            found["data"] = draw(_words)
        case _:
            found["game_short_name"] = "g"
    return found
