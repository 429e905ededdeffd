"""A button is taken for ours only if we made it for this bot, this chat and this value."""

from __future__ import annotations

import base64
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.telegram.codec import VALUE_LIMIT, sign, verify
from talk.messages import Press
from talk.reference import reference

KEY = b"k" * 32
REF = reference("in:1:1")
GOOD = sign(KEY, 7, "42", REF, "rate:4")

values = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=VALUE_LIMIT
)
refs = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=8, max_size=8)
chats = st.integers(1, 2**53).map(str)
keys = st.binary(min_size=1, max_size=64)
ids = st.integers(1, 2**53)


@given(keys, ids, chats, refs, values)
def test_what_we_sign_we_read(key: bytes, bot_id: int, chat: str, ref: str, value: str) -> None:
    data = sign(key, bot_id, chat, ref, value)
    assert len(data.encode()) <= 64
    assert verify(key, bot_id, chat, data) == Press(ref, value)


@given(keys, ids, chats, refs, values, st.data())
def test_nothing_else_passes(
    key: bytes, bot_id: int, chat: str, ref: str, value: str, data: st.DataObject
) -> None:
    signed = sign(key, bot_id, chat, ref, value)
    other_key = data.draw(keys.filter(lambda k: k.rstrip(b"\0") != key.rstrip(b"\0")))
    assert verify(other_key, bot_id, chat, signed) is None
    assert verify(key, data.draw(ids.filter(lambda i: i != bot_id)), chat, signed) is None
    assert verify(key, bot_id, data.draw(chats.filter(lambda c: c != chat)), signed) is None
    other_ref = data.draw(refs.filter(lambda r: r != ref))
    assert verify(key, bot_id, chat, signed[0] + other_ref + signed[9:]) is None
    other_value = data.draw(values.filter(lambda v: v != value))
    assert verify(key, bot_id, chat, signed[:20] + other_value) is None
    other_version = data.draw(st.characters().filter(lambda c: c != signed[0]))
    assert verify(key, bot_id, chat, other_version + signed[1:]) is None


def test_every_single_changed_character_is_noticed() -> None:
    for place in range(len(GOOD)):
        for character in string.printable:
            if character != GOOD[place]:
                forged = GOOD[:place] + character + GOOD[place + 1 :]
                assert verify(KEY, 7, "42", forged) is None, forged


def test_ten_thousand_forgeries() -> None:
    chance = random.Random(20240229)
    letters = string.ascii_letters + string.digits + "-_"
    accepted = 0
    for _ in range(10_000):
        mac = "".join(chance.choices(letters, k=11))
        ref = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=8))
        value = chance.choice(("rate:4", "approve:7", "!yes", "admin"))
        accepted += verify(KEY, 7, "42", f"1{ref}{mac}{value}") is not None
    assert accepted == 0


NOISE = base64.b64encode(bytes(range(48))).decode()


@pytest.mark.parametrize(
    "data",
    [
        "",
        "1",
        "rate:4",  # an old deployment's
        "v1.rate.7.abcdef.0123456789abcdef",
        GOOD[:20],  # no value
        GOOD[:-1],
        GOOD + "0",
        GOOD + "x" * (64 - len(GOOD)),
        GOOD + "x" * (65 - len(GOOD)),
        GOOD + "\n",
        GOOD + "\0",
        " " + GOOD,
        GOOD.lower(),
        GOOD.upper(),
        "0" + GOOD[1:],
        "2" + GOOD[1:],
        "\u0661" + GOOD[1:],  # a digit one, but not ours
        sign(KEY, 7, "43", REF, "rate:4"),  # another person's
        sign(KEY, 8, "42", REF, "rate:4"),  # another bot's
        sign(b"other" * 8, 7, "42", REF, "rate:4"),  # another installation's
        sign(KEY, 7, "42", reference("in:2:1"), "rate:4")[:20] + "rate:5",
        GOOD[:20] + "approve:1",  # a right signature with another value
        GOOD[:9] + "A" * 11 + "approve:1",
        "1" + "A" * 63,
        "A" * 64,
        "A" * 65,
        NOISE,
        "\ud800" * 30,
        "😀" * 16,
        "../../etc/passwd",
        "' OR 1=1 --",
    ],
)
def test_bad_data_is_no_press(data: str) -> None:
    assert verify(KEY, 7, "42", data) is None


def test_the_spare_bits_of_base64_prove_nothing() -> None:
    """Eleven letters hold two bits more than the signature; they may not vary."""
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    last = GOOD[19]
    twins = [c for c in letters if letters.index(c) // 4 == letters.index(last) // 4]
    assert [c for c in twins if verify(KEY, 7, "42", GOOD[:19] + c + GOOD[20:])] == [last]


@pytest.mark.parametrize("value", ["", "x" * 45, "é", "a\nb", "\x7f", "😀"])
def test_a_value_out_of_shape_is_a_bug(value: str) -> None:
    with pytest.raises(ValueError, match="value"):
        sign(KEY, 7, "42", REF, value)


@pytest.mark.parametrize("ref", ["", "A7K2", "A" * 9, "abcdefgh", "AAAAAAA1", "AAAAAAA\n"])
def test_a_reference_out_of_shape_is_a_bug(ref: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        sign(KEY, 7, "42", ref, "x")


def test_the_longest_value_fills_the_button() -> None:
    assert len(sign(KEY, 7, "42", REF, "x" * VALUE_LIMIT)) == 64
