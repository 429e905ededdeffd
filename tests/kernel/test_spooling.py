"""The database goes away under a running office: nothing is lost, nothing overtakes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from bot import ingest as ingest_module
from bot import spool as spool_module
from bot.spool import Spool
from storage import inbox, ledger
from storage.session import Database, is_trouble
from tests.kernel.journey import Journey, asked, router
from tests.kit.databases import away, deaf
from tests.kit.disk import needs_small_disk, small_disk
from tests.kit.world import World
from web.doors import RETRY_AFTER, Webhook, doors

SECRET = "s" * 40


@pytest.fixture
async def world(database: Database, journey: Journey, tmp_path: Path) -> AsyncIterator[World]:
    spool = tmp_path / "spool" / "1.spool"
    opened = await World(database, router=router(journey), spool=spool).open()
    yield opened
    await opened.close()


def _said(update_id: int, words: str, chat: int = 5_000_000_900) -> bytes:
    message = {
        "message_id": update_id,
        "date": 1_795_000_000,
        "chat": {"id": chat, "type": "private", "first_name": "Ani"},
        "from": {"id": chat, "is_bot": False, "first_name": "Ani", "language_code": "id"},
        "text": words,
    }
    return json.dumps({"update_id": update_id, "message": message}).encode()


async def _stored(world: World) -> list[int]:
    """The numbers of the updates in the inbox, in the order in which they will be heard."""
    async with world.database.reading() as tx:
        rows = await tx.exec_driver_sql("SELECT update_id FROM inbox ORDER BY id")
        return [row[0] for row in rows]


async def _count(world: World, name: str) -> int:
    async with world.database.reading() as tx:
        return await ledger.total(tx, name)


def _spool(world: World) -> Spool:
    assert world.spool is not None
    return world.spool


# --- by webhook -----------------------------------------------------------------------------


def _client(world: World) -> httpx.AsyncClient:
    async def store(body: bytes) -> object:
        return await world.program.ingest.store([body])

    async def figures() -> bytes:
        return world.program.metrics.text()

    app = doors(
        readiness=world.program.readiness,
        metrics=figures,
        webhook=Webhook("/in", SECRET, store),
    )
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def _post(client: httpx.AsyncClient, body: bytes) -> httpx.Response:
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    return await client.post("/in", content=body, headers=headers)


async def test_the_webhook_takes_updates_while_the_database_is_away(world: World) -> None:
    async with _client(world) as client:
        with away(world.database):
            assert (await _post(client, _said(1, "/mulai"))).status_code == 200
            answer = await client.get("/readyz")
            assert answer.status_code == 503
            parts = answer.json()["parts"]
            assert parts["database"].startswith("database: ")
            assert parts["spool"].startswith("updates wait")
            figures = (await client.get("/metrics")).text
            assert f"tanggap_spool_bytes {_spool(world).size}.0" in figures
        await world.tick()
        assert (await client.get("/readyz")).json()["parts"]["spool"] == "ok"
        assert "tanggap_spool_bytes 0.0" in (await client.get("/metrics")).text
    async with world.database.reading() as tx:
        assert await inbox.states(tx) == {"done": 1}
    assert await _count(world, "outbox.put") == 1


async def test_later_updates_do_not_overtake_what_waits(world: World) -> None:
    ingest = world.program.ingest
    with away(world.database):
        await ingest.store([_said(1, "satu")])
        await ingest.store([_said(2, "dua")])
    await ingest.store([_said(3, "tiga")])
    assert await _stored(world) == [], "the database is back, but the first ones still wait"
    await ingest.replay()
    await ingest.store([_said(4, "empat")])
    assert await _stored(world) == [1, 2, 3, 4]
    assert not _spool(world).waiting


async def test_what_comes_while_the_spool_is_emptied_keeps_its_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each chat waits for its answer before it speaks again, as Telegram's webhook lets it."""
    monkeypatch.setattr(spool_module, "UPDATES", 20)
    ingest = world.program.ingest
    chats = range(1, 6)
    with away(world.database):
        for chat in chats:
            await ingest.store([_said(chat * 100, "satu", chat)])
    done = asyncio.Event()

    async def speak(chat: int) -> None:
        number = chat * 100
        while not done.is_set():
            number += 1
            await ingest.store([_said(number, "lagi", chat)])

    async with asyncio.TaskGroup() as group:
        for chat in chats:
            group.create_task(speak(chat))
        for _ in range(5):
            await ingest.replay()
            await asyncio.sleep(0)
        done.set()
    await ingest.replay()
    stored = await _stored(world)
    for chat in chats:
        numbers = [n for n in stored if n // 100 == chat]
        assert numbers == [*range(chat * 100, chat * 100 + len(numbers))], "none lost, in order"


async def test_a_look_whether_the_database_is_back_holds_nobody_up(world: World) -> None:
    """The door is shut for the last batch, but only once the database has proved to answer."""
    ingest = world.program.ingest
    looking, tell = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def silent(**_: bool) -> AsyncIterator[None]:
        looking.set()
        await tell.wait()
        raise OperationalError("BEGIN", {}, ConnectionError())
        yield

    with away(world.database):
        await ingest.store([_said(1, "satu")])
        world.database.transaction = silent  # type: ignore[method-assign, assignment]
        async with asyncio.TaskGroup() as group:
            replaying = group.create_task(_refused(ingest.replay()))
            await looking.wait()
            await ingest.store([_said(2, "dua")])
            assert not replaying.done()
            tell.set()
    await ingest.replay()
    assert await _stored(world) == [1, 2]


async def _refused(work: Awaitable[None]) -> None:
    with pytest.raises(OperationalError):
        await work


async def test_an_update_in_the_spool_and_in_the_inbox_is_one(world: World) -> None:
    with deaf(world.database):
        await world.program.ingest.store([_said(1, "/mulai")])
    assert await _stored(world) == [1]
    assert _spool(world).waiting, "it was committed, and nobody could know"
    await world.program.ingest.replay()
    await world.settle()
    assert await _count(world, "inbox.stored") == 1
    assert await _count(world, "outbox.put") == 1


async def test_the_worker_is_woken_for_a_commit_whose_answer_was_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came through, so that no repeat of it is new, and nobody else would wake for it."""
    monkeypatch.setattr(ingest_module, "PATIENCE", 0.1)
    begin = world.database.transaction

    @asynccontextmanager
    async def silent(**asked: bool) -> AsyncIterator[Any]:
        async with begin(**asked) as tx:
            yield tx
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(world.database, "transaction", silent)
        await world.program.ingest.store([_said(1, "/mulai")])
    assert await _stored(world) == [1]
    assert _spool(world).waiting
    assert world.program.arrived.is_set()


async def test_what_is_no_trouble_of_the_database_is_not_spooled(world: World) -> None:
    def bug(_: bytes) -> None:
        raise RuntimeError("a bug")

    world.program.channel.head = bug  # type: ignore[assignment]
    with pytest.raises(RuntimeError):
        await world.program.ingest.store([_said(1, "satu")])
    assert not _spool(world).waiting


async def test_without_room_in_the_spool_it_is_as_without_a_spool(
    database: Database, journey: Journey, tmp_path: Path
) -> None:
    """Whatever got a 200 is there afterwards; whatever got a 503 comes again."""
    needs_small_disk(tmp_path)
    with small_disk(tmp_path / "small", "64k") as disk:
        world = await World(database, router=router(journey), spool=disk / "1.spool").open()
        bodies = [_said(n, "kata " * 200, chat=n) for n in range(1, 80)]
        async with _client(world) as client:
            with away(database):
                answers = await asyncio.gather(*(_post(client, body) for body in bodies))
                # Several are written at once: one by itself may fit where they did not.
                for n, answer in enumerate(answers):
                    if answer.status_code == 503:
                        answers[n] = await _post(client, bodies[n])
                        if answers[n].status_code == 503:
                            break
                parts = (await client.get("/readyz")).json()["parts"]
            assert parts["spool"] == f"it fails: {os.strerror(28)}"
            taken = {n + 1 for n, answer in enumerate(answers) if answer.status_code == 200}
            refused = [answer for answer in answers if answer.status_code != 200]
            assert len(taken) > 5
            assert len(refused) > 5
            for answer in refused:
                assert answer.status_code == 503
                assert answer.headers["Retry-After"] == str(RETRY_AFTER)
            await world.program.ingest.replay()
            assert set(await _stored(world)) == taken
            assert len(await _stored(world)) == len(taken)
            again = await asyncio.gather(*(_post(client, body) for body in bodies))
            assert {answer.status_code for answer in again} == {200}
            assert (await client.get("/readyz")).json()["parts"]["spool"] == "ok"
        assert sorted(await _stored(world)) == list(range(1, 80))
        await world.close()


# --- by polling -----------------------------------------------------------------------------


async def _poll(world: World, times: int = 1) -> None:
    for _ in range(times):
        await world.program.ingest.poll(seconds=0)


async def test_a_poll_is_confirmed_once_it_is_in_the_spool(world: World) -> None:
    (ani,) = await asked(world, "Ani")
    with away(world.database):
        await ani.tap("Ya")
        await _poll(world)
        assert len(world.simulator.updates.pending) == 1, "kept, and not yet confirmed"
        await _poll(world)
        assert world.simulator.updates.pending == []
    await world.crash()
    await world.settle()
    assert ani.last.text == "q.second?"
    assert await _count(world, "kernel.answer") == 1


async def test_what_was_kept_and_not_confirmed_comes_twice_and_counts_once(world: World) -> None:
    (ani,) = await asked(world, "Ani")
    with away(world.database):
        await ani.tap("Ya")
        await _poll(world)
    await world.crash()
    await world.settle()
    assert ani.last.text == "q.second?"
    assert await _count(world, "kernel.answer") == 1


async def test_polling_begins_without_knowing_where_it_was(world: World) -> None:
    """The cursor stands in the database; without it all that is unconfirmed comes once more."""
    (ani,) = await asked(world, "Ani")
    await world.crash()
    with away(world.database):
        await ani.tap("Ya")
        await _poll(world, 2)
        assert world.simulator.updates.pending == []
    await world.tick()
    assert ani.last.text == "q.second?"


@pytest.mark.parametrize("spooled", [True, False])
@pytest.mark.parametrize(
    ("minutes", "kept_by_telegram"), [(2, True), (3, False), (60 * 23, False)]
)
async def test_of_a_long_outage_the_spool_saves_the_taps(
    database: Database,
    journey: Journey,
    tmp_path: Path,
    spooled: bool,
    minutes: int,
    kept_by_telegram: bool,
) -> None:
    """Telegram keeps a tap for 150 s, words for a day."""
    spool = tmp_path / "1.spool" if spooled else None
    world = await World(database, router=router(journey), spool=spool).open()
    ani, budi = await asked(world, "Ani", "Budi")
    with away(database):
        await ani.tap("Ya")
        await budi.send("Ya")
        for _ in range(3):
            try:
                await _poll(world)
            except OperationalError:
                assert not spooled
        world.clock.advance(timedelta(minutes=minutes))
    await world.tick()
    assert (ani.last.text == "q.second?") == (spooled or kept_by_telegram)
    assert budi.last.text == "q.second?"
    assert len(world.simulator.record.lost) == (not spooled and not kept_by_telegram)
    await world.close()


# --- crashes while it is emptied ------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


def _dying(work: Callable[..., Awaitable[Any]], nth: int, *, after: bool) -> Any:
    """`work`, in whose n-th run the process ends."""
    calls = 0

    async def run(*given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and not after:
            raise Killed
        result = await work(*given, **more)
        if calls == nth:
            raise Killed
        return result

    return run


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["read", "_commit", "forget"])
async def test_a_crash_between_any_two_steps_loses_and_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, after: bool, nth: int
) -> None:
    monkeypatch.setattr(spool_module, "UPDATES", 2)  # three batches
    with away(world.database):
        for n in range(1, 6):
            await world.program.ingest.store([_said(n, f"kata {n}")])
    owner: Any = world.program.ingest if step == "_commit" else world.spool
    setattr(owner, step, _dying(getattr(owner, step), nth, after=after))
    with pytest.raises(Killed):
        await world.program.ingest.replay()
    await world.crash()
    assert await _stored(world) == [1, 2, 3, 4, 5]
    assert not _spool(world).waiting
    assert await _count(world, "inbox.stored") == 5


async def test_trouble_in_the_middle_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes away again, or its answer to a commit is lost, and comes back."""
    monkeypatch.setattr(spool_module, "UPDATES", 1)
    ingest = world.program.ingest
    with away(world.database):
        for n in range(1, 4):
            await ingest.store([_said(n, f"kata {n}")])
    for trouble in (deaf, deaf, away):
        with trouble(world.database), pytest.raises(OperationalError) as raised:
            await ingest.replay()
        assert is_trouble(raised.value)
        assert _spool(world).waiting
    await ingest.replay()
    assert await _stored(world) == [1, 2, 3]
    assert await _count(world, "inbox.stored") == 3


async def test_a_file_that_a_power_cut_brings_back_changes_nothing(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "spool" / "1.spool"
    (ani,) = await asked(world, "Ani")
    with away(world.database):
        await world.program.ingest.store([_said(9_000_001, "Ya", ani.chat_id)])
    before = path.read_bytes()
    await world.tick()
    assert path.read_bytes() == b""
    path.write_bytes(before)
    await world.crash()
    await world.settle()
    assert await _count(world, "kernel.answer") == 1
    assert path.read_bytes() == b""


async def test_a_torn_tail_is_counted_and_the_rest_moved(world: World, tmp_path: Path) -> None:
    path = tmp_path / "spool" / "1.spool"
    with away(world.database):
        for n in range(1, 4):
            await world.program.ingest.store([_said(n, f"kata {n}")])
    path.write_bytes(path.read_bytes()[:-20])
    await world.crash()
    assert await _stored(world) == [1, 2]
    assert b"tanggap_spool_damaged_total 1.0" in world.program.metrics.text()


# --- a database that is there and does not answer -------------------------------------------


@contextmanager
def _held(database: Database) -> Iterator[None]:
    """Somebody else holds what a commit needs."""
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE inbox")
        yield


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite gives up by itself
async def test_a_database_that_does_not_answer_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "PATIENCE", 0.1)
    await world.crash()
    with _held(world.database):
        await world.program.ingest.store([_said(1, "satu")])
        await world.program.ingest.store([_said(2, "dua")])
        assert _spool(world).waiting
    await world.program.ingest.replay()
    assert await _stored(world) == [1, 2]
    await world.settle()
    async with world.database.reading() as tx:
        assert await inbox.states(tx) == {"done": 2}
