"""How an update is broken: every way to a value, and what can be put in its place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tests.channels.updates import Json

MISSING = object()
MUTATIONS: tuple[Any, ...] = (
    *(MISSING, None, True, False, 0, -1, 5, 2**53 + 1, -(2**63), 2**70, 1.5, -0.0, 1e308),
    *("", "x", "5", "\u0000\u202e", "a" * 5000, [], [None], [[]], {}, {"id": None}, {"": {}}),
)

Way = tuple[Any, ...]


def places(node: Any, path: Way = ()) -> Iterator[Way]:
    """The way to every value, inner and leaf."""
    if path:
        yield path
    if isinstance(node, dict | list):
        for name, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            yield from places(value, (*path, name))


def at(node: Any, path: Way) -> Any:
    """What stands there."""
    for name in path:
        node = node[name]
    return node


def changed(seed: Json, path: Way, value: Any) -> Json:
    """The update with another value in one place, or without that place."""
    mutant = copy.deepcopy(seed)
    node = at(mutant, path[:-1])
    if value is MISSING:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return mutant
