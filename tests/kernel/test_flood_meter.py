"""The meter of a flood by itself: to the token, and what it remembers of a chat."""

from __future__ import annotations

import pytest

from bot.flood import BURST, PER_SECOND, Flood, Meter


def _spent(flood: Flood, chat: str, tokens: int, now: float = 0.0) -> Meter:
    meter = flood.meter(now)
    for _ in range(tokens):
        assert meter.admit(chat)
    return meter


def test_nothing_is_heard_before_a_whole_token_is_back() -> None:
    flood = Flood()
    _spent(flood, "a", BURST).keep()
    assert not flood.meter(0.99 / PER_SECOND).admit("a")
    assert flood.meter(1 / PER_SECOND).admit("a")


def test_within_one_transaction_what_was_taken_is_gone() -> None:
    meter = _spent(Flood(), "a", BURST)
    assert not meter.admit("a")
    assert meter.admit("b")


def test_what_is_left_goes_on_from_where_it_was_kept() -> None:
    flood = Flood()
    _spent(flood, "a", BURST, now=50.0).keep()
    _spent(flood, "a", int(PER_SECOND), now=51.0).keep()
    assert not flood.meter(51.0).admit("a")
    assert flood.meter(51.0 + 1 / PER_SECOND).admit("a")


def test_told_once_even_across_transactions_and_again_after_calm() -> None:
    flood = Flood()
    meter = _spent(flood, "a", BURST)
    assert meter.tell("a")
    assert not meter.tell("a")
    meter.keep()
    assert not flood.meter(1.0).tell("a")
    assert flood.meter(BURST / PER_SECOND).tell("a")


def test_being_told_gives_no_token_back() -> None:
    meter = _spent(Flood(), "a", BURST)
    meter.tell("a")
    assert not meter.admit("a")


def test_a_stop_is_remembered_until_something_else_is_heard() -> None:
    flood = Flood()
    meter = _spent(flood, "a", 2)
    assert not meter.stopped("a")
    meter.heard("a", stop=True)
    assert meter.stopped("a")
    meter.keep()
    assert flood.meter(0.1).stopped("a")
    assert not flood.meter(0.1).stopped("b")
    again = flood.meter(0.1)
    again.heard("a", stop=False)
    assert not again.stopped("a")
    assert flood.meter(0.1).stopped("a"), "what was not committed was not heard"


def test_what_is_heard_takes_no_token() -> None:
    meter = _spent(Flood(), "a", BURST - 1)
    meter.heard("a", stop=True)
    assert meter.admit("a")
    assert not meter.admit("a")


def test_hearing_nothing_new_remembers_nobody() -> None:
    flood = Flood()
    meter = flood.meter(0.0)
    meter.heard("a", stop=False)
    meter.keep()
    assert len(flood) == 0


def test_a_full_bucket_has_forgotten_all() -> None:
    flood = Flood()
    meter = _spent(flood, "a", 10)
    meter.tell("a")
    meter.heard("a", stop=True)
    meter.keep()
    later = flood.meter(10 / PER_SECOND)
    assert not later.stopped("a")
    assert later.tell("a")
    assert _spent(flood, "a", BURST, now=10 / PER_SECOND)


@pytest.mark.parametrize(("second", "left"), [(0.0, 1_001), (1.9, 1_001), (2.0, 1), (20.0, 1)])
def test_buckets_are_cleared_up_when_they_are_many(second: float, left: int) -> None:
    """A thousand that were all used a moment ago stay; full ones go, and only at the next use."""
    flood = Flood()
    for number in range(1_000):
        _spent(flood, f"chat {number}", int(2 * PER_SECOND)).keep()
    assert len(flood) == 1_000
    _spent(flood, "last", 1, now=second).keep()
    assert len(flood) == left


def test_the_next_clearing_waits_for_twice_as_many() -> None:
    flood = Flood()
    for number in range(1_001):
        _spent(flood, f"chat {number}", 1).keep()
    for number in range(1_001):
        _spent(flood, f"other {number}", 1, now=20.0).keep()
        assert len(flood) == 1_002 + number, "all old ones are full, and not looked at yet"
    _spent(flood, "last", 1, now=20.0).keep()
    assert len(flood) == 1_002
