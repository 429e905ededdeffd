"""The flood limit: how many messages Telegram takes in a second."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from simulator.faults import too_many


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages per second, over all chats and in one chat; a second's worth may come at once."""

    global_per_s: float
    chat_per_s: float


class Flood:
    """Two token buckets, one for all and one for each chat."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._buckets: dict[int | str | None, tuple[float, float]] = {}

    def spend(self, chat: int | str) -> None:
        """Take one message from both buckets; raises a 429 that says how long to wait."""
        wait = max(
            self._missing(None, self._limits.global_per_s),
            self._missing(chat, self._limits.chat_per_s),
        )
        if wait > 0:
            raise too_many(max(1, math.ceil(wait)))
        for key in (None, chat):
            level, at = self._buckets[key]
            self._buckets[key] = (level - 1, at)

    def _missing(self, key: int | str | None, rate: float) -> float:
        """Seconds until this bucket holds one message again."""
        now = self._monotonic()
        full = max(1.0, rate)
        level, at = self._buckets.get(key, (full, now))
        level = min(full, level + (now - at) * rate)
        self._buckets[key] = (level, now)
        return 0.0 if level >= 1 else (1 - level) / rate
