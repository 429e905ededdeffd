"""The one clock: everything that asks what time it is asks this."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The time of day (movable in the demo and in tests) and a time that only runs forward."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that no clock change moves."""
        ...


class SystemClock:
    """The machine's clock, moved forward by `offset` (the demo opens on a working morning)."""

    def __init__(self) -> None:
        """Start without an offset."""
        self.offset = timedelta()

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Seconds that no clock change moves."""
        return time.monotonic()

    def advance(self, by: timedelta) -> None:
        """Move the time of day forward. Raises ValueError for a step back."""
        if by < timedelta():
            raise ValueError("the demo's clock only moves forward")
        self.offset += by
