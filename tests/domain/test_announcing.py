"""The rules of announcements: text, hour, list of recipients, stop, repeat."""

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from domain import announcing
from domain.errors import Refused
from storage import announcements, ledger, outbox, people, recipients, roles, settling
from storage.audit import Audit
from storage.outbox import Outbox, State
from storage.people import Address
from talk.messages import Outbound
from talk.text import plain
from tests.kit import crowd, plans

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 09.00 WIB
ZONE = "Asia/Jakarta"
AUTHOR = 5
SHEETS = {"id": Outbound(plain("Halo")), "en": Outbound(plain("Hello"))}


@pytest.fixture
async def author(database):
    async with database.transaction() as tx:
        await crowd.people(tx, [AUTHOR])
    return AUTHOR


async def written(tx, audience="citizens", *, now=NOW, resend_of=None):
    plan = await announcing.plan(tx, audience, 1, zone=ZONE, now=now)
    return await announcing.create(
        tx,
        author_id=AUTHOR,
        audience=audience,
        text="Halo",
        sender="Kota",
        sheets=SHEETS,
        plan=plan,
        zone=ZONE,
        now=now,
        resend_of=resend_of,
    )


async def frozen(database, announcement_id, *, chunk=recipients.CHUNK, now=NOW):
    steps = 0
    done = False
    while not done:
        steps += 1
        async with database.transaction() as tx:
            done = await announcing.freeze_step(tx, announcement_id, now=now, chunk=chunk)
    return steps


async def addresses(tx, announcement_id):
    rows = await tx.scalars(
        select(Outbox.address_id).where(Outbox.batch == f"ann:{announcement_id}")
    )
    return sorted(rows)


# --- text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "Pelayanan libur besok.",
        "Info: https://kota.go.id/a?b=c#d, atau http://kota.go.id.",
        "Jam:08.00 sampai 12.00 di Balai RW.03",
        "Lengkapi data: nama, NIK. Kirim ke layanan@kota.go.id",
        "ﷺ سلام",
        "Harga Rp1.000.000.Hubungi 0812-3456",
        "Baca ...https://kota.go.id, lalu 24.https://kota.go.id/b",
        "a." * 1000,
    ],
)
def test_a_plain_text_is_taken_as_it_is(typed):
    assert announcing.checked(typed) == typed


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("", "announce.empty"),
        (" \u200b\u202e\n ", "announce.empty"),
        ("x" * 2001, "announce.too_long"),
        ("😀" * 1001, "announce.too_long"),
        ("x" * 100_000, "announce.too_long"),
        ("Klik tg://resolve?domain=a", "announce.link_scheme"),
        ("Klik tg:resolve", "announce.link_scheme"),
        ("JavaScript:alert(1)", "announce.link_scheme"),
        ("data:text/html,x", "announce.link_scheme"),
        ("ftp://kota.go.id", "announce.link_scheme"),
        ("Klik ...x.ftp://kota.go.id", "announce.link_scheme"),
        ("Klik-ftp://kota.go.id", "announce.link_scheme"),
        ("https://kota.go.id@jahat.example", "announce.link_odd"),
        ("https://xn--kta-0na.go.id", "announce.link_odd"),
        ("https://kоta.go.id", "announce.link_odd"),  # noqa: RUF001
        ("Buka kоta.go.id", "announce.link_odd"),  # noqa: RUF001
        ("Buka a.b.kоta.go.id.c", "announce.link_odd"),  # noqa: RUF001
        ("https://[bad", "announce.link_odd"),
        ("https:///pintu", "announce.link_odd"),
    ],
)
def test_a_text_that_cannot_go_is_refused_with_its_reason(typed, key):
    with pytest.raises(Refused) as refused:
        announcing.checked(typed)
    assert refused.value.key == key


@pytest.mark.parametrize("hostile", ["a.", "a", "a-", "1.", "a:", "http:", "https://a", "://"])
def test_a_hostile_text_costs_what_its_length_costs(hostile):
    def cost(length):
        text, best = (hostile * length)[:length], 60.0
        for _ in range(4):
            began = time.process_time()
            with contextlib.suppress(Refused):
                announcing.checked(text)
            best = min(best, time.process_time() - began)
        return best

    assert cost(2_000) < 25 * cost(200) + 0.001  # its square would be a hundred times


def test_exactly_the_limit_is_allowed():
    assert len(announcing.checked("😀" * 1000)) == 1000


