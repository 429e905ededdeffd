"""Coming in by a QR that works, one that does not, or none."""

from __future__ import annotations

import pytest

from tests.conversations.citizen import labels, responses, say, scan, tap
from tests.kit.office import DOMISILI, KTP, LOKET, MEJA, OLD
from tests.kit.world import World

RATING = ["Tidak puas", "Kurang puas", "Puas", "Sangat puas"]


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        (LOKET, "Loket 2, Disdukcapil – KTP elektronik"),
        (MEJA, "Layanan apa yang Bapak/Ibu terima?"),
        (OLD, "kode QR itu sudah tidak dipakai"),
        (LOKET[:-1], "tidak kami kenali"),  # cut short
        (LOKET[:-1] + "b", "tidak kami kenali"),  # one letter off
        (LOKET.swapcase(), "tidak kami kenali"),  # other case
        (LOKET[1:], "tidak kami kenali"),  # without its first letter
        ("p", "tidak kami kenali"),
        ("p" + "a" * 63, "tidak kami kenali"),
        ("x" * 64, "tidak kami kenali"),
        ("p" + "a" * 64, "tidak kami kenali"),  # 65: more than Telegram's links carry
        ("../../etc/passwd", "tidak kami kenali"),
        ("p%", "tidak kami kenali"),
        ("p' OR 1=1 --", "tidak kami kenali"),
        ("z9", "tidak kami kenali"),
        ("", "Di kantor mana Bapak/Ibu dilayani?"),
    ],
)
async def test_every_payload_gets_a_kind_answer_and_a_way_on(
    city: World, payload: str, outcome: str
) -> None:
    ani = await scan(city, payload=payload)
    assert outcome in ani.last.text
    assert labels(ani)
    assert await responses(city) == []


async def test_a_desk_without_a_service_asks_which_and_keeps_the_desk(city: World) -> None:
    ani = await scan(city, payload=MEJA)
    assert "Meja pelayanan" in ani.last.text
    assert labels(ani)[:2] == ["Surat keterangan domisili", "Surat keterangan usaha"]
    await tap(city, ani, "Surat keterangan domisili")
    assert "Meja pelayanan, Kelurahan Melati – Surat keterangan domisili" in ani.last.text
    await tap(city, ani, "Puas")
    (row,) = await responses(city)
    assert (row["service_id"], row["point_id"], row["visit_kind"]) == (DOMISILI, 2, "poster")


async def test_a_closed_counter_leads_to_the_services_of_its_office(city: World) -> None:
    ani = await scan(city, payload=OLD)
    assert labels(ani)[:3] == ["Akta kelahiran", "KTP elektronik", "Kartu keluarga"]
    await tap(city, ani, "KTP elektronik", "Puas")
    (row,) = await responses(city)
    assert (row["point_id"], row["visit_kind"]) == (None, "search")


async def test_without_a_qr_by_the_menus(city: World) -> None:
    ani = await scan(city, payload="")
    assert ani.last.text.startswith("Selamat pagi, Bapak/Ibu.")
    assert labels(ani) == ["Disdukcapil", "Kelurahan Melati", "Kelurahan Timur", "Menu"]
    await tap(city, ani, "Disdukcapil", "KTP elektronik")
    assert "Disdukcapil – KTP elektronik" in ani.last.text
    await tap(city, ani, "Sangat puas")
    (row,) = await responses(city)
    assert (row["service_id"], row["point_id"], row["visit_kind"]) == (KTP, None, "search")


async def test_a_long_list_is_turned_over_and_back(city: World) -> None:
    ani = await scan(city, payload="")
    await say(city, ani, "3")
    assert labels(ani) == [
        *(f"Layanan {n:02}" for n in range(8)),
        "Berikutnya",
        "Semua kantor",
        "Menu",
    ]
    await tap(city, ani, "Berikutnya")
    assert labels(ani) == [
        "Layanan 08",
        "Layanan 09",
        "Layanan 10",
        "Sebelumnya",
        "Semua kantor",
        "Menu",
    ]
    await tap(city, ani, "Sebelumnya", "Semua kantor")
    assert labels(ani)[0] == "Disdukcapil"


@pytest.mark.parametrize(
    "typed",
    ["ktp", "KTP", "e-ktp", "mau urus KTP", "ktp elektronk", "saya ingin menilai layanan ktp"],
)
async def test_typing_finds_the_service(city: World, typed: str) -> None:
    ani = await scan(city, payload="")
    await say(city, ani, typed)
    assert "Apakah ini layanan yang dimaksud?" in ani.last.text
    assert labels(ani)[0] == "KTP elektronik – Disdukcapil"
    await say(city, ani, "1")
    assert labels(ani) == RATING


async def test_what_resembles_nothing_is_said_so_with_the_list(city: World) -> None:
    ani = await scan(city, payload="")
    await say(city, ani, "qwxyz")
    assert "belum kami temukan" in ani.last.text
    assert labels(ani)[0] == "Disdukcapil"


async def test_a_place_with_another_zone_greets_by_its_own_hour(city: World) -> None:
    ani = await scan(city, payload="")  # 09.00 in Jakarta, 11.00 in Jayapura
    await say(city, ani, "3", "1")
    assert ani.last.text.startswith("Selamat siang")


async def test_english_is_complete(city: World) -> None:
    ani = city.phone("Ann", language="en")
    await ani.start(LOKET)
    await city.settle()
    assert ani.last.text.startswith("Good morning.")
    await tap(city, ani, "Satisfied", "Begin", "Suitable")
    assert "2 of 9" in ani.last.text
    (row,) = await responses(city)
    assert row["language"] == "en"
