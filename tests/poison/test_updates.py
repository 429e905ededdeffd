"""The fixed corpus of updates and bodies: each ends as its line says, and none without a trace."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update

from channels.result import Unreadable
from storage.inbox import DONE, QUARANTINED
from storage.session import Database
from tests.poison.cases import Case, body_of, cases, update_of
from tests.poison.ward import Row, Ward, lined, ward
from web.doors import BODY_LIMIT

FIRST = 5_000_100_000  # the person of the first case; each has one of its own
WELL = {"name": "a neighbour", "expected": DONE}
REFUSED, SET_ASIDE = "refused", "quarantined"


async def _ended(one: Ward, raws: dict[bytes, Case]) -> list[str]:
    """Handle all that waits at once; which cases ended otherwise than expected."""
    waiting = await one.waiting()
    assert waiting.keys() == raws.keys(), "each is stored as it came"
    hour = one.world.clock.monotonic()
    while await one.world.program.worker.step():
        pass
    assert one.world.clock.monotonic() == hour, "nobody waited"
    ends = await one.ends()
    return [
        f"{case['name']}: {ends[waiting[raw]]}"
        for raw, case in raws.items()
        if not _as_expected(ends[waiting[raw]], case)
    ]


def _as_expected(row: Row, case: Case) -> bool:
    if case["expected"] == SET_ASIDE:
        aside = row.state == QUARANTINED and row.error.startswith("unreadable")
        return aside and row.attempts == 1
    return row.state == DONE and row.raw == b""


def _kind(one: Ward, raw: bytes) -> str:
    try:
        return str(one.world.program.channel.read(raw).kind)
    except Unreadable:
        return SET_ASIDE


@pytest.mark.parametrize("name", ["C01", "C03", "C05"])
async def test_updates_are_understood_or_set_aside(database: Database, name: str) -> None:
    """Valid ones of all types, types and fields of the future, numbers nobody has."""
    if name == "C01" and not database.is_sqlite:
        pytest.skip("what is valid is no question of the database")
    async with ward(database, "webhook") as one:
        raws, wrong = {}, []
        for number, case in enumerate(cases(name)):
            raw = lined(update_of(case, 900_000 + number, FIRST + number))
            raws[raw] = case
            assert await one.post(raw) == 200
            if (kind := _kind(one, raw)) != case["expected"]:
                wrong.append(f"{case['name']} is read as {kind}")
        assert wrong == []
        assert await _ended(one, raws) == []
        await one.drain()
        assert await one.waiting() == {}


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
def test_what_we_call_valid_the_library_reads() -> None:
    for case in cases("C01"):
        (sort,) = case["update"]
        assert getattr(Update.de_json(update_of(case, 7)), sort) is not None, case["name"]


def test_every_type_of_update_is_in_the_corpus() -> None:
    assert {next(iter(case["update"])) for case in cases("C01")} == set(Update.ALL_TYPES)


async def test_bodies_that_are_no_clean_json_are_stored_and_set_aside(database: Database) -> None:
    async with ward(database, "webhook") as one:
        raws = {}
        for number, case in enumerate(cases("C04")):
            raw = body_of(case, 900_000 + number, FIRST + number)
            refused = case["expected"] == REFUSED
            assert refused == (len(raw) > BODY_LIMIT)
            assert await one.post(raw) == (413 if refused else 200), case["name"]
            if not refused:
                raws[raw] = case
        assert await _ended(one, raws) == []
        await one.drain()
        assert await one.waiting() == {}


async def test_a_broken_update_in_a_batch_leaves_its_neighbours_whole(database: Database) -> None:
    """Those whose brackets match: nothing else could be an update in an answer of Telegram."""
    async with ward(database, "polling") as one:
        raws: dict[bytes, Any] = {}
        polled = [case for case in cases("C04") if case.get("polled")]
        for number, case in enumerate(polled):
            phone = one.world.phone(f"sehat {number}")
            await phone.send("halo")
            words = one.pop()
            for what, raw in (
                (case, body_of(case, one.next_id, FIRST + number)),
                (
                    {"name": phone.name, "expected": DONE},
                    lined(words | {"update_id": one.next_id + 1}),
                ),
            ):
                one.put_bytes(raw)
                raws[raw] = what
        await one.come()
        assert len(one.world.simulator.record.confirmed) == 2 * len(polled)
        assert await _ended(one, raws) == []
        await one.drain()
        asked = [one.world.phone(f"sehat {number}") for number in range(len(polled))]
        assert all(any(m.from_bot for m in phone.messages) for phone in asked)
