"""The shape of an update that is set aside: enough to find the bug, nothing that anybody said."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.shape import shape

WORDS = "rahasia"


def _of(value: Any) -> Any:
    return json.loads(shape(json.dumps(value).encode()))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (WORDS, "text(7)"),
        ("", "text(0)"),
        (7, "int"),
        (0.5, "float"),
        (True, "bool"),
        (None, "NoneType"),
        ([], []),
        ({}, {}),
        ([WORDS, 3], ["text(7)", "int"]),
        ({"message": {"text": WORDS, "id": 9}}, {"message": {"text": "text(7)", "id": "int"}}),
    ],
)
def test_what_stays_of_each_sort_of_value(value: Any, kept: Any) -> None:
    assert _of(value) == kept


@pytest.mark.parametrize("name", ["update_id", "a", "_", "a" * 40])
def test_the_name_of_a_field_stays(name: str) -> None:
    assert _of({name: 1}) == {name: "int"}


@pytest.mark.parametrize("name", ["two words", "é", "", "1st", "a" * 41, "a-b", "ani@example.org"])
def test_what_is_no_name_could_be_somebody_s_words(name: str) -> None:
    assert _of({name: 1}) == {"?": "int"}


def _nested(depth: int, innermost: Any) -> Any:
    """A list of two: lists in lists and objects in objects, so many levels in all."""
    lists = fields = innermost
    for _ in range(depth - 1):
        lists, fields = [lists], {"a": fields}
    return [lists, fields]


def test_deep_and_long_things_are_cut() -> None:
    assert _of(_nested(11, WORDS)) == _nested(11, "text(7)")
    assert _of(_nested(12, WORDS)) == _nested(12, "…")
    assert _of(_nested(13, WORDS)) == _nested(12, "…")
    assert len(_of(list(range(100)))) == 60
    assert list(_of({f"k{n}": n for n in range(100)})) == [f"k{n}" for n in range(60)]
    assert len(shape(json.dumps([["x"] * 60] * 60).encode())) == 8_000


@pytest.mark.parametrize("raw", [b"", b"rahasia", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_leaves_its_length(raw: bytes) -> None:
    assert shape(raw) == f"not JSON, {len(raw)} bytes".encode()


@given(
    st.recursive(
        st.just(WORDS) | st.integers() | st.none(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(string.ascii_letters), inner, max_size=4)
        ),
    )
)
def test_no_word_survives(value: Any) -> None:
    assert WORDS.encode() not in shape(json.dumps(value).encode())
