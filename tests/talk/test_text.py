"""Emphasis is read from our sentences and never from what people typed."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talk.messages import Choice, Document, Outbound, decode, encode
from talk.reference import reference
from talk.text import Span, fill, flat, joined, plain


def test_marks_become_styles() -> None:
    assert fill("Halo **{name}**, _pelan_ saja.", name="Bu Sri") == (
        Span("Halo "),
        Span("Bu Sri", "b"),
        Span(", "),
        Span("pelan", "i"),
        Span(" saja."),
    )


def test_the_characters_alone_are_what_is_read_aloud() -> None:
    assert flat(fill("**Halo** {name}, _pelan_.", name="Bu Sri")) == "Halo Bu Sri, pelan."


def test_neighbours_in_one_style_are_one_stretch() -> None:
    assert fill("**No. {n} dari {all}**!", n=3, all=9) == (Span("No. 3 dari 9", "b"), Span("!"))


@given(st.text())
def test_a_value_is_never_read_as_marks(value: str) -> None:
    filled = fill("Kata Anda: {words}", words=value)
    assert flat(filled) == "Kata Anda: " + value
    assert {span.style for span in filled} == {""}


@pytest.mark.parametrize("value", ["**b**", "_i_", "{name}", "**", "{", "}", "{}", "_a_ **b**"])
def test_typed_marks_stay_characters(value: str) -> None:
    assert fill("**{name}**", name=value) == (Span(value, "b"),)


def test_underscores_inside_words_are_no_marks() -> None:
    assert fill("nama_berkas_ini dan a_b") == plain("nama_berkas_ini dan a_b")


def test_a_slot_without_a_value_is_a_bug() -> None:
    with pytest.raises(KeyError):
        fill("{name}")


def test_a_text_may_be_put_into_a_slot() -> None:
    assert fill("{a}!", a=joined(plain("x"), (Span("y", "b"),))) == (
        Span("x"),
        Span("y", "b"),
        Span("!"),
    )


@given(st.text(), st.binary(max_size=20), st.text(string.ascii_lowercase, min_size=1))
def test_a_body_survives_the_outbox(text: str, data: bytes, value: str) -> None:
    text = text.encode(errors="replace").decode()
    body = Outbound(
        fill("**{t}**", t=text),
        ((Choice("Ya", value, ("y", "iya")), Choice("Tidak", "n")),),
        Document("a.pdf", "application/pdf", data),
    )
    assert decode(encode(body)) == body
    assert body.choices == body.rows[0]


def test_a_reference_follows_from_the_cause() -> None:
    causes = [f"in:{n}:1" for n in range(10_000)]
    references = {reference(cause) for cause in causes}
    assert len(references) == len(causes)
    assert {len(ref) for ref in references} == {8}
    assert set("".join(references)) <= set(string.ascii_uppercase + "234567")
    assert reference("in:7:1") == reference("in:7:1")
