"""How fast we may speak: to everybody, to one chat, and after the platform said "slower"."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

CHAT_PER_SECOND = 1.0
CHAT_BURST = 3.0
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds, when a 429 does not say how long
LEAST_WAIT = 1.0  # seconds after any 429: "in 0 seconds" would be tried again and again at once
SEVERAL = 2.0  # seconds within which 429s on two chats mean all of us
NEWS = 60.0  # seconds after a chat's wait for which one more 429 on it is no news
LONG = 60.0  # seconds from which on a pause is probed, and told to the operator
PROBE = 30.0  # seconds between single replies sent to see whether a long pause is over
EASE = 5.0  # seconds after which one more message to a chat is none too many, whoever waits
SHARE = 3  # messages sooner than that; who had more comes after the others while tokens are scarce
SCARCE = 0.5  # of the burst that is allowed: when there are fewer tokens than that
GATHER = 0.25  # seconds' worth of tokens that are waited for while somebody comes after the others
RESERVE = 0.3  # of the burst is left to people who wait for an answer, whatever else there is
ROUND = 0.02  # seconds' worth of messages that are waited for, so that they go together
FEWEST, MOST = 30, 128  # calls under way at once, however slow or fast we may speak
_ROUNDING = 1e-9


def at_once(per_second: float) -> int:
    """How many calls may be under way: a second's worth, as far as that makes sense."""
    return int(max(FEWEST, min(MOST, per_second)))


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

    def wait(self, now: float, beyond: float = 0.0, worth: float = ROUND) -> float:
        """Seconds until a round's worth of tokens is there `beyond` some: at least a whole one."""
        enough = beyond + max(1.0, self.rate * worth)
        return max(0.0, (enough - self.level(now)) / self.rate)


