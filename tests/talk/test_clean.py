"""What people type is kept readable, and nothing invisible or reordering gets in."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from talk.clean import MARKS, boundary, clean

WOMAN, MAN, GIRL, RAINBOW = "\U0001f469", "\U0001f468", "\U0001f467", "\U0001f308"
FLAG_ID = "\U0001f1ee\U0001f1e9"

# Strings that hypothesis alone would rarely build: the troublemakers, side by side.
TROUBLE = st.lists(
    st.sampled_from(
        [
            *(
                "a",
                "e",
                "1",
                " ",
                "\n",
                "\r\n",
                "\t",
                "\u00a0",
                "\u3000",
                "\u2028",
                "\x85",
                "\x00",
            ),
            *("\u0301", "\u0308", "\u20e3", "\u0345", "\u093f", "\u0958", "\u0344"),
            *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u061c", "\u200e"),
            *("\u202a", "\u202e", "\u2066", "\u2069", "\ufe0e", "\ufe0f", "\ufe00", "\U000e0100"),
            *("\U000e0041", "\U000e007f", "\ud800", "\udfff", "\ue000", "\ufffe", "\ufdd0"),
            *(WOMAN, RAINBOW, "\U0001f3fd", "\u2764", FLAG_ID[0], FLAG_ID[1], "\u2640"),
            *("\ua98f", "\ua9c0", "\u1b13", "\u1b44", "\u0628", "\u0600", "\u3164", "\u2800"),
            *("\u1100", "\u1161", "\u11a8", "\uac00", "\u1eaf", "\u03ac", "+", "#", "<b>"),
        ]
    ),
    max_size=40,
).map("".join)


@given(TROUBLE | st.text(st.characters(), max_size=60), st.integers(0, 30) | st.just(4000))
@example("a\u200b\u0301", 4000)
@example("\u0628\u200c\u200d\u0301\u0628", 4000)
@example("\u1100\u200b\u1161", 1)
def test_cleaning_twice_changes_nothing(text: str, limit: int) -> None:
    once = clean(text, limit)
    assert clean(once, limit) == once
    assert len(once) <= limit
    assert once == once.strip()
    assert unicodedata.is_normalized("NFC", once)
    once.encode()


@given(TROUBLE | st.text(st.characters(), max_size=60))
def test_nothing_forbidden_is_left(text: str) -> None:
    cleaned = clean(text)
    run = 0
    for place, character in enumerate(cleaned):
        code, category = ord(character), unicodedata.category(character)
        assert category not in ("Cs", "Co", "Zl", "Zp"), hex(code)
        assert category != "Cc" or character == "\n"
        assert category != "Zs" or character == " "
        assert code not in range(0x202A, 0x202F), hex(code)
        assert code not in range(0x2066, 0x206A), hex(code)
        assert code not in (0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x061C, 0x00AD, 0x3164)
        assert not 0xE0000 <= code <= 0xE0FFF
        assert code != 0x2065
        assert not 0xFFF0 <= code <= 0xFFF8
        assert code & 0xFFFE != 0xFFFE
        assert not 0xFDD0 <= code <= 0xFDEF
        if character in "\u200c\u200d":
            assert 0 < place < len(cleaned) - 1
        run = run + 1 if category[0] == "M" else run if category == "Cf" else 0
        assert run <= MARKS


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), max_size=80))
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert clean(text) == text.strip()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Terima kasih \n", "Terima kasih"),
        ("satu\r\ndua\rtiga\u2028empat", "satu\ndua\ntiga\nempat"),
        ("a\tb\u00a0c\u3000d", "a b c d"),
        ("cafe\u0301", "caf\u00e9"),
        ("\ufb01", "\ufb01"),  # compatibility forms are somebody's choice: NFC, not NFKC
        ("se\u200bmbu\u2060nyi\ufeff", "sembunyi"),
        ("Pak \u202egnubmaB", "Pak gnubmaB"),
        ("\u2066isolat\u2069", "isolat"),
        ("a\x00b\x07c\x9fd", "abcd"),
        ("\ud83dsetengah\udc00", "setengah"),
        ("a\U000e0080b\U000e0fffc", "abc"),  # of no use as yet, and never to be seen
        ("a\u2065b\ufff0c\ufff8d", "abcd"),
        ("\ufffe\U0001fffftidak ada", "tidak ada"),
        ("\ue000privat", "privat"),
        ("tag\U000e0061\U000e007f", "tag"),
        ("\ufdd0a\ufdef", "a"),
        ("\ufdcf\ufdf0", "\ufdcf\ufdf0"),  # their neighbours are characters
        ("a\ufe00b\ufe0dc\U000e0100d\U000e01ef", "abcd"),  # styles of no emoji
        ("a \u0301b\n\u0302c", "a b\nc"),  # a mark on nothing
        ("\u3164\u115f\u2800", ""),
        ("\u200d\u200c", ""),
        (f"\u200d{WOMAN}\u200d", WOMAN),
        ("\u0301\u0302", ""),
        ("", ""),
    ],
)
def test_each_sort_of_trouble(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    "text",
    [
        f"{WOMAN}\u200d{MAN}\u200d{GIRL}",  # a family
        f"\U0001f3f3\ufe0f\u200d{RAINBOW}",
        "\u2764\ufe0f",
        "1\ufe0f\u20e3",
        "\U0001f44d\U0001f3fd",
        "\U0001f9d1\U0001f3fd\u200d\U0001f692",  # with a skin tone and a trade
        "\U0001f9d1\U0001f3fb\u200d\U0001f692\U0001f9d1\U0001f3ff\u200d\U0001f692",
        "\U0001f642\u200d\u2194\ufe0f",  # a head that is shaken: an arrow is joined
        "\U0001faff\u200d\U0001faff",  # emoji that are not there yet
        FLAG_ID,
        "\U0001fae8",  # newer than this Python's Unicode
        "\ua9b2\ua9a4\ua995\ua9ab\ua98f",  # Javanese
        "\ua98f\ua9c0\u200d\ua98f",  # Javanese with a joiner
        "\u1b13\u1b44\u200c\u1b13",  # Balinese with a visible adeg-adeg
        "\u0628\u0633\u0645",  # Jawi
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0e01\u0e33",
    ],
)
def test_emoji_and_scripts_stay_whole(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("marks", [1, 7, 8, 9, 30, 300])
def test_zalgo_keeps_eight_marks(marks: int) -> None:
    # U+0335 combines with nothing, so that NFC leaves the count alone.
    assert clean("q" + "\u0335" * marks + "z") == "q" + "\u0335" * min(marks, MARKS) + "z"


@pytest.mark.parametrize("marks", ["\u094d\u0344", "\u0323\u0301", "\u094d\u0f74\u0344"])
def test_endless_marks_cost_what_their_number_costs(marks: str) -> None:
    """Unicode's composing sorts the marks of one base, at the square of their number."""

    def cost(length: int) -> float:
        text, best = "a" + (marks * length)[:length], 60.0
        for _ in range(4):
            began = time.process_time()
            clean(text)
            best = min(best, time.process_time() - began)
        return best

    assert cost(16_000) < 30 * cost(1_600) + 0.002


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("d", "m"),
        ("\u05d0", "\u05d1"),  # Hebrew shapes no letters
        ("+", "+"),
        ("\u00a9", "\u00ae"),  # signs, but no emoji
        ("1", WOMAN),
        (WOMAN, "1"),
        ("\u0628", "m"),
        ("d", "\u0628"),
        ("\u0661", "\u0662"),  # digits of Arabic
    ],
)
def test_a_joiner_that_joins_nothing_goes(joiner: str, before: str, after: str) -> None:
    assert clean(f"a{before}{joiner}{after}b") == f"a{before}{after}b"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u2764\ufe0f\ufe0f", "\u2764\ufe0f"),
        ("\u2764\ufe0e\ufe0f!", "\u2764\ufe0e!"),
        ("\u2764\ufe0f\u2764\ufe0f", "\u2764\ufe0f\u2764\ufe0f"),
        ("o\u0335\ufe0f\u0336", "o\u0335\ufe0f\u0336"),
    ],
)
def test_one_style_for_one_emoji(typed: str, kept: str) -> None:
    assert clean(typed) == kept


