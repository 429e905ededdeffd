"""Seeing and erasing what is kept about oneself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from domain import consent
from handlers.my_data_file import LABELS, TITLES
from simulator import Phone
from storage import audit, due, erasure, learning, ledger, outbox, roles, staff, training
from storage.announcements import Announcement
from storage.learning import Card, Review
from storage.people import Address, Person
from storage.responses import Answer, Response
from storage.tables import metadata
from talk.messages import Lane, Outbound, Parcel, Policy
from talk.text import plain
from tests.kit.office import DUKCAPIL, LOKET
from tests.kit.world import World


async def say(world: World, phone: Phone, *words: str) -> None:
    for one in words:
        await phone.send(one)
        await world.settle()


async def tap(world: World, phone: Phone, label: str) -> None:
    await phone.tap(label)
    await world.settle()


async def who(world: World, phone: Phone) -> tuple[int, int]:
    """(person, address) behind a phone."""
    async with world.database.reading() as tx:
        row = await tx.execute(
            select(Address.person_id, Address.id).where(Address.key == str(phone.chat_id))
        )
        found = row.one()
    return found[0], found[1]


async def citizen(world: World, name: str = "Ani") -> Phone:
    """Somebody who rated, subscribed and has an unfinished questionnaire."""
    phone = world.phone(name)
    await phone.start(LOKET)
    await world.settle()
    await tap(world, phone, "Puas")
    await tap(world, phone, "Mulai")
    await say(world, phone, "/langganan")
    await tap(world, phone, "Setuju")
    return phone


async def servant(world: World, name: str, role: str) -> Phone:
    """A member of staff with a row in every table that can have one about her."""
    phone = await citizen(world, name)
    person, address = await who(world, phone)
    now = world.clock.now()
    async with world.database.transaction() as tx:
        await roles.grant(tx, person, role, None, at=now)
        if role != "staff":
            await roles.grant(tx, person, "staff", DUKCAPIL, at=now)
        await staff.enlist(tx, person, DUKCAPIL)
        await staff.set_name(tx, person, f"{name} Wulandari")
        await staff.add_assessment(
            tx, person, version="2026-1", position_group="x", levels={"integritas": 3}, at=now
        )
        await tx.execute(
            insert(staff.Invitation).values(
                hash=name.encode(), role="staff", created_at=now, expires_at=now, used_by=person
            )
        )
        await tx.execute(
            insert(Card).values(person_id=person, lesson="a/b", fsrs={}, due_date="2026-11-24")
        )
        await tx.execute(
            insert(Review).values(
                person_id=person, lesson="a/b", version="1", local_date="2026-11-23",
                choice=1, correct=True, at=now,
            )
        )  # fmt: skip
        await learning.give(tx, [learning.Gift(person, "2026-11-23", "a/b", "1", 0)])
        session = await training.create_session(
            tx, title="Pelatihan", starts_at=now + timedelta(days=9), zone="Asia/Jakarta",
            place="Aula", unit_id=None, created_by=person, at=now,
        )  # fmt: skip
        await training.invite_staff(tx, session, None)
        await tx.execute(
            insert(due.Occurrence).values(
                rule="lesson", local_date="2026-11-23", person_id=person, due_at=now, until=now,
                state="handed",
            )
        )  # fmt: skip
        await tx.execute(
            insert(Announcement).values(
                author_id=person, sender="", text="", audience="staff", state="done",
                frozen_upto=person, created_at=now, expires_at=now,
            )
        )  # fmt: skip
        await audit.record(tx, at=now, actor_id=person, action="a", object=f"person:{person}")
        later = now + timedelta(days=2)
        parcels = [
            Parcel(
                f"occ:lesson:2026-11-23:{person}",
                address,
                body,
                Lane.REMINDER,
                Policy.C,
                not_before=later,
            ),
            Parcel(f"ann:1:{address}", address, body, Lane.BROADCAST, Policy.D, not_before=later),
        ]
        await outbox.put(tx, parcels, at=now)
    return phone


body = Outbound(plain("Selamat pagi"))


async def everything(world: World) -> dict[str, list[dict[str, Any]]]:
    async with world.database.reading() as tx:
        return {
            table.name: [dict(row._mapping) for row in await tx.execute(select(table))]
            for table in metadata.sorted_tables
        }


def mentions(dump: dict[str, list[dict[str, Any]]], *marks: str) -> list[str]:
    """Every column of every table whose value contains one of the marks."""
    return [
        f"{table}.{column}: {value!r}"
        for table, rows in dump.items()
        for row in rows
        for column, value in row.items()
        if any(mark in str(value) for mark in marks)
    ]


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(str, rows))


# --- /data_saya -----------------------------------------------------------------------------


async def test_a_citizen_gets_all_there_is_in_a_file(city: World) -> None:
    ani = await citizen(city)
    await say(city, ani, "/data_saya")
    document = ani.last.document
    assert document is not None
    assert document.name == "data-saya.txt"
    words = document.content.decode("utf-8-sig")
    assert "Penilaian Bapak/Ibu tidak ada di sini" in words
    assert str(ani.chat_id) in words
    assert consent.VERSION in words
    assert "Jawaban yang belum dikirim (disimpan sampai Senin, 30 November 2026" in words
    async with city.database.reading() as tx:
        for key in (await tx.execute(select(Response.key))).scalars():
            assert key not in words, "whoever holds the file must not find the answer"


async def test_staff_get_every_table_that_is_about_them(city: World) -> None:
    sari = await servant(city, "Sari", "staff")
    await say(city, sari, "/data_saya")
    assert sari.last.document is not None
    words = sari.last.document.content.decode("utf-8-sig")
    for key in TITLES.values():
        assert city.program.bank.sentence("id", key).upper() in words, key
    for said in ("Sari Wulandari", "Disdukcapil", "Integritas", "Pelatihan"):
        assert said in words


IN_WORDS = {
    "id": [
        "BAHASA\n- bahasa: Bahasa Indonesia\n",
        "- yang sedang dilakukan: menjawab pertanyaan tentang layanan\n",
        "  layanan: KTP elektronik – Disdukcapil\n",
        "  loket: Loket 2\n",
        "  datang lewat: kode QR di loket\n",
        "  mulai diisi: Senin, 23 November 2026, 09.",
        "  Persyaratan: Sesuai\n",
        "  Jenis kelamin: dilewati\n",
        "  saran: Tambah kursi\n",
        "- Penilaian singkat yang baru dikirim (",
    ],
    "en": [
        "LANGUAGE\n- language: English\n",
        "- being done: answering the questions about a service\n",
        "  service: KTP elektronik – Disdukcapil\n",
        "  counter: Loket 2\n",
        "  came by: the QR code at the counter\n",
        "  begun: Monday, 23 November 2026, 09:",
        "  Requirements: Suitable\n",
        "  Sex: skipped\n",
        "  comment: Tambah kursi\n",
        "- Quick rating just sent (",
    ],
}


@pytest.mark.parametrize("language", IN_WORDS)
async def test_an_unfinished_questionnaire_is_told_in_words(city: World, language: str) -> None:
    ani = city.phone("Ani", language=language)
    await ani.start(LOKET)
    await city.settle()
    skip = "Lewati" if language == "id" else "Skip"
    await say(city, ani, "3", "1", *["3"] * 9, *[skip] * 4, "Tambah kursi", "/data_saya")
    assert ani.last.document is not None
    words = ani.last.document.content.decode("utf-8-sig")
    for fact in IN_WORDS[language]:
        assert fact in words
    assert not set('{}"_') & set(words), "nothing is left as the program keeps it"


async def test_what_an_office_keeps_is_told_in_words(city: World) -> None:
    """The file of somebody who has a row in every table."""
    sari = await servant(city, "Sari", "admin")
    await say(city, sari, "/umumkan", "Besok libur", "/data_saya")
    assert sari.last.document is not None
    words = sari.last.document.content.decode("utf-8-sig")
    assert not set('{}"_') & set(words), "no name of a column, no code"
    for fact in ("pilihan: B", "perihal: pelajaran harian", "teks: Besok libur"):
        assert fact in words


def test_every_column_has_a_name_people_understand() -> None:
    told = {
        column.name
        for name, link in erasure.LINKS
        for column in metadata.tables[name].columns
        if column.name != link
    }
    assert told <= LABELS.keys()


# --- /hapus ---------------------------------------------------------------------------------


async def test_erasing_is_asked_about_first_and_can_be_left(city: World) -> None:
    ani = await citizen(city)
    before = mentions(await everything(city), str((await who(city, ani))[0]))
    await say(city, ani, "/hapus")
    await tap(city, ani, "Batal")
    assert "tidak ada yang dihapus" in ani.last.text
    assert mentions(await everything(city), str((await who(city, ani))[0])) == before


@pytest.mark.parametrize("role", ["", "staff", "admin"])
async def test_after_erasing_nothing_leads_back(city: World, role: str) -> None:
    await servant(city, "Budi", "admin")
    ani = await servant(city, "Ani", role) if role else await citizen(city)
    person, address = await who(city, ani)
    async with city.database.reading() as tx:
        found = await erasure.held(tx, person)
    if role:
        expected = {table for table, _ in erasure.LINKS}
        assert expected <= found.keys(), "the story must fill every table about people"
    answers = (await everything(city))["answer"]
    await say(city, ani, "/hapus")
    await tap(city, ani, "Ya, hapus semuanya")
    assert "sudah dihapus" in ani.last.text, "the last message still arrives"
    await city.tick()
    dump = await everything(city)
    marks = [str(person), str(address), str(ani.chat_id)]
    if role:
        marks.append("Ani Wulandari")
    assert mentions(dump, *marks) == []
    assert in_order(dump["answer"]) == in_order(answers), "ratings cannot be found, so they stay"
    async with city.database.reading() as tx:
        assert await ledger.total(tx, "erasure.done", "2026-11-23") == 1
    hers = [row["state"] for row in dump["outbox"] if row["cause"].startswith("erased:")]
    assert hers == (["cancelled"] * 2 if role else []), "nothing more is sent to her"


async def test_the_address_waits_for_the_last_message(city: World) -> None:
    ani = await citizen(city)
    await say(city, ani, "/hapus")
    await ani.tap("Ya, hapus semuanya")
    await city.program.ingest.poll(seconds=0)
    await city.program.worker.step()
    async with city.database.transaction() as tx:
        assert await erasure.forget_resting(tx) == 0
    await city.settle()
    assert "sudah dihapus" in ani.last.text
    async with city.database.transaction() as tx:
        assert await erasure.forget_resting(tx) == 1
        assert await erasure.forget_resting(tx) == 0


async def test_who_comes_back_at_once_is_somebody_new(city: World) -> None:
    ani = await citizen(city)
    person, _ = await who(city, ani)
    await say(city, ani, "/hapus")
    await tap(city, ani, "Ya, hapus semuanya")
    await say(city, ani, "/langganan")
    await tap(city, ani, "Setuju")
    await city.tick()
    again, _ = await who(city, ani)
    assert again != person
    async with city.database.reading() as tx:
        assert await consent.in_force(tx, again) == {"announcement"}


async def test_erasing_oneself_gives_no_second_vote(city: World) -> None:
    ani = await citizen(city)
    await say(city, ani, "/hapus")
    await tap(city, ani, "Ya, hapus semuanya")
    await city.tick()
    await ani.start(LOKET)
    await city.settle()
    assert "sudah kami terima" in ani.last.text
    assert len((await everything(city))["response"]) == 1


async def test_the_last_admin_stays(city: World) -> None:
    budi = await servant(city, "Budi", "admin")
    person, _ = await who(city, budi)
    await say(city, budi, "/hapus")
    assert "satu-satunya" in budi.last.text
    assert (await who(city, budi))[0] == person


async def test_who_shut_us_out_and_agreed_to_nothing_is_forgotten(city: World) -> None:
    ani, budi = city.phone("Ani"), await citizen(city, "Budi")
    await ani.start()
    await city.settle()
    await say(city, ani, "STOP")
    for phone in (ani, budi):
        await phone.block()
    await city.settle()
    await city.advance(days=8)
    dump = await everything(city)
    keys = {row["key"] for row in dump["address"]}
    assert keys == {str(budi.chat_id)}, "his agreement is kept until he takes it back"
    assert len(dump["person"]) == 1


def test_every_table_is_in_the_register() -> None:
    """Who adds a table about people decides here what becomes of it when they are erased."""
    handled = {("address", "person_id"), ("dialog", "address_id")}
    assert "address_id" in metadata.tables["outbox"].columns, "a link without a key of its own"
    links = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.target_fullname in ("person.id", "address.id")
    }
    assert links == set(erasure.LINKS) | handled
    about = {table for table, _ in erasure.LINKS} | erasure.OWN
    assert not about & erasure.ABOUT_NOBODY
    assert about | erasure.ABOUT_NOBODY == set(metadata.tables)
    assert set(TITLES) == about, "each is told in the file under a title"


async def test_the_file_is_gone_from_the_database_once_it_is_sent(city: World) -> None:
    ani = await citizen(city)
    await say(city, ani, "/data_saya")
    dump = await everything(city)
    assert not [row for row in dump["outbox"] if row["body"]]
    assert [row for row in dump["person"] if row["language"] == "id"]
    assert Answer.__tablename__ in dump
    assert Person.__tablename__ in dump
