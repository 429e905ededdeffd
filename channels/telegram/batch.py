"""The answer to getUpdates, taken apart into updates whose bytes nobody has touched."""

from __future__ import annotations

import re

import msgspec


class _Batch(msgspec.Struct):
    ok: bool
    result: list[msgspec.Raw]


_batch = msgspec.json.Decoder(_Batch)
_START = re.compile(rb'\s*\{\s*"ok"\s*:\s*true\s*,\s*"result"\s*:\s*\[')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},]', re.S)


def split(payload: bytes) -> list[bytes] | None:
    """Each update of the batch as it came, or None when this is no batch of updates.

    One update that no parser takes (nested too deep, half a surrogate) must not keep the others
    of its batch from being stored; such a batch is taken apart by its brackets alone.
    """
    try:
        return [bytes(update) for update in _batch.decode(payload).result]
    except (msgspec.ValidationError, UnicodeDecodeError):
        return None
    except (msgspec.DecodeError, RecursionError):
        return _by_brackets(payload)


def _by_brackets(payload: bytes) -> list[bytes] | None:
    start = _START.match(payload)
    if start is None:
        return None
    updates: list[bytes] = []
    depth, begun = 0, start.end()
    for token in _TOKEN.finditer(payload, start.end()):
        sign = token[0]
        if depth == 0 and sign in (b",", b"]"):
            updates.append(payload[begun : token.start()].strip())
            begun = token.end()
            if sign == b"]":
                return updates if payload[begun:].strip() == b"}" and all(updates) else None
        elif sign in (b"{", b"["):
            depth += 1
        elif sign in (b"}", b"]"):
            depth -= 1
    return None
