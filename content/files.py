"""Reads content files and turns every fault into a ContentError."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

from content.errors import ContentError

T = TypeVar("T")


def read_text(file: Traversable, name: str) -> str:
    """Read a file as UTF-8; a byte order mark and Windows line ends do not count."""
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        raise ContentError(name, "whole file", "not UTF-8", "Save it as UTF-8") from fault


def read_toml(file: Traversable, name: str) -> dict[str, object]:
    """Read a TOML file; the message of a ContentError tells line and column."""
    try:
        return tomllib.loads(read_text(file, name))
    except ValueError as fault:
        raise ContentError(name, "TOML", str(fault), "Correct the line") from fault


def folder(root: Traversable, name: str, ending: str) -> Iterator[Traversable]:
    """Go through the files of a folder with this ending, by name; an absent folder is empty."""
    place = root.joinpath(name)
    if place.is_dir():
        files = [file for file in place.iterdir() if file.name.endswith(ending)]
        yield from sorted(files, key=lambda file: file.name)


def folders(root: Traversable, name: str) -> Iterator[Traversable]:
    """Go through the folders in a folder, by name."""
    place = root.joinpath(name)
    if place.is_dir():
        yield from sorted((f for f in place.iterdir() if f.is_dir()), key=lambda f: f.name)


def convert(data: object, shape: type[T], name: str) -> T:
    """Check data against a shape; a ContentError names the place by key, not only by number."""
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as fault:
        problem, _, path = str(fault).partition(" - at `")
        raise ContentError(
            name, _place(data, path.rstrip("`")), problem, _mend(problem)
        ) from fault


def _place(data: object, path: str) -> str:
    """Rewrite `$.items[2].label` as `items[3] (waktu).label`, counted from 1."""
    said = ""
    for field, index in re.findall(r"\.([\w]+)|\[(\d+|\.\.\.)\]", path):
        if field:
            data = data.get(field) if isinstance(data, dict) else None
            said += f".{field}"
        elif index != "..." and isinstance(data, list | tuple) and int(index) < len(data):
            data = data[int(index)]
            mark = data.get("key", data.get("value")) if isinstance(data, dict) else None
            said += f"[{int(index) + 1}]" + (f" ({mark})" if mark is not None else "")
    return said.lstrip(".") or "whole file"


def _mend(problem: str) -> str:
    if "missing required" in problem:
        return "Add it"
    if "unknown field" in problem:
        return "Correct its spelling or take it out"
    if "Expected `str`" in problem:
        return "Put it between quotation marks"
    return "Correct it"
