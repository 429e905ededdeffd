"""An attacker who wants to know who gave which rating, and is given all but the secret.

He knows the program's source and does not need to know which of his ways works: each way makes
a guess for every rater, and the best guess counts, judged by the truth. That is more than a
real attacker has, who would not know which of his guesses is the good one.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from domain import visits
from domain.visits import Visit
from tests.anonymity.loot import Loot, Row

Guess = Mapping[str, str]
"""Rater (chat) → response key."""

FACTS = (
    "instrument", "service_id", "point_id", "local_date", "half_day", "channel", "language",
    "visit_kind", "duration", "staff", "burst",
)  # fmt: skip
"""What a response says in the open. Raters who share them can only be guessed among."""

_NEAR = 400  # bytes
_RARE = 6  # rows a value may stand in and still lead somewhere
_STEPS = 3  # rows on the way from a person to a response


class Attacker:
    """One attacker with his loot."""

    def __init__(self, loot: Loot) -> None:
        """Sort out whom there is to find, and among what."""
        self.loot = loot
        self.responses = {row["key"]: row for row in loot.tables["response"]}
        self.rater: dict[str, str] = {}  # anything that names somebody → the chat
        for row in loot.tables["address"]:
            for name in (row["key"], row["id"], row["person_id"]):
                self.rater[str(name)] = row["key"]

    def guesses(self) -> Iterator[tuple[str, Guess]]:
        """Every way tried, with what it guesses."""
        yield "references", self.by_references()
        yield "bytes", self.by_bytes()
        yield "logs", self.by_logs()
        yield "hashes", self.by_hashes()
        for instrument in ("quick", "skm"):
            yield from self.by_rank(instrument)

    # --- rows that lead from one to the other ---------------------------------------------

    def by_references(self) -> Guess:
        """Follow any value that stands in two rows, from a person to a response."""
        rows = [row for table in self.loot.tables.values() for row in table]
        marks = [set(_marks(row)) for row in rows]
        standing: dict[str, list[int]] = defaultdict(list)
        for number, found in enumerate(marks):
            for mark in found:
                standing[mark].append(number)
        guess = {}
        for name, chat in self.rater.items():
            seen: set[int] = set()
            edge = [name]
            for _ in range(_STEPS):
                near = {n for mark in edge for n in _few(standing[mark])} - seen
                seen |= near
                edge = [mark for n in near for mark in marks[n]]
                if key := next((mark for mark in edge if mark in self.responses), None):
                    guess.setdefault(chat, key)
                    break
        return guess

    # --- what lies side by side -----------------------------------------------------------

    def by_bytes(self) -> Guess:
        """In the raw files, free pages and logs of the database included."""
        guess: dict[str, str] = {}
        for raw in self.loot.files.values():
            keys = sorted(_places(raw, self.responses, str.encode))
            where = [at for at, _ in keys]
            for name, chat in self.rater.items():
                for shape in (str.encode, _as_integer):
                    for at, _ in _places(raw, [name], shape):
                        nearest = bisect_left(where, at)
                        for one in keys[max(0, nearest - 1) : nearest + 1]:
                            if abs(one[0] - at) < _NEAR:
                                guess.setdefault(chat, one[1])
        return guess

    def by_logs(self) -> Guess:
        """Lines that name both, or the order in which they are named."""
        people, answers = [], []
        guess = {}
        for line in self.loot.logs.splitlines():
            words = re.findall(r"[\w-]+", line)
            chats = [self.rater[word] for word in words if word in self.rater]
            keys = [word for word in words if word in self.responses]
            if chats and keys:
                guess[chats[0]] = keys[0]
            people += chats
            answers += keys
        return guess or _aligned(_once(people), _once(answers))

    # --- the hashes that stop a second answer ---------------------------------------------

    def by_hashes(self) -> Guess:
        """Try every person at every service with what stands in place of the key."""
        marks = {bytes(row["key"]) for row in self.loot.tables["once"]}
        keys = [b"", bytes(32)]
        for row in self.loot.tables["period_key"]:
            wrapped = bytes(row["wrapped"])
            keys += [wrapped, wrapped[:32], wrapped[16:48], wrapped[-32:]]
        guess = {}
        for address in self.loot.tables["address"]:
            who = f"{address['channel']}:{address['key']}"
            for key, response in self.responses.items():
                day = date.fromisoformat(response["local_date"])
                visit = Visit(who, response["service_id"], day)
                if any(visits._mark(k, visit, response["instrument"]) in marks for k in keys):
                    guess[address["key"]] = key
                    break
            if not guess:
                break  # everybody here rated, and the key is the same for all
        return guess

    # --- orders ---------------------------------------------------------------------------

    def by_rank(self, instrument: str) -> Iterator[tuple[str, Guess]]:
        """Lay every order of people beside every order of responses, from either end."""
        wanted = {k for k, row in self.responses.items() if row["instrument"] == instrument}
        people = list(self._orders(self.rater.get))
        answers = list(self._orders(lambda mark: mark if mark in wanted else None))
        for one, chats in people:
            for other, keys in answers:
                name = f"{instrument}: {one} beside {other}"
                yield name, _aligned(chats, keys)
                yield f"{name}, reversed", _aligned(chats, keys[::-1])

    def _orders(self, who: Callable[[str], str | None]) -> Iterator[tuple[str, list[str]]]:
        """Every order in which a table shows them: as it lies, and by each of its columns."""
        for table, rows in self.loot.tables.items():
            named = [(row, found) for row in rows if (found := _first(row, who)) is not None]
            if len({found for _, found in named}) < 2:
                continue
            yield f"{table} as it lies", _once(found for _, found in named)
            yield f"{table} as it ends", _once(found for _, found in reversed(named))
            for column in rows[0]:
                by = sorted(named, key=lambda pair: _sortable(pair[0][column]))
                yield f"{table} by {column}", _once(found for _, found in by)
                last = _once(found for _, found in reversed(by))
                yield f"{table} by {column} from its end", last
            if table == "response":
                facts = sorted(named, key=lambda pair: [_sortable(pair[0][f]) for f in FACTS])
                yield "response by its facts", _once(found for _, found in facts)


# --- the judge ------------------------------------------------------------------------------


def chance(responses: Mapping[str, Row], truth: Sequence[Mapping[str, str]]) -> float:
    """What guessing gets who knows all public facts: one in so many raters that share them."""
    groups: dict[tuple[Any, ...], int] = defaultdict(int)
    for one in truth:
        for key in one.values():
            groups[tuple(responses[key][fact] for fact in FACTS)] += 1
    return len(groups) / sum(groups.values())


def success(loot: Loot, truth: Sequence[Mapping[str, str]]) -> tuple[float, str]:
    """The share of ratings that the best way found, and its name."""
    right = {(chat, key) for one in truth for chat, key in one.items()}
    best, way = 0, "none"
    for name, guess in Attacker(loot).guesses():
        hits = len(right & set(guess.items()))
        if hits > best:
            best, way = hits, name
    return best / len(right), way


# --- small tools ----------------------------------------------------------------------------


def _aligned(people: Sequence[str], answers: Sequence[str]) -> Guess:
    if not people or not answers:
        return {}
    share = len(answers) / len(people)
    return {who: answers[int(n * share)] for n, who in enumerate(people)}


def _once(things: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(things))


def _few(rows: list[int]) -> list[int]:
    return rows if len(rows) <= _RARE else []


def _first(row: Row, who: Callable[[str], str | None]) -> str | None:
    return next((found for mark in _marks(row) if (found := who(mark)) is not None), None)


def _marks(row: Row) -> Iterator[str]:
    """Every value of a row that could stand elsewhere too, those inside texts and notes too."""
    for value in row.values():
        if value is None or isinstance(value, bool | bytes | float):
            continue
        words = json.dumps(value) if isinstance(value, dict | list) else str(value)
        yield words
        yield from re.findall(r"[A-Za-z0-9_-]{4,}", words)


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, bool | int | float):
        return (1, value)
    if isinstance(value, datetime):
        return (2, value)
    return (3, value if isinstance(value, bytes) else str(value).encode())


def _places(
    raw: bytes, names: Iterable[str], shape: Callable[[str], bytes]
) -> Iterator[tuple[int, str]]:
    for name in names:
        if shape is _as_integer and not name.isdecimal():
            continue
        pattern, at = shape(name), -1
        while (at := raw.find(pattern, at + 1)) >= 0:
            yield at, name


def _as_integer(name: str) -> bytes:
    """How SQLite writes a large number."""
    return int(name).to_bytes(8, "big")
