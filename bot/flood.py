"""How much one chat may say: a bucket of tokens for each, so that one flood drowns nobody else.

In memory only: after a restart every bucket is full again, and nobody loses by that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

BURST = 100
"""Updates a chat may send at once: whatever somebody typed and tapped while the network or we
were away comes in one heap and must pass; the longest questionnaire takes forty."""

PER_SECOND = 5.0
"""Updates a second for ever: no thumb is that quick, and twenty chats at it are 100 a second,
which one processor carries beside everything else."""

_FEW = 1_000  # buckets among which nothing is cleared up


@dataclass(frozen=True)
class _Bucket:
    tokens: float
    at: float  # monotonic seconds
    told: bool = False  # that it was too much, since the bucket was last full
    stopped: bool = False  # the last thing that was heard is a stop


_FULL = _Bucket(BURST, 0.0)


class Flood:
    """What is left in the buckets; full ones are forgotten, so calm chats take no room."""

    def __init__(self) -> None:
        """Begin with everybody's bucket full."""
        self._buckets: dict[str, _Bucket] = {}
        self._clear_at = _FEW

    def __len__(self) -> int:
        """How many chats are remembered."""
        return len(self._buckets)

    def meter(self, now: float) -> Meter:
        """Begin to count the updates of one transaction, at so many monotonic seconds."""
        return Meter(self, now)

    def left(self, chat: str, now: float) -> _Bucket:
        """The bucket of a chat as it is by now."""
        bucket = self._buckets.get(chat, _FULL)
        tokens = bucket.tokens + (now - bucket.at) * PER_SECOND
        if bucket is _FULL or tokens >= BURST:
            return replace(_FULL, at=now)
        return replace(bucket, tokens=tokens, at=now)

    def keep(self, changed: dict[str, _Bucket], now: float) -> None:
        """Remember what a committed transaction took out."""
        self._buckets.update(changed)
        if len(self._buckets) > self._clear_at:
            self._buckets = {
                chat: bucket
                for chat, bucket in self._buckets.items()
                if bucket.tokens + (now - bucket.at) * PER_SECOND < BURST
            }
            self._clear_at = max(_FEW, 2 * len(self._buckets))


class Meter:
    """Takes from the buckets on trial: what a transaction that fails took was never taken.

    A database that is away makes the same updates come again and again; they count once.
    """

    def __init__(self, flood: Flood, now: float) -> None:
        """Begin with nothing taken."""
        self._flood = flood
        self._now = now
        self._changed: dict[str, _Bucket] = {}

    def admit(self, chat: str) -> bool:
        """Take a token for one update; False when there is none left."""
        bucket = self._of(chat)
        if bucket.tokens < 1:
            return False
        self._changed[chat] = replace(bucket, tokens=bucket.tokens - 1)
        return True

    def tell(self, chat: str) -> bool:
        """Whether to say that it was too much: once, until the chat was calm for a while."""
        bucket = self._of(chat)
        if bucket.told:
            return False
        self._changed[chat] = replace(bucket, told=True)
        return True

    def heard(self, chat: str, *, stop: bool) -> None:
        """Note whether the last thing that was heard from a chat is a stop."""
        bucket = self._of(chat)
        if bucket.stopped != stop:
            self._changed[chat] = replace(bucket, stopped=stop)

    def stopped(self, chat: str) -> bool:
        """Whether nothing was heard from a chat since it said stop."""
        return self._of(chat).stopped

    def keep(self) -> None:
        """The transaction was committed."""
        self._flood.keep(self._changed, self._now)

    def _of(self, chat: str) -> _Bucket:
        return self._changed.get(chat) or self._flood.left(chat, self._now)
