"""Thousands of mutants go through the whole kernel in batches, each beside people who are well."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.worker import BATCH
from storage.inbox import DONE, QUARANTINED
from tests.kit.checker import findings
from tests.kit.office import LOKET
from tests.poison.mutants import TAP, Mutant, lined_as, mutant, seed_of
from tests.poison.ward import Ward

NEIGHBOURS = 4  # in each batch


@dataclass
class Outcome:
    """What became of them, and what broke a promise (in words)."""

    states: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0
    stored: int = 0
    neighbours: int = 0
    ratings: Counter[tuple[str, int]] = field(default_factory=Counter)  # due, by (payload, value)
    sick: list[float] = field(default_factory=list)  # seconds for a whole batch with mutants
    well: list[float] = field(default_factory=list)  # for as large a one without, reckoned up
    busy: list[float] = field(default_factory=list)  # of the processor for one with mutants
    broken: list[str] = field(default_factory=list)


async def admit(ward: Ward, numbers: Sequence[int]) -> Outcome:
    """Send the mutants of these numbers in; what became of them."""
    outcome = Outcome()
    size = BATCH - NEIGHBOURS
    for at in range(0, len(numbers), size):
        await _batch(ward, numbers[at : at + size], outcome)
    await ward.drain()
    database = ward.world.database
    broken = findings(
        ward.world.simulator.record.entries,
        database.url.render_as_string(hide_password=False),
        given=outcome.ratings,
    )
    outcome.broken += broken
    return outcome


async def _batch(ward: Ward, numbers: Sequence[int], outcome: Outcome) -> None:
    """One batch: who is to tap scans first, then mutants and neighbours come together."""
    people = {n: ward.world.phone(f"warga {n}") for n in numbers}
    well = [phone for n, phone in people.items() if seed_of(n) == TAP]
    for phone in well:
        await phone.start(LOKET)
        ward.put(ward.pop())
    if well:
        await ward.come()
        began = time.perf_counter()
        await ward.world.program.worker.step()
        outcome.well.append((time.perf_counter() - began) * BATCH / len(well))
    await ward.drain()

    mutants = {}
    for number in numbers:
        one = await mutant(number, ward, people[number])
        mutants[ward.put(one.update, one.genuine)] = one
    neighbours = []
    for place in range(NEIGHBOURS):
        phone = ward.world.phone(f"sehat {numbers[0]}-{place}")
        await phone.start(LOKET)
        neighbours.append((ward.put(ward.pop()), phone))
    await ward.come()
    await _watch(ward, mutants, [number for number, _ in neighbours], outcome)
    await ward.drain()
    outcome.broken += [
        f"{phone.name} was not answered"
        for _, phone in neighbours
        if not any(message.from_bot for message in phone.messages)
    ]
    await _read_off(ward, mutants, outcome)


async def _watch(
    ward: Ward, mutants: dict[int, Mutant], neighbours: list[int], outcome: Outcome
) -> None:
    """All of it is stored as it came; one step of the worker leaves no neighbour waiting."""
    stored = await ward.rows(list(mutants))
    for number, one in mutants.items():
        same = number in stored and stored[number].raw == lined_as(one, number)
        outcome.stored += same
        if not same:
            outcome.broken.append(f"mutant {one.number} is not stored as it came: {one.name}")
    began, busy, hour = time.perf_counter(), time.process_time(), ward.world.clock.monotonic()
    await ward.world.program.worker.step()
    outcome.sick.append(time.perf_counter() - began)
    outcome.busy.append(time.process_time() - busy)
    if ward.world.clock.monotonic() > hour:
        outcome.broken.append("somebody waited")
    done = await ward.rows(neighbours)
    outcome.neighbours += len(done)
    outcome.broken += [f"a neighbour is {row.state}" for row in done.values() if row.state != DONE]


async def _read_off(ward: Ward, mutants: dict[int, Mutant], outcome: Outcome) -> None:
    """How each ended: handled or set aside at once, confirmed, and no mutant met a bug."""
    await ward.come()  # polling confirms by the next question
    confirmed = set(ward.world.simulator.record.confirmed)
    for number, row in (await ward.rows(list(mutants))).items():
        one = mutants[number]
        outcome.states[row.state] += 1
        outcome.confirmed += number in confirmed
        if number not in confirmed:
            outcome.broken.append(f"mutant {one.number} was not confirmed: {one.name}")
        if row.state == DONE and one.owed is not None:
            outcome.ratings[LOKET, one.owed] += 1
        at_once = row.state == DONE or (
            row.state == QUARANTINED and row.error.startswith("unreadable") and row.attempts == 1
        )
        if not at_once:
            outcome.broken.append(f"mutant {one.number} is {row.state}, {row.error}: {one.name}")