class Pace:
    """Two levels of limits with separate pauses, slowed by a 429 and recovering after it."""

    def __init__(self, per_second: float, now: float) -> None:
        """Allow `per_second` messages in all; Telegram's own limit is about 30."""
        self.at_once = at_once(per_second)
        self._allowed = per_second
        burst = max(1.0, per_second)
        self._all = Bucket(per_second, burst, burst, now)
        self._rested: dict[int, float] = {}  # chat → when it may be spoken to in a burst again
        self._slow: dict[int, float] = {}  # chat that was just spoken to enough → until
        self._paused: dict[int, float] = {}  # chat → until, or until the next probe
        self._probed: dict[int, float] = {}  # chat with a long pause → its end
        self._had: dict[int, float] = {}  # chat → when what it had is no more than it may have
        self._much: dict[int, float] = {}  # those of them that had more than their share → until
        self._unsaid: dict[int, float] = {}  # chat → last wait we chose ourselves
        self._told: dict[int, float] = {}  # chat → until when one more 429 on it is no news
        self._refused: dict[int, float] = {}  # chat → its last 429, of late
        self._news_at = -inf  # when a chat was told to wait that had not been so lately
        self._taken_at = -inf  # when a message to such a chat was taken
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
        level = self._all.level(now)
        if self.yielding(now) and level + _ROUNDING < self._all.rate * GATHER:
            return 0, 0
        return int(level), max(0, int(level - self._reserve + _ROUNDING))

    @property
    def _reserve(self) -> float:
        """Tokens that only replies may take: others have the whole rate, but never the last."""
        return min(self._all.burst * RESERVE, self._all.burst - 1.0)

    def long_pause(self, now: float) -> float:
        """Seconds left of the longest pause that is probed, of one chat or all; 0 without any."""
        ends = [*self._probed.values(), self._paused_all if self._long else now]
        return max(0.0, max(ends) - now)

    def held(self, now: float) -> set[int]:
        """Addresses that must wait: told so by the platform, or just spoken to enough."""
        self._paused = {chat: until for chat, until in self._paused.items() if until > now}
        self._probed = {chat: end for chat, end in self._probed.items() if end > now}
        self._slow = {chat: until for chat, until in self._slow.items() if until > now}
        return self._paused.keys() | self._slow.keys()

    def yielding(self, now: float) -> set[int]:
        """Addresses that come after all others now: they had much, and there is not room for all.

        Else some that write without end would have all there is, for what they wait for is older
        than any reply to somebody else. To find that takes a walk past all that waits for them.
        """
        if now >= self._paused_all and self._all.level(now) >= self._allowed * SCARCE:
            return set()
        self._much = {chat: until for chat, until in self._much.items() if until > now}
        return set(self._much)

    def wait(self, now: float) -> float | None:
        """Seconds until something held may go; None when nothing is held."""
        waits = [until - now for until in self._paused.values() if until > now]
        waits += [until - now for until in self._slow.values() if until > now]
        if now < self._paused_all:
            waits.append(self._paused_all - now)
            if self._long and self._probe_at > now:
                waits.append(self._probe_at - now)
        else:
            worth = GATHER if self.yielding(now) else ROUND
            if short := self._all.wait(now, 0.0, worth) or self._all.wait(now, self._reserve):
                waits.append(short)
        return max(0.001, min(waits)) if waits else None

    def spend(self, chat: int, *, edit: bool, now: float) -> None:
        """A message goes out. Edits count for all of us but not for the chat."""
        self._all.level(now)
        self._all.tokens -= 1.0
        if not edit:
            self._speak(chat, now)
        if now < self._probed.get(chat, now):
            self._paused[chat] = min(now + PROBE, self._probed[chat])
        if self._long and self._probe_at <= now < self._paused_all:
            self._probe_at = now + PROBE
            self._probing = True

    def _speak(self, chat: int, now: float) -> None:
        """A bucket of its own for each chat, kept as the moment at which it is full again."""
        self._weigh(chat, min(now + NEWS, max(now, self._had.get(chat, now)) + EASE), now)
        full = max(now, self._rested.pop(chat, now)) + 1 / CHAT_PER_SECOND
        self._rested[chat] = full
        until = full - (CHAT_BURST - 1) / CHAT_PER_SECOND
        if until > now:
            self._slow[chat] = until
        while self._rested[oldest := next(iter(self._rested))] <= now:
            del self._rested[oldest]

    def _weigh(self, chat: int, until: float, now: float) -> None:
        """Note when a chat has had no more than it may: many are, and few had more than that."""
        self._had.pop(chat, None)
        self._had[chat] = until
        if until - now > SHARE * EASE:
            self._much[chat] = until - SHARE * EASE
        while self._had[oldest := next(iter(self._had))] <= now:
            del self._had[oldest]

    def throttled(self, chat: int, retry_after: float | None, now: float) -> float:
        """The platform said 429 on this chat; returns in how many seconds it is tried again.

        That is when it was told to, or in half a minute, to see whether a long pause is over.
        """
        if retry_after is None:
            wait = min(LONGEST_WAIT, self._unsaid.get(chat, FIRST_WAIT / 2) * 2)
            self._unsaid[chat] = wait
        else:
            wait = max(LEAST_WAIT, retry_after)
        probed = retry_after is not None and wait > LONG  # what we chose ourselves is a guess
        again = PROBE if probed else wait
        self._paused[chat] = now + again
        self._probed.pop(chat, None)
        if probed:
            self._probed[chat] = now + wait
        self._probing = False
        if self._means_all(chat, wait, now):
            if now >= self._paused_all:  # what was under way when a pause began is the same news
                self._set_rate(self._all.rate / 2, now)
                self._long = False
            self._paused_all = max(self._paused_all, now + wait)
            self._long = self._long or wait > LONG
            self._probe_at = now + PROBE
        return again

    def _means_all(self, chat: int, wait: float, now: float) -> bool:
        """Whether a 429 on this chat, after those of late, is about all of us.

        One that is told to wait again and again proves nothing: two such would silence everybody.
        So two must be told who were not lately. Where few people are, soon all were: then three
        do, unless something to anybody else was taken.
        """
        self._told = {told: until for told, until in self._told.items() if until > now}
        news = chat not in self._told
        self._told[chat] = now + wait + NEWS
        self._refused = {one: at for one, at in self._refused.items() if now - at <= SEVERAL}
        self._refused[chat] = now
        if news:
            last, self._news_at = self._news_at, now
            if now - last <= SEVERAL:
                return True
        else:
            self._weigh(chat, now + min(wait, PROBE) + NEWS, now)
        return len(self._refused) > 2 and now - self._taken_at > NEWS

    def delivered(self, chat: int, now: float) -> None:
        """The platform took a message; taking a probe ends a long pause early."""
        self._unsaid.pop(chat, None)
        if self._told.get(chat, now) <= now:
            self._taken_at = now
        over = [chat] if chat in self._probed else []
        if self._probing:
            self._probing = False
            self._paused_all = min(self._paused_all, now)
            over = [*self._probed]  # what was said of us all was said on these chats
        for told in over:
            del self._probed[told]
            self._told[told] = now + NEWS
            self._paused.pop(told, None)

    def _recover(self, now: float) -> None:
        """Every quiet second after a pause gives back a twentieth of the allowed rate."""
        since = max(self._sped_at, self._paused_all)
        seconds = int(now - since)
        if seconds > 0:
            self._sped_at = since + seconds
            if self._all.rate < self._allowed:
                self._set_rate(self._all.rate + seconds * self._allowed / 20, now)

    def _set_rate(self, rate: float, now: float) -> None:
        self._all.level(now)
        self._all.rate = min(self._allowed, max(1.0, rate))
        self._all.burst = max(1.0, self._all.rate)
        self._all.tokens = min(self._all.tokens, self._all.burst)