def test_only_the_joiner_of_emoji_joins_emoji() -> None:
    assert clean(f"{WOMAN}\u200c{MAN}") == f"{WOMAN}{MAN}"
    assert clean(f"{WOMAN}\u200d\u200d{MAN}") == f"{WOMAN}\u200d{MAN}"


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("abcdef", 3, "abc"),
        ("ab cdef", 3, "ab"),
        ("\u00e9b cdef", 3, "\u00e9b"),
        ("ab" + "q\u0335\u0335", 3, "ab"),
        ("a" + FLAG_ID + FLAG_ID, 4, "a" + FLAG_ID),
        (f"a{WOMAN}\u200d{MAN}", 3, "a"),
        ("a\U0001f44d\U0001f3fd", 2, "a"),
    ],
)
def test_a_cut_splits_no_character(text: str, limit: int, kept: str) -> None:
    assert clean(text, limit) == kept


@given(TROUBLE, st.integers(0, 60))
def test_a_boundary_is_never_later_than_asked(text: str, at: int) -> None:
    assert 0 <= boundary(text, at) <= min(at, len(text))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("abc", [0, 1, 2, 3, 3]),
        ("", [0, 0]),
        ("\u0301a", [0, 1, 2]),
        ("aq\u0335\u0335b", [0, 1, 1, 1, 4, 5]),
        (f"a{FLAG_ID}{FLAG_ID}b", [0, 1, 1, 3, 3, 5, 6]),
        (f"{FLAG_ID}{FLAG_ID}", [0, 0, 2, 2, 4]),
        ("\U0001f1e6\U0001f1ffb", [0, 0, 2, 3]),  # the first and the last letter of flags
        ("\U0001f1e5\U0001f200", [0, 1, 2]),  # their neighbours
        ("\U0001f44d\U0001f3fbb", [0, 0, 2, 3]),  # the lightest skin
        ("\U0001f44d\U0001f3ffb", [0, 0, 2, 3]),  # the darkest
        ("\U0001f44d\U0001f400b", [0, 1, 2, 3]),  # a rat
        (f"{WOMAN}\u200d{MAN}b", [0, 0, 0, 3, 4]),
        ("\u0645\u200c\u062e", [0, 0, 2, 3]),
    ],
)
def test_where_a_text_may_be_cut(text: str, places: list[int]) -> None:
    assert [boundary(text, at) for at in range(len(places))] == places


def test_a_character_of_more_than_sixty_five_places_is_no_writing() -> None:
    text = "ab" + "\u0301" * 100
    assert boundary(text, 65) == 1
    assert boundary(text, 66) == 66


def test_one_endless_character_is_cut_hard() -> None:
    assert boundary("a" + "\u0301" * 500, 300) == 300
    assert len(clean("\U0001f469\u200d" * 5000)) <= 4000


@pytest.mark.parametrize(
    "name",
    [
        "Budi",
        "<b>Budi</b>",
        "&lt;Budi&gt;",
        "*_[Budi](tg://user?id=1)_*",
        "@admin",
        "Petugas Resmi",
        "Budi 0812-3456-7890",
        "A" * 64 + " " + "B" * 63,
        "😀😀",
    ],
)
def test_a_visible_name_is_nobody_s_to_change(name: str) -> None:
    assert clean(name) == name


@pytest.mark.parametrize(
    "name", ["\u200b", "\u3164", "\u2800\u2800", " \u00ad ", "\u202e\u202c", "\U000e0020" * 5]
)
def test_a_name_nobody_can_see_comes_out_empty(name: str) -> None:
    assert clean(name) == ""
