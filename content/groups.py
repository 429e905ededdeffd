"""Reads the position groups and the competence levels expected in them."""

from importlib.resources.abc import Traversable
from typing import Annotated

import msgspec

from content.files import convert, read_toml
from content.model import Key, Level, PositionGroup, Text, Version

FILE = "groups.toml"


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One group, as the file has it; the note stands once for all."""

    key: Key
    name: Text
    required: dict[Key, Level]


class _Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of the groups."""

    version: Version
    source: str
    note: Text
    groups: Annotated[tuple[_Group, ...], msgspec.Meta(min_length=1)]


def read_groups(root: Traversable) -> tuple[str, tuple[PositionGroup, ...]]:
    """Read the version of the file and its groups; raises ContentError."""
    data = convert(read_toml(root.joinpath(FILE), FILE), _Groups, FILE)
    groups = [
        {"key": g.key, "name": g.name, "required": g.required, "note": data.note}
        for g in data.groups
    ]
    return data.version, convert(groups, tuple[PositionGroup, ...], FILE)
