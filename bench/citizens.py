"""Citizens for the stub: each scans, rates with one tap, answers the survey tap by tap, submits.

They read the buttons off whatever keyboard the bot sent, by place and never by words, so the same
crowd can use any bot that asks the same way: the answers below one another, the other ways on in
the last row. Only taps count; a tap is answered when an edit of its message is accepted.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from bench.door import Door

# The quick rating, "begin", the nine answers, five pages passed over, "submit".
JOURNEY = ("answer", "first", *["answer"] * 9, *["last"] * 5, "last")
LABELS = 4
LOOK = 0.5  # seconds between looks for people whose tap nobody answers


class _Button(msgspec.Struct):
    callback_data: str = ""


class _Keyboard(msgspec.Struct):
    inline_keyboard: list[list[_Button]]


_keyboard = msgspec.json.Decoder(_Keyboard)


class Citizen:
    """One person in one chat, somewhere on the journey."""

    __slots__ = ("at", "began", "chat", "data", "end", "keyboard", "message", "number", "touched")

    def __init__(self, chat: int, end: int) -> None:
        """Nothing seen yet; walks away after `end` steps."""
        self.chat = chat
        self.end = end
        self.at = -1  # -1: waits for the first message
        self.began = 0.0  # when the tap that waits was due; 0 when none waits
        self.touched = 0.0  # when she last tapped for it
        self.data = ""  # of the button she tapped
        self.number = 0  # of the message, then the message and its buttons as they were sent
        self.message = b""
        self.keyboard = b""


class Crowd:
    """All citizens of one stub and the ways to let them loose."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.released = 0  # taps whose waiting sign was ended
        self.finished = 0  # people who submitted
        self._people: dict[int, Citizen] = {}
        self._chats = count(100_000_000)
        self._updates = count(500_000_000)
        self._chance = random.Random(7)
        self._ready: deque[Citizen] = deque()
        self._due: deque[float] = deque()  # taps that nobody was free to make yet
        self._door: Door | None = None
        self._payloads: list[str] = [""]
        self._forget(0.0)

    def _forget(self, patience: float) -> None:
        self._on_ready: Callable[[Citizen], None] = self._ready.append
        self._moving = True  # False: what was begun is answered, nothing new begins
        self._patience = patience
        self._edited = self._repeats = self._starts = self._greeted = 0
        self._times: list[float] = []

    # --- what the bot does --------------------------------------------------------------

    def accepted(
        self, chat: int, number: int, message: bytes, keyboard: bytes, edited: bool, now: float
    ) -> bool:
        """A message of the bot: tells whether somebody waited for it."""
        person = self._people.get(chat)
        if person is None:
            return False
        if not edited:
            waited = person.at < 0
            self._greeted += waited
        else:
            # Who was impatient gets the same page twice; that is no answer to the next tap.
            other = bytes(keyboard) != person.keyboard
            waited = person.began > 0 and number == person.number and other
            if waited:
                self._edited += 1
                self._times.append(now - person.began)
                person.began = 0.0
        if waited:
            person.at += 1
            self.finished += person.at == len(JOURNEY)
            person.number, person.message, person.keyboard = number, message, bytes(keyboard)
        return waited

    def seen(self, chat: int) -> None:
        """The person has the new message before her eyes."""
        person = self._people.get(chat)
        if person is None:  # another load has begun since
            return
        if person.at == person.end:
            del self._people[chat]
        if self._moving:
            self._on_ready(person)

    # --- what people do -----------------------------------------------------------------

    def _start(self, end: int = len(JOURNEY)) -> None:
        person = Citizen(next(self._chats), end)
        self._people[person.chat] = person
        self._starts += 1
        payload = self._chance.choice(self._payloads)
        self._post(
            b'"message":{"message_id":1,"from":%b,"chat":{"id":%d,"first_name":"Warga",'
            b'"type":"private"},"date":%d,"text":"/start %b","entities":'
            b'[{"offset":0,"length":6,"type":"bot_command"}]}'
            % (_user(person.chat), person.chat, time.time(), payload.encode())
        )

    def _tap(self, person: Citizen, due: float) -> None:
        rows = _keyboard.decode(person.keyboard).inline_keyboard
        step = JOURNEY[person.at]
        if step == "last":
            button = rows[-1][-1]
        else:
            button = rows[self._chance.randrange(LABELS) if step == "answer" else 0][0]
        person.data, person.began, person.touched = button.callback_data, due, due
        self._touch(person)

    def _touch(self, person: Citizen) -> None:
        query = self._chance.getrandbits(60)
        self._post(
            b'"callback_query":{"id":"%d","from":%b,"message":%b,"chat_instance":"%d","data":%b}'
            % (query, _user(person.chat), person.message, query, msgspec.json.encode(person.data))
        )

    def _post(self, update: bytes) -> None:
        assert self._door is not None
        self._door.post(b'{"update_id":%d,%b}' % (next(self._updates), update))

    # --- a load -------------------------------------------------------------------------

    async def load(
        self,
        *,
        url: str,
        secret: str,
        pid: int,
        payloads: list[str],
        citizens: int,
        warm: float,
        seconds: float,
        cpu_of: Callable[[int], float],
        rate: float = 0.0,
        pause: float = 0.0,
        patience: float = 20.0,
    ) -> dict[str, Any]:
        """Taps of so many citizens at once; what came of them in `seconds`.

        Counting begins `warm` seconds after all have got their first message.
        With `rate`, so many taps fall due a second whatever the answers do (open loop);
        without it everybody taps as soon as she sees the answer, or `pause` seconds later.
        Who gets no answer for `patience` seconds taps again. `cpu` is the processor time of `pid`.
        """
        loop = asyncio.get_running_loop()
        self._door = Door(url, secret)
        self._people.clear()
        self._ready.clear()
        self._due.clear()
        self._payloads = payloads or [""]
        self._forget(patience)
        released = self.released
        if rate:
            citizens = min(citizens, 1 + int(rate))  # each taps once a second or so
            self._on_ready = self._idle
        else:
            self._on_ready = lambda person: self._next(loop, person, pause)
        for lane in range(citizens):  # the first walk away early, so that all are elsewhere
            self._start(1 + lane % len(JOURNEY))
        looking = loop.create_task(self._look())
        end = loop.time() + 4 * patience
        while self._greeted < citizens and loop.time() < end:  # one by one, that takes its time
            await asyncio.sleep(0.05)
        coming = loop.create_task(self._arrivals(rate)) if rate else None
        await asyncio.sleep(warm)
        self._times.clear()
        self._door.acks.clear()
        edited, starts, repeats = self._edited, self._starts, self._repeats
        began, cpu, own = loop.time(), cpu_of(pid), time.process_time()
        await asyncio.sleep(seconds)
        took, cpu, own = loop.time() - began, cpu_of(pid) - cpu, time.process_time() - own
        told = {
            "taps": self._edited - edited,
            "starts": self._starts - starts,
            "repeated": self._repeats - repeats,
            "seconds": round(took, 3),
            "cpu": round(cpu, 3),
            "stub_cpu": round(own, 3),
            **_milliseconds(self._times),
            "acks": len(self._door.acks),
            "ack_p99_ms": _milliseconds(self._door.acks).get("p99_ms", 0.0),
        }
        self._moving = False
        if coming is not None:
            coming.cancel()
        end = loop.time() + 4 * patience
        while self._waiting() and loop.time() < end:
            await asyncio.sleep(0.05)
        looking.cancel()
        while self.released - released < self._edited and loop.time() < end:
            await asyncio.sleep(0.05)
        told |= {
            "unanswered": self._waiting() + max(0, self._edited - self.released + released),
            "refused": self._door.refused,
        }
        self._door.close()
        return told

    def _next(self, loop: asyncio.AbstractEventLoop, person: Citizen, pause: float) -> None:
        if person.at == person.end:
            self._start()
        elif pause:
            loop.call_later(pause, self._after_pause, person)
        else:
            self._tap(person, loop.time())

    def _after_pause(self, person: Citizen) -> None:
        if self._moving and self._people.get(person.chat) is person:
            self._tap(person, asyncio.get_running_loop().time())

    async def _arrivals(self, rate: float) -> None:
        """A tap falls due `rate` times a second, whatever became of those before."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += self._chance.expovariate(rate)
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._due.append(due)
            self._pair()

    def _idle(self, person: Citizen) -> None:
        if person.at == person.end:
            self._start()
        else:
            self._ready.append(person)
            self._pair()

    def _pair(self) -> None:
        """Who has waited longest does what is due longest; it counts from when it was due."""
        while self._due and self._ready:
            self._tap(self._ready.popleft(), self._due.popleft())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            now = asyncio.get_running_loop().time()
            for person in list(self._people.values()):
                if person.began and now - person.touched > self._patience:
                    person.touched = now
                    self._repeats += 1
                    self._touch(person)

    def _waiting(self) -> int:
        return sum(person.at < 0 or person.began > 0 for person in self._people.values())


def _user(chat: int) -> bytes:
    return b'{"id":%d,"is_bot":false,"first_name":"Warga","language_code":"id"}' % chat


def _milliseconds(times: list[float]) -> dict[str, float]:
    if not times:
        return {}
    cut = statistics.quantiles([*times, max(times)], n=1000, method="inclusive")
    marks = {"p50_ms": cut[499], "p95_ms": cut[949], "p99_ms": cut[989], "max_ms": max(times)}
    return {name: round(seconds * 1000, 2) for name, seconds in marks.items()}
