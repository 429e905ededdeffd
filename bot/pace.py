"""How fast we may speak: to everybody, to one chat, and after the platform said "slower"."""

from __future__ import annotations

from dataclasses import dataclass

CHAT_PER_SECOND = 1.0
CHAT_BURST = 3.0
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds, when a 429 does not say how long
SEVERAL = 2.0  # seconds within which 429s on two chats mean all of us
PROBE = 30.0  # seconds between single replies sent to see whether a long pause is over
SHARE_OF_OTHERS = 0.7  # of the rate; the rest is kept for people who wait for an answer


@dataclass
class Bucket:
    """Tokens that come back at a rate, up to a burst."""

    rate: float
    burst: float
    tokens: float
    at: float

    def level(self, now: float) -> float:
        """Tokens there are now."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return self.tokens

    def wait(self, now: float) -> float:
        """Seconds until there is a whole token."""
        return max(0.0, (1.0 - self.level(now)) / self.rate)


class Pace:
    """Two levels of limits with separate pauses, slowed by a 429 and recovering after it."""

    def __init__(self, per_second: float, now: float) -> None:
        """Allow `per_second` messages in all; Telegram's own limit is about 30."""
        self._allowed = per_second
        burst = max(1.0, per_second)
        self._all = Bucket(per_second, burst, burst, now)
        others = per_second * SHARE_OF_OTHERS
        self._others = Bucket(others, max(1.0, others), max(1.0, others), now)
        self._chats: dict[int, Bucket] = {}
        self._paused: dict[int, float] = {}  # chat → until
        self._unsaid: dict[int, float] = {}  # chat → last wait we chose ourselves
        self._last_throttle: tuple[int, float] | None = None
        self._paused_all = 0.0
        self._long = False
        self._probe_at = 0.0
        self._probing = False
        self._sped_at = now

    def room(self, now: float) -> tuple[int, int]:
        """How many messages may go now: (replies, all other lanes)."""
        self._recover(now)
        if now < self._paused_all:
            if self._long and now >= self._probe_at:
                return 1, 0
            return 0, 0
        total = int(self._all.level(now))
        return total, min(total, int(self._others.level(now)))

    def held(self, now: float) -> set[int]:
        """Addresses that must wait: told so by the platform, or just spoken to enough."""
        self._paused = {chat: until for chat, until in self._paused.items() if until > now}
        full = [chat for chat, bucket in self._chats.items() if bucket.level(now) >= CHAT_BURST]
        for chat in full:
            del self._chats[chat]
        slow = {chat for chat, bucket in self._chats.items() if bucket.level(now) < 1.0}
        return slow | set(self._paused)

    def wait(self, now: float) -> float | None:
        """Seconds until something held may go; None when nothing is held."""
        waits = [until - now for until in self._paused.values() if until > now]
        waits += [bucket.wait(now) for bucket in self._chats.values() if bucket.level(now) < 1.0]
        if now < self._paused_all:
            waits.append(self._paused_all - now)
            if self._long and self._probe_at > now:
                waits.append(self._probe_at - now)
        elif self._all.level(now) < 1.0 or self._others.level(now) < 1.0:
            waits.append(max(self._all.wait(now), self._others.wait(now)))
        return max(0.001, min(waits)) if waits else None

    def spend(self, chat: int, *, reply: bool, edit: bool, now: float) -> None:
        """A message goes out. Edits count for all of us but not for the chat."""
        self._all.level(now)
        self._all.tokens -= 1.0
        if not reply:
            self._others.level(now)
            self._others.tokens -= 1.0
        if not edit:
            bucket = self._chats.setdefault(
                chat, Bucket(CHAT_PER_SECOND, CHAT_BURST, CHAT_BURST, now)
            )
            bucket.level(now)
            bucket.tokens -= 1.0
        if now < self._paused_all:
            self._probe_at = now + PROBE
            self._probing = True

    def throttled(self, chat: int, retry_after: float | None, now: float) -> float:
        """The platform said 429 on this chat; returns how long this chat waits, in seconds."""
        if retry_after is None:
            wait = min(LONGEST_WAIT, self._unsaid.get(chat, FIRST_WAIT / 2) * 2)
            self._unsaid[chat] = wait
        else:
            wait = retry_after
        self._paused[chat] = now + wait
        last, self._last_throttle = self._last_throttle, (chat, now)
        if last is not None and last[0] != chat and now - last[1] <= SEVERAL:
            self._paused_all = max(self._paused_all, now + wait)
            self._long = wait > 60.0
            self._probe_at = now + PROBE
            self._set_rate(self._all.rate / 2, now)
        return wait

    def delivered(self, chat: int, now: float) -> None:
        """The platform took a message; taking a probe ends a long pause early."""
        self._unsaid.pop(chat, None)
        if self._probing:
            self._probing = False
            self._paused_all = min(self._paused_all, now)

    def _recover(self, now: float) -> None:
        """Every quiet second gives back a twentieth of the allowed rate."""
        seconds = int(now - self._sped_at)
        if seconds > 0:
            self._sped_at = now
            if self._all.rate < self._allowed and now >= self._paused_all:
                self._set_rate(self._all.rate + seconds * self._allowed / 20, now)

    def _set_rate(self, rate: float, now: float) -> None:
        rate = max(1.0, min(self._allowed, rate))
        for bucket, share in ((self._all, 1.0), (self._others, SHARE_OF_OTHERS)):
            bucket.level(now)
            bucket.rate = rate * share
            bucket.burst = max(1.0, rate * share)
            bucket.tokens = min(bucket.tokens, bucket.burst)
