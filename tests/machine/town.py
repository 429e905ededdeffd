"""A town in the hands of hypothesis: people, an attacker, a bad line, a clock and a killer.

Every rule is one small step, so that a crash, a lost answer or another order can come between any
two. After each step of the worker the model says what must be stored; at rest, the one checker
says whether all that Telegram saw agrees with it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from domain import announcing
from domain.announcing import Plan
from handlers import announced
from simulator import Phone
from simulator.updates import Updates
from tests.kit.databases import deaf
from tests.kit.office import LOKET, LOKET_KK
from tests.machine.model import ZONE
from tests.machine.screens import TAPPED, buttons, forward
from tests.machine.service import ATTACKER, CITIZENS, SERVANTS, Opener, Service

COMMANDS = {**dict.fromkeys(CITIZENS, ("lanjut", "menu", "batal"))}
COMMANDS |= dict.fromkeys(SERVANTS, ("nilai_diri", "belajar", "menu", "batal"))
FORGED: dict[str, Callable[[str], str]] = {
    "as it is": lambda data: data,
    "another value": lambda data: data[:TAPPED] + "!umumkan",
    "another reference": lambda data: data[:1] + "AAAAAAAA" + data[9:],
    "cut": lambda data: data[:-1],
}
TRIED: dict[str, Sequence[str | int]] = {
    "announces": ("/umumkan", "Kabar bohong.", 1, 0),
    "assesses": ("/nilai_diri", 0, *[1] * 9, 0),
}
ATTACKS = (
    *FORGED,
    *[how for how in TRIED for _ in range(3)],
    *("/pelatihan_admin", "/buat_pelatihan", "/pengumuman"),
    *("/start i", "/start iAAAA", "/start i" + "A" * 32),
)
KINDS = ("drop_before", "drop_after", "502", "502_after", "429", "500", "truncated")
ACTIVE = (*CITIZENS, "Sari")
BEGINNINGS = (f"/start {LOKET}", f"/start {LOKET_KK}", "/nilai_diri", "/belajar", "/lanjut")
THEN = st.sampled_from((*["served"] * 5, "handled", "stored", "nothing", "nothing"))
A_DAY = timedelta(days=1)  # Telegram brings nothing again that is older


class Town(Service):
    """What may happen."""

    def __init__(self, opened: Opener) -> None:
        super().__init__(opened)
        self.taken: list[tuple[datetime, bytes]] = []  # what was handed over, to come again

    # --- people --------------------------------------------------------------------------------

    @rule(who=st.sampled_from(CITIZENS), payload=st.sampled_from((LOKET, LOKET_KK)), then=THEN)
    def scans(self, who: str, payload: str, then: str) -> None:
        self.run(self.phones[who].start(payload))
        self.serve(then)

    @rule(who=st.sampled_from(ACTIVE), which=st.integers(0, 3), then=THEN)
    def commands(self, who: str, which: int, then: str) -> None:
        name = COMMANDS[who][which % len(COMMANDS[who])]
        self.run(self.phones[who].send(f"/{name}"))
        self.serve(then)

    @rule(who=st.sampled_from(ACTIVE), then=THEN)
    def sends_a_thing(self, who: str, then: str) -> None:
        self.run(self.phones[who].send_sticker())
        self.serve(then)

    @rule(who=st.sampled_from(ACTIVE), which=st.integers(0, 40), twice=st.booleans(), then=THEN)
    def taps(self, who: str, which: int, twice: bool, then: str) -> None:
        """One of the buttons on the screen, the newest first; perhaps with an impatient finger."""
        shown = buttons(self.phones[who])
        if shown:
            message, value = shown[which % len(shown)]
            for _ in range(1 + twice):
                self.run(self.phones[who].press_raw(value, message))
            self.serve(then)

    @rule(
        who=st.sampled_from(ACTIVE),
        words=st.sampled_from((*BEGINNINGS, "")),
        answers=st.lists(st.integers(0, 4), min_size=1, max_size=18),
    )
    def gets_on_with_it(self, who: str, words: str, answers: list[int]) -> None:
        """Answer after answer on the newest message, as long as the line and the program serve."""
        if words:
            self.run(self.phones[who].send(words))
            self.serve("served")
        for answer in answers:
            if (found := forward(self.phones[who], answer)) is None:
                return
            message, value = found
            self.run(self.phones[who].press_raw(value, message))
            self.serve("served")

    @rule(
        who=st.sampled_from(CITIZENS),
        payload=st.sampled_from((LOKET, LOKET_KK)),
        answers=st.lists(st.integers(0, 3), min_size=1, max_size=2),
        between=st.sampled_from((1, 20, 700)),
    )
    def comes_back(self, who: str, payload: str, answers: list[int], between: int) -> None:
        """To the counter where she has just been."""
        for _ in range(2):
            self.gets_on_with_it(who, f"/start {payload}", answers)
            self.world.clock.advance(timedelta(seconds=between))

    # Twice in the list: most of what happens in a town is people.
    taps_again = taps
    gets_on_with_it_again = gets_on_with_it

    # --- an attacker ---------------------------------------------------------------------------

    @rule(how=st.sampled_from(ATTACKS), whose=st.sampled_from(ACTIVE), which=st.integers(0, 40))
    def is_attacked(self, how: str, whose: str, which: int) -> None:
        """A stolen or forged button, a command that is not his, a guessed invitation."""
        thief = self.phones[ATTACKER]
        stolen = buttons(self.phones[whose])
        if how.startswith("/"):
            self.run(thief.send(how))
        elif how in TRIED:
            self.tries(thief, TRIED[how])
        elif stolen:
            data = stolen[which % len(stolen)][1]
            self.run(thief.press_raw(FORGED[how](data), 1))

    def tries(self, thief: Phone, deeds: Sequence[str | int]) -> None:
        """Go on as if he might: words, and the n-th button of whatever he is shown.

        Not of the menu, to which everybody is led: what that offers, a rating too, is no attack.
        The answer to his words may be lost, and an older menu be the newest he has.
        """
        for deed in deeds:
            asked = [m for m in thief.messages if m.from_bot and m.keyboard and not m.deleted]
            here = [button for m in asked[-1:] for row in m.keyboard for button in row]
            if isinstance(deed, str):
                self.run(thief.send(deed))
            elif any(button.label == "Nilai layanan" for button in here):
                return
            elif deed < len(here):
                self.run(thief.press_raw(here[deed].value, asked[-1].id))
            self.serve("served")

    # --- the office speaks ---------------------------------------------------------------------

    @precondition(lambda self: 9 <= self.hour < 15)
    @rule()
    def announces(self) -> None:
        self.told.append(words := f"Kabar nomor {len(self.told) + 1}.")
        house, now = self.world.program.house, self.world.clock.now()

        async def agreed() -> None:
            async with self.database.transaction() as tx:
                await announcing.create(
                    tx,
                    author_id=self.phones["Sari"].user_id,
                    audience="staff",
                    text=words,
                    sender="Kota Contoh",
                    sheets=announced.sheets(
                        house, sender="Kota Contoh", text=words, audience="staff"
                    ),
                    plan=Plan(now, "", None),
                    zone=house.zone,
                    now=now,
                )

        self.run(agreed())

    @precondition(lambda self: 9 <= self.hour < 15)
    @rule(kind=st.sampled_from(("drop_after", "502_after", "truncated")))
    def announces_over_a_bad_line(self, kind: str) -> None:
        """It arrives, and nobody hears that it did."""
        for name in SERVANTS:
            self.run(self.phones[name].send("/menu"))  # who never spoke cannot be spoken to
        self.serve("served")
        self.announces()
        self.strike()
        self.the_line_is_bad(kind, every=False, times=len(SERVANTS) + 1)  # one tells the author
        self.run(self.world.program.sender.step())

    @property
    def hour(self) -> int:
        """The hour of the day, where the office is."""
        return self.world.clock.now().astimezone(ZONE).hour

    # --- the line and the machine --------------------------------------------------------------

    def polls(self) -> None:
        waiting = [(self.world.clock.now(), one.raw) for one in self._queue.pending]
        super().polls()
        self.taken += waiting

    @property
    def _queue(self) -> Updates:
        return self.world.simulator.updates

    @rule(which=st.integers(0, 20), how=st.sampled_from(("confirmed", "unheard", "again")))
    def is_pushed(self, which: int, how: str) -> None:
        """Any of those that wait, as a webhook brings it; its 200 may get lost on the way back.

        Or one that was taken already, once more.
        """
        now, pending = self.world.clock.now(), self._queue.pending
        if how == "again":
            if lately := [raw for at, raw in self.taken if at > now - A_DAY]:
                self.run(self.world.program.ingest.store([lately[-1 - which % len(lately)]]))
        elif pending:
            one = pending[which % len(pending)]
            self.run(self.world.program.ingest.store([one.raw]))
            self.taken.append((now, one.raw))
            if how == "confirmed":
                self._queue.done(one)

    @rule(
        does=st.sampled_from(
            ("polls", "works", "sends", "strikes", "works unheard", "works and dies")
            + ("dies", "claims and dies", "calls and dies")
        )
    )
    def the_program(self, does: str) -> None:
        """One step of it; "unheard": the answer to its commit is lost; "dies": before the next."""
        if does == "polls":
            self.polls()
        elif does.startswith("works"):
            with deaf(self.database) if does.endswith("unheard") else contextlib.nullcontext():
                self.work()
        elif does == "sends":
            self.run(self.world.program.sender.step())
        elif does == "strikes":
            self.strike()
        else:
            self.run(self.half_a_sending(does))
        if does.endswith("dies"):
            self.die()

    async def half_a_sending(self, upto: str) -> None:
        """The sender takes rows in hand, perhaps calls, and writes nothing down."""
        sender = self.world.program.sender
        rows = [] if upto == "dies" else await sender.claim()
        if upto == "calls and dies":
            await asyncio.gather(*(sender.deliver(row) for row in rows))

    @rule(kind=st.sampled_from(KINDS), every=st.booleans(), times=st.integers(1, 2))
    def the_line_is_bad(self, kind: str, every: bool, times: int) -> None:
        method = None if every else "sendMessage"
        retry_after = 3 if kind == "429" else None
        self.world.simulator.faults.add(
            kind=kind, method=method, times=times, retry_after=retry_after
        )

    @rule(by=st.sampled_from((1, 1, 5, 20, 160, 700, 3_600, 86_400)))
    def time_passes(self, by: int) -> None:
        self.world.clock.advance(timedelta(seconds=by))

    @rule()
    def all_is_quiet(self) -> None:
        self.come_to_rest()
