"""What every citizen may do at any time, also between two questions."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from domain import consent
from domain.rating import NOTICE
from simulator import Phone
from storage import people, roles, staff
from storage.announcements import Announcement
from storage.base import Base
from storage.dialogs import Dialog
from storage.outbox import Outbox, State
from storage.people import Address, Consent, Person
from storage.responses import Response
from tests.kit.clock import MONDAY_NINE
from tests.kit.office import LOKET
from tests.kit.world import BANK, World

QUESTION = "Puas"


async def rows(world: World, table: type[Base]) -> list[dict[str, Any]]:
    async with world.database.reading() as tx:
        found = await tx.execute(select(table.__table__))
        return [dict(row._mapping) for row in found]


async def person_of(world: World, phone: Phone) -> int:
    async with world.database.reading() as tx:
        found = await tx.scalar(select(Address.person_id).where(Address.key == str(phone.chat_id)))
    assert found is not None
    return found


async def asked(world: World, name: str = "Ani") -> Phone:
    """Somebody in front of the quick question at Loket 2."""
    phone = world.phone(name)
    await phone.start(LOKET)
    await world.settle()
    return phone


async def say(world: World, phone: Phone, *words: str) -> None:
    for one in words:
        await phone.send(one)
        await world.settle()


async def tap(world: World, phone: Phone, label: str) -> None:
    await phone.tap(label)
    await world.settle()


async def subscriber(world: World, name: str = "Ani") -> Phone:
    phone = await asked(world, name)
    await say(world, phone, "/langganan")
    await tap(world, phone, "Setuju")
    return phone


# --- privacy --------------------------------------------------------------------------------


async def test_privacy_can_be_read_between_two_questions_and_nothing_is_lost(city: World) -> None:
    ani = await asked(city)
    await say(city, ani, "/privasi")
    text = ani.last.text
    for duty in (
        NOTICE,
        "tidak disimpan",
        "Pasal 20",
        "Pasal 56",
        "luar negeri",
        "15 menit",
        "/hapus",
    ):
        assert duty in text
    assert len(text) < 4096
    await tap(city, ani, "Lanjutkan yang tadi")
    await tap(city, ani, QUESTION)
    assert len(await rows(city, Response)) == 1


async def test_the_question_above_the_notice_can_still_be_answered(city: World) -> None:
    ani = await asked(city)
    question = ani.last
    await say(city, ani, "/privasi")
    await ani.tap(QUESTION, question)
    await city.settle()
    assert len(await rows(city, Response)) == 1


@pytest.mark.parametrize("key", ["privacy.whole", "rate.notice", "consent.terms"])
def test_words_that_are_agreed_to_keep_their_version(key: str) -> None:
    """Other words need another version: then raise NOTICE or consent.VERSION and this table."""
    pinned = {
        ("privacy.whole", "2026-1"): "f8e0a50fb926",
        ("rate.notice", "2026-1"): "296e35da41a0",
        ("consent.terms", "2026-1"): "bc590aae450c",
    }
    version = consent.VERSION if key.startswith("consent") else NOTICE
    digest = hashlib.sha256(BANK.sentence("id", key).encode()).hexdigest()[:12]
    assert digest == pinned[key, version]


# --- language -------------------------------------------------------------------------------


async def test_the_current_question_is_asked_again_in_the_new_language(city: World) -> None:
    ani = await asked(city)
    await say(city, ani, "/bahasa")
    await tap(city, ani, "English")
    assert "Satisfied" in [b.label for row in ani.last.keyboard for b in row]
    assert ani.toasts[-1].text == "All right, we will use English."
    await tap(city, ani, "Satisfied")
    (response,) = await rows(city, Response)
    assert response["language"] == "en"
    (person,) = await rows(city, Person)
    assert person["language"] == "en"
    await say(city, ani, "/bahasa id")
    assert (await rows(city, Person))[0]["language"] == "id"


# --- consent --------------------------------------------------------------------------------


async def test_agreement_is_proven_by_version_channel_and_day(city: World) -> None:
    ani = await asked(city)
    await say(city, ani, "/langganan")
    assert "1 pengumuman sehari, pukul 08.00–20.00" in ani.last.text
    assert not await rows(city, Consent), "asking is not agreeing"
    await tap(city, ani, "Setuju")
    (proof,) = await rows(city, Consent)
    assert (proof["purpose"], proof["version"], proof["channel"]) == (
        "announcement", consent.VERSION, "telegram",
    )  # fmt: skip
    midnight = city.clock.now().replace(hour=17, minute=0) - timedelta(days=1)  # 00.00 WIB
    assert proof["given_at"] == midnight, "the hour would tell when she was here"
    assert proof["withdrawn_at"] is None
    await say(city, ani, "/langganan")
    assert "menerima pengumuman" in ani.last.text
    await tap(city, ani, "Tidak")
    (proof,) = await rows(city, Consent)
    assert proof["withdrawn_at"] is not None


# --- stop -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["STOP", "BERHENTI", "stop.", " Berhenti! ", "/berhenti", "/stop"]
)
async def test_stop_is_heard_between_two_questions_and_is_no_answer(
    city: World, word: str
) -> None:
    ani = await subscriber(city)
    question = [m for m in ani.messages if m.from_bot][0]
    await say(city, ani, word)
    assert "kami berhenti" in ani.last.text
    (proof,) = await rows(city, Consent)
    assert proof["withdrawn_at"] is not None
    assert not await rows(city, Response)
    assert not question.keyboard
    await tap(city, ani, "Urungkan")
    (proof,) = await rows(city, Consent)
    assert proof["withdrawn_at"] is None
    await tap(city, ani, QUESTION)
    assert len(await rows(city, Response)) == 1


async def test_undo_ends_after_a_quarter_of_an_hour(city: World) -> None:
    ani = await subscriber(city)
    await say(city, ani, "STOP")
    city.clock.advance(timedelta(minutes=15, seconds=1))
    await tap(city, ani, "Urungkan")
    assert "15 menit sudah lewat" in ani.last.text
    assert (await rows(city, Consent))[0]["withdrawn_at"] is not None


async def test_stopping_twice_can_still_be_undone(city: World) -> None:
    ani = await subscriber(city)
    await say(city, ani, "STOP", "stop stop")
    await tap(city, ani, "Urungkan")
    assert (await rows(city, Consent))[0]["withdrawn_at"] is None


async def test_stop_without_anything_to_stop_is_answered_kindly(city: World) -> None:
    ani = city.phone("Ani")
    await say(city, ani, "STOP")
    assert "kami berhenti" in ani.last.text
    assert not ani.standing("Urungkan")


async def test_stop_takes_back_announcements_that_wait(city: World) -> None:
    ani = await subscriber(city)
    author = await person_of(city, ani)
    async with city.database.transaction() as tx:
        address = await tx.scalar(select(Address.id))
        for number, audience in ((1, "citizens"), (2, "staff")):
            values = _announcement(number, author, audience)
            await tx.execute(insert(Announcement).values(values))
            await tx.execute(insert(Outbox).values(_waiting(number, address, city)))
    await say(city, ani, "STOP")
    found = {r["batch"]: r["state"] for r in await rows(city, Outbox) if r["batch"]}
    assert found == {"ann:1": State.CANCELLED, "ann:2": State.READY}


def _announcement(number: int, author: int, audience: str) -> dict[str, Any]:
    return {
        "id": number, "author_id": author, "sender": "", "text": "", "audience": audience,
        "state": "sending", "created_at": MONDAY_NINE,
        "expires_at": MONDAY_NINE + timedelta(days=1),
    }  # fmt: skip


def _waiting(number: int, address: int | None, world: World) -> dict[str, Any]:
    return {
        "cause": f"ann:{number}:7", "ref": f"R{number}", "batch": f"ann:{number}",
        "address_id": address, "lane": "broadcast", "policy": "D", "body": None,
        "created_at": world.clock.now(), "not_before": world.clock.now() + timedelta(hours=5),
    }  # fmt: skip


async def test_staff_are_told_what_stops_and_what_does_not(city: World) -> None:
    sari = await asked(city, "Sari")
    person = await person_of(city, sari)
    async with city.database.transaction() as tx:
        await roles.grant(tx, person, "staff", 2, at=city.clock.now())
        await staff.enlist(tx, person, 2)
        await staff.set_lessons(tx, person, hour=9)
    await say(city, sari, "BERHENTI")
    assert "Pelajaran harian juga dihentikan" in sari.last.text
    assert "urusan dinas" in sari.last.text
    async with city.database.reading() as tx:
        servant = await staff.servant(tx, person)
    assert servant is not None
    assert servant.lesson_hour is None
    await tap(city, sari, "Urungkan")
    async with city.database.reading() as tx:
        servant = await staff.servant(tx, person)
    assert servant is not None
    assert servant.lesson_hour == 9


async def test_blocking_rests_the_address(city: World) -> None:
    ani = await subscriber(city)
    await ani.block()
    await city.settle()
    person = await person_of(city, ani)
    async with city.database.reading() as tx:
        assert await people.addresses_of(tx, [person]) == {}


async def test_an_idle_citizen_leaves_no_trace_of_the_hour(city: World) -> None:
    ani = city.phone("Ani")
    await say(city, ani, "STOP")
    assert await rows(city, Dialog)
    await city.advance(minutes=16)
    assert not await rows(city, Dialog)


async def test_the_hours_are_written_as_the_language_does(city: World) -> None:
    joe = city.phone("Joe", language="en")
    await joe.send("/langganan")
    await city.settle()
    assert "At most 1 a day, between 08:00 and 20:00" in joe.last.text
