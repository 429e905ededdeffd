"""Finding what people mean by what they type: whole words, beginnings, slips of the finger."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

ENOUGH = 0.7
"""How well a name must fit, 1 being word for word."""

_SLIP = 0.75

# What is looked at of a wish and of each name: names of services are short, and what is compared
# costs its square.
_TYPED = 120
_WORDS = 8
_WORD = 24

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
    wanted = list(dict.fromkeys(telling or wanted))[:_WORDS]
    if not wanted:
        return []
    fit = _Fit(wanted)
    scored = []
    for candidate in candidates:
        name, place = _words(candidate.name), _words(candidate.place)
        fits = [max(a, 0.9 * b) for a, b in zip(fit.best(name), fit.best(place), strict=True)]
        score = sum(fits) / len(fits)
        if score >= ENOUGH:
            scored.append((-score, len(name), candidate.name, candidate.id))
    return [found[-1] for found in sorted(scored)[:limit]]


class _Fit:
    """How well words fit those that are wanted; each is compared once, however often it stands."""

    def __init__(self, wanted: list[str]) -> None:
        self._wanted = wanted
        self._letters = [Counter(word) for word in wanted]
        self._known: dict[str, list[float]] = {}

    def best(self, words: list[str]) -> list[float]:
        """For every wanted word, how well the best of `words` fits."""
        rows = [self._of(word) for word in words]
        return [max(column) for column in zip(*rows, strict=True)] or [0.0] * len(self._wanted)

    def _of(self, other: str) -> list[float]:
        if other not in self._known:
            self._known[other] = [
                self._one(word, letters, other)
                for word, letters in zip(self._wanted, self._letters, strict=True)
            ]
        return self._known[other]

    def _one(self, word: str, letters: Counter[str], other: str) -> float:
        if word == other:
            return 1.0
        if len(word) >= 3 and other.startswith(word):
            return 0.95
        if len(word) >= 4 and word in other:  # "lahir" in "kelahiran"
            return 0.85
        if len(word) < 3 or len(other) < 3:
            return 0.0
        both, slip = len(word) + len(other), _SLIP
        # Neither length nor letters leave room for so much likeness: the long way is spared.
        if 2 * min(len(word), len(other)) < slip * both:
            return 0.0
        if 2 * sum(min(n, other.count(letter)) for letter, n in letters.items()) < slip * both:
            return 0.0
        ratio = SequenceMatcher(None, word, other, autojunk=False).ratio()
        return ratio if ratio >= slip else 0.0


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:_TYPED]).casefold()
    words = "".join(c if c.isalnum() else " " for c in folded).split()
    return [word[:_WORD] for word in words]