# --- when -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "now", "at", "why"),
    [
        ("citizens", "2026-11-23T09:00", "2026-11-23T09:00", ""),
        ("citizens", "2026-11-23T19:59", "2026-11-23T19:59", ""),
        ("citizens", "2026-11-23T20:00", "2026-11-24T08:00", "quiet"),
        ("citizens", "2026-11-23T03:00", "2026-11-23T08:00", "quiet"),
        ("citizens", "2026-11-27T12:00", "2026-11-27T13:30", "quiet"),  # Friday prayer
        ("citizens", "2026-11-28T21:00", "2026-11-30T08:00", "quiet"),  # over the Sunday
        ("staff", "2026-11-23T07:30", "2026-11-23T07:30", ""),
        ("staff", "2026-11-23T17:00", "2026-11-24T07:30", "quiet"),
        ("staff", "2026-11-28T09:00", "2026-11-30T07:30", "quiet"),  # Saturday
        ("staff", "2026-12-24T09:00", "2026-12-28T07:30", "quiet"),  # Christmas and leave
    ],
)
async def test_an_announcement_goes_at_once_or_when_hours_open(database, audience, now, at, why):
    now, at = (announcing.calendar.at(*_split(x), ZONE) for x in (now, at))
    async with database.reading() as tx:
        plan = await announcing.plan(tx, audience, 10, zone=ZONE, now=now)
    assert (plan.at, plan.why) == (at, why)


def _split(text):
    moment = datetime.fromisoformat(text)
    return moment.date(), moment.time()


async def test_staff_in_several_zones_get_it_when_all_of_them_may(database):
    async with database.transaction() as tx:
        await crowd.unit(tx, 1, "Jakarta")
        await crowd.unit(tx, 2, "Jayapura", zone="Asia/Jayapura")
    async with database.reading() as tx:
        early = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # 07.00 WIB, 09.00 WIT
        plan = await announcing.plan(tx, "staff", 10, zone=ZONE, now=early)
        assert plan.at == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
        late = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 16.00 WIB, 18.00 WIT
        plan = await announcing.plan(tx, "staff", 10, zone=ZONE, now=late)
        assert plan.at == datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
        plan = await announcing.plan(tx, "unit:1", 10, zone=ZONE, now=late)
        assert plan.at == late


async def test_what_cannot_be_done_before_quiet_hours_says_when_it_goes_on(database):
    evening = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)  # 19.30 WIB: half an hour is left
    async with database.reading() as tx:
        small = await announcing.plan(tx, "citizens", 1_000, zone=ZONE, now=evening)
        large = await announcing.plan(tx, "citizens", 100_000, zone=ZONE, now=evening)
    assert small.goes_on is None
    assert large.goes_on == datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


async def test_citizens_get_one_announcement_a_day(database, author):
    async with database.transaction() as tx:
        await written(tx)
        await written(tx)
        third = await announcing.plan(tx, "citizens", 1, zone=ZONE, now=NOW)
        staff = await announcing.plan(tx, "staff", 1, zone=ZONE, now=NOW)
    assert third == (datetime(2026, 11, 25, 1, 0, tzinfo=UTC), "cap", None)
    assert staff.why == ""


async def test_a_day_that_was_taken_meanwhile_is_not_taken_twice(database, author):
    async with database.transaction() as tx:
        plan = await announcing.plan(tx, "citizens", 1, zone=ZONE, now=NOW)
        await written(tx)
        with pytest.raises(Refused, match=r"announce\.changed"):
            await announcing.create(
                tx,
                author_id=AUTHOR,
                audience="citizens",
                text="Lain",
                sender="Kota",
                sheets=SHEETS,
                plan=plan,
                zone=ZONE,
                now=NOW,
            )
        assert len(await announcements.latest(tx, author_id=None, limit=9)) == 1


# --- who ------------------------------------------------------------------------------------


async def test_only_those_who_agreed_and_can_be_reached_get_it_each_once(database, author):
    async with database.transaction() as tx:
        await crowd.citizens(tx, list(range(100, 120)), at=NOW)
        await crowd.citizens(tx, [200, 201], at=NOW, language="en")
        await crowd.citizens(tx, [202], at=NOW, language="min")
        await people.withdraw_consent(tx, 100, "announcement", NOW)
        await people.set_active(tx, 101, False)
        await people.give_consent(tx, AUTHOR, "contact", version="1", channel="t", at=NOW)
        # 102 has a second address, 103 has lost the first of two
        await crowd.people(tx, [300, 301])
        await tx.execute(update(Address).where(Address.id == 300).values(person_id=102))
        await tx.execute(update(Address).where(Address.id == 301).values(person_id=103))
        await people.set_active(tx, 103, False)
        assert await recipients.reach(tx, "citizens") == 21
        one = await written(tx)
    assert await frozen(database, one, chunk=4) == 6
    async with database.reading() as tx:
        got = await addresses(tx, one)
        assert len(got) == 21
        assert {100, 101, 103, AUTHOR}.isdisjoint(got)
        assert 301 in got
        assert len({102, 300} & set(got)) == 1
        assert (await announcements.get(tx, one)).recipients == 21
        assert (await announcements.get(tx, one)).state == "sending"
        assert await ledger.total(tx, "outbox.put") == 21
        languages = await tx.execute(
            select(outbox.Sheet.language, func.count())
            .join(Outbox, Outbox.sheet_id == outbox.Sheet.id)
            .group_by(outbox.Sheet.language)
        )
        assert {language: n for language, n in languages} == {"id": 19, "en": 2}


