"""An admin writes an announcement, looks at it, agrees, and the phones receive it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from storage import announcements, ledger, recipients, roles
from storage.announcements import Announcement
from storage.audit import Audit
from storage.outbox import Outbox
from tests.kit.admins import admin, announced, compose, do, progress, subscriber, subscribers
from tests.kit.office import DUKCAPIL, MELATI
from tests.kit.staff import join, labels, person_of
from tests.kit.world import World

HALF_A_DAY = timedelta(hours=12)  # 09.00 → 21.00 WIB
TEXT = "Besok pelayanan tutup pukul 12.00.\nInfo: https://kota.go.id/libur"


async def count(world: World, *where: object) -> int:
    async with world.database.reading() as tx:
        return await tx.scalar(select(func.count()).select_from(Outbox).where(*where)) or 0


async def actions(world: World) -> list[str]:
    async with world.database.reading() as tx:
        return list(
            await tx.scalars(
                select(Audit.action)
                .where(Audit.action.startswith("announcement."))
                .order_by(Audit.id)
            )
        )


async def test_from_the_text_to_the_phones(city: World) -> None:
    ani = await subscriber(city, "Ani")
    joe = await subscriber(city, "Joe", language="en")
    bystander = city.phone("Cici")
    await bystander.start()
    budi = await admin(city)
    await do(city, budi, "/umumkan", TEXT)
    assert "Untuk siapa" in budi.last.text
    await do(city, budi, "Warga yang bersedia")
    look = budi.last.text
    assert "Akan dikirim kepada 2 orang" in look
    assert "Dikirim segera setelah Anda menyetujui" in look
    assert TEXT in look
    assert announced(ani, "pelayanan") == []
    await do(city, budi, "✓ Ya, kirim")
    assert "disetujui untuk dikirim" in "".join(m.text for m in budi.messages)
    await city.tick()
    (mine,) = announced(ani, "pelayanan")
    assert mine.text == (
        f"Pengumuman dari Kota Contoh\n\n{TEXT}\n\n"
        "Tidak ingin menerima pengumuman lagi? Balas BERHENTI."
    )
    assert mine.text in look, "the preview is what is sent"
    (his,) = announced(joe, "pelayanan")
    assert his.text.endswith("No more announcements? Reply STOP.")
    assert announced(bystander, "") == []
    await city.advance(seconds=5)
    told = progress(budi)
    assert "Selesai." in told.text
    assert "Terkirim: 2 dari 2" in told.text
    assert "Gagal: 0" in told.text
    ways = [button.label for row in told.keyboard for button in row]
    assert ways == ["Tulis pengumuman", "Semua pengumuman", "Menu"], "no dead end"
    assert await actions(city) == ["announcement.confirm"]


async def test_progress_is_one_message_that_is_edited(city: World) -> None:
    await subscribers(city, 1)
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia", "✓ Ya, kirim")
    before = len(budi.messages)
    first = progress(budi).id
    assert "Penerima sedang dikumpulkan" in progress(budi).text
    assert "dari 0" not in progress(budi).text, "nobody knows yet how many there are"
    await do(city, budi, "/pengumuman")
    assert "Penerima sedang dikumpulkan" in budi.last.text
    before = len(budi.messages)
    for _ in range(5):
        await city.advance(seconds=4)
    assert len(budi.messages) == before
    assert progress(budi).id == first
    assert progress(budi).edited >= 1


async def test_the_look_can_be_taken_in_the_other_language_and_on_ones_own_phone(
    city: World,
) -> None:
    (ani,) = await subscribers(city, 1)
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia", "Lihat versi Inggris")
    assert "Announcement from Kota Contoh" in budi.last.text
    await do(city, budi, "Coba kirim ke saya")
    (test,) = announced(budi, "pelayanan")
    assert test.text.endswith("No more announcements? Reply STOP.")
    await city.tick()
    assert announced(ani, "") == []
    assert await count(city, Outbox.lane == "broadcast") == 0


async def test_text_and_audience_can_be_changed_before_agreeing(city: World) -> None:
    await subscribers(city, 1)
    await join(city, "Sri", unit=DUKCAPIL)
    budi = await admin(city)
    await compose(city, budi, "Salah ketik", "Warga yang bersedia")
    await do(city, budi, "Ubah isi", "Sudah benar")
    assert "Sudah benar" in budi.last.text
    assert "Salah ketik" not in budi.last.text
    await do(city, budi, "Ubah penerima", "Semua pegawai")
    assert "semua pegawai" in budi.last.text
    assert "BERHENTI" not in budi.last.text, "staff are told what concerns their duty"
    await do(city, budi, "Batal")
    await city.tick()
    assert await count(city, Outbox.lane == "broadcast") == 0
    assert await actions(city) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x" * 2001, "paling banyak 2000"),
        ("Klik tg://resolve?domain=x", "hanya boleh diawali https://"),
        ("https://kota.go.id@jahat.example/", "tidak wajar"),
        ("\u200b", "masih kosong"),
    ],
)
async def test_a_text_that_cannot_go_is_asked_for_again(
    city: World, typed: str, said: str
) -> None:
    budi = await admin(city)
    await do(city, budi, "/umumkan", typed)
    assert said in budi.last.text
    assert labels(budi) == ["Batal"]


async def test_words_that_look_like_markup_stay_words(city: World) -> None:
    (ani,) = await subscribers(city, 1)
    budi = await admin(city)
    odd = "**Tebal** _miring_ {sender} <b>x</b> &amp; [a](tg)"
    await compose(city, budi, odd, "Warga yang bersedia", "✓ Ya, kirim")
    await city.tick()
    (mine,) = announced(ani, "Tebal")
    assert odd in mine.text
    marked = [mine.text[e["offset"] : e["offset"] + e["length"]] for e in mine.entities]
    assert not any("Tebal" in m or "miring" in m or m == "x" for m in marked)


async def test_nobody_to_send_to_is_said_at_once(city: World) -> None:
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia")
    assert "tidak ada penerimanya" in budi.last.text
    assert "Untuk siapa" in budi.last.text


# --- whom an admin reaches ------------------------------------------------------------------


async def test_an_admin_of_one_unit_reaches_that_branch_alone(city: World) -> None:
    sri = await join(city, "Sri", unit=DUKCAPIL)
    tono = await join(city, "Tono", unit=MELATI)
    (ani,) = await subscribers(city, 1)
    dewi = await admin(city, "Dewi", unit=DUKCAPIL)
    await do(city, dewi, "/umumkan", TEXT)
    assert labels(dewi) == ["Seluruh Disdukcapil", "Batal"]
    await do(city, dewi, "Seluruh Disdukcapil")
    assert "Akan dikirim kepada 1 orang" in dewi.last.text
    assert "Pengumuman dari Disdukcapil" in dewi.last.text
    await do(city, dewi, "✓ Ya, kirim")
    await city.tick()
    assert len(announced(sri, "pelayanan")) == 1
    assert announced(tono, "") == announced(ani, "") == []


async def test_units_are_found_down_the_tree(city: World) -> None:
    sri = await join(city, "Sri", unit=DUKCAPIL)
    tono = await join(city, "Tono", unit=MELATI)
    budi = await admin(city)
    await do(city, budi, "/umumkan", TEXT, "Pegawai satu unit")
    assert labels(budi) == [
        "Seluruh Kota Contoh", "Disdukcapil", "Kelurahan Melati", "Kelurahan Timur", "Batal",
    ]  # fmt: skip
    await do(city, budi, "Disdukcapil", "✓ Ya, kirim")
    await city.tick()
    assert len(announced(sri, "pelayanan")) == 1
    assert announced(tono, "") == []


async def test_a_role_narrowed_between_look_and_agreement_counts(city: World) -> None:
    await subscribers(city, 1)
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia")
    person = await person_of(city, budi)
    async with city.database.transaction() as tx:
        await roles.grant(tx, person, "admin", MELATI, at=city.clock.now())
    await do(city, budi, "✓ Ya, kirim")
    assert "di luar wewenang" in budi.last.text
    await city.tick()
    assert await count(city, Outbox.lane == "broadcast") == 0


# --- hours ----------------------------------------------------------------------------------


async def test_in_quiet_hours_it_waits_and_the_author_is_told_until_when(city: World) -> None:
    (ani,) = await subscribers(city, 1)
    budi = await admin(city)
    city.clock.jump(HALF_A_DAY)
    await compose(city, budi, TEXT, "Warga yang bersedia")
    assert "Dikirim Selasa, 24 November 2026, 08.00 WIB" in budi.last.text
    await do(city, budi, "✓ Ya, kirim")
    await city.tick()
    assert "Menunggu jam kirim. Dikirim Selasa, 24 November 2026, 08.00 WIB" in progress(budi).text
    await city.advance(hours=10.9)  # 07.54
    assert announced(ani, "") == []
    await city.advance(hours=0.2)
    assert len(announced(ani, "pelayanan")) == 1


async def test_quiet_hours_that_come_hold_the_rest(city: World) -> None:
    (ani,) = await subscribers(city, 1)
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia", "✓ Ya, kirim")
    # Night falls before the list is even written down.
    city.clock.jump(HALF_A_DAY)
    await city.tick()
    assert announced(ani, "") == []
    await city.advance(seconds=5)
    assert "Dikirim Selasa" in progress(budi).text
    await city.advance(hours=11.1)
    assert len(announced(ani, "pelayanan")) == 1


async def test_a_second_announcement_of_the_day_goes_tomorrow(city: World) -> None:
    (ani,) = await subscribers(city, 1)
    budi = await admin(city)
    await compose(city, budi, "Yang pertama", "Warga yang bersedia", "✓ Ya, kirim")
    await city.tick()
    await compose(city, budi, "Yang kedua", "Warga yang bersedia")
    assert "paling banyak satu pengumuman sehari" in budi.last.text
    assert "Dikirim Selasa, 24 November 2026, 08.00 WIB" in budi.last.text
    await do(city, budi, "✓ Ya, kirim")
    await city.tick()
    assert (len(announced(ani, "pertama")), len(announced(ani, "kedua"))) == (1, 0)
    await city.advance(hours=23.1)
    assert len(announced(ani, "kedua")) == 1


async def test_what_changed_since_the_look_is_shown_before_it_is_agreed_to(city: World) -> None:
    await subscribers(city, 1)
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia")
    city.clock.jump(HALF_A_DAY)
    await do(city, budi, "✓ Ya, kirim")
    assert "Waktu kirimnya berubah" in budi.last.text
    assert "Dikirim Selasa, 24 November 2026" in budi.last.text
    assert await actions(city) == []
    await do(city, budi, "✓ Ya, kirim")
    assert await actions(city) == ["announcement.confirm"]


async def test_agreeing_twice_is_one_announcement(city: World) -> None:
    (ani,) = await subscribers(city, 1)
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia")
    message = budi.last
    data = next(b.value for row in message.keyboard for b in row if b.label == "✓ Ya, kirim")
    await budi.press_raw(data, message.id)
    await budi.press_raw(data, message.id)
    await city.settle()
    await city.tick()
    async with city.database.reading() as tx:
        assert await tx.scalar(select(func.count()).select_from(Announcement)) == 1
    assert len(announced(ani, "pelayanan")) == 1


# --- who leaves -----------------------------------------------------------------------------


async def test_who_says_stop_before_it_goes_does_not_get_it(city: World) -> None:
    ani = await subscriber(city, "Ani")
    joe = await subscriber(city, "Joe")
    budi = await admin(city)
    city.clock.jump(HALF_A_DAY)
    await compose(city, budi, TEXT, "Warga yang bersedia", "✓ Ya, kirim")
    await city.tick()
    await do(city, ani, "BERHENTI")
    await city.advance(hours=11.1)
    await city.advance(seconds=5)
    assert announced(ani, "") == []
    assert len(announced(joe, "pelayanan")) == 1
    assert "1 orang: sudah tidak bersedia menerima pengumuman" in progress(budi).text


async def test_the_books_agree(city: World) -> None:
    await subscribers(city, 3)
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia", "✓ Ya, kirim")
    await city.tick()
    async with city.database.reading() as tx:
        (one,) = await announcements.latest(tx, author_id=None, limit=5)
        assert one.recipients == sum((await recipients.states(tx, one.id)).values()) == 3
        rows = await tx.scalar(select(func.count()).select_from(Outbox))
        assert await ledger.total(tx, "outbox.put") == rows
