"""When a session's messages fall due: a table, and what holds for every session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import calendar, training
from storage.training import Training

CREATED = datetime(2026, 11, 2, 2, tzinfo=UTC)  # Monday, 09.00 WIB


def session(
    starts: datetime,
    *,
    created: datetime = CREATED,
    zone: str = "Asia/Jakarta",
    cancelled: datetime | None = None,
) -> Training:
    return Training(7, "Pelayanan prima", starts, zone, "Aula", 1, 1, created, cancelled)


def days(found: Training) -> dict[str, str]:
    return {moment.kind: moment.local_date for moment in training.schedule(found, {})}


@pytest.mark.parametrize(
    ("starts", "h7", "h1"),
    [
        ("2026-11-25", "2026-11-18", "2026-11-24"),  # Wednesday
        ("2026-11-23", "2026-11-16", "2026-11-20"),  # Monday: H-1 is a Sunday
        ("2026-11-29", "2026-11-20", "2026-11-27"),  # Sunday: H-7 too, H-1 a Saturday
        ("2026-12-28", "2026-12-21", "2026-12-23"),  # after Christmas and cuti bersama
        ("2027-01-04", "2026-12-28", "2026-12-31"),  # New Year's Day is a Friday
        ("2027-01-08", "2026-12-31", "2027-01-07"),  # H-7 is New Year's Day
        ("2032-02-29", "2032-02-20", "2032-02-27"),  # leap day, a Sunday
        ("2028-02-29", "2028-02-22", "2028-02-25"),  # leap day after Idulfitri
        ("2027-03-01", "2027-02-22", "2027-02-26"),  # month end
    ],
)
def test_reminders_move_to_the_working_day_before(starts: str, h7: str, h1: str) -> None:
    at = datetime.fromisoformat(starts + "T03:00").replace(tzinfo=UTC)
    found = days(session(at))
    assert (found["h7"], found["h1"]) == (h7, h1)


def test_a_long_feast_leaves_one_reminder_before_it() -> None:
    # Idulfitri 2026 with collective leave: 18 to 24 March, two weekends around it.
    at = datetime(2026, 3, 25, 2, tzinfo=UTC)
    found = days(session(at, created=datetime(2026, 3, 2, 2, tzinfo=UTC)))
    assert found["h1"] == "2026-03-17"
    assert "h7" not in found or found["h7"] < found["h1"]


def test_the_invitation_replaces_reminders_of_its_own_day() -> None:
    tomorrow = CREATED + timedelta(days=1)
    assert list(days(session(tomorrow))) == ["invite", "hour"]
    in_an_hour = CREATED + timedelta(minutes=59)
    assert list(days(session(in_an_hour))) == ["invite"]


def test_a_session_called_off_has_only_its_notice() -> None:
    at = CREATED + timedelta(days=20)
    found = training.schedule(session(at, cancelled=CREATED + timedelta(days=1)), {})
    assert [moment.kind for moment in found] == ["cancelled"]


@given(
    minutes=st.integers(1, 400 * 24 * 60),
    created=st.integers(0, 400 * 24 * 60),
    zone=st.sampled_from(["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Asia/Pontianak"]),
)
def test_what_holds_for_every_session(minutes: int, created: int, zone: str) -> None:
    made = CREATED + timedelta(minutes=created)
    starts = made + timedelta(minutes=minutes)
    found = training.schedule(session(starts, created=made, zone=zone), {})
    kinds = [moment.kind for moment in found]
    assert kinds[0] == "invite"
    assert len(set(kinds)) == len(kinds)
    for moment in found:
        here = calendar.local(moment.due_at, zone)
        assert moment.local_date == here.date().isoformat()
        assert moment.due_at < moment.until
        assert moment.due_at <= starts
        if moment.kind in ("h7", "h1"):
            assert moment.due_at > found[0].due_at
            assert calendar.is_working_day(here.date())
            assert here.hour == 8
            assert moment.until <= starts
        if moment.kind == "invite" and not calendar.allowed(
            moment.due_at, zone, calendar.Audience.REMINDERS
        ):
            opens = calendar.next_allowed(made, zone, calendar.Audience.REMINDERS)
            assert opens > starts - timedelta(hours=1), "at night only when there is no morning"
    reminders = [m.local_date for m in found if m.kind in ("h7", "h1")]
    assert len(set(reminders)) == len(reminders)