async def test_a_units_staff_are_those_of_its_branch(database, author):
    async with database.transaction() as tx:
        await crowd.unit(tx, 1, "Kota")
        await crowd.unit(tx, 2, "Dinas", parent=1)
        await crowd.unit(tx, 3, "UPT", parent=2)
        await crowd.unit(tx, 4, "Badan", parent=1)
        for unit in (1, 2, 3, 4):
            await crowd.staff(tx, [unit * 10, unit * 10 + 1], unit, at=NOW)
        await crowd.staff(tx, [90], None, at=NOW)
        await roles.end(tx, 31, "staff", at=NOW)
        await roles.grant(tx, 41, "admin", 4, at=NOW)
        counts = {
            who: await recipients.reach(tx, who) for who in ("staff", "unit:1", "unit:2", "unit:4")
        }
        one = await written(tx, "unit:2")
    assert counts == {"staff": 8, "unit:1": 7, "unit:2": 3, "unit:4": 2}
    await frozen(database, one, chunk=2)
    async with database.reading() as tx:
        assert await addresses(tx, one) == [20, 21, 30]


@pytest.mark.full
async def test_twenty_thousand_are_written_down_in_chunks_across_a_crash(database, author):
    everybody = list(range(1_000, 21_000))
    async with database.transaction() as tx:
        await crowd.citizens(tx, everybody, at=NOW)
        one = await written(tx)
    async with database.transaction() as tx:
        assert not await announcing.freeze_step(tx, one, now=NOW, chunk=5_000)
    await _crash_in_the_middle_of_a_chunk(database, one)
    async with database.reading() as tx:
        assert len(await addresses(tx, one)) == 5_000
    assert (
        await frozen(database, one, chunk=5_000) == 4
    )  # three whole chunks and a look that finds no more
    async with database.reading() as tx:
        assert await addresses(tx, one) == everybody
        assert (await announcements.get(tx, one)).recipients == 20_000
        assert await ledger.total(tx, "outbox.put") == 20_000
    async with database.transaction() as tx:  # a tick that comes once too often
        assert await announcing.freeze_step(tx, one, now=NOW)
        assert len(await addresses(tx, one)) == 20_000


async def test_a_chunk_is_joined_at_once_whatever_postgresql_last_counted(database, author):
    if database.is_sqlite:
        pytest.skip("SQLite counts nothing and follows the keys")
    async with database.transaction() as tx:
        await crowd.citizens(tx, list(range(5_000_000_001, 5_000_000_011)), at=NOW)
        for table in ("person", "address", "consent"):
            await tx.exec_driver_sql(f"ANALYZE {table}")
        await crowd.citizens(tx, list(range(1_000, 5_000)), at=NOW)
        one = await written(tx)
        with plans.asked(tx) as statements:
            await announcing.freeze_step(tx, one, now=NOW, chunk=3_000)
        only, *others = [s for s in statements if s[0].startswith("INSERT INTO outbox")]
        plan = "\n".join(await plans.plan(tx, *only))
        await tx.rollback()  # with it what was counted
    assert not others
    assert "Join" in plan
    assert "Join Filter" not in plan, "all of a chunk are compared with all of it"


async def test_two_who_write_down_at_once_write_nobody_twice(database, author):
    everybody = list(range(1_000, 1_600))
    async with database.transaction() as tx:
        await crowd.citizens(tx, everybody, at=NOW)
        one = await written(tx)
    await asyncio.gather(*(frozen(database, one, chunk=100) for _ in range(3)))
    async with database.reading() as tx:
        assert await addresses(tx, one) == everybody
        assert (await announcements.get(tx, one)).recipients == 600


async def _crash_in_the_middle_of_a_chunk(database, one):
    async with AsyncExitStack() as stack:
        tx = await stack.enter_async_context(database.transaction())
        await announcing.freeze_step(tx, one, now=NOW)
        await tx.rollback()


async def test_who_withdraws_gets_nothing_for_citizens_and_still_what_is_for_staff(
    database, author
):
    async with database.transaction() as tx:
        await crowd.citizens(tx, [100, 101], at=NOW)
        await roles.grant(tx, 100, "staff", None, at=NOW)
        for_citizens = await written(tx)
        for_staff = await written(tx, "staff")
    await frozen(database, for_citizens)
    await frozen(database, for_staff)
    async with database.transaction() as tx:
        assert await outbox.cancel_announcements(tx, 100, at=NOW) == 1
        assert await recipients.reasons(tx, for_citizens) == {("cancelled", "opted out"): 1}
        assert await recipients.states(tx, for_citizens) == {"ready": 1, "cancelled": 1}
        assert await recipients.states(tx, for_staff) == {"ready": 1}


