"""F15–F17, F24–F26: whatever Telegram answers, or does not, a message ends as its class says."""

from __future__ import annotations

import itertools
from collections import Counter

from sqlalchemy import select

from simulator import Group, Phone
from simulator.faults import KINDS
from storage import outbox
from storage.outbox import Outbox as Row
from storage.outbox import State
from storage.people import Address
from talk.messages import Lane, Outbound, Parcel, Policy
from talk.text import plain
from tests.kit.crowd import receivers
from tests.kit.world import World

LANES = {
    Policy.A: Lane.INTERACTIVE,
    Policy.B: Lane.INTERACTIVE,
    Policy.C: Lane.REMINDER,
    Policy.D: Lane.BROADCAST,
    Policy.E: Lane.SECURITY,
}

# What is known of a message after a fault, whatever its class.
NEVER = {"400", "409", "blocked", "chat_not_found", "deactivated", "kicked", "migrate"}
LATER = {"429", "not_found", "revoked"}
FINE = {"delay", "delay_after", "drip", "wrong_type"}
GONE = {"500", "502", "504", "drop_before", "hang"}  # it never arrived, and nobody can know
THERE = {"502_after", "drop_after", "truncated"}  # it arrived, and nobody can know


def promised(fault: str, policy: Policy) -> tuple[State, int]:
    """The state a row ends in, and how many copies are on the phone."""
    if fault in NEVER:
        return State.FAILED, 0
    if fault in LATER | FINE:
        return State.SENT, 1
    if policy in (Policy.C, Policy.D):
        return State.UNCERTAIN, int(fault in THERE)
    return State.SENT, 2 if fault in THERE and policy is not Policy.A else 1


def test_every_fault_that_the_simulator_knows_is_judged() -> None:
    groups = (NEVER, LATER, FINE, GONE, THERE)
    assert sorted(itertools.chain(*groups)) == sorted(KINDS)


async def test_every_class_keeps_its_promise_under_every_fault(world: World) -> None:
    """Each pair has a person of her own; all are struck in the same moments."""
    pairs = list(itertools.product(sorted(KINDS), LANES))
    phones = dict(zip(pairs, await receivers(world, len(pairs)), strict=True))
    edited = [pair for pair in pairs if pair[1] is Policy.A]
    await _put(world, {pair: Parcel(f"old:{pair}", phones[pair].chat_id, _words("lama"))
                       for pair in edited})  # fmt: skip
    await world.settle()
    for fault, policy in pairs:
        chat = phones[fault, policy].chat_id
        method = "editMessageText" if policy is Policy.A else "sendMessage"
        world.simulator.faults.add(kind=fault, chat=chat, method=method, retry_after=7)
    await _put(world, {pair: _parcel(pair, phones[pair]) for pair in pairs})
    for _ in range(40):  # a refused token is looked at every 15 s, and several strike in turn
        await world.live(16)
    found = {}
    async with world.database.reading() as tx:
        states = dict((await tx.execute(select(Row.cause, Row.state))).all())
    for pair in pairs:
        copies = sum(m.text.startswith("kabar") for m in phones[pair].messages)
        found[pair] = (State(states[f"new:{pair}"]), copies)
    assert found == {pair: promised(*pair) for pair in pairs}
    calls = Counter(
        entry.params["chat_id"]
        for entry in world.simulator.record.answered
        if entry.params.get("text") == "kabar"
    )
    assert {calls[phones[fault, p].chat_id] for fault, p in pairs if fault in NEVER} == {1}


async def _put(world: World, parcels: dict[tuple[str, Policy], Parcel]) -> None:
    async with world.database.transaction() as tx:
        await outbox.put(tx, list(parcels.values()), at=world.clock.now())


def _words(said: str) -> Outbound:
    return Outbound(plain(said))


def _parcel(pair: tuple[str, Policy], phone: Phone) -> Parcel:
    policy = pair[1]
    edits = str(phone.last.id) if policy is Policy.A else ""
    return Parcel(
        f"new:{pair}", phone.chat_id, _words("kabar"), policy=policy, lane=LANES[policy],
        edits=edits,
    )  # fmt: skip


# --- a group that moves ---------------------------------------------------------------------

MOVES = ("greeting", "refusal", "left", "came")


async def test_a_group_that_moves_changes_nothing(world: World) -> None:
    """We are for private chats. All that a group ever hears is where to find us, once in each.

    `migrate_to_chat_id` may come as a refusal of that one message and as a service message in
    the old and in the new chat, each twice, in any order: a group for each of the 24.
    """
    ani, numbers = world.phone("Ani"), itertools.count(700_000)
    await ani.start()
    await world.settle()
    people = await _addresses(world)
    orders = list(itertools.permutations(MOVES))
    moving = [(world.simulator.group("RT 5"), world.simulator.group("RT 5")) for _ in orders]
    for step in range(len(MOVES)):
        for order, (old, new) in zip(orders, moving, strict=True):
            for _ in range(2):
                await _move(world, order[step], old, new, ani, next(numbers))
        await world.live(30)
    told = Counter(e.chat_id for e in world.simulator.record.accepted if e.chat_id < 0)
    assert set(told.values()) == {1}
    calls = Counter(entry.params.get("chat_id") for entry in world.simulator.record.answered)
    for old, new in moving:
        assert calls[old.chat_id] <= 1, "a refused one is not tried again"
        assert calls[new.chat_id] == told[new.chat_id] == 1
    async with world.database.reading() as tx:
        assert set(await outbox.states(tx)) == {State.SENT, State.FAILED}
    now = await _addresses(world)
    assert now.items() >= people.items()


async def _move(
    world: World, move: str, old: Group, new: Group, ani: Phone, message_id: int
) -> None:
    if move == "greeting":
        await old.send(ani, "halo")
    elif move == "refusal":
        faults = world.simulator.faults
        faults.add(kind="migrate", method="sendMessage", chat=old.chat_id, to=new.chat_id)
    else:
        chat, other = (old, new) if move == "left" else (new, old)
        name = "migrate_to_chat_id" if move == "left" else "migrate_from_chat_id"
        message = {
            "message_id": message_id,
            "date": int(world.clock.now().timestamp()),
            "chat": {"id": chat.chat_id, "title": "RT 5", "type": "supergroup"},
            "from": {"id": 1_087_968_824, "is_bot": True, "first_name": "Group"},
            name: other.chat_id,
        }
        world.simulator.updates.add("message", message, ("m", chat.chat_id))


async def _addresses(world: World) -> dict[str, tuple[int, bool]]:
    async with world.database.reading() as tx:
        rows = await tx.execute(select(Address.key, Address.person_id, Address.active))
        return {key: (person, active) for key, person, active in rows}
