"""Finding what people mean by what they type: whole words, beginnings, slips of the finger."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

ENOUGH = 0.7
"""How well a name must fit, 1 being word for word."""

_SLIP = 0.75
_LONGEST = 12  # words of a wish that are looked at; people type names, not letters

# Words that say that somebody wants something, not what.
_FILLERS = """
saya aku kami mau ingin minta tolong bisa boleh untuk buat bikin membuat urus mengurus
pembuatan pengurusan layanan pelayanan nilai menilai penilaian rating survei di ke dari
yang dan atau itu ini ya dong kak pak bu bapak ibu min apa ada baru
i want to a the for my please need service rate in at of and
"""
_IDLE = frozenset(_FILLERS.split())


class Candidate(NamedTuple):
    """Something that can be meant: its own name, and words that place it (its office)."""

    id: int
    name: str
    place: str = ""


def closest(words: str, candidates: Iterable[Candidate], limit: int) -> list[int]:
    """The ids of what resembles `words`, best first; empty when nothing does.

    A word of the place counts for less than one of the name. Every word that was typed counts,
    save fillers, so that "poli gigi" does not find every other "poli".
    """
    wanted = _words(words)
    telling = [word for word in wanted if word not in _IDLE and len(word) > 1]  # "e-KTP": KTP
    wanted = telling or wanted
    wanted = wanted[:_LONGEST]
    if not wanted:
        return []
    scored = []
    for candidate in candidates:
        name, place = _words(candidate.name), _words(candidate.place)
        fits = [max(_best(word, name), 0.9 * _best(word, place)) for word in wanted]
        score = sum(fits) / len(fits)
        if score >= ENOUGH:
            scored.append((-score, len(name), candidate.name, candidate.id))
    return [found[-1] for found in sorted(scored)[:limit]]


def _best(word: str, words: list[str]) -> float:
    return max((_fit(word, other) for other in words), default=0.0)


def _fit(word: str, other: str) -> float:
    if word == other:
        return 1.0
    if len(word) >= 3 and other.startswith(word):
        return 0.95
    if len(word) >= 4 and word in other:  # "lahir" in "kelahiran"
        return 0.85
    if len(word) < 3 or len(other) < 3:
        return 0.0
    ratio = SequenceMatcher(None, word, other, autojunk=False).ratio()
    return ratio if ratio >= _SLIP else 0.0


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:200]).casefold()
    return "".join(c if c.isalnum() else " " for c in folded).split()
