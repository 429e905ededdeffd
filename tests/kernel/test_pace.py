"""How fast we speak: never above what is allowed, never slower than it must be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.pace import CHAT_BURST, CHAT_PER_SECOND, PROBE, Pace

RATE = 28.0


def _flood(
    pace: Pace, *, seconds: int, chats: int, edit: bool = False, begin: float = 0.0
) -> list[tuple[float, int]]:
    """Send as much as the pace allows, in steps of 50 ms; when and to whom."""
    sent: list[tuple[float, int]] = []
    for step in range(seconds * 20):
        now = begin + step / 20
        room = pace.room(now)[0]
        held = pace.held(now)
        for chat in range(chats):
            if room > 0 and (chat not in held):
                pace.spend(chat, edit=edit, now=now)
                sent.append((now, chat))
                room -= 1
    return sent


@given(st.integers(1, 200), st.integers(1, 20))
def test_all_chats_together_stay_within_the_rate(chats: int, seconds: int) -> None:
    sent = _flood(Pace(RATE, 0.0), seconds=seconds, chats=chats)
    assert len(sent) <= RATE * (seconds + 1) + 1


@given(st.integers(1, 30))
def test_one_chat_gets_a_short_burst_and_then_one_a_second(seconds: int) -> None:
    sent = _flood(Pace(RATE, 0.0), seconds=seconds, chats=1)
    allowed = CHAT_BURST + CHAT_PER_SECOND * seconds
    assert allowed - 2 <= len(sent) <= allowed + 1


def test_edits_of_one_chat_are_not_held_to_one_a_second() -> None:
    assert len(_flood(Pace(RATE, 0.0), seconds=5, chats=1, edit=True)) > 50


def test_a_third_is_kept_for_people_who_wait_for_an_answer() -> None:
    replies, others = Pace(RATE, 0.0).room(0.0)
    assert replies == int(RATE)
    assert others <= 0.71 * RATE


def test_a_pause_of_one_chat_is_its_own() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 60.0, 0.0)
    assert pace.held(59.0) == {1}
    assert pace.room(1.0)[0] > 0
    assert pace.held(61.0) == set()


def test_two_chats_told_to_wait_mean_all_of_us_and_half_the_speed() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 5.0, 0.0)
    pace.throttled(2, 5.0, 0.5)
    assert pace.room(1.0) == (0, 0)
    assert 0 < pace.room(5.6)[0] <= RATE / 2
    slow = pace.room(6.0)[0]
    pace.room(40.0)
    assert pace.room(42.0)[0] > slow


def test_what_was_under_way_when_a_pause_began_halves_the_speed_once() -> None:
    pace = Pace(RATE, 0.0)
    for chat in range(20):
        pace.throttled(chat, 1.0, chat / 100)
    assert RATE / 2 - 2 <= pace.room(1.3)[0] <= RATE / 2


def test_the_speed_comes_back_within_half_a_minute() -> None:
    pace = Pace(RATE, 0.0)
    for second in range(12):
        for chat in range(2):
            pace.throttled(2 * second + chat, 1.0, float(second))
        pace.room(second + 0.5)
    assert pace.room(12.1)[0] <= 3
    assert len(_flood(pace, seconds=60, chats=400, begin=12.1)) > RATE * 35


def test_a_very_long_pause_is_probed_by_single_replies_only() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 10_072.0, 0.0)
    pace.throttled(2, 10_072.0, 0.1)
    assert pace.room(10.0) == (0, 0)
    assert pace.room(PROBE + 1) == (1, 0)
    pace.spend(3, edit=False, now=PROBE + 1)
    assert pace.room(PROBE + 2) == (0, 0)
    pace.delivered(3, PROBE + 3)
    assert pace.room(PROBE + 4)[0] >= 1


def test_what_was_on_its_way_before_a_pause_does_not_end_it() -> None:
    pace = Pace(RATE, 0.0)
    pace.spend(3, edit=False, now=0.0)
    pace.throttled(1, 30.0, 0.1)
    pace.throttled(2, 30.0, 0.2)
    pace.delivered(3, 0.3)
    assert pace.room(1.0) == (0, 0)


def test_a_wait_that_is_not_said_doubles_up_to_five_minutes() -> None:
    pace = Pace(RATE, 0.0)
    waits = [pace.throttled(1, None, n * 1_000.0) for n in range(9)]
    assert waits[:3] == [5.0, 10.0, 20.0]
    assert waits[-1] == 300.0
    pace.delivered(1, 9_000.0)
    assert pace.throttled(1, None, 9_001.0) == 5.0


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.1, 90.0)), max_size=12))
def test_whatever_happened_the_pace_says_when_to_look_again(
    throttles: list[tuple[int, float]],
) -> None:
    pace = Pace(RATE, 0.0)
    now = 0.0
    for chat, seconds in throttles:
        pace.throttled(chat, seconds, now)
        now += 0.7
    for _ in range(10_000):
        wait = pace.wait(now)
        if wait is None:
            break
        assert wait > 0
        now += wait
    assert pace.room(now)[0] > 0
    assert not pace.held(now)
