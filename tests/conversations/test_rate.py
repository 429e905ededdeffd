"""A citizen scans the QR at the counter and rates with one tap."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.rating import NOTICE
from simulator import Phone
from storage import ledger
from storage.responses import Answer, Response
from tests.kit.office import KTP, LOKET
from tests.kit.world import World

LABELS = ["Tidak puas", "Kurang puas", "Puas", "Sangat puas"]


def labels(phone: Phone) -> list[str]:
    return [button.label for row in phone.last.keyboard for button in row]


async def responses(world: World) -> list[dict[str, object]]:
    async with world.database.reading() as tx:
        rows = await tx.execute(
            select(Response.__table__, Answer.item, Answer.value)
            .join(Answer, Answer.response_key == Response.key)
            .order_by(Response.instrument, Answer.item)
        )
        return [dict(row._mapping) for row in rows]


async def scan(world: World, name: str = "Ani", payload: str = LOKET) -> Phone:
    phone = world.phone(name)
    await phone.start(payload)
    await world.settle()
    return phone


async def test_the_first_message_greets_names_the_place_informs_and_asks(city: World) -> None:
    ani = await scan(city)
    assert len([m for m in ani.messages if m.from_bot]) == 1
    text = ani.last.text
    assert text.startswith("Selamat pagi, Bapak/Ibu.")
    assert "Loket 2, Disdukcapil – KTP elektronik" in text
    for promise in ("Sukarela", "Anonim", "18 tahun", "/privasi"):
        assert promise in text
    assert labels(ani) == LABELS


async def test_one_tap_is_one_response_with_the_notice_and_no_person(city: World) -> None:
    ani = await scan(city)
    city.clock.advance(timedelta(seconds=6))
    await ani.tap("Puas")
    await city.settle()
    (row,) = await responses(city)
    assert row["value"] == 3
    assert (row["instrument"], row["item"]) == ("quick", "keseluruhan")
    assert (row["service_id"], row["point_id"]) == (KTP, 1)
    assert (row["local_date"], row["half_day"]) == ("2026-11-23", "am")
    assert (row["visit_kind"], row["channel"], row["language"]) == ("poster", "telegram", "id")
    assert (row["notice"], row["duration"]) == (NOTICE, "normal")
    assert (row["staff"], row["burst"]) == (False, False)
    async with city.database.reading() as tx:
        assert await ledger.total(tx, "response.quick", "2026-11-23") == 1
    assert "Terima kasih" in ani.last.text
    assert "9 pertanyaan lagi (sekitar 2 menit)" in ani.last.text
    assert labels(ani) == ["Mulai", "Nanti saja", "Ubah jawaban"]


async def test_nothing_on_the_phone_tells_the_rating_afterwards(city: World) -> None:
    ani = await scan(city)
    await ani.tap("Tidak puas")
    await city.settle()
    for message in ani.messages:
        assert not any(label in message.text for label in LABELS)
        assert not any(b.label in LABELS for row in message.keyboard for b in row)


@pytest.mark.parametrize("said", ["3", " PUAS ", "puas.", "３", "3."])
async def test_typing_is_as_good_as_tapping(city: World, said: str) -> None:
    ani = await scan(city)
    await ani.send(said)
    await city.settle()
    (row,) = await responses(city)
    assert row["value"] == 3
    assert not any("puaskah" in m.text for m in ani.messages if m.from_bot)
