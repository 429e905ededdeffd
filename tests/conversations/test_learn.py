"""A lesson a day at the chosen hour, answered by a tap or a word, repeated when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from simulator import Phone
from storage import ledger, outbox
from storage.due import Occurrence
from storage.learning import Card, Given, Review
from tests.kit.office import DUKCAPIL, TERNATE
from tests.kit.staff import hand_over, join, labels, later, person_of, written
from tests.kit.world import World

# The clock stands at 09.00 WIB on Monday, 23 November 2026.


async def pupil(city: World, hour: str = "10.00", unit: int = DUKCAPIL) -> Phone:
    return await join(city, "Sri", unit=unit, hour=hour)


async def rows(city: World, table: type) -> list[dict[str, object]]:
    async with city.database.reading() as tx:
        return [dict(row._mapping) for row in await tx.execute(select(table.__table__))]


def titles(city: World) -> list[str]:
    return [lesson.title["id"] for lesson in city.program.bank.lessons["pelayanan"]]


def came(city: World, phone: Phone) -> list[str]:
    return [title for text in written(phone) for title in titles(city) if text.startswith(title)]


async def test_nothing_before_the_hour_one_lesson_at_it_and_no_second(city: World) -> None:
    sri = await pupil(city)
    assert await later(city, minutes=59) == 0
    assert await later(city, minutes=1) == 1
    assert came(city, sri) == titles(city)[:1]
    assert labels(sri) == ["A", "B", "C"]
    assert "A. Minta warga kembali besok tanpa penjelasan" in sri.last.text
    assert await hand_over(city) == await later(city, hours=1) == 0
    async with city.database.reading() as tx:
        assert await ledger.total(tx, "occurrence.handed") == 1


async def test_an_hour_that_is_over_today_begins_tomorrow(city: World) -> None:
    sri = await pupil(city, "08.00")
    assert await hand_over(city) == 0
    assert await later(city, hours=23) == 1
    assert len(came(city, sri)) == 1


async def test_a_right_answer_explains_cites_and_says_when_there_is_more(city: World) -> None:
    sri = await pupil(city)
    await later(city, hours=1)
    lesson = sri.last
    await sri.tap("B")
    await city.settle()
    assert sri.last.id == lesson.id, "the card itself becomes the explanation"
    for words in ("Benar.", "UU 25/2009 Pasal 20", "Besok ada lagi", "Sebutkan semua yang kurang"):
        assert words in sri.last.text
    assert labels(sri) == []
    (review,) = await rows(city, Review)
    assert (review["lesson"], review["choice"], review["correct"]) == (
        "pelayanan/standar", 1, True,
    )  # fmt: skip
    assert (review["version"], review["local_date"]) == ("1.0", "2026-11-23")


async def test_a_wrong_answer_names_the_right_one_and_comes_back_next_working_day(
    city: World,
) -> None:
    sri = await pupil(city)
    city.clock.advance(timedelta(days=4))  # Friday
    assert await later(city, hours=1) == 1
    await sri.tap("A")
    await city.settle()
    assert "Belum tepat." in sri.last.text
    assert "Yang tepat: Sebutkan semua yang kurang" in sri.last.text
    assert "Senin, 30 November 2026" in sri.last.text
    (card,) = await rows(city, Card)
    assert card["due_date"] == "2026-11-30"
    assert [await later(city, days=1) for _ in range(2)] == [0, 0]
    assert await later(city, days=1) == 1
    assert came(city, sri)[-1] == titles(city)[0], "the repetition goes before new lessons"


async def test_the_path_is_one_new_lesson_a_day_with_repetitions_first(city: World) -> None:
    sri = await pupil(city)
    seen = []
    for _ in range(30):
        await later(city, hours=1)
        while labels(sri) and labels(sri)[0] == "A":
            seen.append((city.clock.now().date().isoformat(), came(city, sri)[-1]))
            lesson = next(
                one
                for one in city.program.bank.lessons["pelayanan"]
                if one.title["id"] == seen[-1][1]
            )
            await sri.tap("ABCD"[lesson.correct])
            await city.settle()
        city.clock.advance(timedelta(hours=23))
    days = [day for day, _ in seen]
    assert len(set(days)) == len(days), "at most one a day"
    assert all(datetime.fromisoformat(day).weekday() < 5 for day in days)
    first_seen = list(dict.fromkeys(title for _, title in seen))
    assert first_seen == titles(city)
    assert len(seen) > len(first_seen), "what was learned is repeated"
    assert len(seen) < 20, "and ever more rarely"


@pytest.mark.parametrize(
    "typed", ["2", "b", " B ", "b.", "SEBUTKAN SEMUA YANG KURANG SEKALIGUS, BERI CATATAN"]
)
async def test_typing_counts_too(city: World, typed: str) -> None:
    sri = await pupil(city)
    await later(city, hours=1)
    lesson = sri.last
    await sri.send(typed)
    await city.settle()
    assert "Benar." in sri.last.text
    assert sri.last.id != lesson.id
    assert not lesson.keyboard, "the answered card keeps no buttons"
    (review,) = await rows(city, Review)
    assert review["choice"] == 1


async def test_other_words_are_not_swallowed_by_an_open_lesson(city: World) -> None:
    sri = await pupil(city)
    await later(city, hours=1)
    await sri.send("ktp elektronik")
    await city.settle()
    assert await rows(city, Review) == []
    await sri.send("2")  # now the choices of the search are the newest
    await city.settle()
    assert await rows(city, Review) == []
    await sri.tap("B")
    await city.settle()
    assert len(await rows(city, Review)) == 1


async def test_only_the_first_answer_counts(city: World) -> None:
    sri = await pupil(city)
    await later(city, hours=1)
    lesson = sri.last
    forged = lesson.keyboard[0][0].value
    await sri.tap("B")
    await sri.press_raw(forged, lesson.id)
    await city.settle()
    await sri.press_raw(forged, lesson.id)
    await city.settle()
    assert "jawaban pertama yang dihitung" in sri.last.text
    assert "Benar." in sri.last.text
    (review,) = await rows(city, Review)
    assert review["choice"] == 1


async def test_an_unanswered_lesson_is_the_next_one_and_both_messages_are_one_question(
    city: World,
) -> None:
    sri = await pupil(city)
    await later(city, hours=1)
    monday = sri.last
    await later(city, days=1)
    tuesday = sri.last
    assert came(city, sri) == [titles(city)[0]] * 2
    await sri.tap("A", monday)
    await city.settle()
    assert "Belum tepat" in monday.text
    await sri.tap("B", tuesday)
    await city.settle()
    assert "jawaban pertama yang dihitung" in tuesday.text
    (review,) = await rows(city, Review)
    assert review["choice"] == 0


async def test_down_over_the_hour_it_comes_late_today_but_never_yesterdays(city: World) -> None:
    sri = await pupil(city)
    assert await later(city, hours=5) == 1  # 14.00: still today
    assert await later(city, days=3) == 1  # down for three days: one, not three
    assert len(came(city, sri)) == 2


async def test_after_the_learning_hours_it_is_skipped_with_a_reason(city: World) -> None:
    sri = await pupil(city)
    assert await later(city, hours=6, minutes=30) == 0  # 15.30
    assert came(city, sri) == []
    (row,) = await rows(city, Occurrence)
    assert (row["state"], row["reason"]) == ("skipped", "late")


async def test_no_lesson_on_weekends_and_holidays(city: World) -> None:
    sri = await pupil(city)
    city.clock.advance(timedelta(days=30))  # Wednesday, 23 December; 24 and 25 are off
    for _ in range(7):
        await later(city, hours=1)
        city.clock.advance(timedelta(hours=23))
    days = sorted(str(one["local_date"]) for one in await rows(city, Given))
    assert days == ["2026-12-23", "2026-12-28", "2026-12-29"]
    assert len(came(city, sri)) == 3


async def test_belajar_shows_progress_the_next_time_and_what_can_be_changed(city: World) -> None:
    sri = await pupil(city)
    await sri.send("/belajar")
    await city.settle()
    assert "0 dari 5" in sri.last.text
    assert "Senin, 23 November 2026, 10.00 WIB" in sri.last.text
    assert labels(sri) == [
        "Pelajaran sekarang", "Ganti jam", "Jeda 1 minggu", "Jeda 2 minggu", "Menu",
    ]  # fmt: skip
    await sri.tap("Ganti jam")
    await city.settle()
    await sri.send("jam 13")
    await city.settle()
    assert "13.00 WIB" in sri.last.text
    await sri.tap("Jeda 1 minggu")
    await city.settle()
    assert "Senin, 30 November 2026" in sri.last.text
    assert "Lanjutkan pelajaran" in labels(sri)
    city.clock.advance(timedelta(days=3))
    assert await later(city, hours=4) == 0, "paused"
    await sri.tap("Lanjutkan pelajaran")
    await city.settle()
    assert "Jumat, 27 November 2026" in sri.last.text
    await sri.tap("Ganti jam")
    await city.settle()
    await sri.tap("Kembali")
    await city.settle()
    assert "Jumat, 27 November 2026" in sri.last.text, "looking at the hours changes nothing"
    await sri.tap("Ganti jam")
    await city.settle()
    await sri.tap("Hentikan pelajaran harian")
    await city.settle()
    assert "tidak dikirim" in sri.last.text
    assert "Pilih jam" in labels(sri), "there is no hour to be changed"
    assert await later(city, days=4) == 0


async def test_a_pause_ends_by_itself(city: World) -> None:
    sri = await pupil(city, "08.00")
    await sri.send("/belajar")
    await city.settle()
    await sri.tap("Jeda 1 minggu")
    await city.settle()
    handed = [await later(city, days=1) for _ in range(8)]
    assert handed == [0, 0, 0, 0, 0, 0, 1, 1]


async def test_a_lesson_now_takes_the_place_of_todays(city: World) -> None:
    sri = await pupil(city)
    await sri.send("/belajar")
    await city.settle()
    await sri.tap("Pelajaran sekarang")
    await city.settle()
    assert came(city, sri) == titles(city)[:1]
    assert await later(city, hours=1) == 0
    await sri.send("/belajar")
    await city.settle()
    await sri.tap("Jawab pelajaran hari ini")
    await city.settle()
    cards = [m for m in sri.messages if m.from_bot and m.keyboard and m.text.startswith("Syarat")]
    assert len(cards) == 1, "shown again, the older message loses its buttons"
    await sri.send("b")
    await city.settle()
    assert "Benar." in sri.last.text
    await sri.send("/belajar")
    await city.settle()
    assert "1 dari 5" in sri.last.text
    assert "Cukup satu sehari" in sri.last.text
    assert "Pelajaran berikutnya: Selasa, 24 November 2026, 10.00 WIB" in sri.last.text
    assert labels(sri)[0] == "Ganti jam", "what is not there now is not offered"
    assert len(await rows(city, Given)) == 1


async def test_when_all_is_known_and_nothing_due_no_lesson_is_offered(city: World) -> None:
    sri = await pupil(city)
    me = await person_of(city, sri)
    lessons = city.program.bank.lessons["pelayanan"]
    async with city.database.transaction() as tx:
        await tx.execute(
            insert(Card),
            [
                {
                    "person_id": me,
                    "lesson": f"{one.path}/{one.key}",
                    "fsrs": {},
                    "due_date": "2026-11-27",
                }
                for one in lessons
            ],
        )
    await sri.send("/belajar")
    await city.settle()
    assert "tidak ada pelajaran baru" in sri.last.text
    assert "Jumat, 27 November 2026" in sri.last.text
    assert "Pelajaran sekarang" not in labels(sri)


async def test_who_wants_no_daily_lessons_can_still_ask_for_one(city: World) -> None:
    sri = await pupil(city, "Tidak usah")
    await sri.send("/belajar")
    await city.settle()
    await sri.tap("Pelajaran sekarang")
    await city.settle()
    await sri.tap("B")
    await city.settle()
    assert "Mulai besok, pelajaran berikutnya" in sri.last.text


async def test_each_zone_has_its_own_ten_oclock(city: World) -> None:
    city.clock.advance(timedelta(hours=-3))  # 06.00 WIB, 08.00 WIT
    west = await join(city, "Sri", unit=DUKCAPIL, hour="10.00")
    east = await join(city, "Maria", unit=TERNATE, hour="10.00")
    assert await later(city, hours=2) == 1
    assert (len(came(city, west)), len(came(city, east))) == (0, 1)
    assert await later(city, hours=2) == 1
    assert (len(came(city, west)), len(came(city, east))) == (1, 1)


async def test_the_end_of_the_role_ends_the_lessons_and_their_buttons(city: World) -> None:
    from storage import roles

    sri = await pupil(city)
    await later(city, hours=1)
    async with city.database.transaction() as tx:
        await roles.end(tx, await person_of(city, sri), "staff", at=city.clock.now())
    await sri.tap("B")
    await city.settle()
    assert await rows(city, Review) == []
    assert await later(city, days=1) == 0


async def test_who_shut_us_out_is_skipped_with_a_reason(city: World) -> None:
    sri = await pupil(city)
    await sri.block()
    await city.settle()
    await later(city, hours=1)
    (row,) = await rows(city, Occurrence)
    assert (row["state"], row["reason"]) == ("skipped", "no_address")
    assert await rows(city, Given) == []


async def test_a_lesson_is_never_sent_twice_and_not_after_its_day(city: World) -> None:
    await pupil(city)
    async with city.database.transaction() as tx:
        from handlers import due

        city.clock.advance(timedelta(hours=1))
        assert await due.hand_over(city.program.house, tx, city.clock.now()) == 1
    await city.crash()
    await hand_over(city)
    async with city.database.reading() as tx:
        rows_ = await tx.execute(
            select(outbox.Outbox.policy, outbox.Outbox.lane, outbox.Outbox.expires_at).where(
                outbox.Outbox.cause.startswith("occ:")
            )
        )
        (row,) = rows_
    assert (row.policy, row.lane) == ("C", "reminder")
    assert row.expires_at == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)  # 15.30 WIB


@pytest.mark.parametrize(
    "argument",
    ["", "x", "20261123", "20261123:9", "20261123:-1", "20261124:1", "99999999:0", "20261123:3"],
)
async def test_an_argument_that_was_never_offered_has_no_effect(
    city: World, argument: str
) -> None:
    from channels.telegram.codec import sign

    sri = await pupil(city)
    await later(city, hours=1)
    lesson = sri.last
    value = f"!lesson:{argument}"
    channel = city.program.channel
    data = sign(city.keys.key("callback"), channel.bot_id, str(sri.chat_id), "ABCDEFGH", value)
    await sri.press_raw(data, lesson.id)
    await city.settle()
    assert await rows(city, Review) == []
