"""Whatever a citizen does, in whatever order: an answer, no mishap, and books that agree."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from simulator import Phone
from storage import inbox, ledger
from storage.responses import Answer, Once, Response
from tests.conversations.citizen import ELEMENTS, labels, responses, scan, tap
from tests.kit.office import LOKET, LOKET_KK, MEJA, OLD
from tests.kit.versions import begun_on_an_old_version
from tests.kit.world import World

STEPS = 60
TYPED = [
    *("1", "2", "3", "4", "14", "15", "99", "-1", "puas", "halo", "ktp", "menu", "lewati"),
    *("kembali", "kirim jawaban", "pakai", "hapus", "mulai", "ubah", "batal", "lanjut"),
    *("/menu", "/batal", "/ubah", "/lanjut", "/hasil", "/hasil ktp", "/nilai kartu", "/bantuan"),
    *("NIK 3201011508950001", "🙂", "x" * 4000),
]
PAYLOADS = ["", LOKET, LOKET_KK, MEJA, OLD, "pwrong", "z"]


async def _act(world: World, phone: Phone, chance: random.Random) -> str:
    """Perhaps a pause, then one thing a person may do; taps are by far the most common."""
    buttons = [
        (message, button)
        for message in phone.messages[-6:]
        if message.from_bot
        for row in message.keyboard
        for button in row
    ]
    if chance.random() < 0.05:
        world.clock.advance(timedelta(hours=chance.choice([0.1, 1, 12, 30, 200])))
    did = ""
    roll = chance.random()
    if roll < 0.7 and buttons:
        message, button = chance.choice(buttons[-12:])
        did = f"tap {button.label!r}"
        await phone.press_raw(button.value, message.id)
        if chance.random() < 0.1:
            await phone.press_raw(button.value, message.id)
    elif roll < 0.9:
        did = chance.choice(TYPED)
        await phone.send(did)
    elif roll < 0.97:
        did = "/start " + chance.choice(PAYLOADS)
        await phone.send(did)
    else:
        did = "photo"
        await phone.send_photo()
    if chance.random() < 0.05:
        did += ", crash"
        await world.crash()
    return did


def _screen(phone: Phone) -> tuple[int, int, int]:
    """What changes when the bot answers: messages, edits, toasts."""
    bots = [message for message in phone.messages if message.from_bot]
    return len(bots), sum(message.edited for message in bots), len(phone.toasts)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
async def test_a_random_walk_never_meets_silence_or_a_mishap(city: World, seed: int) -> None:
    chance = random.Random(seed)
    ani = await scan(city)
    for _ in range(STEPS):
        before = _screen(ani)
        did = await _act(city, ani, chance)
        await city.settle()
        assert _screen(ani) != before, (did, ani.messages[-1].text)
        assert "gangguan" not in ani.last.text
    async with city.database.reading() as tx:
        assert inbox.QUARANTINED not in await inbox.states(tx)
        for instrument, count in {"quick": 1, "skm": len(ELEMENTS)}.items():
            booked = sum((await ledger.by_day(tx, f"response.{instrument}")).values())
            rows = select(func.count()).where(Response.instrument == instrument)
            assert booked == await tx.scalar(rows)
            least = select(func.count(Answer.item)).join(
                Response, Response.key == Answer.response_key
            )
            assert (await tx.scalar(least.where(Response.instrument == instrument)) or 0) >= (
                booked * count
            )
        assert await tx.scalar(select(func.count()).select_from(Response)) <= (
            await tx.scalar(select(func.count()).select_from(Once)) or 0
        )


async def test_a_draft_ends_on_the_version_it_began(city: World) -> None:
    """An office puts a new questionnaire in place while somebody is answering the old one."""
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    await begun_on_an_old_version(city, "skm", "2016.9", 3)
    await ani.start(LOKET)
    await city.settle()
    assert "pertanyaan 1 dari 3" in ani.last.text
    await tap(city, ani, "Lanjutkan", "Sesuai", "Mudah", "Cepat", *["Lewati"] * 5)
    assert labels(ani)[-1] == "Kirim jawaban"
    await tap(city, ani, "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert row["version"] == "2016.9"
    assert row["answers"] == {"persyaratan": 3, "prosedur": 3, "waktu": 3}
    await tap(city, ani, "Ubah jawaban", "Jawaban survei")
    assert "8. Saran" in ani.last.text, "a correction is about what was asked"
