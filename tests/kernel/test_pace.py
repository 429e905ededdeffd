"""How fast we speak: never above what is allowed, never slower than it must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import CHAT_BURST, CHAT_PER_SECOND, PROBE, Bucket, Pace, at_once

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


@pytest.mark.parametrize(
    ("rate", "replies", "others"),
    [(28.0, 28, 19), (10.0, 10, 7), (2.0, 2, 1), (1.2, 1, 1), (1.0, 1, 1), (0.5, 1, 1)],
)
def test_others_have_most_of_the_burst_and_never_nothing(
    rate: float, replies: int, others: int
) -> None:
    assert Pace(rate, 7.0).room(7.0) == (replies, others)


@pytest.mark.parametrize(
    ("rate", "calls"), [(0.5, 30), (30, 30), (31, 31), (64.7, 64), (128, 128), (129, 128)]
)
def test_a_second_s_worth_of_calls_may_be_under_way(rate: float, calls: int) -> None:
    assert at_once(rate) == Pace(rate, 0.0).at_once == calls


def test_what_was_spent_comes_back_at_the_rate_up_to_the_burst() -> None:
    bucket = Bucket(rate=10.0, burst=20.0, tokens=5.0, at=100.0)
    assert bucket.level(100.5) == 10.0
    assert bucket.level(100.7) == pytest.approx(12.0)
    assert bucket.level(200.0) == 20.0
    assert bucket.level(200.0) == 20.0


@pytest.mark.parametrize(
    ("rate", "tokens", "beyond", "seconds"),
    [
        (10.0, 0.0, 0.0, 0.1),  # one whole token
        (10.0, 0.4, 0.0, 0.06),
        (10.0, 1.0, 0.0, 0.0),
        (10.0, 9.0, 0.0, 0.0),
        (10.0, 1.0, 3.0, 0.3),
        (100.0, 0.0, 0.0, 0.02),  # as many as come in a fiftieth of a second
        (100.0, 1.5, 0.0, 0.005),
        (100.0, 1.5, 4.0, 0.045),
    ],
)
def test_messages_that_go_together_are_waited_for_together(
    rate: float, tokens: float, beyond: float, seconds: float
) -> None:
    bucket = Bucket(rate, burst=rate, tokens=tokens, at=3.0)
    assert bucket.wait(3.0, beyond) == pytest.approx(seconds)


def test_when_the_burst_is_spent_the_next_message_waits_for_a_token() -> None:
    pace = Pace(10.0, 0.0)
    assert pace.wait(0.0) is None
    for chat in range(10):
        assert pace.room(0.0)[0] == 10 - chat
        pace.spend(chat, edit=False, now=0.0)
    assert pace.wait(0.0) == pytest.approx(0.1)
    assert pace.room(0.09) == (0, 0)
    assert pace.room(0.11) == (1, 0)
    assert pace.wait(0.11) == pytest.approx(0.29), "until others may go, too"
    assert pace.room(0.39) == (3, 0)
    assert pace.room(0.41) == (4, 1)
    assert pace.wait(0.41) is None


def test_a_chat_has_a_burst_of_three_and_rests_from_it() -> None:
    pace = Pace(RATE, 0.0)
    for _ in range(2):
        pace.spend(1, edit=False, now=5.0)
        assert pace.held(5.0) == set()
    pace.spend(1, edit=False, now=5.0)
    assert pace.held(5.0) == {1}
    assert pace.wait(5.5) == pytest.approx(0.5)
    assert pace.held(5.99) == {1}
    assert pace.held(6.0) == set(), "one a second"
    pace.spend(1, edit=False, now=6.0)
    assert pace.held(6.99) == {1}
    assert pace.held(7.0) == set()
    for second in (9.5, 9.5):
        pace.spend(1, edit=False, now=second)
        assert pace.held(second) == set(), "in three seconds the burst is back"


def test_a_wait_is_never_so_short_that_nothing_could_happen() -> None:
    pace = Pace(RATE, 0.0)
    pace.throttled(1, 10.0, 0.0)
    assert pace.wait(10.0 - 1e-7) == 0.001
    assert pace.wait(9.5) == pytest.approx(0.5)


def test_chats_that_have_rested_take_no_room() -> None:
    pace = Pace(1_000.0, 0.0)
    for chat in range(3_000):
        pace.spend(chat, edit=False, now=chat / 100)
    assert len(pace._rested) <= 101, "one second of them at a hundred a second"


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
