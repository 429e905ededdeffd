"""Trainings: invited, reminded, answered, changed, called off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from domain import training
from simulator import Phone
from storage import training as kept
from storage.due import HolidayOverride, Occurrence
from storage.training import Counts
from tests.kit.office import CITY, DUKCAPIL, MELATI, TERNATE
from tests.kit.staff import hand_over, join, labels, later, person_of, written
from tests.kit.world import World

# The clock stands at 09.00 WIB on Monday, 23 November 2026.


async def session(
    city: World,
    by: Phone,
    *,
    starts: datetime,
    unit: int | None = DUKCAPIL,
    zone: str = "Asia/Jakarta",
) -> int:
    async with city.database.transaction() as tx:
        created = await training.create(
            tx,
            title="Pelayanan prima",
            starts_at=starts,
            zone=zone,
            place="Aula lantai 2",
            unit_id=unit,
            by=await person_of(city, by),
            now=city.clock.now(),
        )
    return created.session_id


async def cancel(city: World, session_id: int, by: Phone) -> None:
    async with city.database.transaction() as tx:
        assert await training.cancel(
            tx, session_id, by=await person_of(city, by), now=city.clock.now()
        )


async def counts(city: World, session_id: int) -> Counts:
    async with city.database.reading() as tx:
        return (await kept.counts(tx, [session_id]))[session_id]


async def occurrences(city: World) -> list[tuple[str, str, str, str]]:
    async with city.database.reading() as tx:
        rows = await tx.execute(
            select(
                Occurrence.rule, Occurrence.local_date, Occurrence.state, Occurrence.reason
            ).order_by(Occurrence.local_date, Occurrence.due_at, Occurrence.rule)
        )
        return [(rule.rpartition(":")[2], day, state, why) for rule, day, state, why in rows]


def trainings(phone: Phone) -> list[str]:
    return [text for text in written(phone) if "Pelayanan prima" in text]


TUESDAY_IN_TWO_WEEKS = datetime(2026, 12, 8, 2, tzinfo=UTC)  # 09.00 WIB


@pytest.fixture
async def sri(city: World) -> Phone:
    return await join(city, "Sri", unit=DUKCAPIL)


async def test_the_invitation_comes_at_once_and_is_answered_in_place(
    city: World, sri: Phone
) -> None:
    number = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    assert await hand_over(city) == 1
    for words in ("diundang", "Pelayanan prima", "Selasa, 8 Desember 2026, 09.00 WIB", "Aula"):
        assert words in sri.last.text
    assert labels(sri) == ["Hadir", "Tidak hadir"]
    invitation = sri.last
    await sri.tap("Hadir")
    await city.settle()
    assert sri.last.id == invitation.id
    assert "tercatat hadir" in sri.last.text
    assert "09.00 WIB" in sri.last.text
    assert labels(sri) == ["Ubah: tidak hadir"], "it can be changed"
    assert await counts(city, number) == Counts(yes=1)
    await sri.tap("Ubah: tidak hadir")
    await city.settle()
    assert "tercatat tidak hadir" in sri.last.text
    assert await counts(city, number) == Counts(no=1)


async def test_who_comes_is_reminded_a_week_a_day_and_an_hour_before(
    city: World, sri: Phone
) -> None:
    await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    await hand_over(city)
    await sri.tap("Hadir")
    await city.settle()
    for moment in (
        datetime(2026, 12, 1, 0, 59, tzinfo=UTC),
        datetime(2026, 12, 1, 1, tzinfo=UTC),
        datetime(2026, 12, 7, 1, tzinfo=UTC),
        datetime(2026, 12, 8, 0, 59, tzinfo=UTC),
        datetime(2026, 12, 8, 1, tzinfo=UTC),
        datetime(2026, 12, 8, 1, 1, tzinfo=UTC),
    ):
        due_now = await later(city, seconds=(moment - city.clock.now()).total_seconds())
        assert due_now == (moment.minute == 0)
    assert await occurrences(city) == [
        ("invite", "2026-11-23", "handed", ""),
        ("h7", "2026-12-01", "handed", ""),
        ("h1", "2026-12-07", "handed", ""),
        ("hour", "2026-12-08", "handed", ""),
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("", ["invite", "h7", "h1"]), ("Tidak hadir", ["invite"])],
)
async def test_who_has_not_answered_gets_no_hour_note_and_who_refused_nothing(
    city: World, sri: Phone, answer: str, expected: list[str]
) -> None:
    await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    await hand_over(city)
    if answer:
        await sri.tap(answer)
        await city.settle()
    for moment in (
        datetime(2026, 12, 1, 1, tzinfo=UTC),
        datetime(2026, 12, 7, 1, tzinfo=UTC),
        datetime(2026, 12, 8, 1, tzinfo=UTC),
    ):
        await later(city, seconds=(moment - city.clock.now()).total_seconds())
    assert [kind for kind, _, state, _ in await occurrences(city) if state == "handed"] == expected


async def test_reminders_on_a_day_off_go_to_the_working_day_before(
    city: World, sri: Phone
) -> None:
    async with city.database.transaction() as tx:
        await tx.execute(
            insert(HolidayOverride).values(local_date="2026-12-07", is_holiday=True, name="Libur")
        )
    # Monday 14 December: H-7 is the office's own holiday, H-1 a Sunday.
    await session(city, sri, starts=datetime(2026, 12, 14, 2, tzinfo=UTC))
    for _ in range(22):
        await later(city, days=1)
    found = {kind: day for kind, day, state, _ in await occurrences(city) if state == "handed"}
    assert (found["h7"], found["h1"]) == ("2026-12-04", "2026-12-11")


async def test_created_at_night_the_invitation_waits_for_the_morning(
    city: World, sri: Phone
) -> None:
    city.clock.advance(timedelta(hours=13))  # 22.00
    await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    assert await hand_over(city) == 0
    assert await later(city, hours=9) == 0  # 07.00
    assert await later(city, minutes=30) == 1


async def test_too_near_to_wait_it_comes_at_once_and_the_hour_note_ignores_quiet_hours(
    city: World, sri: Phone
) -> None:
    city.clock.advance(timedelta(hours=13))  # 22.00; the session is at 05.00
    await session(city, sri, starts=city.clock.now() + timedelta(hours=7))
    assert await hand_over(city) == 1
    await sri.tap("Hadir")
    await city.settle()
    assert await later(city, hours=6) == 1  # 04.00
    assert "segera dimulai" in sri.last.text


async def test_down_at_the_hour_of_the_invitation_it_does_not_come_at_night(
    city: World, sri: Phone
) -> None:
    await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    await later(city, hours=13)  # the program was down until 22.00
    assert trainings(sri) == []
    await later(city, hours=9, minutes=30)
    assert len(trainings(sri)) == 1


async def test_down_over_the_reminders_skips_the_stale_ones(city: World, sri: Phone) -> None:
    await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    await hand_over(city)
    await later(city, days=14, hours=22)  # Tuesday 07.00: H-7 and H-1 are over
    found = [(kind, state, why) for kind, _, state, why in await occurrences(city)]
    assert ("h7", "skipped", "late") in found
    assert ("h1", "skipped", "late") in found
    assert len(trainings(sri)) == 1


async def test_a_session_in_two_days_has_no_reminder_a_week_before(
    city: World, sri: Phone
) -> None:
    await session(city, sri, starts=city.clock.now() + timedelta(days=2))
    for _ in range(3):
        await later(city, days=1)
    kinds = [kind for kind, *_ in await occurrences(city)]
    assert kinds == ["invite", "h1"]


async def test_called_off_those_who_knew_hear_of_it_and_nothing_more_comes(
    city: World, sri: Phone
) -> None:
    tono = await join(city, "Tono", unit=DUKCAPIL)
    number = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    await hand_over(city)
    await sri.tap("Hadir")
    await tono.tap("Tidak hadir")
    await city.settle()
    await cancel(city, number, sri)
    assert await hand_over(city) == 1
    assert "dibatalkan" in sri.last.text
    assert labels(sri) == []
    assert not any("dibatalkan" in text for text in written(tono))
    for _ in range(16):
        assert await later(city, days=1) == 0
    await sri.tap("Ubah: tidak hadir")  # on the invitation that still stands
    await city.settle()
    assert any("sudah dibatalkan" in text for text in written(sri))
    assert await counts(city, number) == Counts(yes=1, no=1)


async def test_called_off_before_anybody_knew_nobody_hears_of_it(city: World, sri: Phone) -> None:
    city.clock.advance(timedelta(hours=13))
    number = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    await cancel(city, number, sri)
    for _ in range(4):
        await later(city, hours=6)
    assert trainings(sri) == []


async def test_after_the_beginning_an_answer_is_refused_kindly(city: World, sri: Phone) -> None:
    number = await session(city, sri, starts=city.clock.now() + timedelta(hours=2))
    await hand_over(city)
    city.clock.advance(timedelta(hours=2))
    await sri.tap("Hadir")
    await city.settle()
    assert any("sudah dimulai" in text for text in written(sri))
    assert await counts(city, number) == Counts(open=1)


async def test_only_the_unit_and_those_below_it_are_invited(city: World, sri: Phone) -> None:
    maria = await join(city, "Maria", unit=TERNATE)
    boss = await join(city, "Boss", unit=CITY)
    below = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS, unit=DUKCAPIL)
    whole = await session(city, boss, starts=TUESDAY_IN_TWO_WEEKS, unit=CITY)
    everybody = await session(city, boss, starts=TUESDAY_IN_TWO_WEEKS, unit=None)
    async with city.database.reading() as tx:
        names = [
            [guest.name for guest in await kept.invitees(tx, number)]
            for number in (below, whole, everybody)
        ]
    assert names == [["Sri"], ["Boss", "Maria", "Sri"], ["Boss", "Maria", "Sri"]]
    await hand_over(city)
    assert (len(trainings(sri)), len(trainings(maria))) == (3, 2)


async def test_the_list_shows_what_is_to_come_and_answers_there(city: World, sri: Phone) -> None:
    await sri.send("/pelatihan")
    await city.settle()
    assert "tidak ada undangan" in sri.last.text
    first = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    second = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS + timedelta(days=1))
    await sri.send("/pelatihan")
    await city.settle()
    shown = sri.last
    assert "1. Pelayanan prima" in shown.text
    assert shown.text.count("Belum dijawab") == 2
    assert labels(sri) == [
        "1. Hadir", "1. Tidak hadir", "2. Hadir", "2. Tidak hadir", "Menu",
    ]  # fmt: skip
    await sri.tap("2. Hadir")
    await city.settle()
    assert sri.last.id == shown.id
    assert "Jawaban: hadir" in sri.last.text
    assert labels(sri) == ["1. Hadir", "1. Tidak hadir", "2. Ubah: tidak hadir", "Menu"]
    assert (await counts(city, second)).yes == 1
    assert (await counts(city, first)).open == 1
    assert await hand_over(city) == 1, "who has answered needs no invitation"


async def test_a_moved_civil_servant_is_still_on_the_list_but_a_dismissed_one_is_not_asked(
    city: World, sri: Phone
) -> None:
    from storage import roles

    number = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    async with city.database.transaction() as tx:
        await roles.end(tx, await person_of(city, sri), "staff", at=city.clock.now())
    assert await hand_over(city) == 1
    assert trainings(sri) == []
    assert [(s, w) for _, _, s, w in await occurrences(city)] == [("skipped", "no_role")]
    assert await counts(city, number) == Counts(open=1)


async def test_a_session_in_the_past_is_refused(city: World, sri: Phone) -> None:
    from domain.errors import Refused

    with pytest.raises(Refused):
        await session(city, sri, starts=city.clock.now())


# --- a citizen with forged buttons ----------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "!hadir:1:yes",
        "!hadir:1:no",
        "!hadir:1:yes:list",
        "!hadir:99:yes",
        "!hadir:x:yes",
        "!hadir:1:maybe",
        "!hadir:1",
        "!hadir",
        "!hadir:99999999999999999999999:yes",
        "!lesson:20261123:1",
        "!nilai_diri",
        "!belajar",
        "!pelatihan",
        "!profil",
    ],
)
async def test_staff_buttons_have_no_effect_on_a_citizens_phone(
    city: World, sri: Phone, value: str
) -> None:
    from channels.telegram.codec import sign

    number = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    await hand_over(city)
    before = await _everything(city)
    ani = city.phone("Ani")
    await ani.start()
    await city.settle()
    # Even with a right signature for her own chat: a role is asked for on arrival.
    data = sign(
        city.keys.key("callback"),
        city.program.channel.bot_id,
        str(ani.chat_id),
        "ABCDEFGH",
        value,
    )
    await ani.press_raw(data, ani.last.id)
    # And what stands on a civil servant's phone, sent from hers.
    for row in sri.last.keyboard:
        for button in row:
            await ani.press_raw(button.value, ani.last.id)
    await city.settle()
    assert await _everything(city) == before
    assert await counts(city, number) == Counts(open=1)
    assert not any("Pelayanan prima" in text for text in written(ani))


async def test_one_civil_servant_cannot_answer_for_a_session_of_another_unit(
    city: World, sri: Phone
) -> None:
    from channels.telegram.codec import sign

    tono = await join(city, "Tono", unit=MELATI)
    number = await session(city, sri, starts=TUESDAY_IN_TWO_WEEKS)
    data = sign(
        city.keys.key("callback"),
        city.program.channel.bot_id,
        str(tono.chat_id),
        "ABCDEFGH",
        f"!hadir:{number}:yes",
    )
    await tono.press_raw(data, tono.last.id)
    await city.settle()
    assert await counts(city, number) == Counts(open=1)
    assert any("tidak tercatat sebagai undangan" in text for text in written(tono))


async def _everything(city: World) -> dict[str, list[str]]:
    """All rows that staff buttons could touch."""
    from storage import due, learning, staff
    from storage import training as trainings_

    tables = (
        due.Occurrence, learning.Card, learning.Given, learning.Review, staff.Staff, staff.Role,
        staff.Assessment, trainings_.Invitee, trainings_.Session,
    )  # fmt: skip
    async with city.database.reading() as tx:
        return {
            table.__tablename__: sorted(
                str(tuple(row)) for row in await tx.execute(select(table.__table__))
            )
            for table in tables
        }
