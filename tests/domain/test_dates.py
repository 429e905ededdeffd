"""Days and hours as people type them: what is read, what is refused, and that nothing breaks."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from domain.dates import FURTHEST, moment, read_day, read_hour
from domain.errors import Refused

TODAY = date(2026, 11, 2)  # a Monday


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("hari ini", TODAY),
        ("besok", date(2026, 11, 3)),
        ("  BESOK. ", date(2026, 11, 3)),
        ("lusa", date(2026, 11, 4)),
        ("tomorrow", date(2026, 11, 3)),
        ("Selasa", date(2026, 11, 3)),
        ("Senin", date(2026, 11, 9)),
        ("Senin depan", date(2026, 11, 9)),
        ("hari Jum'at", date(2026, 11, 6)),
        ("Jumat", date(2026, 11, 6)),
        ("Ahad", date(2026, 11, 8)),
        ("Wednesday", date(2026, 11, 4)),
        ("25/11", date(2026, 11, 25)),
        ("2/11", TODAY),
        ("1/11", date(2027, 11, 1)),
        ("25-11-2026", date(2026, 11, 25)),
        ("25.11.2026", date(2026, 11, 25)),
        ("25 / 11 / 2026", date(2026, 11, 25)),
        ("２５／１１／２０２６", date(2026, 11, 25)),
        ("٢٥/١١/٢٠٢٦", date(2026, 11, 25)),
        ("2026-11-25", date(2026, 11, 25)),
        ("25 November 2026", date(2026, 11, 25)),
        ("25 Nopember 2026", date(2026, 11, 25)),
        ("25 nov", date(2026, 11, 25)),
        ("25 Pebruari 2027", date(2027, 2, 25)),
        ("tanggal 5 Des", date(2026, 12, 5)),
        ("tgl 5 Agt 2027", date(2027, 8, 5)),
        ("Rabu, 25 November 2026", date(2026, 11, 25)),
        ("rabu 25/11", date(2026, 11, 25)),
        ("29 Februari 2028", date(2028, 2, 29)),
    ],
)
def test_a_day_is_read(typed, day):
    assert read_day(typed, TODAY) == day


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("31/02", "admin.day_none"),
        ("31/02/2027", "admin.day_none"),
        ("29/02/2027", "admin.day_none"),
        ("29/02", "admin.day_none"),
        ("0/1/2027", "admin.day_none"),
        ("32 Desember 2026", "admin.day_none"),
        ("12/25/2026", "admin.day_none"),
        ("25/11/26", "admin.day_year"),
        ("25 November 27", "admin.day_year"),
        ("25/11/20266", "admin.day_year"),
        ("1/1/1970", "admin.day_past"),
        ("1/11/2026", "admin.day_past"),
        ("31/12/9999", "admin.day_far"),
        ("1 Januari 2030", "admin.day_far"),
        ("Senin, 25 November 2026", "admin.day_weekday"),
        ("", "admin.day_unread"),
        ("kapan-kapan", "admin.day_unread"),
        ("25 Bulan 2026", "admin.day_unread"),
        ("Senin sekali", "admin.day_unread"),
        ("1" * 5000, "admin.day_unread"),
        ("½/¾", "admin.day_unread"),
        ("2026-13-01", "admin.day_none"),
    ],
)
def test_what_is_no_day_is_refused_with_its_reason(typed, key):
    with pytest.raises(Refused) as refused:
        read_day(typed, TODAY)
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("typed", "hour"),
    [
        ("07.30", time(7, 30)),
        ("7:30", time(7, 30)),
        ("jam 8", time(8)),
        ("Jam 08.00", time(8)),
        ("pukul 13.15", time(13, 15)),
        ("pkl. 9", time(9)),
        ("08.00 WIB", time(8)),
        ("0:00", time(0)),
        ("23.59", time(23, 59)),
        ("jam 8 pagi", time(8)),
        ("jam 2 siang", time(14)),
        ("12 siang", time(12)),
        ("14 siang", time(14)),
        ("4.30 sore", time(16, 30)),
        ("7 malam", time(19)),
        ("2 pm", time(14)),
        ("setengah 8", time(7, 30)),
        ("setengah 3 sore", None),
        ("setengah 4 sore", time(15, 30)),
    ],
)
def test_an_hour_is_read(typed, hour):
    if hour is None:
        with pytest.raises(Refused):
            read_hour(typed, "WIB")
    else:
        assert read_hour(typed, "WIB") == hour


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("24:00", "admin.hour_24"),
        ("24.30", "admin.hour_24"),
        ("25:00", "admin.hour_none"),
        ("07.60", "admin.hour_none"),
        ("-1", "admin.hour_unread"),
        ("8.5", "admin.hour_unread"),
        ("0730", "admin.hour_unread"),
        ("23:59:60", "admin.hour_unread"),
        ("pagi", "admin.hour_unread"),
        ("12 malam", "admin.hour_none"),
        ("", "admin.hour_unread"),
        ("08.00 WITA", "admin.hour_zone"),
        ("9" * 4000, "admin.hour_unread"),
    ],
)
def test_what_is_no_hour_is_refused_with_its_reason(typed, key):
    with pytest.raises(Refused) as refused:
        read_hour(typed, "WIB")
    assert refused.value.key == key


SOON = st.dates(TODAY, TODAY + FURTHEST)
FORMATS = st.sampled_from(
    ["d/M/y", "dd-MM-y", "d.M.y", "y-MM-dd", "d MMMM y", "d MMM y", "EEEE, d MMMM y"]
)


@given(SOON, FORMATS, st.sampled_from(["id", "en"]))
def test_a_day_that_was_written_out_is_read_back(day, pattern, language):
    assert read_day(format_date(day, pattern, locale=language), TODAY) == day


@given(st.times(), st.sampled_from(["%H.%M", "%H:%M", "jam %H.%M", "pukul %H:%M WITA"]))
def test_an_hour_that_was_written_out_is_read_back(hour, pattern):
    assert read_hour(hour.strftime(pattern), "WITA") == hour.replace(second=0, microsecond=0)


WORDS = st.one_of(
    st.text(max_size=80),
    st.from_regex(r"\A(senin|hari|tgl)? ?\d{0,5}[/. -]\d{0,5}[/. -]?\w{0,9}\Z"),
    st.from_regex(r"\A(jam|setengah)? ?\d{0,5}[.:]?\d{0,5} ?(pagi|siang|malam|pm)?\Z"),
)


@given(WORDS, st.dates())
def test_whatever_is_typed_is_a_day_from_today_on_or_refused(typed, today):
    try:
        found = read_day(typed, today)
    except Refused:
        return
    assert today <= found <= today + FURTHEST


@given(WORDS)
def test_whatever_is_typed_is_an_hour_or_refused(typed):
    try:
        assert isinstance(read_hour(typed), time)
    except Refused as refused:
        assert refused.key.startswith("admin.hour_")  # noqa: PT017


def test_a_moment_counts_in_the_offices_zone_and_lies_ahead():
    now = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    assert moment(TODAY, time(9), "Asia/Makassar", now=now + timedelta(hours=-1)) == now
    for zone, hour in (("Asia/Jakarta", 9), ("Asia/Makassar", 10), ("Asia/Jayapura", 11)):
        at = moment(TODAY, time(hour), zone, now=now)
        assert at == datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
    with pytest.raises(Refused, match=r"admin\.moment_past"):
        moment(TODAY, time(8), "Asia/Jakarta", now=now)
    with pytest.raises(Refused, match=r"admin\.day_none"):
        moment(date.min, time(0), "Asia/Jayapura", now=now)
