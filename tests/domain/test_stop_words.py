"""What counts as "stop" and what is an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.stopping import stop_words


@pytest.mark.parametrize(
    "typed",
    ["STOP", "stop", "stop.", "Berhenti!", "BERHENTI", " stop \n", "stop stop", "\uff33top"],
)
def test_the_bare_word_is_heard(typed: str) -> None:
    assert stop_words(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "petugas berhenti melayani",
        "tolong jangan stop layanan ini",
        "stop 1",
        "berhentikan",
        "nonstop",
        "4",
        "saya berhenti di loket 2",
    ],
)
def test_a_sentence_with_the_word_is_an_answer(typed: str) -> None:
    assert not stop_words(typed)


@given(st.text(), st.sampled_from(["stop", "berhenti"]), st.text())
def test_only_marks_and_blanks_may_stand_around_it(before: str, word: str, after: str) -> None:
    around = before + after
    if stop_words(f"{before} {word} {after}"):
        letters = "".join(c for c in around.casefold() if c.isascii() and c.isalpha())
        assert not letters.replace("stop", "").replace("berhenti", "")
