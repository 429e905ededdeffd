"""Text with emphasis that never depends on a platform's markup.

A sentence may carry two marks, ``**bold**`` and ``_italic_``. They are read from the sentence
alone, before values are put in, so what a person typed can never become markup.
"""

from __future__ import annotations

import re

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
    return tuple(_merged(_spans(template, "", values)))


def _spans(template: str, style: str, values: dict[str, str | int | Text]) -> list[Span]:
    spans: list[Span] = []
    at = 0
    for mark in _MARK.finditer(template):
        spans.append(Span(template[at : mark.start()], style))
        at = mark.end()
        if (slot := mark["slot"]) is not None:
            value = values[slot]
            spans.extend(value if isinstance(value, tuple) else (Span(str(value), style),))
        elif mark["b"] is not None:
            spans.extend(_spans(mark["b"], "b", values))
        else:
            spans.extend(_spans(mark["i"], "i", values))
    spans.append(Span(template[at:], style))
    return spans


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
