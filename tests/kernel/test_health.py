"""Ready means: every part has worked within the last minute."""

from datetime import timedelta

from bot.health import SILENCE, Health
from tests.kit.clock import HandClock


def test_a_part_is_well_when_it_has_just_worked() -> None:
    health = Health(HandClock())
    health.expect("poll", "sender")
    assert not health.ready
    health.good("poll")
    health.good("sender")
    assert health.ready


def test_silence_turns_red_within_a_minute_and_says_so() -> None:
    clock = HandClock()
    health = Health(clock)
    health.expect("poll")
    health.good("poll")
    clock.advance(timedelta(seconds=SILENCE - 1))
    assert health.ready
    clock.advance(timedelta(seconds=2))
    assert not health.ready
    assert "silent" in health.report()["poll"]


def test_trouble_stands_until_the_part_works_again() -> None:
    health = Health(HandClock())
    health.good("poll")
    health.bad("poll", "the token is refused (401)")
    assert health.report() == {"poll": "the token is refused (401)"}
    health.good("poll")
    assert health.ready


def test_trouble_counts_of_a_part_that_nobody_had_heard_of() -> None:
    health = Health(HandClock())
    health.bad("token", "refused (401)")
    assert health.report() == {"token": "refused (401)"}
    assert not health.ready


def test_a_minute_of_silence_is_allowed_and_then_counted_in_whole_seconds() -> None:
    clock = HandClock()
    health = Health(clock)
    health.expect("poll")
    health.good("poll")
    clock.advance(timedelta(seconds=SILENCE))
    assert health.report() == {"poll": "ok"}
    clock.advance(timedelta(seconds=12.9))
    assert health.report() == {"poll": "silent for 72 s"}


def test_a_part_that_never_worked_is_starting_and_then_silent() -> None:
    clock = HandClock()
    health = Health(clock)
    health.expect("webhook")
    assert health.report() == {"webhook": "starting"}
    clock.advance(timedelta(seconds=SILENCE + 1))
    assert "silent" in health.report()["webhook"]


def test_a_part_that_only_reports_trouble_may_be_silent() -> None:
    """Nobody writes at night: a token that worked in the evening is not a fault by morning."""
    clock = HandClock()
    health = Health(clock)
    health.expect("poll")
    health.good("poll")
    health.good("token")
    clock.advance(timedelta(hours=8))
    health.good("poll")
    assert health.report() == {"poll": "ok", "token": "ok"}
