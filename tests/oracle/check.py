"""A second opinion: does aiogram, which knows nothing of us, agree with a simulator's record?

Run by the Python of `.venv-oracle` with one or more record files (JSON lines, as
`simulator.record` writes them). Prints each disagreement and ends with 1 when there is one.

* requests: the method exists, every parameter is known to it and has a value it takes;
* answers and updates: they are the type the method returns, without a field aiogram lacks.

Lengths (4,096 characters, 64 bytes) no schema knows: the simulator checks those itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiogram.methods
from aiogram.methods import TelegramMethod
from aiogram.types import BufferedInputFile, TelegramObject, Update
from pydantic import BaseModel, TypeAdapter, ValidationError

TEXTS = {"text", "caption", "description", "short_description"}


def problems(entry: dict[str, Any]) -> Iterator[str]:
    """What aiogram has to say against one line of a record."""
    if entry["kind"] == "issued":
        yield from misfit(Update, entry["update"])
    elif entry["kind"] == "answered" and entry["status"] == 200:
        method = entry["method"]
        model = getattr(aiogram.methods, method[:1].upper() + method[1:], None)
        if model is None:
            yield f"unknown method {method}"
            return
        yield from request_problems(model, entry["params"])
        # A scripted fault may have spoiled the answer on its way: then it is a text.
        if isinstance(entry["answer"], dict):
            yield from misfit(model.__returning__, entry["answer"]["result"])


def request_problems(model: type[TelegramMethod[Any]], params: dict[str, Any]) -> Iterator[str]:
    known = {field.alias or name for name, field in model.model_fields.items()}
    for name in params.keys() - known:
        yield f"{model.__name__} has no parameter {name}"
    values = {name: plain(name, value) for name, value in params.items() if name in known}
    try:
        yield from strangers(model.model_validate(values), model.__name__)
    except ValidationError as error:
        yield f"{model.__name__}: {error}"


def plain(name: str, value: Any) -> Any:
    """The value behind what went over the wire: nested values travel as JSON, files by name."""
    if isinstance(value, dict) and value.keys() == {"file_name", "size"}:
        return BufferedInputFile(b"", value["file_name"])
    if isinstance(value, str) and value[:1] in {"{", "["} and name not in TEXTS:
        return json.loads(value)
    return value


def misfit(kind: Any, value: Any) -> Iterator[str]:
    try:
        parsed = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        yield f"{kind}: {error}"
        return
    yield from strangers(parsed, str(kind))


def strangers(value: Any, path: str) -> Iterator[str]:
    """Fields that aiogram kept without knowing them."""
    if isinstance(value, list):
        for at, one in enumerate(value):
            yield from strangers(one, f"{path}[{at}]")
    elif isinstance(value, TelegramObject | TelegramMethod) and isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{path} has no field {name}"
        for name in type(value).model_fields:
            yield from strangers(getattr(value, name), f"{path}.{name}")


def main(paths: list[str]) -> int:
    """Check files; the exit status."""
    found = lines = 0
    for path in paths:
        for number, line in enumerate(Path(path).read_text().splitlines(), 1):
            lines += 1
            for problem in problems(json.loads(line)):
                found += 1
                print(f"{path}:{number}: {problem}")
    print(f"{lines} lines, {found} disagreements")
    return 1 if found or not lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
