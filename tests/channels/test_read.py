"""Each sort of update is read as what the person did, and nobody else's doing is taken for it."""

from __future__ import annotations

from typing import Any

import pytest

from channels.telegram import Telegram
from channels.telegram.codec import sign
from talk.messages import Inbound, Kind, Press
from tests.channels.line import BOT_ID, KEY
from tests.channels.updates import (
    CONTENTS,
    DATA,
    PERSON,
    REF,
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
