"""Text with emphasis that never depends on a platform's markup.

A sentence may carry two marks, ``**bold**`` and ``_italic_``. They are read from the sentence
alone, before values are put in, so what a person typed can never become markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec


class Span(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A stretch of text in one style: ``""`` plain, ``"b"`` bold, ``"i"`` italic."""

    text: str
    style: str = ""


Text = tuple[Span, ...]

_MARK = re.compile(r"\*\*(?P<b>.+?)\*\*|(?<!\w)_(?P<i>[^_\n]+?)_(?!\w)|\{(?P<slot>\w+)\}", re.S)


def plain(text: str) -> Text:
    """Text as typed, without any emphasis."""
    return (Span(text),)


def joined(*parts: Text) -> Text:
    """Several texts one after the other."""
    return tuple(span for part in parts for span in part)


def flat(text: Text) -> str:
    """The characters alone."""
    return "".join(span.text for span in text)


def fill(template: str, **values: str | int | Text) -> Text:
    """Read the marks of `template` and put `values` into its ``{slots}``.

    Raises KeyError when a slot has no value. Values are never read as marks.
    """
    return _filled(template, values) if values else _whole(template)


@lru_cache(maxsize=4096)  # there are some hundred sentences, and each is said again and again
def _whole(template: str) -> Text:
    """A template without slots."""
    return _filled(template, {})


def _filled(template: str, values: Mapping[str, str | int | Text]) -> Text:
    spans: list[Span] = []
    for words, style, slot in _read(template):
        if not slot:
            spans.append(Span(words, style))
            continue
        value = values[words]
        spans.extend(value if isinstance(value, tuple) else (Span(str(value), style),))
    return tuple(_merged(spans))


@lru_cache(maxsize=4096)
def _read(template: str, style: str = "") -> tuple[tuple[str, str, bool], ...]:
    """The pieces of a template: words or the name of a slot, their style, whether a slot."""
    pieces: list[tuple[str, str, bool]] = []
    at = 0
    for mark in _MARK.finditer(template):
        pieces.append((template[at : mark.start()], style, False))
        at = mark.end()
        if mark["slot"] is not None:
            pieces.append((mark["slot"], style, True))
        elif mark["b"] is not None:
            pieces += _read(mark["b"], "b")
        else:
            pieces += _read(mark["i"], "i")
    return (*pieces, (template[at:], style, False))


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if merged and merged[-1].style == span.style:
            merged[-1] = Span(merged[-1].text + span.text, span.style)
        else:
            merged.append(span)
    return merged
