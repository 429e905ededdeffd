"""Told to slow down: who waits for how long, what ends a pause, and how the speed comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import FIRST_WAIT, LEAST_WAIT, LONG, LONGEST_WAIT, NEWS, PROBE, SEVERAL, Pace

RATE = 28.0


def _paused(wait: float, *, begin: float = 0.0) -> Pace:
    """Everybody pauses: two chats were told to wait at the same moment."""
    pace = Pace(RATE, 0.0)
    pace.throttled(1, wait, begin)
    pace.throttled(2, wait, begin)
    return pace


def _rate(pace: Pace, now: float) -> float:
    """Messages a second that are allowed by now, told by the time between two of them."""
    for _ in range(pace.room(now)[0]):
        pace.spend(1_000, edit=True, now=now)
    wait: float | None = None
    for _ in range(3):  # what was left of a token, or a hair's breadth of one, is gone by then
        wait = pace.wait(now)
        assert wait is not None
        now += wait
        pace.spend(1_000, edit=True, now=now)
    assert wait is not None
    return 1 / wait


# --- of one chat, or of all -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "seconds", "all_pause"),
    [(2, 0.0, True), (2, SEVERAL, True), (2, SEVERAL + 0.01, False), (1, 0.5, False)],
)
def test_a_second_chat_within_two_seconds_means_all_of_us(
    other: int, seconds: float, all_pause: bool
) -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 20.0, 100.0)
    pace.throttled(other, 20.0, 100.0 + seconds)
    assert (pace.room(100.0 + seconds) == (0, 0)) is all_pause
    assert pace.held(100.0 + seconds) == {1, other}


def test_a_pause_of_a_chat_ends_when_it_was_told_to_end() -> None:
    pace = Pace(RATE, 50.0)
    assert pace.throttled(1, 20.0, 50.0) == 20.0
    assert pace.held(69.99) == {1}
    assert pace.wait(69.0) == pytest.approx(1.0)
    assert pace.held(70.0) == set()
    assert pace.wait(70.0) is None


def test_a_pause_of_all_ends_when_it_was_told_to_end() -> None:
    pace = _paused(20.0, begin=50.0)
    assert pace.room(69.99) == (0, 0)
    assert pace.wait(60.0) == pytest.approx(10.0)
    assert pace.room(70.0)[0] > 0


def test_a_shorter_wait_does_not_shorten_the_pause() -> None:
    pace = _paused(30.0)
    pace.throttled(3, 1.0, 0.5)
    assert pace.room(29.9) == (0, 0)
    assert pace.held(1.0) == {1, 2, 3}
    assert pace.held(2.0) == {1, 2}
    assert pace.room(30.0)[0] > 0


def test_all_wait_even_when_no_chat_is_told_to_wait_so_long_any_more() -> None:
    """What was under way to the two may be told less."""
    pace = _paused(30.0)
    pace.throttled(1, 5.0, 0.5)
    pace.throttled(2, 5.0, 0.5)
    assert pace.held(6.0) == set()
    assert pace.wait(6.0) == pytest.approx(24.0)


def test_a_longer_wait_lengthens_the_pause() -> None:
    pace = _paused(5.0)
    pace.throttled(3, 30.0, 0.5)
    assert pace.room(30.4) == (0, 0)
    assert pace.room(30.5)[0] > 0


def test_unsaid_waits_are_counted_for_each_chat() -> None:
    pace = Pace(RATE, 0.0)
    assert [pace.throttled(1, None, n * 1_000.0) for n in range(3)] == [5.0, 10.0, 20.0]
    assert pace.throttled(2, None, 4_000.0) == FIRST_WAIT
    assert pace.throttled(1, 3.0, 5_000.0) == 3.0, "what is said counts"
    assert pace.throttled(1, None, 6_000.0) == 40.0
    pace.delivered(2, 7_000.0)
    assert [pace.throttled(1, None, n * 1_000.0) for n in (8, 9, 10)] == [
        80.0,
        160.0,
        LONGEST_WAIT,
    ]


def test_a_message_to_a_chat_that_was_never_throttled_is_taken_as_usual() -> None:
    pace = Pace(RATE, 0.0)
    pace.delivered(1, 0.0)
    assert pace.throttled(1, None, 1.0) == FIRST_WAIT


@pytest.mark.parametrize(
    ("said", "wait"), [(0.0, LEAST_WAIT), (0.3, LEAST_WAIT), (1.0, 1.0), (1.5, 1.5)]
)
def test_after_any_429_a_chat_waits_a_second(said: float, wait: float) -> None:
    """ "In 0 seconds" would be tried again as fast as the calls go."""
    pace = Pace(RATE, 0.0)
    assert pace.throttled(1, said, 0.0) == wait
    assert pace.wait(0.0) == wait


# --- long pauses ----------------------------------------------------------------------------


@pytest.mark.parametrize(("wait", "long"), [(LONG, False), (LONG + 1, True)])
def test_only_a_pause_beyond_a_minute_is_probed_and_told(wait: float, long: bool) -> None:
    pace = _paused(wait)
    assert pace.long_pause(1.0) == (wait - 1 if long else 0.0)
    assert pace.room(PROBE - 0.1) == (0, 0)
    assert pace.room(PROBE) == ((1, 0) if long else (0, 0))
    assert pace.wait(1.0) == pytest.approx(PROBE - 1 if long else LONG - 1)


def test_a_long_pause_is_over_when_it_is_over() -> None:
    pace = _paused(100.0)
    assert pace.long_pause(99.0) == 1.0
    assert pace.long_pause(101.0) == 0.0
    assert pace.room(100.0)[0] > 1


def test_a_short_wait_among_long_ones_does_not_hide_the_long_pause() -> None:
    """What was under way is told so, too; hours without a probe or a word would follow."""
    pace = _paused(10_072.0)
    pace.throttled(3, 5.0, 0.5)
    assert pace.long_pause(1.0) == 10_071.0
    assert pace.room(PROBE + 1) == (1, 0)


def test_a_short_pause_after_a_long_one_is_short() -> None:
    pace = _paused(100.0)
    pace.throttled(3, 10.0, 200.0)
    pace.throttled(4, 10.0, 200.0)
    assert pace.long_pause(201.0) == 0.0


def test_a_probe_every_half_minute_until_one_is_taken() -> None:
    pace = _paused(10_072.0)
    for probe in range(1, 4):
        now = probe * PROBE
        assert pace.room(now - 0.1) == (0, 0)
        assert pace.wait(now - 1) == pytest.approx(1.0)
        assert pace.room(now) == (1, 0)
        assert pace.wait(now) == 10_072.0 - now, "nothing else to look for"
        pace.spend(10 + probe, edit=False, now=now)
        assert pace.room(now) == (0, 0)
    pace.delivered(13, 3 * PROBE + 2)
    assert pace.long_pause(3 * PROBE + 2) == 0.0
    assert pace.room(3 * PROBE + 2)[0] >= 1


def test_a_probe_that_is_refused_ends_nothing() -> None:
    pace = _paused(10_072.0)
    pace.spend(3, edit=False, now=PROBE)
    pace.throttled(3, 10_000.0, PROBE + 0.1)
    pace.delivered(4, PROBE + 0.2)
    assert pace.room(PROBE + 1) == (0, 0)
    assert pace.room(2 * PROBE) == (1, 0)


@pytest.mark.parametrize("wait", [30.0, 10_072.0])
def test_what_was_taken_in_hand_before_a_pause_is_no_probe(wait: float) -> None:
    """The pause began while it was committed that these may go."""
    pace = _paused(wait)
    pace.spend(3, edit=False, now=0.1)
    pace.delivered(3, 0.2)
    assert pace.room(1.0) == (0, 0)
    assert pace.room(PROBE - 1) == (0, 0)


def test_a_probe_of_an_earlier_pause_does_not_end_a_later_one() -> None:
    """Nobody ever answered it."""
    pace = _paused(100.0)
    pace.spend(3, edit=False, now=PROBE)
    pace.throttled(4, 100.0, 200.0)
    pace.throttled(5, 100.0, 200.0)
    pace.delivered(6, 200.1)
    assert pace.room(201.0) == (0, 0)


# --- long pauses of one chat ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "again"), [(LONG, LONG), (LONG + 1, PROBE), (10_072.0, PROBE), (None, 160.0)]
)
def test_a_chat_that_was_told_to_wait_long_is_tried_in_half_a_minute(
    said: float | None, again: float
) -> None:
    """But not where we chose the wait ourselves."""
    pace = Pace(RATE, 0.0)
    for _ in range(5):
        pace.throttled(1, None, 0.0)
    assert pace.throttled(1, said, 0.0) == again
    assert pace.held(again - 0.1) == {1}
    assert pace.wait(again - 1.0) == pytest.approx(1.0)
    assert pace.held(again) == set()
    assert pace.room(again)[0] == int(RATE), "and the others never wait"
    assert pace.long_pause(1.0) == (said - 1.0 if said and again == PROBE else 0.0)


def test_of_such_a_chat_one_message_goes_in_half_a_minute_until_one_is_taken() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 10_072.0, 0.0)
    for probe in range(1, 4):
        now = probe * PROBE
        assert pace.held(now - 0.1) == {1}
        assert pace.held(now) == set()
        pace.spend(1, edit=True, now=now)
        assert pace.held(now) == {1}
        assert pace.long_pause(now) == 10_072.0 - now
    pace.delivered(2, 91.0)
    assert pace.held(91.0) == {1}, "somebody else's is no news of this one"
    pace.delivered(1, 91.0)
    assert pace.held(91.0) == set()
    assert pace.long_pause(91.0) == 0.0


def test_the_last_word_on_a_chat_counts() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 10_072.0, 0.0)
    pace.throttled(1, 5.0, PROBE)
    assert pace.long_pause(PROBE) == 0.0
    assert pace.held(PROBE + 5.0) == set()
    pace.throttled(1, 10_072.0, 50.0)
    assert pace.long_pause(50.0) == 10_072.0
    pace.spend(1, edit=True, now=80.0)
    assert pace.held(80.0) == {1}
    pace.delivered(1, 81.0)
    pace.throttled(1, 5.0, 82.0)
    pace.delivered(1, 83.0)
    assert pace.held(83.0) == {1}, "a short pause is not probed"


def test_the_long_pause_of_a_chat_ends_when_it_was_told_to_end() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 70.0, 0.0)
    pace.spend(1, edit=True, now=60.0)
    assert pace.held(69.9) == {1}
    assert pace.long_pause(69.0) == 1.0
    assert pace.held(70.0) == set()
    assert pace.long_pause(75.0) == 0.0
    pace.spend(1, edit=True, now=76.0)
    assert pace.held(76.0) == set()
    pace.delivered(1, 76.0)
    assert pace._probed == {}


def test_the_longest_of_all_pauses_is_told() -> None:
    pace = _paused(100.0)
    pace.throttled(3, 200.0, 10.0)
    assert pace.long_pause(10.0) == 200.0
    for chat in (1, 2, 3):
        pace.throttled(chat, 5.0, 11.0)
    assert pace.long_pause(20.0) == 80.0, "that of all, when no chat has one any more"
    pace = Pace(RATE, 0.0)
    pace.throttled(3, 100.0, 0.0)
    assert [pace.throttled(chat, 300.0, 20.0) for chat in (4, 5)] == [PROBE, PROBE]
    assert pace.long_pause(20.0) == 300.0


def test_a_probe_that_ends_the_pause_of_all_ends_that_of_the_chats() -> None:
    """And what is said of them later is news a minute after that, not hours."""
    pace = _paused(10_072.0)
    pace.spend(3, edit=False, now=PROBE - 1)
    pace.spend(3, edit=False, now=PROBE)
    pace.spend(1, edit=True, now=PROBE)
    assert pace.held(PROBE + 1) == {1}
    pace.delivered(3, PROBE + 1)
    assert pace.held(PROBE + 1) == set()
    assert pace.long_pause(PROBE + 1) == 0.0
    now = PROBE + 1 + NEWS
    pace.throttled(1, 5.0, now)
    pace.throttled(2, 5.0, now)
    assert pace.room(now) == (0, 0)


# --- the speed ------------------------------------------------------------------------------


def test_the_speed_is_what_is_allowed_until_somebody_objects() -> None:
    assert _rate(Pace(RATE, 0.0), 0.0) == pytest.approx(RATE)
    assert _rate(Pace(RATE, 0.0), 3_600.0) == pytest.approx(RATE)


@given(st.floats(1.0, 300.0), st.integers(0, 30), st.lists(st.floats(0.05, 7.0), max_size=60))
def test_a_quiet_second_gives_back_a_twentieth_however_often_one_looks(
    wait: float, quiet: int, looks: list[float]
) -> None:
    """And a pause is not quiet: the speed after it is half of what it was, to begin with."""
    pace = _paused(wait)
    end = wait + quiet + 0.5
    now = 0.0
    for step in looks:
        now = min(now + step, end)
        pace.room(now)
    assert _rate(pace, end) == pytest.approx(min(RATE, RATE / 2 + quiet * RATE / 20))


def test_the_speed_never_falls_below_one_a_second() -> None:
    pace = Pace(RATE, 0.0)
    for n in range(20):
        pace.throttled(2 * n, 1.0, 1.5 * n)
        pace.throttled(2 * n + 1, 1.0, 1.5 * n)
    assert _rate(pace, 19 * 1.5 + 1.0) == pytest.approx(1.0)


def test_who_is_slower_from_the_beginning_stays_so() -> None:
    pace = Pace(0.5, 0.0)
    pace.throttled(1, 1.0, 0.0)
    pace.throttled(2, 1.0, 0.0)
    assert pace.room(100.0)[0] == 1
    assert _rate(pace, 100.0) == pytest.approx(0.5)


def test_what_had_gathered_is_not_sent_at_once_after_a_pause() -> None:
    """The burst is a second's worth of the new speed."""
    assert _paused(1.0).room(1.0)[0] == int(RATE / 2)
