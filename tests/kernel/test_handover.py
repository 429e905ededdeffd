"""Replies that a worker hands over in its own commit: once, in order, whatever happens after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from storage.session import Database, Tx
from tests.kit.databases import deaf
from tests.kit.world import World


async def _states(world: World) -> list[str]:
    async with world.database.reading() as tx:
        return list((await tx.exec_driver_sql("select state from outbox order by id")).scalars())


async def _come_in(world: World) -> None:
    """Everything that waits on the platform is stored and handled; nothing is sent as yet."""
    await world.program.ingest.poll(seconds=0)
    await world.program.worker.step()


async def test_a_reply_is_taken_in_the_commit_that_makes_it(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await _come_in(world)
    assert await _states(world) == ["sending"]
    assert await world.program.sender.claim() == []
    await world.settle()
    assert await _states(world) == ["sent"]
    assert len(ani.messages) == 2


async def test_only_the_first_of_two_for_one_person_is_taken(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await ani.start()
    await _come_in(world)
    assert (await _states(world))[:2] == ["sending", "ready"]
    await world.settle()
    assert set(await _states(world)) <= {"sent", "cancelled"}


async def test_what_was_handed_over_and_never_sent_comes_after_a_crash(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await _come_in(world)
    await world.crash()
    assert len(ani.messages) == 1
    await world.settle()
    assert len(ani.messages) == 2
    assert await _states(world) == ["sent"]


async def test_a_commit_without_an_answer_is_neither_lost_nor_doubled(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await world.program.ingest.poll(seconds=0)
    with deaf(world.database), pytest.raises(OperationalError):
        await world.program.worker.step()
    assert await _states(world) == ["sending"]
    async with asyncio.timeout(3):  # the sender does not sleep on
        await world.program.sender._doze(asyncio.Event())
    await ani.start()
    await _come_in(world)  # meanwhile nothing is handed over
    assert await _states(world) == ["sending", "ready"]
    await world.settle()
    assert set(await _states(world)) <= {"sent", "cancelled"}
    assert len(ani.messages) == 4


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no line to cut
async def test_a_commit_that_comes_through_after_its_line_was_cut_loses_no_reply(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on its way to the server may be sent again for a while by the machine alone."""
    ani = world.phone("Ani")
    await ani.start()
    await world.program.ingest.poll(seconds=0)
    begin = world.database.transaction
    async with AsyncExitStack() as on_its_way:

        @asynccontextmanager
        async def cut_off(**asked: bool) -> AsyncIterator[Tx]:
            yield await on_its_way.enter_async_context(begin(**asked))
            raise OperationalError("COMMIT", {}, ConnectionError())

        with monkeypatch.context() as patched:
            patched.setattr(world.database, "transaction", cut_off)
            with pytest.raises(OperationalError):
                await world.program.worker.step()
        await world.program.sender.step()
    assert await _states(world) == ["sending"]
    await world.settle()
    assert await _states(world) == ["sent"]
    assert len(ani.messages) == 2


async def test_what_waits_finds_a_call_however_many_workers_are_at_work(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await ani.start()
    await _come_in(world)
    await world._detached()
    await world.program.sender.settle()
    sender = world.program.sender
    with ExitStack() as workers:
        rooms = [workers.enter_context(sender.promise()).room for _ in range(8)]
        assert rooms[0] == sum(rooms) == sender.reserved
        claimed = await sender.claim()
    assert len(claimed) == 1


async def test_workers_together_are_promised_no_more_than_the_pace_allows(
    database: Database,
) -> None:
    world = await World(database, send_per_second=3).open()
    with ExitStack() as workers:
        rooms = [workers.enter_context(world.program.sender.promise()).room for _ in range(4)]
    assert sum(rooms) == 3
    await world.close()


async def test_nothing_is_handed_over_while_the_token_is_refused(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await world.program.ingest.poll(seconds=0)
    world.simulator.revoke_token()
    await world.program.worker.step()
    await world._detached()
    await world.program.sender.step()
    world.simulator.restore_token()
    await ani.start()
    await _come_in(world)
    assert (await _states(world))[-1] == "ready"
    world.clock.advance(timedelta(seconds=20))
    await world.settle()
    assert set(await _states(world)) <= {"sent", "cancelled"}


@pytest.mark.parametrize("struck", ["claim", "both"])
async def test_a_moment_of_trouble_costs_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch, struck: str
) -> None:
    """What the sender was woken for is done after the pause, not after a whole sleep."""
    monkeypatch.setattr("bot.sender.PAUSE", 0.0)
    ani = world.phone("Ani")
    await ani.start()
    await ani.start()
    await _come_in(world)
    await world._detached()
    if struck == "claim":
        await world.program.sender.settle()
        world.program.sender._wake.clear()
    begin, tries = world.database.transaction, 0

    @asynccontextmanager
    async def away_at_first(**asked: bool) -> AsyncIterator[Tx]:
        nonlocal tries
        tries += 1
        if tries <= (1 if struck == "claim" else 2):
            raise OperationalError("BEGIN", {}, ConnectionError())
        async with begin(**asked) as tx:
            yield tx

    monkeypatch.setattr(world.database, "transaction", away_at_first)
    stopping, sender = asyncio.Event(), world.program.sender
    async with asyncio.timeout(4), asyncio.TaskGroup() as group:
        group.create_task(sender.run(stopping))
        while {"sending", "ready"} & set(await _states(world)):
            await asyncio.sleep(0.01)
        stopping.set()
        sender.wake()


async def test_an_ending_that_seems_unwritten_lets_nothing_go_twice(world: World) -> None:
    """Its row may be due again while the ending is still to be written once more."""
    ani = world.phone("Ani")
    await ani.start()
    world.simulator.faults.add(method="sendMessage", kind="429", retry_after=2)
    await _come_in(world)
    await world._detached()
    sender = world.program.sender
    with deaf(world.database), pytest.raises(OperationalError):
        await sender.settle()
    world.clock.advance(timedelta(seconds=30))
    assert await sender.claim() == []
    await world.settle()
    assert len(ani.messages) == 2
    assert await _states(world) == ["sent"]


async def test_a_resend_behind_a_call_goes_when_that_ends(world: World) -> None:
    ani = world.phone("Ani")
    world.simulator.faults.add(method="sendMessage", kind="drop_before")
    await ani.start()
    await _come_in(world)
    await world._detached()
    sender = world.program.sender
    await sender.settle()
    assert await _states(world) == ["uncertain"]
    world.clock.advance(timedelta(seconds=11))
    await ani.start()
    await _come_in(world)
    sender._wake.clear()
    assert await sender.claim() == [], "one at a time"
    await world._detached()
    await sender.settle()
    async with asyncio.timeout(3):
        await sender._doze(asyncio.Event())
    assert len(await sender.claim()) == 1


async def test_a_tap_on_a_new_message_changes_it_in_one_call(world: World) -> None:
    """Only its reference is known to the conversation, and yet it is the one that was tapped."""
    ani = world.phone("Ani")
    await ani.send("/mulai")
    await world.settle()
    before = len(world.simulator.record.accepted)
    await ani.tap("Ya")
    await world.settle()
    calls = [entry.method for entry in world.simulator.record.accepted[before:]]
    assert [name for name in calls if name.startswith("edit")] == ["editMessageText"]
    assert ani.last.text == "q.second?"
