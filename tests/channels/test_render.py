"""What is shown is what was said: characters stay characters, styles sit where they belong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message, MessageEntity

from channels.telegram import render
from channels.telegram.codec import verify
from talk.messages import Choice, Document, Outbound
from talk.reference import reference
from talk.text import Span, Text, fill, flat, plain

KEY = b"k" * 32
REF = reference("in:1:1")

pieces = st.text(
    st.characters(codec="utf-8") | st.sampled_from(list("😀👩\u200d\u0301🇮🇩 \n")), max_size=30
)
texts = st.lists(st.builds(Span, pieces, st.sampled_from(["", "b", "i"])), max_size=12).map(tuple)


def shown(body: Outbound, *, resend: bool = False) -> dict[str, Any]:
    return render.message(body, key=KEY, bot_id=7, chat="42", ref=REF, resend=resend)


def by_telegram(text: str, entities: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The styled pieces as the library reads them back."""
    parsed = [MessageEntity(e["type"], e["offset"], e["length"]) for e in entities]
    message = Message.de_json(
        {
            "message_id": 1,
            "date": 0,
            "chat": {"id": 1, "type": "private"},
            "text": text,
            "entities": [e.to_dict() for e in parsed],
        }
    )
    return [(str(e.type), message.parse_entity(e)) for e in message.entities]


@given(texts)
def test_styles_cover_exactly_their_spans(text: Text) -> None:
    words, entities = render.entitled(text, 4096)
    assert words == flat(text)
    styles = {"b": "bold", "i": "italic"}
    assert by_telegram(words, entities) == [
        (styles[s.style], s.text) for s in text if s.style and s.text
    ]


@given(texts, st.integers(12, 60), st.booleans())
def test_a_cut_text_fits_and_starts_the_same(text: Text, limit: int, resend: bool) -> None:
    tail = f"#{REF}" if resend else ""
    words, entities = render.entitled(text, limit, tail)
    assert render.units(words) <= limit
    words.encode("utf-16-le")
    if resend:
        assert words.endswith(f"#{REF}")
        words = words.removesuffix(f"#{REF}").removesuffix("\n\n")
    if words != flat(text):
        assert words.endswith("…")
        assert flat(text).startswith(words[:-1])
    total = render.units(words)
    for entity in entities:
        assert entity["length"] > 0
        assert entity["offset"] + entity["length"] <= total


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("a", 1),
        ("a" * 4095, 4095),
        ("a" * 4096, 4096),
        ("a" * 4097, 4096),
        ("a" * 9000, 4096),
        ("😀" * 2047, 4094),
        ("😀" * 2048, 4096),
        ("😀" * 2049, 4095),  # 2,047 pairs and the ellipsis
        ("a" + "😀" * 2048, 4096),
        ("é" * 4097, 4096),
    ],
)
def test_the_limit_is_counted_in_utf_16(text: str, units: int) -> None:
    words = shown(Outbound(plain(text)))["text"]
    assert render.units(words) == units
    assert words == text or words.endswith("…")


