"""The fixed corpus: one file for each class of bad input, one case a line, each with what is due.

`corpus/C01.jsonl` … `C20.jsonl` hold JSON objects with a `name`, an `expected` and what is put in.
In updates, `"$private"` stands for the part of that name in `corpus/parts.json`, and the member
`"...": "$rights"` for all members of it. In bodies, `["[", 10000]` is a piece ten thousand times
over and `{"hex": "ff"}` a byte that no text can hold; `@ID` is the update's number, `@WHO` the
person's, `@CHAT` her private chat and she as the sender.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "corpus"
PERSON = 5_000_000_042  # whose updates they are, until they are given to somebody else

Case = dict[str, Any]


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def cases(name: str) -> list[Case]:
    """The cases of a class."""
    return [json.loads(line) for line in _read(f"{name}.jsonl").splitlines()]


def named(case: Case) -> str:
    """What a test is called."""
    return str(case["name"])


def update_of(case: Case, update_id: int, person: int = PERSON) -> dict[str, Any]:
    """The update of a case, as one of that person's."""
    return {"update_id": update_id, **owned(_filled(case["update"], parts()), person)}


@cache
def parts() -> dict[str, Any]:
    """What stands behind the names."""
    return dict(json.loads(_read("parts.json")))


def _filled(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, str):
        return (
            _filled(known[value[1:]], known) if value[:1] == "$" and value[1:] in known else value
        )
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    if isinstance(value, dict):
        whole = {k: _filled(v, known) for k, v in value.items()}
        return {**whole.pop("...", {}), **whole}
    return value


def owned(value: Any, person: int) -> Any:
    """The same with another person in all places."""
    if isinstance(value, dict):
        return {key: owned(inner, person) for key, inner in value.items()}
    if isinstance(value, list):
        return [owned(inner, person) for inner in value]
    return person if value == PERSON and isinstance(value, int) else value


_CHAT = b'"chat":{"id":@WHO,"type":"private"},"from":{"id":@WHO,"is_bot":false,"first_name":"S"}'


def body_of(case: Case, update_id: int, person: int = PERSON) -> bytes:
    """The bytes of a case's body, as an update of that person's."""
    raw = pieced(case["body"]).replace(b"@CHAT", _CHAT)
    return raw.replace(b"@ID", str(update_id).encode()).replace(b"@WHO", str(person).encode())


def pieced(pieces: str | list[Any]) -> bytes:
    """Text, pieces many times over and bytes in hexadecimal, one after the other."""
    if isinstance(pieces, str):
        return pieces.encode()
    made = b""
    for piece in pieces:
        match piece:
            case str():
                made += piece.encode()
            case {"hex": digits}:
                made += bytes.fromhex(digits)
            case [inner, times]:
                made += pieced(inner if isinstance(inner, list) else [inner]) * times
            case _:
                raise ValueError(f"no piece of a body: {piece!r}")
    return made
