"""Nobody can tell who gave which rating: not from the whole database, its files and its logs."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import AsyncIterator, Iterator

import pytest

from bot import logs
from domain import anonymity, rating
from storage import outbox
from storage.session import Database
from tests.anonymity.attack import chance, success
from tests.anonymity.city import Day, live_through
from tests.anonymity.loot import Loot, carry_home
from tests.kit.office import small_city
from tests.kit.world import World

RATERS = 1_000
FEW = 100
ALLOWED = 0.01
CLEARLY = 0.2


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at its most talkative."""
    stream = io.StringIO()
    logs.configure("DEBUG", stream=stream)
    yield stream
    logs.configure("WARNING")


@pytest.fixture
async def city(database: Database, log: io.StringIO) -> AsyncIterator[World]:
    await small_city(database)
    opened = await World(database).open()
    yield opened
    await opened.close()


async def looted(world: World, log: io.StringIO, day: Day) -> tuple[Loot, float, float, str]:
    """What the attacker has, what chance gets, what he gets and how."""
    loot = await carry_home(world.database, log.getvalue())
    truth = [day.quick, day.skm]
    responses = {row["key"]: row for row in loot.tables["response"]}
    found, way = success(loot, truth)
    return loot, chance(responses, truth), found, way


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_a_thousand_ratings_lead_back_to_nobody(city: World, log: io.StringIO) -> None:
    day = await live_through(city, RATERS, whole=1, rng=random.Random(1))
    assert len(day.quick) == RATERS
    assert day.skm
    await city.advance(minutes=20)
    loot, by_chance, found, way = await looted(city, log, day)
    assert len(loot.tables["response"]) == RATERS + len(day.skm)
    assert len(loot.tables["address"]) == RATERS
    assert not loot.tables["dialog"], "no conversation remembers where somebody was asked"
    assert found <= by_chance + ALLOWED, f"{way} finds {found:.1%}, chance {by_chance:.1%}"


# --- the attacker is worth something: he wins wherever a part of the machinery is missing ----


@pytest.mark.full
async def test_he_wins_while_conversations_remember(city: World, log: io.StringIO) -> None:
    day = await live_through(city, FEW, whole=0, rng=random.Random(2), ticking=False)
    _, by_chance, found, way = await looted(city, log, day)
    assert found > by_chance + CLEARLY, way


@pytest.mark.full
async def test_he_wins_where_keys_count_up_and_replies_keep_their_address(
    city: World, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = itertools.count(10**9)
    monkeypatch.setattr(rating.secrets, "token_urlsafe", lambda _: str(next(numbers)))
    monkeypatch.setattr(outbox, "scrub", _nothing)
    day = await live_through(city, FEW, whole=0, rng=random.Random(3))
    await city.advance(minutes=20)
    _, by_chance, found, way = await looted(city, log, day)
    assert found > by_chance + CLEARLY, way


@pytest.mark.full
async def test_he_wins_where_rows_lie_as_they_came_or_pages_are_not_emptied(
    city: World, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    if city.database.is_sqlite:
        monkeypatch.setattr(Database, "truncate_log", _nothing)
    else:
        monkeypatch.setattr(anonymity.anonymity, "shuffle", _nothing)
        monkeypatch.setattr(outbox, "scrub", _nothing)
    day = await live_through(city, FEW, whole=0, rng=random.Random(4))
    await city.advance(minutes=20)
    _, by_chance, found, way = await looted(city, log, day)
    assert found > by_chance + CLEARLY, way


async def _nothing(*_: object, **__: object) -> int:
    return 0
