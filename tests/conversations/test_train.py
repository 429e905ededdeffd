"""An admin sets up a training in the chat, sees who comes, and can call it off."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from channels.telegram.codec import sign
from simulator import Phone
from storage import training
from storage.audit import Audit
from storage.training import Invitee, Session
from tests.kit.admins import admin, do
from tests.kit.office import CITY, DUKCAPIL, MELATI, TERNATE
from tests.kit.staff import join, labels, later, written
from tests.kit.world import World


async def trained(world: World, budi: Phone, *whom: str) -> None:
    """A training on Wednesday 2 December 2026 at 09.00, up to the look at it."""
    await do(world, budi, "/buat_pelatihan", "Pelayanan prima", "2 Desember 2026", "jam 9", "Aula")
    await do(world, budi, *whom)


async def sessions(world: World) -> list[Session]:
    async with world.database.reading() as tx:
        rows = await tx.execute(select(Session.__table__).order_by(Session.id))
        return [Session(**row._mapping) for row in rows]


async def actions(world: World) -> list[str]:
    async with world.database.reading() as tx:
        found = select(Audit.action).where(Audit.action.startswith("training."))
        return list(await tx.scalars(found.order_by(Audit.id)))


async def test_from_the_title_to_the_answers(city: World) -> None:
    sri = await join(city, "Sri Wahyuni", unit=DUKCAPIL)
    tono = await join(city, "Tono", unit=MELATI)
    umi = await join(city, "Umi", unit=MELATI)
    budi = await admin(city)
    await trained(city, budi, "Semua pegawai")
    look = budi.last.text
    for part in (
        "Pelayanan prima",
        "Rabu, 2 Desember 2026, 09.00 WIB",
        "Tempat: Aula",
        "semua pegawai (3 orang)",
        "Undangan: Senin, 23 November 2026, 09.",
        "Pengingat: Rabu, 25 November 2026, 08.00 WIB",
        "Pengingat: Selasa, 1 Desember 2026, 08.00 WIB",
        "bagi yang hadir: Rabu, 2 Desember 2026, 08.00 WIB",
    ):
        assert part in look
    assert await sessions(city) == []
    await do(city, budi, "✓ Simpan dan undang")
    assert "3 pegawai diundang" in budi.last.text
    assert await actions(city) == ["training.create"]
    await later(city, seconds=1)
    await do(city, sri, "Hadir")
    await do(city, tono, "Tidak hadir" if tono.standing("Tidak hadir") else labels(tono)[1])
    await do(city, budi, "Daftar hadir")
    text = budi.last.text
    assert "Hadir: 1\n• Sri Wahyuni" in text
    assert "Tidak hadir: 1\n• Tono" in text
    assert "Belum menjawab: 1\n• Umi" in text
    assert umi.chat_id


async def test_calling_off_asks_first_and_tells_the_invited(city: World) -> None:
    sri = await join(city, "Sri", unit=DUKCAPIL)
    budi = await admin(city)
    await trained(city, budi, "Semua pegawai", "✓ Simpan dan undang")
    await later(city, seconds=1)
    await do(city, budi, "/pelatihan_admin", "1. Pelayanan prima", "Batalkan pelatihan")
    assert "1 undangan akan diberi tahu" in budi.last.text
    assert (await sessions(city))[0].cancelled_at is None
    await do(city, budi, "Ya, batalkan")
    assert "Sudah dibatalkan" in budi.last.text
    assert "Batalkan pelatihan" not in labels(budi)
    assert await actions(city) == ["training.create", "training.cancel"]
    await later(city, seconds=1)
    assert any("dibatalkan" in text and "Pelayanan prima" in text for text in written(sri))
    before = len(written(sri))
    await later(city, days=8)
    assert len(written(sri)) == before, "no reminder of what is off"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("31/02", "tidak ada di kalender"),
        ("1/1/1970", "sudah lewat"),
        ("31/12/9999", "lebih dari dua tahun"),
        ("25/11/26", "empat angka"),
        ("Senin, 2 Desember 2026", "tidak cocok"),
        ("kapan-kapan", "belum kami pahami"),
    ],
)
async def test_a_day_that_is_none_is_asked_for_again_with_the_reason(
    city: World, typed: str, said: str
) -> None:
    budi = await admin(city)
    await do(city, budi, "/buat_pelatihan", "Pelayanan prima", typed)
    assert said in budi.last.text
    assert "Hari apa?" in budi.last.text
    await do(city, budi, "besok")
    assert "Selasa, 24 November 2026" in budi.last.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("24:00", "00.00 hari berikutnya"),
        ("25.00", "Jam itu tidak ada"),
        ("07.30 WITA", "memakai WIB"),
        ("pagi-pagi", "belum kami pahami"),
    ],
)
async def test_an_hour_that_is_none_is_asked_for_again_with_the_reason(
    city: World, typed: str, said: str
) -> None:
    budi = await admin(city)
    await do(city, budi, "/buat_pelatihan", "Pelayanan prima", "besok", typed)
    assert said in budi.last.text
    await do(city, budi, "07.30")
    assert "Di mana tempatnya?" in budi.last.text


async def test_an_hour_of_today_that_is_over_is_refused_and_one_can_go_back(city: World) -> None:
    budi = await admin(city)
    await do(city, budi, "/buat_pelatihan", "Pelayanan prima", "hari ini", "08.00")
    assert "sudah lewat" in budi.last.text
    await do(city, budi, "Kembali", "besok", "08.00")
    assert "Di mana tempatnya?" in budi.last.text


async def test_time_that_passes_before_saving_is_noticed(city: World) -> None:
    await join(city, "Sri", unit=DUKCAPIL)
    budi = await admin(city)
    await do(city, budi, "/buat_pelatihan", "Rapat", "hari ini", "09.30", "Aula", "Semua pegawai")
    await city.advance(hours=1)
    await do(city, budi, "✓ Simpan dan undang")
    assert "sudah lewat" in budi.last.text
    assert await sessions(city) == []


async def test_one_units_staff_are_invited_at_their_own_hour(city: World) -> None:
    await join(city, "Sri", unit=DUKCAPIL)
    await join(city, "Ida", unit=TERNATE)
    budi = await admin(city)
    await trained(city, budi, "Pegawai satu unit", "Kelurahan Timur")
    assert "2 Desember 2026, 09.00 WIT" in budi.last.text
    assert "(1 orang)" in budi.last.text
    await do(city, budi, "✓ Simpan dan undang")
    (session,) = await sessions(city)
    assert (session.unit_id, session.starts_at.hour) == (TERNATE, 0)
    async with city.database.reading() as tx:
        assert await tx.scalar(select(func.count()).select_from(Invitee)) == 1


async def test_a_place_without_staff_invites_nobody(city: World) -> None:
    budi = await admin(city)
    await trained(city, budi, "Semua pegawai")
    assert "tidak ada yang dapat diundang" in budi.last.text


async def test_many_names_are_turned_over_page_by_page(city: World) -> None:
    from tests.kit import crowd

    budi = await admin(city)
    async with city.database.transaction() as tx:
        await crowd.staff(tx, list(range(100, 220)), MELATI, at=city.clock.now())
    await trained(city, budi, "Semua pegawai", "✓ Simpan dan undang", "Daftar hadir")
    assert "Belum menjawab: 120" in budi.last.text
    assert "… dan 105 orang lagi" in budi.last.text
    await do(city, budi, "Semua yang belum menjawab", "Berikutnya ▶", "Berikutnya ▶")
    assert "\n120. " in budi.last.text
    assert labels(budi) == ["◀ Sebelumnya", "Kembali"]


async def test_the_admin_of_the_highest_unit_sees_what_is_for_everybody(city: World) -> None:
    """A training for all staff belongs to no unit, also when one unit is above all others."""
    await join(city, "Sri", unit=DUKCAPIL)
    budi = await admin(city, unit=CITY)
    await trained(city, budi, "Semua pegawai", "✓ Simpan dan undang")
    await do(city, budi, "/pelatihan_admin")
    assert labels(budi) == ["1. Pelayanan prima", "Buat pelatihan", "Menu"]


async def test_an_admin_of_one_unit_sees_and_sets_up_only_there(city: World) -> None:
    sri = await join(city, "Sri", unit=DUKCAPIL)
    await join(city, "Tono", unit=MELATI)
    budi = await admin(city)
    await trained(city, budi, "Semua pegawai", "✓ Simpan dan undang")
    dewi = await admin(city, "Dewi", unit=DUKCAPIL)
    await do(city, dewi, "/pelatihan_admin")
    assert "Belum ada pelatihan" in dewi.last.text
    await trained(city, dewi)
    assert labels(dewi) == ["Seluruh Disdukcapil", "Batal"]
    await do(city, dewi, "Seluruh Disdukcapil", "✓ Simpan dan undang")
    (all_of_them, hers) = await sessions(city)
    key, bot = city.keys.key("callback"), city.program.channel.bot_id
    for value in ("tr", "trcancel", "tryes"):
        data = sign(key, bot, str(dewi.chat_id), "AAAAAAAA", f"!{value}:{all_of_them.id}")
        await dewi.press_raw(data, dewi.last.id)
        await city.settle()
        assert "di luar wewenang" in dewi.last.text
    await do(city, dewi, "/daftar_hadir", "1. Pelayanan prima")
    assert "Belum menjawab: 1\n• Sri" in dewi.last.text
    assert hers.unit_id == DUKCAPIL
    assert [one.cancelled_at for one in await sessions(city)] == [None, None]
    assert sri.chat_id


async def test_no_button_of_a_training_does_anything_for_a_citizen_or_for_staff(
    city: World,
) -> None:
    sri = await join(city, "Sri", unit=DUKCAPIL)
    ani = city.phone("Ani")
    await ani.start()
    budi = await admin(city)
    await trained(city, budi, "Semua pegawai", "✓ Simpan dan undang")
    before = await actions(city)
    key, bot = city.keys.key("callback"), city.program.channel.bot_id
    values = ["!tr:1", "!trlist:1:open:0", "!trcancel:1", "!tryes:1", "!buat_pelatihan",
              "!pelatihan_admin", "create", "all", "time"]  # fmt: skip
    for phone in (ani, sri):
        for value in values:
            data = sign(key, bot, str(phone.chat_id), "AAAAAAAA", value)
            await phone.press_raw(data, phone.last.id)
            await city.settle()
            assert "Belum menjawab" not in phone.last.text
        await do(city, phone, "/buat_pelatihan", "/daftar_hadir")
        assert "hanya untuk petugas" in "".join(written(phone)[-2:])
    assert await actions(city) == before
    async with city.database.reading() as tx:
        found = await training.session(tx, 1)
    assert found is not None
    assert found.cancelled_at is None
