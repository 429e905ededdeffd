"""Updates at the door: each stored once, whatever else is in the batch."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.shape import shape
from simulator import Simulator
from storage import inbox, ledger, outbox
from storage.people import Address
from storage.session import Database, Tx
from talk.messages import Lane, Outbound, Parcel
from talk.text import plain
from tests.kernel.journey import Journey, asked
from tests.kit import plans
from tests.kit.databases import deaf
from tests.kit.world import World
from web.doors import BODY_LIMIT, Webhook, doors

SECRET = "s" * 40


def _press(update_id: int, chat: int, words: str = "/mulai") -> bytes:
    person = {"id": chat, "is_bot": False, "first_name": "Ani", "language_code": "id"}
    message = {
        "message_id": update_id,
        "date": 1_795_000_000,
        "chat": {"id": chat, "type": "private", "first_name": "Ani"},
        "from": person,
        "text": words,
    }
    return json.dumps({"update_id": update_id, "message": message}).encode()


async def _count(world: World, name: str) -> int:
    async with world.database.reading() as tx:
        return await ledger.total(tx, name)


def _client(world: World) -> httpx.AsyncClient:
    async def store(body: bytes) -> object:
        return await world.program.ingest.store([body])

    app = doors(
        readiness=world.program.readiness,
        metrics=_nothing,
        webhook=Webhook("/in/telegram", SECRET, store),
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def _nothing() -> bytes:
    return b""


async def _post(client: httpx.AsyncClient, body: bytes, secret: str = SECRET) -> int:
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
    return (await client.post("/in/telegram", content=body, headers=headers)).status_code


async def test_one_update_delivered_a_thousand_times_has_one_effect(world: World) -> None:
    body = _press(77, 5_000_000_900)
    async with _client(world) as client:
        queue = list(range(1_000))

        async def connection() -> list[int]:
            answers = []
            while queue:
                queue.pop()
                answers.append(await _post(client, body))
            return answers

        answers = await asyncio.gather(*(connection() for _ in range(50)))
    assert {status for some in answers for status in some} == {200}
    await world.program.worker.step()
    async with world.database.reading() as tx:
        assert await inbox.states(tx) == {"done": 1}
    assert await _count(world, "outbox.put") == 1


async def test_the_same_number_with_other_bytes_is_another_update(world: World) -> None:
    await world.program.ingest.store([_press(5, 1_001)])
    await world.program.ingest.store([_press(5, 1_001, "lagi")])
    assert await _count(world, "inbox.stored") == 2


def _malformed(n: int) -> bytes:
    good = json.loads(_press(500 + n, 2_000 + n))
    broken: list[Any] = [
        {**good, "message": {**good["message"], "from": "x"}},
        {**good, "message": {k: v for k, v in good["message"].items() if k != "chat"}},
        {**good, "message": []},
        {**good, "message": {**good["message"], "chat": {"id": "zz", "type": "private"}}},
        {**good, "message": {**good["message"], "text": 7}},
    ]
    return json.dumps(broken[n % len(broken)]).encode()


async def test_malformed_updates_hold_nobody_up(world: World) -> None:
    good = [_press(1_000 + n, 3_000 + n) for n in range(80)]
    bad = [_malformed(n) for n in range(20)]
    mixed = good + bad
    random.Random(7).shuffle(mixed)
    await world.program.ingest.store(mixed)
    before = world.clock.monotonic()
    while await world.program.worker.step():
        pass
    async with world.database.reading() as tx:
        assert await inbox.states(tx) == {"done": 80, "quarantined": 20}
    assert await _count(world, "outbox.put") == 80
    assert world.clock.monotonic() == before, "nobody waited"


async def test_a_poisoned_chat_holds_only_itself_and_only_for_a_second(
    world: World, journey: Journey
) -> None:
    ani, budi = await asked(world, "Ani", "Budi")
    journey.fail = 1
    await ani.tap("Ya")
    await ani.send("/mulai")
    await world.settle(patience=0)
    await budi.tap("Ya")
    await world.settle(patience=0)
    assert budi.last.text == "q.second?"
    journey.fail = 1
    before = world.clock.monotonic()
    await world.settle()
    assert ani.last.text == "q.first?"
    assert world.clock.monotonic() - before < 1.5


async def test_an_unknown_sort_of_update_is_stored_and_counted(world: World) -> None:
    raw = json.dumps({"update_id": 9, "purchased_paid_media": {"from": {"id": 1}}}).encode()
    await world.program.ingest.store([raw, b'{"update_id": 10, "new_thing": {}}'])
    await world.program.worker.step()
    async with world.database.reading() as tx:
        assert await inbox.states(tx) == {"done": 2}
    assert b"tanggap_updates_ignored_total" in world.program.metrics.text()


@pytest.mark.parametrize("name", ["a\\u0000b", "\\u0000", "x" * 60_000, "A b", ""])
async def test_a_sort_with_a_name_that_is_none_is_stored(world: World, name: str) -> None:
    """PostgreSQL takes no text with a zero byte in it; one such update must not end polling."""
    good = _press(2, 3_000)
    await world.program.ingest.store([b'{"update_id": 1, "%b": {}}' % name.encode(), good])
    await world.program.worker.step()
    async with world.database.reading() as tx:
        states = await inbox.states(tx)
    assert sum(states.values()) == 2
    assert states["done"] >= 1


async def test_of_what_is_set_aside_only_the_shape_is_kept(world: World) -> None:
    raw = json.dumps(
        {"update_id": 3, "message": {"text": "NIK 3171234567890123", "chat": {"id": 4}}}
    ).encode()
    await world.program.ingest.store([raw])
    await world.program.worker.step()
    async with world.database.reading() as tx:
        kept = await tx.exec_driver_sql("select raw, chat, error from inbox")
        row = kept.one()
    assert b"3171" not in bytes(row.raw)
    assert b"text(20)" in bytes(row.raw)
    assert row.chat == ""


@pytest.mark.parametrize(
    "raw", [b"", b"[", b"\xff\xfe", b"[" * 50_000, b'{"a":' * 3_000, b'"' + b"x" * 9_000 + b'"']
)
def test_the_shape_of_anything_is_short_and_never_raises(raw: bytes) -> None:
    assert len(shape(raw)) <= 8_000


DOOR = [
    ("x" * 40, 403),
    ("", 403),
    (SECRET[:-1], 403),
    (SECRET + "s", 403),
    (SECRET.upper(), 403),
]


@pytest.mark.parametrize(("secret", "status"), DOOR)
async def test_the_door_opens_only_with_the_secret(world: World, secret: str, status: int) -> None:
    async with _client(world) as client:
        assert await _post(client, _press(1, 2), secret) == status
    assert await _count(world, "inbox.stored") == 0


@pytest.mark.parametrize(
    ("size", "status"), [(BODY_LIMIT, 200), (BODY_LIMIT + 1, 413), (BODY_LIMIT * 8, 413)]
)
async def test_the_door_takes_no_more_than_its_limit(world: World, size: int, status: int) -> None:
    async with _client(world) as client:
        assert await _post(client, b" " * size) == status


async def test_without_a_database_the_platform_is_asked_to_come_again(tmp_path: Any) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")

    async def store(_: bytes) -> object:
        async with away.transaction():
            return None

    async def ready() -> dict[str, str]:
        return {"database": "away"}

    app = doors(readiness=ready, metrics=_nothing, webhook=Webhook("/in/telegram", SECRET, store))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        answer = await client.post("/in/telegram", content=b"{}", headers=headers)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
    await away.close()


async def test_polling_confirms_only_what_is_stored(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await world.program.ingest.poll(seconds=0)
    assert not world.simulator.record.confirmed
    await world.crash()
    await world.settle()
    assert ani.last.text.startswith("halo")
    assert await _count(world, "inbox.stored") == 1


async def test_the_cursor_follows_ids_that_start_again_lower(world: World) -> None:
    await world.phone("Ani").start()
    await world.settle()
    async with world.database.reading() as tx:
        high = await inbox.cursor(tx, world.program.channel.bot_id)
    low = json.loads(_press(12, world.phone("Budi").chat_id, "/mulai"))
    world.simulator.inject(low)
    await world.settle()
    async with world.database.reading() as tx:
        assert await inbox.cursor(tx, world.program.channel.bot_id) in (13, high)


async def test_old_hashes_are_dropped_and_the_books_remember(world: World) -> None:
    await world.phone("Ani").start()
    await world.phone("Budi").start()
    await world.settle()
    world.clock.advance(timedelta(days=8))
    async with world.database.transaction() as tx:
        assert await inbox.forget_old(tx, now=world.clock.now()) == 1  # the newest stays
        assert await inbox.forget_old(tx, now=world.clock.now()) == 0
    assert await _count(world, "inbox.forgotten") == 1


async def test_after_a_week_in_which_nobody_came_the_first_is_answered(world: World) -> None:
    await world.phone("Ani").send("/mulai")
    await world.settle()
    await world.advance(days=8)
    budi = world.phone("Budi")
    await budi.send("/mulai")
    await world.settle()
    assert budi.last.text == "q.first?"


async def test_a_clock_that_was_a_week_ahead_for_a_moment_costs_no_answer(world: World) -> None:
    ani = world.phone("Ani")
    await ani.send("/mulai")
    await world.settle()
    world.clock.jump(timedelta(days=8))
    await world.tick()
    world.clock.jump(timedelta(days=-8))
    await ani.send("/mulai")
    await world.settle()
    assert [m.text for m in ani.messages if m.from_bot] == ["q.first?", "q.first?"]


async def test_a_second_try_outlives_a_clock_that_is_set_back(
    world: World, journey: Journey
) -> None:
    (ani,) = await asked(world, "Ani")
    journey.fail = 1
    await ani.send("ya")
    await world.program.ingest.poll(seconds=0)
    while await world.program.worker.step():
        pass
    world.clock.jump(timedelta(hours=-7))
    await world.live(60)
    assert ani.last.text == "q.second?"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL knows what is rare
async def test_what_is_done_is_not_looked_through_for_what_waits(world: World) -> None:
    async with world.database.transaction() as tx:
        with plans.asked(tx) as statements:
            await inbox.take(tx, 64, bot_id=1, now=world.clock.now())
            await inbox.oldest(tx, bot_id=1)
        for statement, values in statements:
            steps = [step for step in await plans.plan(tx, statement, values) if " inbox" in step]
            assert steps
            assert all("ix_inbox_waiting" in step for step in steps), steps


async def test_what_another_bot_took_in_and_has_to_say_waits_for_it(
    world: World, journey: Journey
) -> None:
    """Somebody tries another token on the office's database, and puts the right one back."""
    (ani,) = await asked(world, "Ani")
    await ani.tap("Ya")
    journey.fail = 1
    await world.program.ingest.poll(seconds=0)
    await world.program.worker.step()  # it wants a second try
    async with world.database.transaction() as tx:
        address = await tx.scalar(select(Address.id))
        reminder = Parcel("r", address, Outbound(plain("Besok pelatihan.")), Lane.REMINDER)
        await outbox.put(tx, [reminder], at=world.clock.now())
    own, token = world.simulator, world.token
    world.token = "7000000002:AAtest-token-that-opens-nothing-y"
    world.simulator = Simulator(
        token=world.token,
        now=world.clock.now,
        monotonic=world.clock.monotonic,
        sleep=world._sleep,
    )
    await world.crash()
    budi = world.phone("Budi")
    await budi.send("/mulai")
    await world.settle()
    assert budi.last.text == "q.first?"
    assert await world.program.worker.next_try() is None, "nothing of ours is put off"
    world.simulator, world.token = own, token
    await world.crash()
    await world.settle()
    assert [m.text for m in ani.messages if m.from_bot][-2:] == ["q.second?", "Besok pelatihan."]


