"""A clock that only the test moves."""

from datetime import UTC, datetime, timedelta

MONDAY_NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 09.00 WIB on a working Monday


class HandClock:
    def __init__(self, at: datetime = MONDAY_NINE) -> None:
        self._now = at
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Let time pass: the hour and the time that only runs forward."""
        self._now += by
        self._monotonic += max(0.0, by.total_seconds())

    def jump(self, by: timedelta) -> None:
        """Set the hour forward or back while no time passes."""
        self._now += by
