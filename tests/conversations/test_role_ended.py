"""A role that ends in the middle of something: nothing of it is shown any more, by no way back."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from simulator import Phone
from storage.staff import Role
from tests.kit.admins import admin, do
from tests.kit.office import DUKCAPIL
from tests.kit.staff import join, labels, person_of, written
from tests.kit.world import World

DRAFT = "Pengumuman yang belum jadi"
WAYS = {
    "the way on under a notice": ("/privasi", "Lanjutkan yang tadi"),
    "another language": ("/bahasa", "English"),
    "a stop undone": ("stop", "Urungkan"),
}


async def _role_ends(world: World, phone: Phone) -> None:
    person = await person_of(world, phone)
    async with world.database.transaction() as tx:
        ended = update(Role).where(Role.person_id == person).values(ended_at=world.clock.now())
        await tx.execute(ended)


async def _comes_back(world: World, phone: Phone, way: tuple[str, str]) -> list[str]:
    """What is said after the role has ended between the two deeds."""
    await do(world, phone, way[0])
    shown = next(label for label in labels(phone) if label.startswith(way[1]))
    await _role_ends(world, phone)
    before = len(written(phone))
    await phone.tap(shown)
    await world.settle()
    return [*written(phone)[before:], phone.last.text]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_an_admin_of_yesterday_sees_nothing_of_the_draft(
    city: World, way: tuple[str, str]
) -> None:
    budi = await admin(city)
    await do(city, budi, "/umumkan", DRAFT)
    asked = labels(budi)
    said = await _comes_back(city, budi, way)
    assert not any(DRAFT in text for text in said)
    assert any("petugas yang berwenang" in text or "authorised staff" in text for text in said)
    assert not set(asked) & set(labels(budi)), "home, not at the question"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_a_civil_servant_of_yesterday_sees_no_question(
    city: World, way: tuple[str, str]
) -> None:
    siti = await join(city, "Siti", unit=DUKCAPIL)
    await do(city, siti, "/nilai_diri")
    await do(city, siti, labels(siti)[0])
    question = siti.last.text
    assert len(labels(siti)) > 3, question
    asked = labels(siti)
    said = await _comes_back(city, siti, way)
    assert question not in said
    assert not set(asked[:3]) & set(labels(siti))


async def test_who_still_has_the_role_goes_on(city: World) -> None:
    budi = await admin(city)
    await do(city, budi, "/umumkan", DRAFT)
    asked = labels(budi)
    await do(city, budi, *WAYS["the way on under a notice"])
    assert labels(budi) == asked
