"""What becomes of a message after one try follows from how it ended and from what it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.verdict import LONGEST_BACKOFF, RESEND_AFTER, verdict
from channels.result import Ending, Result
from storage.outbox import State
from storage.sending import Claimed
from storage.settling import Outcome
from talk.messages import Policy

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)

ROW = Claimed(
    id=7,
    ref="7PDHL6QV",
    lane="interactive",
    policy=Policy.B,
    body="{}",
    sheet_id=None,
    edits="",
    strip=False,
    attempts=0,
    resend=False,
    expires_at=LATER,
    address_id=3,
    channel="telegram",
    bot_id=9,
    key="42",
)

policies = st.sampled_from(Policy)
unsent = st.sampled_from([Ending.NOT_SENT, Ending.UNAUTHORISED])


def after(result: Result, **row: object) -> Outcome:
    return verdict(ROW._replace(**row), result, now=NOW)


def waits(outcome: Outcome) -> float:
    assert outcome.not_before is not None
    return (outcome.not_before - NOW).total_seconds()


@given(policies, st.booleans(), st.integers(0, 20))
def test_what_was_sent_is_over(policy: Policy, resend: bool, attempts: int) -> None:
    outcome = after(
        Result(Ending.SENT, "812", "as plain text"),
        policy=policy,
        resend=resend,
        attempts=attempts,
    )
    assert outcome == Outcome(7, State.SENT, "812", "as plain text")


@pytest.mark.parametrize(
    ("result", "state", "error"),
    [
        (Result(Ending.BLOCKED, error="bot was blocked"), State.FAILED, "bot was blocked"),
        (Result(Ending.BLOCKED), State.FAILED, "blocked"),
        (Result(Ending.MISSING, error="not found"), State.FAILED, "not found"),
        (Result(Ending.MISSING), State.FAILED, "missing"),
        (Result(Ending.REFUSED, error="too long"), State.FAILED, "too long"),
    ],
)
def test_what_will_never_be_taken_is_over_and_says_why(
    result: Result, state: State, error: str
) -> None:
    assert after(result) == Outcome(7, state, error=error)
    assert after(result, resend=True) == Outcome(7, state, error=error)


def test_what_came_too_late_may_have_arrived_when_it_is_a_resend() -> None:
    late = Result(Ending.REFUSED, error="expired")
    assert after(late) == Outcome(7, State.EXPIRED, error="expired")
    assert after(late, resend=True) == Outcome(7, State.UNCERTAIN, error="expired")


@pytest.mark.parametrize("attempts", [0, 1, 5])
@pytest.mark.parametrize("policy", [Policy.B, Policy.E])
def test_a_reply_that_may_have_arrived_is_resent_once_after_ten_seconds(
    policy: Policy, attempts: int
) -> None:
    """Earlier tries that certainly did not leave do not count."""
    nobody_knows = Result(Ending.UNCERTAIN, error="no answer")
    first = after(nobody_knows, policy=policy, attempts=attempts)
    assert first == Outcome(
        7, State.UNCERTAIN, error="no answer", not_before=NOW + timedelta(seconds=10)
    )
    assert timedelta(seconds=10) == RESEND_AFTER
    again = after(nobody_knows, policy=policy, attempts=attempts + 1, resend=True)
    assert again == Outcome(7, State.UNCERTAIN, error="no answer")


@pytest.mark.parametrize("policy", [Policy.C, Policy.D])
@pytest.mark.parametrize("attempts", [0, 1])
def test_a_nudge_or_a_broadcast_that_may_have_arrived_is_never_resent(
    policy: Policy, attempts: int
) -> None:
    outcome = after(Result(Ending.UNCERTAIN, error="x"), policy=policy, attempts=attempts)
    assert outcome == Outcome(7, State.UNCERTAIN, error="x")


def test_an_edit_goes_again_as_often_as_nobody_knows() -> None:
    for attempts in range(5):
        outcome = after(Result(Ending.UNCERTAIN, error="x"), policy=Policy.A, attempts=attempts)
        assert outcome[:4] == (7, State.READY, "", "x")
        assert 0 < waits(outcome) <= 1.2 * LONGEST_BACKOFF


@pytest.mark.parametrize("policy", list(Policy))
def test_what_was_said_anew_follows_the_replies(policy: Policy) -> None:
    """The message to be edited was gone: an edit, harmless to repeat, became a new message."""
    anew = Result(Ending.UNCERTAIN, error="x", anew=True)
    outcome = after(anew, policy=policy)
    assert outcome == Outcome(7, State.UNCERTAIN, error="x", not_before=NOW + RESEND_AFTER)
    assert after(anew, policy=policy, resend=True) == Outcome(7, State.UNCERTAIN, error="x")


@given(unsent, policies)
def test_what_certainly_did_not_leave_goes_again_soon(ending: Ending, policy: Policy) -> None:
    outcome = after(Result(ending, error="no route"), policy=policy)
    assert outcome[:4] == (7, State.READY, "", "no route")
    assert 0.4 <= waits(outcome) <= 0.6


@given(unsent, st.integers(0, 9) | st.just(10**6))
def test_each_failure_doubles_the_wait_up_to_half_a_minute(ending: Ending, attempts: int) -> None:
    """A fifth more or less, so that not all that waited for one outage come back at once."""
    planned = 30.0 if attempts > 5 else 0.5 * 2**attempts
    waited = waits(after(Result(ending), attempts=attempts, expires_at=None))
    assert 0.8 * planned - 1e-6 <= waited <= 1.2 * planned + 1e-6


def test_waits_are_not_all_alike() -> None:
    waited = {waits(after(Result(Ending.NOT_SENT), attempts=6)) for _ in range(50)}
    assert max(waited) - min(waited) > 2


@pytest.mark.parametrize(("said", "seconds"), [(17.0, 17.0), (0.0, 0.0), (None, 0.0)])
def test_a_throttled_message_waits_for_what_was_said(said: float | None, seconds: float) -> None:
    """And no longer: the pace holds its chat back, however often it was tried."""
    outcome = after(Result(Ending.THROTTLED, error="slow down", retry_after=said), attempts=5)
    assert outcome == Outcome(
        7, State.READY, error="slow down", not_before=NOW + timedelta(seconds=seconds)
    )


@pytest.mark.parametrize(
    ("seconds", "state"), [(599.0, State.READY), (600.0, State.EXPIRED), (601.0, State.EXPIRED)]
)
def test_what_would_go_when_its_time_is_over_has_expired(seconds: float, state: State) -> None:
    throttled = Result(Ending.THROTTLED, error="slow down", retry_after=seconds)
    outcome = after(throttled)
    assert outcome[:4] == (7, state, "", "slow down")
    assert (outcome.not_before is None) == (state is State.EXPIRED)
    assert after(throttled, expires_at=None).state is State.READY, "some live for ever"


@given(st.sampled_from([Ending.NOT_SENT, Ending.UNAUTHORISED, Ending.THROTTLED]))
def test_a_resend_that_did_not_leave_stays_uncertain(ending: Ending) -> None:
    """The first try may have arrived, so it never becomes ready or expired as if it had not."""
    late = Result(ending, error="x", retry_after=3_600.0 if ending is Ending.THROTTLED else None)
    outcome = after(late, attempts=1, resend=True)
    assert outcome[:4] == (7, State.UNCERTAIN, "", "x")
    assert waits(outcome) > 0