# --- stop, hold, repeat ---------------------------------------------------------------------


async def test_a_stop_calls_off_what_has_not_left_and_ends_the_list(database, author):
    async with database.transaction() as tx:
        await crowd.citizens(tx, list(range(100, 110)), at=NOW)
        one = await written(tx)
        await announcing.freeze_step(tx, one, now=NOW, chunk=4)
        left = select(Outbox.id).where(Outbox.batch == f"ann:{one}").limit(1)
        await tx.execute(update(Outbox).where(Outbox.id.in_(left)).values(state=State.SENDING))
        found = await announcements.get(tx, one)
        await announcing.stop(tx, found, by=AUTHOR, now=NOW)
        assert await announcing.freeze_step(tx, one, now=NOW)
        assert await recipients.states(tx, one) == {"sending": 1, "cancelled": 3}
        with pytest.raises(Refused, match=r"announcements\.over"):
            await announcing.stop(tx, found, by=AUTHOR, now=NOW)
        assert await announcements.days_of(tx, one) == {"2026-11-23"}
        actions = await tx.scalars(select(Audit.action).order_by(Audit.id))
        assert list(actions) == ["announcement.confirm", "announcement.stop"]


async def test_a_stop_before_anything_left_gives_the_day_back(database, author):
    async with database.transaction() as tx:
        await crowd.citizens(tx, [100], at=NOW)
        one = await written(tx)
        await announcing.freeze_step(tx, one, now=NOW)
        found = await announcements.get(tx, one)
        await announcing.stop(tx, found, by=AUTHOR, now=NOW)
        assert await recipients.states(tx, one) == {"cancelled": 1}
        assert (await announcing.plan(tx, "citizens", 1, zone=ZONE, now=NOW)).why == ""


async def test_quiet_hours_hold_the_rest_on_a_day_of_its_own(database, author):
    evening = datetime(2026, 11, 23, 13, 0, tzinfo=UTC) - timedelta(seconds=3)
    async with database.transaction() as tx:
        await crowd.citizens(tx, [100, 101, 102], at=NOW)
        first = await written(tx)
        await written(tx)  # planned for Tuesday
        await announcing.freeze_step(tx, first, now=NOW)
        one = await announcements.get(tx, first)
        assert await announcing.hold_until(tx, one, zone=ZONE, now=NOW) is None
        until = await announcing.hold_until(tx, one, zone=ZONE, now=evening)
        assert until == datetime(2026, 11, 25, 1, 0, tzinfo=UTC)  # Tuesday belongs to another
        assert await recipients.waiting(tx, first, before=until)
        await announcing.hold_step(tx, one, until=until, zone=ZONE)
        assert not await recipients.waiting(tx, first, before=until)
        assert await announcing.hold_until(tx, one, zone=ZONE, now=evening) == until
        held = await tx.execute(
            select(Outbox.not_before, Outbox.expires_at).where(Outbox.batch == f"ann:{first}")
        )
        assert {tuple(row) for row in held} == {(until, NOW + announcing.LIVES)}


async def test_holding_over_long_holidays_does_not_let_it_grow_stale(database, author):
    async with database.transaction() as tx:
        await crowd.citizens(tx, [100], at=NOW)
        one = await written(tx)
        await announcing.freeze_step(tx, one, now=NOW)
        until = NOW + timedelta(days=9)
        await announcing.hold_step(tx, await announcements.get(tx, one), until=until, zone=ZONE)
        await settling.expire(tx, now=until)
        assert await recipients.states(tx, one) == {"ready": 1}


async def test_the_uncertain_alone_can_be_written_to_again_once(database, author):
    async with database.transaction() as tx:
        await crowd.citizens(tx, [100, 101, 102, 103], at=NOW)
        one = await written(tx)
        await announcing.freeze_step(tx, one, now=NOW)
        for address, state in ((100, "sent"), (101, "uncertain"), (102, "uncertain")):
            await tx.execute(
                update(Outbox).where(Outbox.address_id == address).values(state=state)
            )
        with pytest.raises(Refused, match=r"announcements\.not_over"):
            await announcing.repeatable(tx, await announcements.get(tx, one))
        await announcements.change(tx, one, state="done", finished_at=NOW)
        await people.withdraw_consent(tx, 102, "announcement", NOW)
        found = await announcements.get(tx, one)
        assert await announcing.repeatable(tx, found) == 1
        again = await written(tx, resend_of=one)
        await announcing.freeze_step(tx, again, now=NOW)
        assert await addresses(tx, again) == [101]
        with pytest.raises(Refused, match=r"announcements\.resent"):
            await announcing.repeatable(tx, found)