@pytest.mark.parametrize(
    "cluster", ["👩\u200d👩\u200d👧", "🇮🇩", "q\u0335\u0335", "👍🏽", "1\ufe0f\u20e3", "🏳️\u200d🌈"]
)
def test_no_visible_character_is_split(cluster: str) -> None:
    for limit in range(2, 4 * render.units(cluster)):
        kept = render.cut(cluster * 4, limit).removesuffix("…")
        assert kept == cluster * (len(kept) // len(cluster))


def test_a_caption_is_shorter() -> None:
    file = Document("a.pdf", "application/pdf", b"x")
    body = Outbound((Span("b" * 1000, "b"), Span("i" * 1000, "i")), document=file)
    sent = shown(body)
    assert "text" not in sent
    assert render.units(sent["caption"]) == 1024
    assert sent["caption_entities"] == [
        {"type": "bold", "offset": 0, "length": 1000},
        {"type": "italic", "offset": 1000, "length": 24},
    ]
    assert shown(Outbound((), document=file)) == {}
    assert shown(Outbound((), document=file), resend=True) == {"caption": f"#{REF}"}


@pytest.mark.parametrize("count", [99, 100, 101, 300])
def test_at_most_a_hundred_entities(count: int) -> None:
    text = tuple(span for n in range(count) for span in (Span(f"{n}", "b"), Span(" ")))
    sent = shown(Outbound(text))
    assert len(sent["entities"]) == min(count, 100)
    assert sent["text"] == flat(text)


def test_a_resend_shows_its_reference_last() -> None:
    assert shown(Outbound(plain("Halo")), resend=True)["text"] == f"Halo\n\n#{REF}"
    long = shown(Outbound(plain("a" * 5000)), resend=True)["text"]
    assert render.units(long) == 4096
    assert long.endswith(f"…\n\n#{REF}")


INJECTIONS = [
    "<b>tebal</b>",
    "<a href='javascript:alert(1)'>klik</a>",
    "<a href='tg://user?id=1'>klik</a>",
    "[klik](tg://user?id=1)",
    "[klik](https://jahat.example)",
    "![x](tg://emoji?id=1)",
    "&lt;b&gt; &amp; &#60;",
    "<" * 200 + ">" * 200,
    "<b><i><u>" * 66,
    "*_~`|||```python\n",
    "\\*\\_",
    "**b** _i_ {slot}",
    "<!-- -->",
    "<script>alert(1)</script>",
    "<tg-spoiler>x</tg-spoiler>",
    "@admin #tag /perintah $USD",
    *"_*[]()~`>#+-=|{}.!<&\"'\\",
]


@pytest.mark.parametrize("words", INJECTIONS)
def test_what_people_typed_is_shown_as_typed(words: str) -> None:
    sent = shown(Outbound(fill("Kata Anda: **{words}**", words=words)))
    assert sent["text"] == f"Kata Anda: {words}"
    assert by_telegram(sent["text"], sent["entities"]) == [("bold", words)]
    assert "parse_mode" not in sent
    plainly = shown(Outbound(fill("{words}", words=words)))
    assert plainly["text"] == words
    assert "entities" not in plainly


def test_links_are_never_previewed() -> None:
    assert shown(Outbound(plain("https://a.example")))["link_preview_options"] == {
        "is_disabled": True
    }


def test_buttons_carry_what_we_can_read_again() -> None:
    body = Outbound(
        plain("Bagaimana?"),
        ((Choice("1 Baik", "4"), Choice("2 Buruk", "1")), (), (Choice("Batal", "!stop"),)),
    )
    keyboard = shown(body)["reply_markup"]["inline_keyboard"]
    assert [[button["text"] for button in row] for row in keyboard] == [
        ["1 Baik", "2 Buruk"],
        ["Batal"],
    ]
    presses = [verify(KEY, 7, "42", b["callback_data"]) for row in keyboard for b in row]
    assert [(p.ref, p.value) for p in presses if p] == [(REF, "4"), (REF, "1"), (REF, "!stop")]


def test_a_long_label_is_cut() -> None:
    body = Outbound(plain("x"), ((Choice("L" * 60, "a"), Choice("M" * 61, "b")),))
    row = shown(body)["reply_markup"]["inline_keyboard"][0]
    assert [button["text"] for button in row] == ["L" * 60, "M" * 59 + "…"]


@pytest.mark.parametrize(
    "body",
    [
        Outbound(()),
        Outbound(plain("")),
        Outbound(plain(" \n ")),
        Outbound(plain("x"), ((Choice("", "a"),),)),
        Outbound(plain("x"), ((Choice(" ", "a"),),)),
        Outbound(plain("x"), ((Choice("Ya", ""),),)),
        Outbound(plain("x"), ((Choice("Ya", "v" * 45),),)),
        Outbound(plain("x"), ((Choice("Ya", "é"),),)),
        Outbound(plain("\ud83d")),
        Outbound(plain("x"), ((Choice("\ud83d", "a"),),)),
    ],
)
def test_a_body_that_cannot_be_shown_is_a_bug(body: Outbound) -> None:
    with pytest.raises(ValueError, match=r"."):
        shown(body)


def test_an_empty_resend_is_still_a_bug() -> None:
    with pytest.raises(ValueError, match="without words"):
        shown(Outbound(plain(" ")), resend=True)
