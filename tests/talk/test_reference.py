"""The reference of a message is written into buttons and shown to people: it may never change."""

from __future__ import annotations

import pytest

from talk.reference import reference


@pytest.mark.parametrize(
    ("cause", "known"), [("in:7:1", "7PDHL6QV"), ("ann:3:19", "3KFXBEJ6"), ("", "PVSMKJZO")]
)
def test_references_that_stand_on_phones_stay(cause: str, known: str) -> None:
    assert reference(cause) == known
