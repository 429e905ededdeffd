"""Whatever becomes of an update, it is read or it is Unreadable; nothing else ever happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.result import Unreadable
from channels.telegram.batch import split
from channels.telegram.reader import Head, head, read
from talk.messages import Inbound, Kind
from tests.channels.line import BOT_ID, KEY
from tests.channels.mutations import MISSING, MUTATIONS, changed, places
from tests.channels.updates import SEEDS, raw


def outcome(line: bytes) -> Inbound | None:
    """What was read, None for Unreadable; any other exception fails the test."""
    top = head(line)
    assert isinstance(top, Head)
    try:
        found = read(line, bot_id=BOT_ID, username="tanggapbot", key=KEY)
    except Unreadable:
        return None
    assert top.update_id is not None
    if found.chat:
        assert top.chat == found.chat
    if found.kind is not Kind.UNKNOWN and found.kind is not Kind.GROUP:
        assert int(found.chat) != BOT_ID
    return found


@pytest.mark.parametrize("name", SEEDS)
def test_every_value_of_every_seed_changed_in_every_way(name: str) -> None:
    seed = SEEDS[name]
    read_well = unreadable = 0
    for path in places(seed):
        for value in MUTATIONS:
            found = outcome(raw(changed(seed, path, value)))
            read_well += found is not None
            unreadable += found is None
    assert read_well + unreadable >= 200
    assert read_well
    assert unreadable


def test_there_are_thousands_of_mutants() -> None:
    assert sum(len(list(places(seed))) for seed in SEEDS.values()) * len(MUTATIONS) >= 4000


USED = {
    "text": [("update_id",), ("message", "chat"), ("message", "chat", "id")],
    "tap": [
        ("callback_query", "id"),
        ("callback_query", "from"),
        ("callback_query", "from", "id"),
        ("callback_query", "message", "chat", "type"),
        ("callback_query", "message", "message_id"),
    ],
    "blocked": [
        ("my_chat_member", "new_chat_member"),
        ("my_chat_member", "new_chat_member", "status"),
        ("my_chat_member", "from"),
    ],
}


@pytest.mark.parametrize("value", [MISSING, None, 1.5, [], [5]])
@pytest.mark.parametrize(
    ("name", "path"), [(n, path) for n, paths in USED.items() for path in paths]
)
def test_a_used_field_that_is_missing_or_of_another_sort(
    name: str, path: tuple[str, ...], value: Any
) -> None:
    assert outcome(raw(changed(SEEDS[name], path, value))) is None


@given(st.data())
def test_bytes_changed_at_random(data: st.DataObject) -> None:
    line = bytearray(raw(SEEDS[data.draw(st.sampled_from(sorted(SEEDS)))]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(line) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                line[place] ^= data.draw(st.integers(1, 255))
            case "cut":
                del line[place : place + data.draw(st.integers(1, 20))]
            case _:
                line[place:place] = data.draw(st.binary(max_size=5))
        if not line:
            break
    outcome(bytes(line))
    batch = b'{"ok":true,"result":[' + bytes(line) + b"]}"
    assert split(batch) is None or isinstance(split(batch), list)


@given(st.binary(max_size=200))
def test_any_bytes(line: bytes) -> None:
    outcome(line)
    split(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["id", "chat"]), inner)
    ),
    max_leaves=8,
)


@given(
    JSON
    | st.dictionaries(
        st.sampled_from(["update_id", "message", "edited_message", "callback_query", "poll"]), JSON
    )
)
def test_any_json(update: Any) -> None:
    outcome(raw(update))
