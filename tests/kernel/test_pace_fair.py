"""Chats in trouble, and chats that write without end, keep no others waiting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import EASE, GATHER, LEAST_WAIT, NEWS, PROBE, SEVERAL, SHARE, Pace

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


# --- chats that write without end -----------------------------------------------------------


def _scarce(pace: Pace, now: float, tokens: float = 1.0) -> Pace:
    """So many tokens are left; what went away were edits, which count for no chat."""
    while pace._all.level(now) > tokens:
        pace.spend(99, edit=True, now=now)
    return pace


def _spoken_to(pace: Pace, chat: int, times: int, now: float) -> None:
    for _ in range(times):
        pace.spend(chat, edit=False, now=now)


@pytest.mark.parametrize(("tokens", "yields"), [(14.0, False), (13.0, True), (0.0, True)])
def test_who_had_much_comes_after_the_others_while_there_is_not_room_for_all(
    tokens: float, yields: bool
) -> None:
    pace = Pace(RATE, 0.0)
    _spoken_to(pace, 1, SHARE, 0.0)
    _spoken_to(pace, 2, SHARE + 1, 0.0)
    _scarce(pace, 0.0, tokens)
    assert pace.yielding(0.0) == ({2} if yields else set())


@pytest.mark.parametrize(
    ("said", "seconds", "yields"),
    [
        (SHARE + 1, EASE - 0.1, True),  # each five seconds one more is none too many
        (SHARE + 1, EASE, False),
        (SHARE + 3, 3 * EASE - 0.1, True),
        (SHARE + 3, 3 * EASE, False),
        (1_000, NEWS - SHARE * EASE - 0.1, True),  # however much it was
        (1_000, NEWS - SHARE * EASE, False),
    ],
)
def test_what_a_chat_had_is_forgotten_in_time(said: int, seconds: float, yields: bool) -> None:
    pace = Pace(RATE, 0.0)
    _spoken_to(pace, 1, said, 0.0)
    assert (_scarce(pace, seconds).yielding(seconds) == {1}) is yields


def test_who_rests_between_two_messages_never_yields() -> None:
    pace = Pace(RATE, 0.0)
    for number in range(20):
        pace.spend(1, edit=False, now=number * EASE)
        assert _scarce(pace, number * EASE).yielding(number * EASE) == set()
    _spoken_to(pace, 2, 1, 200.0)
    assert set(pace._had) == {2}, "and takes no room when that is long ago"


def test_edits_make_nobody_yield() -> None:
    """Else a person in the middle of a questionnaire would wait."""
    pace = Pace(RATE, 0.0)
    for _ in range(28):
        pace.spend(1, edit=True, now=0.0)
    assert pace.yielding(0.0) == set()


def test_who_is_told_to_wait_again_yields_for_some_time_after_it() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 5.0, 0.0)
    assert _scarce(pace, 0.0).yielding(0.0) == set(), "once may happen to anybody"
    pace.throttled(1, 5.0, 6.0)
    end = 6.0 + 5.0 + NEWS - SHARE * EASE
    assert _scarce(pace, end - 0.1).yielding(end - 0.1) == {1}
    assert _scarce(pace, end).yielding(end) == set()
    assert not pace._much


def test_who_is_told_to_wait_for_hours_yields_until_a_little_after_the_next_try() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 5.0, 0.0)
    pace.throttled(1, 10_072.0, 6.0)
    end = 6.0 + PROBE + NEWS - SHARE * EASE
    assert _scarce(pace, end - 0.1).yielding(end - 0.1) == {1}
    assert _scarce(pace, end).yielding(end) == set()


def test_a_probe_of_a_pause_of_all_is_for_others_than_those_who_had_much() -> None:
    pace = _paused(10_072.0)
    _spoken_to(pace, 3, SHARE + 1, 29.0)
    assert pace.room(31.0) == (1, 0)
    assert pace.yielding(31.0) == {3}


def test_while_somebody_yields_tokens_gather_for_a_quarter_of_a_second() -> None:
    """To find who comes first takes a walk past all that waits for those who yield."""
    pace = Pace(RATE, 0.0)
    _spoken_to(pace, 1, SHARE + 1, 0.0)
    _scarce(pace, 0.0, 0.0)
    assert pace.wait(0.0) == pytest.approx(GATHER)
    assert pace.room(GATHER - 0.01) == (0, 0)
    assert pace.wait(GATHER - 0.01) == pytest.approx(0.01)
    assert pace.room(GATHER) == (int(RATE * GATHER), 0)
    assert pace.room(EASE)[0] == int(RATE), "and not when there is enough"


def test_while_nobody_yields_the_next_token_is_enough() -> None:
    pace = _scarce(Pace(RATE, 0.0), 0.0, 0.0)
    assert pace.wait(0.0) == pytest.approx(1 / RATE)
    assert pace.room(1.01 / RATE) == (1, 0)
