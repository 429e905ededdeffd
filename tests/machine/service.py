"""The service in one run of the machine: stepped, killed, and held against the model."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from bot.ticks import ticks
from channels.result import Trouble
from storage import roles, staff
from storage.outbox import State
from storage.session import Database
from tests.kit import crowd
from tests.kit.checker import findings
from tests.kit.databases import careless, new_postgres, sqlite_template
from tests.kit.office import DUKCAPIL, small_city
from tests.kit.world import World
from tests.machine.model import Model
from tests.machine.screens import buttons, did

T = TypeVar("T")
Opener = Callable[[Path], Coroutine[Any, Any, Database]]

CITIZENS, SERVANTS, ATTACKER = ("Ani", "Budi"), ("Sari", "Tono"), "Maling"
PEOPLE = (*CITIZENS, *SERVANTS, ATTACKER)


class Service(RuleBasedStateMachine):
    """A fresh database, a fresh Telegram and a loop of its own for every run."""

    def __init__(self, opened: Opener) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="tanggap-town-"))
        self.database = self.run(opened(self.folder))
        url = self.database.url.render_as_string(hide_password=False)
        self.url = url.replace("+aiosqlite", "")
        self.reader = create_engine(self.url, isolation_level="AUTOCOMMIT").connect()
        self.world = self.run(World(self.database).open())
        self.phones = {name: self.world.phone(name) for name in PEOPLE}
        self.model = Model({self.phones[name].chat_id for name in SERVANTS})
        self.told: list[str] = []  # announcements, by their words
        self.asked: dict[str, int] = {}  # reference of a message → the row that it answers
        self._seen = 0

    def teardown(self) -> None:
        try:
            self.come_to_rest()
        finally:
            self.reader.close()
            self.reader.engine.dispose()
            self.run(self.world.close())
            self.run(self.database.close())
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, work: Coroutine[Any, Any, T] | Awaitable[T]) -> T:
        """To its end, in the loop of this run."""

        async def whole() -> T:
            return await work

        return self.loop.run_until_complete(whole())

    # --- steps of the program --------------------------------------------------------------------

    def polls(self) -> None:
        """Telegram is asked once; with the line cut, it is asked another time."""
        with contextlib.suppress(Trouble):
            self.run(self.world.program.ingest.poll(seconds=0))

    def work(self) -> None:
        """One step of the worker; then everything that was handled is told to the model."""
        waiting = self.rows("select id, raw from inbox where state = 'waiting' order by id")
        with contextlib.suppress(OperationalError):
            self.run(self.world.program.worker.step())
        # Answers to taps fly now: how far each would get between two steps is left to chance, and
        # with it which call a bad line strikes.
        self.run(self.world._detached())
        left = {row[0] for row in self.rows("select id from inbox where state = 'waiting'")}
        self._learn_references()
        chats = {phone.chat_id: name for name, phone in self.phones.items()}
        for row, raw in waiting:
            if row not in left:
                update = msgspec.json.decode(raw)
                chat, what = did(update, self.asked)
                if chats[chat] != ATTACKER:
                    self.model.handle(chat, row, what, self.world.clock.now())
        self.compare()

    def strike(self) -> None:
        """The minute: everything that happens because time passed."""
        for one in ticks(self.world.program):
            self.run(one.run())
        self.model.sweep(self.world.clock.now())

    def die(self) -> None:
        """The process dies, and the next one asks Telegram who it is until it hears."""

        async def reborn() -> None:
            begin = self.world.crash
            while True:
                try:
                    await begin()
                    return
                except Trouble:
                    begin = self.world.open  # type: ignore[assignment]

        self.run(reborn())

    def serve(self, upto: str) -> None:
        """What the program does after somebody did something, as far as it gets."""
        if upto in ("stored", "handled", "served"):
            self.polls()
        if upto in ("handled", "served"):
            self.work()
        while upto == "served":
            self.world.clock.advance(timedelta(seconds=1.1))  # what the pace asks for
            if not self.run(self.world.program.sender.step()):
                break

    # --- what must be --------------------------------------------------------------------------

    def _learn_references(self) -> None:
        """Which update each message answers: its cause says so."""
        fresh = self.rows("select id, ref, cause from outbox where id > :seen", seen=self._seen)
        for number, ref, cause in fresh:
            self._seen = max(self._seen, number)
            if cause.startswith("in:"):
                self.asked[ref] = int(cause.split(":")[1])

    def rows(self, sql: str, **values: object) -> list[Any]:
        """What a reader finds, as plain tuples."""
        return [tuple(row) for row in self.reader.execute(text(sql), values)]

    def compare(self) -> None:
        """What is stored is what the model says, to the row; and nobody did what only few may."""
        model = self.model
        quick = Counter(self.rows(QUICK))
        assert quick == model.quick(), (quick, model.quick())
        surveys: dict[tuple[str, int, str], dict[str, int]] = {}
        for key, point, day, item, value in self.rows(SURVEYS):
            surveys.setdefault((key, point, day), {})[item] = value
        assert model.surveys() == Counter(
            (point, day, tuple(sorted(said.items()))) for (_, point, day), said in surveys.items()
        )
        assert Counter(self.rows(LEVELS)) == Counter(
            (chat, item, level) for chat, said in model.assessments for item, level in said.items()
        )
        lessons = {(chat, str(day), choice) for (chat, day), choice in model.lessons.items()}
        assert set(self.rows(LESSONS)) == lessons
        assert self.rows(PRIVILEGED) == [(3, len(self.told), len(self.told), 0, 0, 0)]
        for name in SERVANTS:
            copies = Counter(m.text for m in self.phones[name].messages if "Kabar" in m.text)
            assert max(copies.values(), default=1) == 1, f"{name} got an announcement twice"

    def come_to_rest(self) -> None:
        """The line is good, everything has had its time; then everything agrees."""
        self.world.simulator.faults.clear()
        struck = False
        for _ in range(400 + 50 * len(self.told)):  # each is told to two, and of it to its author
            busy = bool(self.run(self.world.program.ingest.poll(seconds=0)))
            busy |= bool(self.rows("select 1 from inbox where state = 'waiting' limit 1"))
            self.work()
            busy |= self.run(self.world.program.sender.step())
            if busy or not struck:
                struck = not busy and not struck
                if struck:
                    self.strike()
                continue
            seconds = self.run(self.world._soon())
            if seconds is None:
                break
            self.world.clock.advance(timedelta(seconds=seconds))
        else:
            raise AssertionError("it does not come to rest")
        broken = findings(self.world.simulator.record.entries, self.url)
        assert not broken, broken
        self.screens()

    def screens(self) -> None:
        """Whose current question was delivered sees it; an announcement came or is listed."""
        # What is asked is put out last, after what is taken off the screen.
        last = {
            int(cause.split(":")[1]): state
            for cause, state in self.rows("select cause, state from outbox order by id")
            if cause.startswith("in:")
        }
        for name, phone in self.phones.items():
            who = self.model.people.get(phone.chat_id)
            if who is None or last.get(who["prompt"]) != State.SENT:
                continue
            on_screen = {self.asked.get(value[1:9]) for _, value in buttons(phone, known=False)}
            assert who["prompt"] in on_screen, f"{name} does not see the current question"
        unsure = dict(self.rows(UNSURE))
        for phone in (self.phones[name] for name in SERVANTS):
            missing = [w for w in self.told if not any(w in m.text for m in phone.messages)]
            assert len(missing) <= unsure.get(phone.chat_id, 0), f"{phone.name} misses {missing}"


QUICK = """
select r.point_id, a.value, r.local_date from response r
join answer a on a.response_key = r.key where r.instrument = 'quick'
"""
SURVEYS = """
select r.key, r.point_id, r.local_date, a.item, a.value from response r
join answer a on a.response_key = r.key where r.instrument = 'skm'
"""
LEVELS = """
select a.person_id, l.item, l.level from assessment a
join assessment_answer l on l.assessment_id = a.id
"""
LESSONS = "select person_id, local_date, choice from review"
PRIVILEGED = """
select (select count(*) from role), (select count(*) from announcement),
(select count(*) from audit), (select count(*) from invitation),
(select count(*) from training_session), (select count(*) from consent)
"""
UNSURE = """
select address_id, count(*) from outbox where batch <> '' and state <> 'sent'
group by address_id
"""


async def people_of(database: Database) -> None:
    """The city, and two civil servants who joined already; Sari is admin, too."""
    await small_city(database)
    ids = [5_000_000_001 + PEOPLE.index(name) for name in SERVANTS]
    world = World(database)
    async with database.transaction() as tx:
        await crowd.staff(tx, ids, DUKCAPIL, at=world.clock.now())
        for one in ids:
            await staff.set_position(tx, one, "pelaksana")
        await roles.grant(tx, ids[0], "admin", None, at=world.clock.now())


async def prepared(folder: Path) -> Path:
    """An SQLite file with the city and its people in it, to be copied."""
    template = await sqlite_template(folder)
    database = Database(f"sqlite+aiosqlite:///{template}")
    try:
        await people_of(database)
        await database.truncate_log()
    finally:
        await database.close()
    return template


async def _sqlite(template: Path, folder: Path) -> Database:
    """A copy of a prepared database."""
    shutil.copy(template, path := folder / "town.db")
    database = Database(f"sqlite+aiosqlite:///{path}")
    careless(database)
    return database


def on_sqlite(template: Path) -> Opener:
    """Opens a fresh copy for every run."""
    return partial(_sqlite, template)


async def _postgresql(server: str, _: Path) -> Database:
    """A database of its own on that server."""
    database = Database(await new_postgres(server), pool_size=3)
    await people_of(database)
    return database


def on_postgresql(server: str) -> Opener:
    """Opens a fresh one for every run."""
    return partial(_postgresql, server)
