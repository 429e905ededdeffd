"""What may be kept of an update that could not be handled: its shape, nobody's words."""

from __future__ import annotations

import json
from typing import Any

_DEPTH = 12
_ITEMS = 60


def shape(raw: bytes) -> bytes:
    """The JSON with every text replaced by its length and every number by its sort."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return f"not JSON, {len(raw)} bytes".encode()
    return json.dumps(_shape(value, _DEPTH)).encode()[:8_000]


def _shape(value: Any, depth: int) -> Any:
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        kept = list(value.items())[:_ITEMS]
        return {_key(key): _shape(inner, depth - 1) for key, inner in kept}
    if isinstance(value, list):
        return [_shape(inner, depth - 1) for inner in value[:_ITEMS]]
    if isinstance(value, str):
        return f"text({len(value)})"
    return type(value).__name__


def _key(key: str) -> str:
    """A field's name; anything that does not look like one could be somebody's words."""
    return key if key.isascii() and key.isidentifier() and len(key) <= 40 else "?"
