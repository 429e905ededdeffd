"""What becomes of messages when the way to the platform is bad."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from storage import outbox, people
from storage.outbox import State
from talk.messages import Lane, Outbound, Parcel, Policy
from talk.text import plain
from tests.kit.databases import deaf
from tests.kit.world import World


async def _address(world: World, name: str) -> int:
    phone = world.phone(name)
    await phone.start()
    await world.settle()
    async with world.database.transaction() as tx:
        found = await people.callers(
            tx, "telegram", world.program.channel.bot_id, [(str(phone.chat_id), "id")]
        )
    return found[str(phone.chat_id)].address_id


async def _put(world: World, address: int, words: str, **fields: Any) -> None:
    parcel = Parcel(f"test:{words}", address, Outbound(plain(words)), **fields)
    async with world.database.transaction() as tx:
        await outbox.put(tx, [parcel], at=world.clock.now())


async def _row(world: World, words: str) -> Any:
    async with world.database.reading() as tx:
        rows = await tx.exec_driver_sql(
            f"select state, attempts, error, not_before from outbox where cause = 'test:{words}'"
        )
        return rows.one()


async def _active(world: World, address: int) -> bool:
    async with world.database.reading() as tx:
        return bool(
            await tx.scalar(select(people.Address.active).where(people.Address.id == address))
        )


def _copies(world: World, name: str, words: str) -> int:
    return sum(words in message.text for message in world.phone(name).messages)


CLASSES = [
    # class, lane, what the platform does, copies that arrive, final state
    (Policy.B, Lane.INTERACTIVE, "drop_after", 2, State.SENT),
    (Policy.B, Lane.INTERACTIVE, "drop_before", 1, State.SENT),
    (Policy.B, Lane.INTERACTIVE, "502", 1, State.SENT),
    (Policy.B, Lane.INTERACTIVE, "502_after", 2, State.SENT),
    (Policy.B, Lane.INTERACTIVE, "truncated", 2, State.SENT),
    (Policy.C, Lane.REMINDER, "drop_after", 1, State.UNCERTAIN),
    (Policy.C, Lane.REMINDER, "drop_before", 0, State.UNCERTAIN),
    (Policy.D, Lane.BROADCAST, "drop_after", 1, State.UNCERTAIN),
    (Policy.D, Lane.BROADCAST, "502", 0, State.UNCERTAIN),
    (Policy.D, Lane.BROADCAST, "truncated", 1, State.UNCERTAIN),
    (Policy.D, Lane.BROADCAST, "429", 1, State.SENT),
    (Policy.E, Lane.SECURITY, "drop_after", 2, State.SENT),
    (Policy.B, Lane.INTERACTIVE, "blocked", 0, State.FAILED),
    (Policy.C, Lane.REMINDER, "deactivated", 0, State.FAILED),
    (Policy.D, Lane.BROADCAST, "chat_not_found", 0, State.FAILED),
]


@pytest.mark.parametrize(("policy", "lane", "fault", "copies", "state"), CLASSES)
async def test_each_class_keeps_its_promise(
    world: World, policy: Policy, lane: Lane, fault: str, copies: int, state: State
) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind=fault, retry_after=3)
    await _put(world, address, "kabar", policy=policy, lane=lane)
    await world.settle()
    assert _copies(world, "Ani", "kabar") == copies
    assert (await _row(world, "kabar")).state == state


async def test_a_resend_shows_the_reference_of_the_first(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="drop_after")
    await _put(world, address, "kabar")
    await world.settle()
    first, second = (m for m in world.phone("Ani").messages if "kabar" in m.text)
    assert "#" not in first.text
    assert "#" in second.text


async def test_a_reply_is_resent_only_once(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="drop_after", times=5)
    await _put(world, address, "kabar")
    await world.settle(patience=600)
    assert _copies(world, "Ani", "kabar") == 2
    assert (await _row(world, "kabar")).state == State.UNCERTAIN


@pytest.mark.parametrize("crash", [False, True])
async def test_a_try_that_certainly_failed_before_takes_nothing_from_a_reply(
    world: World, crash: bool
) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="429", retry_after=3)
    await _put(world, address, "kabar")
    await world.settle(patience=0)
    world.clock.advance(timedelta(seconds=4))
    if crash:
        assert await world.program.sender.claim()
        await world.crash()
    else:
        world.simulator.faults.add(method="sendMessage", kind="drop_before")
    await world.settle()
    assert _copies(world, "Ani", "kabar") == 1
    assert (await _row(world, "kabar")).state == State.SENT


async def test_a_crash_in_the_middle_of_a_resend_leaves_it_the_last(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="drop_before")
    await _put(world, address, "kabar")
    await world.settle(patience=0)
    world.clock.advance(timedelta(seconds=11))
    assert await world.program.sender.claim()
    await world.crash()
    await world.settle()
    assert _copies(world, "Ani", "kabar") == 0
    assert (await _row(world, "kabar")).state == State.UNCERTAIN


@pytest.mark.parametrize("edits", ["", "999999"])
async def test_a_resend_taken_back_after_a_lost_commit_is_still_a_resend(
    world: World, edits: str
) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="drop_after")
    await _put(world, address, "kabar", edits=edits)
    await world.settle(patience=0)
    world.clock.advance(timedelta(seconds=11))
    with deaf(world.database), pytest.raises(OperationalError):
        await world.program.sender.claim()
    await world.settle()
    first, second = (m for m in world.phone("Ani").messages if "kabar" in m.text)
    assert "#" not in first.text
    assert "#" in second.text


async def test_what_may_have_arrived_is_never_said_to_be_expired(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="drop_after")
    await _put(world, address, "kabar")
    await world.settle(patience=0)
    world.request.refuse = 10_000
    for _ in range(100):
        await world.program.sender.step()
        world.clock.advance(timedelta(seconds=10))
    assert _copies(world, "Ani", "kabar") == 1
    assert (await _row(world, "kabar")).state == State.UNCERTAIN


async def test_what_was_certainly_not_sent_is_tried_until_its_time_is_over(world: World) -> None:
    address = await _address(world, "Ani")
    world.request.refuse = 10_000
    expires = world.clock.now() + timedelta(minutes=5)
    await _put(world, address, "kabar", policy=Policy.C, lane=Lane.REMINDER, expires_at=expires)
    for _ in range(100):
        await world.program.sender.step()
        world.clock.advance(timedelta(seconds=4))
    row = await _row(world, "kabar")
    assert row.state == State.EXPIRED
    assert row.attempts > 5
    world.request.refuse = 0
    await world.settle()
    assert _copies(world, "Ani", "kabar") == 0


async def test_one_chat_told_to_wait_does_not_hold_the_others(world: World) -> None:
    ani, budi = await _address(world, "Ani"), await _address(world, "Budi")
    chat = world.phone("Ani").chat_id
    world.simulator.faults.add(method="sendMessage", chat=chat, kind="429", retry_after=60)
    await _put(world, ani, "satu")
    await _put(world, budi, "dua")
    before = world.clock.monotonic()
    await world.settle(patience=0)
    assert _copies(world, "Budi", "dua") == 1
    assert world.clock.monotonic() - before < 2
    await world.settle(patience=70)
    assert _copies(world, "Ani", "satu") == 1
    assert world.clock.monotonic() - before >= 60


async def test_messages_to_one_address_keep_their_order_past_a_failure(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="429", retry_after=2)
    for words in ("a1", "b2", "c3", "d4", "e5"):
        await _put(world, address, words)
    await world.settle()
    texts = [m.text for m in world.phone("Ani").messages if len(m.text) == 2]
    assert texts == ["a1", "b2", "c3", "d4", "e5"]


async def test_a_waiting_announcement_does_not_hold_a_reply(world: World) -> None:
    address = await _address(world, "Ani")
    later = world.clock.now() + timedelta(hours=8)
    await _put(
        world, address, "pengumuman", lane=Lane.BROADCAST, policy=Policy.D, not_before=later
    )
    await _put(world, address, "jawaban")
    await world.settle()
    assert _copies(world, "Ani", "jawaban") == 1
    assert _copies(world, "Ani", "pengumuman") == 0


async def test_a_newer_edit_cancels_an_older_one_that_did_not_go(world: World) -> None:
    address = await _address(world, "Ani")
    target = str(world.phone("Ani").last.id)
    for words in ("lama", "baru"):
        await _put(world, address, words, edits=target)
    await world.settle()
    assert (await _row(world, "lama")).state == State.CANCELLED
    assert world.phone("Ani").last.text == "baru"


async def test_an_edit_of_a_message_that_is_gone_is_said_anew(world: World) -> None:
    address = await _address(world, "Ani")
    await _put(world, address, "kabar", edits="999999")
    await world.settle()
    assert world.phone("Ani").last.text == "kabar"


async def test_an_edit_that_is_said_anew_is_resent_only_once(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="drop_after", times=5)
    await _put(world, address, "kabar", edits="999999")
    await world.settle(patience=600)
    assert _copies(world, "Ani", "kabar") == 2
    assert (await _row(world, "kabar")).state == State.UNCERTAIN


async def test_an_edit_that_changes_nothing_counts_as_sent(world: World) -> None:
    address = await _address(world, "Ani")
    target = str(world.phone("Ani").last.id)
    await _put(world, address, "sama", edits=target)
    await world.settle()
    async with world.database.transaction() as tx:
        again = Parcel("test:lagi", address, Outbound(plain("sama")), edits=target)
        await outbox.put(tx, [again], at=world.clock.now())
    await world.settle()
    assert (await _row(world, "lagi")).state == State.SENT


async def test_someone_who_blocked_us_is_skipped_not_retried(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="blocked")
    for words in ("satu", "dua", "tiga"):
        await _put(world, address, words)
    world.clock.advance(timedelta(seconds=1))
    await world.settle()
    assert (await _row(world, "satu")).state == State.FAILED
    assert {(await _row(world, w)).state for w in ("dua", "tiga")} == {State.CANCELLED}
    assert not await _active(world, address)


async def test_a_late_refusal_does_not_shut_out_who_came_back_meanwhile(world: World) -> None:
    """She blocked us and came back while the answer to the call was on its way to us."""
    address, ani, sender = await _address(world, "Ani"), world.phone("Ani"), world.program.sender
    await _put(world, address, "satu")
    await _put(world, address, "dua")
    world.clock.advance(timedelta(seconds=1))
    world.simulator.faults.add(method="sendMessage", kind="blocked")
    (row,) = await sender.claim()
    await sender.deliver(row)
    world.clock.advance(timedelta(seconds=1))
    await ani.send("/mulai")
    heard = len(ani.messages)
    await world.program.ingest.poll(seconds=0)
    while await world.program.worker.step():
        pass
    assert await sender.settle() == 1  # only now it is written down that we were shut out
    await world.settle()
    assert len(ani.messages) > heard
    assert [(await _row(world, words)).state for words in ("satu", "dua")] == [
        State.FAILED,
        State.CANCELLED,
    ]
    assert await _active(world, address)


async def test_whatever_the_platform_says_in_a_refusal_can_be_written_down(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.faults.add(method="sendMessage", kind="400", description="odd\0 words")
    await _put(world, address, "satu")
    await _put(world, address, "dua")
    await world.settle()
    row = await _row(world, "satu")
    assert (row.state, row.error) == (State.FAILED, "Bad Request: odd words")
    assert _copies(world, "Ani", "dua") == 1


async def test_a_refused_token_keeps_the_queue_and_turns_ready_red(world: World) -> None:
    address = await _address(world, "Ani")
    world.simulator.revoke_token()
    await _put(world, address, "kabar")
    await world.program.sender.step()
    assert "401" in (await world.program.readiness())["token"]
    assert (await _row(world, "kabar")).state == State.READY
    world.simulator.restore_token()
    world.clock.advance(timedelta(seconds=20))
    await world.settle()
    assert _copies(world, "Ani", "kabar") == 1
    assert (await world.program.readiness())["token"] == "ok"


AIR = [
    (Policy.A, State.SENT, 1),
    (Policy.B, State.SENT, 1),
    (Policy.C, State.UNCERTAIN, 0),
    (Policy.D, State.UNCERTAIN, 0),
]


@pytest.mark.parametrize(("policy", "state", "copies"), AIR)
async def test_after_a_crash_what_was_in_the_air_follows_its_class(
    world: World, policy: Policy, state: State, copies: int
) -> None:
    address = await _address(world, "Ani")
    edits = str(world.phone("Ani").last.id) if policy == Policy.A else ""
    await _put(world, address, "kabar", policy=policy, edits=edits)
    assert await world.program.sender.claim()
    await world.crash()
    await world.settle()
    assert (await _row(world, "kabar")).state == state
    assert _copies(world, "Ani", "kabar") == copies


async def test_a_tap_proves_that_an_uncertain_message_arrived(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await world.settle()
    world.simulator.faults.add(method="sendMessage", kind="drop_after")
    await ani.send("/mulai")
    await world.settle(patience=0)
    await ani.tap("Ya")
    await world.settle(patience=0)
    await world.settle(patience=60)
    assert sum("q." in m.text for m in ani.messages) == 1


async def test_what_is_claimed_while_a_stop_comes_is_settled(world: World) -> None:
    address = await _address(world, "Ani")
    await _put(world, address, "kabar")
    sender, stopping = world.program.sender, asyncio.Event()
    begin, claiming, go_on = world.database.transaction, asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def slowly(**asked: bool) -> AsyncIterator[Any]:
        claiming.set()
        await go_on.wait()
        async with begin(**asked) as tx:
            yield tx

    world.database.transaction = slowly  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as tasks:
        sender.wake()
        tasks.create_task(sender.run(stopping))
        await claiming.wait()
        stopping.set()
        sender.wake()
        for _ in range(5):
            await asyncio.sleep(0)
        go_on.set()
    assert _copies(world, "Ani", "kabar") == 1
    assert (await _row(world, "kabar")).state == State.SENT


async def test_a_claim_whose_commit_got_no_answer_is_taken_back(world: World) -> None:
    address = await _address(world, "Ani")
    await _put(world, address, "kabar")
    with deaf(world.database), pytest.raises(OperationalError):
        await world.program.sender.claim()
    assert (await _row(world, "kabar")).state == State.SENDING
    await world.settle()
    assert _copies(world, "Ani", "kabar") == 1
    assert (await _row(world, "kabar")).state == State.SENT


async def test_a_pause_beyond_all_dates_leaves_no_message_in_the_air(world: World) -> None:
    ani = world.phone("Ani")
    world.simulator.faults.add(method="sendMessage", kind="429", retry_after=2**40)
    await ani.start()
    await world.settle(patience=0)
    assert world.program.sender.idle
    async with world.database.reading() as tx:
        assert await outbox.states(tx) == {"ready": 1}
