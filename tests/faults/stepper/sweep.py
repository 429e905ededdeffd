"""Steps through a story point by point, and judges each point by the one checker."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import create_engine, text

from bench.battle import sync_url
from tests.faults.stepper.grounds import Grounds
from tests.faults.stepper.life import CANCEL, KILL, KILL_AT_CALL, LOST, TOKEN, TROUBLE
from tests.faults.stepper.stage import Fault, Stage, Stuck
from tests.faults.stepper.stories import DEWI, SUBSCRIBERS, Story
from tests.faults.stepper.telegrams import Telegrams
from tests.kit.checker import findings

_LOST = r"^(lost|confirmed but not stored|never taken in)|misses"
_DOUBLED = r"twice| times|anew"
BESIDE = 1.05  # numbers vary a little from run to run: so much further is looked for the end …
ENOUGH = 5  # … until so many in a row were behind it
CRASHES = 10
LOOP = "crash loop"


@dataclass(frozen=True)
class Combo:
    """A story on one kind of database with one way of taking updates in."""

    story: Story
    mode: str
    kind: str

    def __str__(self) -> str:
        return f"{self.story.name} {self.mode} {self.kind}"


@dataclass(frozen=True)
class Reference:
    """A run without a fault: how many points there are, and what was said."""

    points: dict[str, int]
    started: int  # awaits until the program is up
    said: dict[int, set[str]]  # by chat, everything that stood on its screen at any time
    ends: dict[int, set[str]]  # … and at the end
    edited: set[tuple[int, str]]  # chat and words of edits that were no message of their own


@dataclass
class Point:
    """What came of one point."""

    faults: list[Fault]
    broken: list[str] = field(default_factory=list)
    copies: int = 0  # messages that came once more
    uncertain: int = 0

    @property
    def struck(self) -> bool:
        return all(fault.place for fault in self.faults)


@dataclass
class Tally:
    """All points of one variant in one combination."""

    combo: Combo
    variant: str
    expected: int
    points: int = 0
    lost: int = 0
    doubled: int = 0
    copies: int = 0
    most_copies: int = 0
    uncertain: int = 0
    places: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, point: Point) -> None:
        if not point.struck:
            self.broken += point.broken
            return
        self.points += 1
        self.places[point.faults[0].place] += 1
        self.lost += any("lost" in one or "never taken" in one for one in point.broken)
        self.doubled += any("twice" in one or " times" in one for one in point.broken)
        self.copies += point.copies
        self.most_copies = max(self.most_copies, point.copies)
        self.uncertain += point.uncertain
        at = [(f.variant, f.at, f.place) for f in point.faults]
        self.broken += [f"{at}: {one}" for one in point.broken]

    def row(self) -> dict[str, object]:
        """As figures."""
        return {
            "story": self.combo.story.name,
            "mode": self.combo.mode,
            "database": self.combo.kind,
            "variant": self.variant,
            "points": self.points,
            "of": self.expected,
            "lost": self.lost,
            "doubled": self.doubled,
            "extra_copies": self.copies,
            "most_at_a_point": self.most_copies,
            "uncertain": self.uncertain,
            "places": len(self.places),
            "broken": self.broken,
            "seconds": round(self.seconds, 1),
        }


@dataclass
class Stepper:
    """Plays stories with faults."""

    grounds: Grounds
    telegrams: Telegrams
    at_once: int = 3
    flaw: str = ""

    async def reference(self, combo: Combo) -> Reference:
        """Play without a fault. Raises Stuck when even that does not work."""
        await self.grounds.prepare(combo.story, combo.kind)
        async with self._stage(combo, []) as stage:
            await combo.story.play(stage)
            await stage.quiet()
            look = stage.look
            assert look is not None
            if broken := await asyncio.to_thread(_wrong, combo, stage):
                raise Stuck(f"{combo} without a fault: {broken}")
        return Reference(
            points={
                **dict.fromkeys((KILL, CANCEL), look.awaits),
                **dict.fromkeys((KILL_AT_CALL, TROUBLE), look.calls),
                LOST: look.commits,
            },
            started=look.started,
            said=_said(stage),
            ends=_standing(stage),
            edited=_edited(stage) - _sent(stage).keys(),
        )

    async def sweep(
        self, combo: Combo, variant: str, reference: Reference, points: Iterable[int] | None = None
    ) -> Tally:
        """Strike at each of these points; by default at all there are."""
        last = reference.points[variant]
        numbers = range(1, int(last * BESIDE) + 2) if points is None else points
        tally = Tally(combo, variant, last)
        await self._strike_all(tally, ([Fault(variant, at)] for at in numbers), reference)
        return tally

    async def crash_loops(
        self, combo: Combo, reference: Reference, n: int, chance: random.Random
    ) -> Tally:
        """Kill in the middle, and then ten times in a row while the program starts; `n` times."""
        tally = Tally(combo, LOOP, n)
        loops = (
            [Fault(KILL, at) for at in (first, *spread(reference.started, CRASHES, chance))]
            for first in spread(reference.points[KILL], n, chance)
        )
        await self._strike_all(tally, loops, reference)
        return tally

    async def _strike_all(
        self, tally: Tally, faults: Iterable[list[Fault]], reference: Reference
    ) -> None:
        began = time.perf_counter()
        planned = iter(faults)
        missed = 0  # in a row

        async def some() -> None:
            nonlocal missed
            for each in planned:
                if missed >= ENOUGH:
                    return
                point = await self.strike(tally.combo, each, reference)
                missed = 0 if point.struck else missed + 1
                tally.add(point)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.at_once):
                group.create_task(some())
        tally.seconds = time.perf_counter() - began

    async def strike(self, combo: Combo, faults: list[Fault], reference: Reference) -> Point:
        """Play the story with these faults, one for each of the first lives; judge the end."""
        point = Point(faults)
        async with self._stage(combo, faults) as stage:
            try:
                await combo.story.play(stage)
                await stage.quiet()
            except Stuck as error:
                point.broken.append(str(error))
            stage.kill()
            point.broken += await asyncio.to_thread(_wrong, combo, stage)
            point.uncertain = await asyncio.to_thread(_uncertain, stage)
        point.broken += _odd(stage, reference)
        copies = _sent(stage)
        point.copies = copies.total() - len(copies)
        point.broken += [
            f"an edit was said anew: {one}" for one in copies if one in reference.edited
        ]
        point.broken += [f"came {n} times: {words}" for (_, words), n in copies.items() if n > 2]
        if faults and faults[0].variant in (TROUBLE, LOST) and faults[0].late and stage.ended:
            point.broken.append(f"trouble with the database ended the program:\n{stage.log()}")
        return point

    @asynccontextmanager
    async def _stage(self, combo: Combo, faults: list[Fault]) -> AsyncIterator[Stage]:
        async with self.grounds.copy(combo.story, combo.kind) as (url, folder):
            stage = Stage(
                url,
                combo.mode,
                folder,
                faults,
                flaw=self.flaw,
                armed=combo.story.starting,
            )
            async with stage.open(self.telegrams):
                yield stage


def spread(last: int, n: int, chance: random.Random) -> list[int]:
    """One number out of each of `n` equal parts of 1 … `last`."""
    return [1 + int((part + chance.random()) * last / n) for part in range(min(n, last))]


# --- the judge ------------------------------------------------------------------------------


def _wrong(combo: Combo, stage: Stage) -> list[str]:
    """What the checker finds, and what the story misses."""
    broken = findings(
        stage.simulator.record.entries,
        stage.database_url,
        given=combo.story.given,
        logs=[stage.folder / "run.log"],
        canaries=[TOKEN.partition(":")[2]],
    )
    engine = create_engine(sync_url(stage.database_url))
    try:
        with engine.connect() as connection:
            return broken + combo.story.wrong(connection)
    finally:
        engine.dispose()


def _uncertain(stage: Stage) -> int:
    engine = create_engine(sync_url(stage.database_url))
    try:
        with engine.connect() as connection:
            found = connection.execute(
                text("select count(*) from outbox where state = 'uncertain'")
            )
            return int(found.scalar_one())
    finally:
        engine.dispose()


_REFERENCE = re.compile(r"\n\n#\w+$")  # what marks a resend
_HOUR = re.compile(r"\d{2}\.\d{2}")


def _plain(words: str) -> str:
    """The words without what differs from run to run."""
    return _HOUR.sub("··.··", _REFERENCE.sub("", words))


def _sent(stage: Stage) -> Counter[tuple[int, str]]:
    """New messages by chat and words, however often they came."""
    return Counter(
        (entry.chat_id, _plain(entry.text))
        for entry in stage.simulator.record.accepted
        if entry.method.startswith("send")
    )


def _edited(stage: Stage) -> set[tuple[int, str]]:
    return {
        (entry.chat_id, _plain(entry.text))
        for entry in stage.simulator.record.accepted
        if entry.method.startswith("edit") and entry.chat_id != DEWI
    }


def _said(stage: Stage) -> dict[int, set[str]]:
    """By chat, what stood on its screen at any time; the author of an announcement left out.

    She is told how far it is, which differs.
    """
    said: dict[int, set[str]] = {}
    for entry in stage.simulator.record.accepted:
        if entry.chat_id != DEWI:
            said.setdefault(entry.chat_id, set()).add(_plain(entry.text))
    return said


def _standing(stage: Stage) -> dict[int, set[str]]:
    """The same, of what stands at the end."""
    return {
        phone.chat_id: {_plain(m.text) for m in phone.messages if m.from_bot and not m.deleted}
        for phone in stage.simulator.phones
        if phone.chat_id != DEWI
    }


def _odd(stage: Stage, reference: Reference) -> list[str]:
    """What people read that they would not have read without a fault, and what they miss.

    An announcement of which nobody knows whether it arrived may be missed.
    """
    broken = []
    for chat, words in _said(stage).items():
        if odd := words - reference.said.get(chat, set()):
            broken.append(f"chat {chat} read something else: {odd}")
    for chat, words in reference.ends.items():
        missed = words - _standing(stage)[chat]
        if missed and chat not in SUBSCRIBERS:
            broken.append(f"chat {chat} misses {missed}")
    return broken
