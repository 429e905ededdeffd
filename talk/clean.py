"""What a person typed, made safe to keep and to show again."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

MARKS = 8  # combining marks kept on one base
_STREAM = 30  # as many as Unicode's stream-safe format allows; sorting more costs their square

_SIMPLE = re.compile(r"[\n -~]*")  # nothing to clean in it; most of what people type
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_JOINERS = frozenset((_ZWNJ, _ZWJ))
_EMOJI_STYLES = frozenset("\ufe0e\ufe0f")
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)

_NEWLINES = frozenset("\n\x0b\x0c\x85\u2028\u2029")

# Format characters that are drawn: number and verse signs of Arabic, Syriac and Kaithi.
_DRAWN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)

# Characters that Unicode calls letters, marks or symbols and that nobody can see; a name made
# of them looks empty.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# Variation selectors but for the two of emoji, and what is set aside to be drawn as nothing,
# assigned as yet or not.
_UNSEEN |= set(
    map(chr, (*range(0xFE00, 0xFE0E), 0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)))
)


def clean(text: str, limit: int = 4000) -> str:
    """The text without anything invisible, reordering or overlong; may come out empty.

    Composed (NFC), lines ended by ``\\n``, every other space plain, at most `limit` code points.
    Gone are controls, bidirectional marks and overrides, tags, zero-width characters, private
    use, non-characters, lone surrogates, and every combining mark after the eighth on one base.
    Joiners stay where they join: inside emoji and inside scripts that need them (Javanese,
    Balinese, Jawi). Cleaning twice changes nothing.
    """
    if _SIMPLE.fullmatch(text):
        return text.strip()[:limit].rstrip()
    text = text[: 4 * limit].replace("\r\n", "\n").replace("\r", "\n")
    before = ""
    # What is taken away may let its neighbours compose or join, so until nothing changes.
    while text != before:
        before, text = text, _once(text, limit)
    return text


def boundary(text: str, at: int) -> int:
    """The nearest place at or before `at` where a cut splits no visible character.

    Looks back 64 places at most: longer clusters are no writing and are cut where they are.
    """
    if at >= len(text):
        return len(text)
    place = at
    while place > 0 and _belongs(text, place):
        place -= 1
        if at - place > 64:
            return at
    return place


def _belongs(text: str, at: int) -> bool:
    """Whether the character at this place is drawn as one with the one before."""
    mark, previous = text[at], text[at - 1]
    if mark in _JOINERS or previous == _ZWJ or ord(mark) in _SKIN_TONES:
        return True
    if unicodedata.category(mark)[0] == "M":
        return True
    if ord(mark) in _FLAG_LETTERS:
        start = at
        while start > 0 and ord(text[start - 1]) in _FLAG_LETTERS:
            start -= 1
        return (at - start) % 2 == 1
    return False


def _once(text: str, limit: int) -> str:
    text = _thinned("".join(map(_kept, text)), _STREAM)
    text = _joined(_thinned(unicodedata.normalize("NFC", text), MARKS)).strip()
    return text[: boundary(text, limit)].rstrip()


def _kept(character: str) -> str:
    """The character, what stands for it, or nothing."""
    if character in _NEWLINES:
        return "\n"
    if character == "\t":
        return " "
    if character in _UNSEEN:
        return ""
    match unicodedata.category(character):
        case "Zs":
            return " "
        case "Cf":
            return character if character in _JOINERS or character in _DRAWN_FORMATS else ""
        case "Cc" | "Cs" | "Co":
            return ""
        case "Cn":
            # Emoji newer than this Python are "unassigned" and stay; non-characters go.
            code = ord(character)
            return "" if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF else character
        case _:
            return character


def _thinned(text: str, most: int) -> str:
    """At most so many marks on a base, one emoji style, and none on nothing."""
    kept: list[str] = []
    marks = most
    styled = False
    for character in text:
        if character in _JOINERS:
            pass
        elif unicodedata.category(character)[0] != "M":
            # A mark after a space or at the start of a line sits on nothing.
            marks = most if character.isspace() else 0
            styled = False
        elif marks == most or (styled and character in _EMOJI_STYLES):
            continue
        else:
            marks += 1
            styled = styled or character in _EMOJI_STYLES
        kept.append(character)
    return "".join(kept)


def _joined(text: str) -> str:
    """Only those joiners that stand between two characters they may join."""
    if _JOINERS.isdisjoint(text):
        return text
    kept = [""]
    for character, following in pairwise((*text, "")):
        if character not in _JOINERS or (
            following and following not in _JOINERS and _joins(kept[-1], character, following)
        ):
            kept.append(character)
    return "".join(kept)


def _joins(before: str, joiner: str, after: str) -> bool:
    if not before:
        return False
    if joiner == _ZWJ and _is_picture(before) and _is_picture(after):
        return True
    return _needs_joiners(before) and _needs_joiners(after)


def _is_picture(character: str) -> bool:
    """Part of an emoji: a symbol, its colour style, a skin tone, or one not yet known here."""
    return (
        character in _EMOJI_STYLES
        or ord(character) in _SKIN_TONES
        or (ord(character) > 0x2000 and unicodedata.category(character) in ("So", "Sm", "Cn"))
    )


def _needs_joiners(character: str) -> bool:
    """Letters and marks of scripts that shape their letters (all lie beyond Hebrew)."""
    return ord(character) >= 0x0600 and unicodedata.category(character)[0] in "LM"