async def test_what_comes_during_a_commit_shares_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many at the door at once are as durable as one, for two commits and not for many."""
    commits = 0
    store = inbox.store

    async def counted(*given: Any, **asked: Any) -> int:
        nonlocal commits
        commits += 1
        return await store(*given, **asked)

    monkeypatch.setattr(inbox, "store", counted)
    bodies = [_press(n, 4_000 + n) for n in range(50)]
    stored = await asyncio.gather(*(world.program.ingest.store([body]) for body in bodies))
    assert sum(stored) == 50
    assert await _count(world, "inbox.stored") == 50
    assert commits == 2


async def test_a_commit_that_fails_fails_for_all_who_share_it(world: World) -> None:
    loads = [world.program.ingest.store([_press(n, 5_000 + n)]) for n in range(5)]
    with deaf(world.database):
        ended = await asyncio.gather(*loads, return_exceptions=True)
    assert [type(one) for one in ended] == [OperationalError] * 5
    again = [world.program.ingest.store([_press(n, 5_000 + n)]) for n in range(5)]
    assert sum(await asyncio.gather(*again)) == 0, "its answer was lost, not the commit"
    assert await _count(world, "inbox.stored") == 5


async def test_who_gives_up_takes_nobody_along(world: World) -> None:
    """The one who commits for all is cut off in the middle; the others' updates are stored."""
    gate, begin = asyncio.Event(), world.database.transaction

    @asynccontextmanager
    async def slowly(**asked: bool) -> AsyncIterator[Tx]:
        async with begin(**asked) as tx:
            await gate.wait()
            yield tx

    world.database.transaction = slowly  # type: ignore[method-assign]
    loop = asyncio.get_running_loop()
    first = loop.create_task(world.program.ingest.store([_press(1, 6_001)]))
    await asyncio.sleep(0)
    others = [loop.create_task(world.program.ingest.store([_press(n, 6_000 + n)])) for n in (2, 3)]
    await asyncio.sleep(0.05)
    first.cancel()
    others[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.set()
    assert await others[1] == 1
    assert await _count(world, "inbox.stored") == 1
