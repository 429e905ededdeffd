"""Chats in trouble, and chats that write without end, keep no others waiting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import LEAST_WAIT, NEWS, SEVERAL, Pace

RATE = 28.0


def _paused(wait: float) -> Pace:
    """Two chats were told to wait at the same moment, so everybody pauses."""
    pace = Pace(RATE, 0.0)
    pace.throttled(1, wait, 0.0)
    pace.throttled(2, wait, 0.0)
    return pace


# --- chats that are told to wait again and again --------------------------------------------


@given(st.sampled_from([0.0, 1.0, 5.0, 30.0, 90.0]), st.integers(2, 20), st.floats(0.0, 1.9))
def test_chats_told_to_wait_again_and_again_hold_the_others_once(
    said: float, times: int, apart: float
) -> None:
    """Each tries again when its wait is over; what goes to others is taken."""
    pace = Pace(RATE, 0.0)
    again = {1: 0.0, 2: apart, 3: apart}
    for _ in range(3 * times):
        chat = min(again, key=again.__getitem__)
        now = again[chat]
        if now > apart:
            now = max(now, apart + max(said, LEAST_WAIT))  # the one pause of all
            assert pace.room(now)[0] > 0, "all paused again"
            pace.spend(9, edit=True, now=now)
            pace.delivered(9, now)
        again[chat] = now + pace.throttled(chat, said, now)


@pytest.mark.parametrize(
    ("quiet", "all_pause"), [(NEWS - 0.1, False), (NEWS, True), (NEWS + 100, True)]
)
def test_a_429_is_news_again_a_minute_after_the_wait(quiet: float, all_pause: bool) -> None:
    pace = _paused(20.0)
    now = 20.0 + quiet
    pace.throttled(1, 5.0, now)
    pace.throttled(2, 5.0, now)
    assert (pace.room(now) == (0, 0)) is all_pause


def test_one_that_is_news_beside_one_that_is_none_pauses_nobody_else() -> None:
    pace = _paused(5.0)
    pace.throttled(1, 5.0, 10.0)
    pace.throttled(3, 5.0, 10.1)
    pace.throttled(1, 5.0, 10.2)
    assert pace.room(10.3)[0] > 0
    pace.throttled(4, 5.0, 10.4)
    assert pace.room(10.5) == (0, 0), "but a second one does"


@pytest.mark.parametrize(
    ("chats", "seconds", "all_pause"),
    [
        ((1, 2), 1.0, False),
        ((1, 2, 1), 1.0, False),
        ((1, 2, 3), SEVERAL / 2, True),
        ((1, 2, 3), SEVERAL / 2 + 0.1, False),
    ],
)
def test_where_few_people_are_three_mean_all_of_us(
    chats: tuple[int, ...], seconds: float, all_pause: bool
) -> None:
    """All are told again and again by then, and still it must be found out."""
    pace = _paused(5.0)
    pace.throttled(3, 5.0, 0.0)
    for number, chat in enumerate(chats):
        now = 20.0 + number * seconds
        pace.throttled(chat, 5.0, now)
    assert (pace.room(now) == (0, 0)) is all_pause


@pytest.mark.parametrize(
    ("chat", "before", "all_pause"),
    [(9, NEWS, False), (9, NEWS + 0.1, True), (1, 0.1, True)],
)
def test_three_mean_nothing_while_what_others_get_is_taken(
    chat: int, before: float, all_pause: bool
) -> None:
    """For a minute; and that one of the three got something is no sign."""
    pace = _paused(100.0)
    pace.throttled(3, 100.0, 0.0)
    pace.delivered(chat, 150.0 - before)
    for chat in (1, 2, 3):
        pace.throttled(chat, 5.0, 150.0)
    assert (pace.room(150.0) == (0, 0)) is all_pause


@given(st.lists(st.tuples(st.integers(0, 3_000), st.floats(0.0, 0.1)), max_size=200))
def test_of_those_told_to_wait_only_the_late_ones_are_remembered(
    told: list[tuple[int, float]],
) -> None:
    pace = Pace(RATE, 0.0)
    now = 0.0
    for chat, seconds in told:
        now += seconds
        pace.throttled(chat, 1.0, now)
    pace.throttled(1, 1.0, now + NEWS + 1.1)
    assert set(pace._told) == set(pace._refused) == {1}
