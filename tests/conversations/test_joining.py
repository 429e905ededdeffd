"""An invitation makes somebody a civil servant once, and nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from domain import joining
from storage import roles, staff
from storage.audit import Audit
from storage.staff import Invitation, Role
from storage.staff import Staff as StaffRow
from tests.kit.office import CITY, DUKCAPIL, MELATI
from tests.kit.staff import hand_over, invitation, join, labels, person_of, written
from tests.kit.world import World


async def count(world: World, table: type) -> int:
    async with world.database.reading() as tx:
        return await tx.scalar(select(func.count()).select_from(table)) or 0


async def test_the_offer_says_the_unit_what_is_kept_and_that_it_is_no_threat(city: World) -> None:
    sri = city.phone("Sri")
    await sri.start(await invitation(city, "staff", DUKCAPIL))
    await city.settle()
    for promise in ("pegawai", "Disdukcapil", "/data_saya", "bukan untuk sanksi"):
        assert promise in sri.last.text
    assert labels(sri) == ["Terima", "Tolak"]
    assert await count(city, Role) == 0, "opening is not accepting"


async def test_accepting_gives_the_role_asks_three_things_and_is_recorded(city: World) -> None:
    sri = await join(city, "Sri Wahyuni", unit=DUKCAPIL, group="Pengawas", hour="09.00")
    assert "Terima kasih, Sri Wahyuni" in sri.last.text
    assert labels(sri) == ["Nilai kompetensi saya", "Belajar", "Menu"]
    person = await person_of(city, sri)
    async with city.database.reading() as tx:
        servant = await staff.servant(tx, person)
        assert servant is not None
        assert (servant.name, servant.unit_name) == ("Sri Wahyuni", "Disdukcapil")
        assert (servant.position_group, servant.lesson_hour) == ("pengawas", 9)
        assert await roles.held_by(tx, person) == [roles.Held("staff", DUKCAPIL)]
        trail = await tx.execute(select(Audit.actor_id, Audit.action, Audit.object))
        assert sorted((tuple(row) for row in trail), key=str) == [
            (person, "role.grant", f"staff:{DUKCAPIL}"),
            (None, "role.invite", f"staff:{DUKCAPIL}"),
        ]


async def test_the_questionnaire_of_joining_is_one_message_while_one_taps(city: World) -> None:
    sri = city.phone("Sri")
    await sri.start(await invitation(city, "staff", DUKCAPIL))
    await city.settle()
    offer = sri.last
    await sri.tap("Terima")
    await city.settle()
    assert sri.last.id == offer.id
    assert "ketik nama" in sri.last.text


async def test_an_admin_is_asked_for_the_name_alone(city: World) -> None:
    budi = city.phone("Budi")
    await budi.start(await invitation(city, "admin", CITY))
    await city.settle()
    assert "sebagai admin" in budi.last.text
    assert "dicatat" in budi.last.text
    await budi.tap("Terima")
    await city.settle()
    await budi.send("Budi Santoso")
    await city.settle()
    assert "Terima kasih, Budi Santoso" in budi.last.text
    assert "Belajar" not in labels(budi)
    async with city.database.reading() as tx:
        assert await roles.held_by(tx, await person_of(city, budi)) == [roles.Held("admin", CITY)]


async def test_declining_leaves_nothing_and_the_invitation_usable(city: World) -> None:
    payload = await invitation(city, "staff", MELATI)
    sri, tono = city.phone("Sri"), city.phone("Tono")
    await sri.start(payload)
    await city.settle()
    await sri.tap("Tolak")
    await city.settle()
    assert "tidak ada yang disimpan" in sri.last.text
    assert await count(city, Role) == await count(city, StaffRow) == 0
    await tono.start(payload)
    await city.settle()
    await tono.tap("Terima")
    await city.settle()
    assert await count(city, Role) == 1


async def test_a_second_user_is_refused_and_the_first_is_told_once(city: World) -> None:
    payload = await invitation(city, "staff", DUKCAPIL)
    sri, thief = city.phone("Sri"), city.phone("Maling")
    await sri.start(payload)
    await city.settle()
    await sri.tap("Terima")
    await city.settle()
    for _ in range(3):
        await thief.start(payload)
        await city.settle()
    assert "sudah dipakai" in " ".join(written(thief))
    assert await count(city, Role) == 1
    assert sum("dibuka oleh orang lain" in text for text in written(sri)) == 1


async def test_two_who_hold_the_same_offer_open_only_one_gets_in(city: World) -> None:
    payload = await invitation(city, "staff", DUKCAPIL)
    sri, thief = city.phone("Sri"), city.phone("Maling")
    for phone in (sri, thief):
        await phone.start(payload)
    await city.settle()
    await sri.tap("Terima")
    await thief.tap("Terima")
    await city.settle()
    assert await count(city, Role) == 1
    async with city.database.reading() as tx:
        assert await roles.held_by(tx, await person_of(city, sri))
        assert not await roles.held_by(tx, await person_of(city, thief))


async def test_the_owner_opening_it_again_is_told_kindly_and_not_warned(city: World) -> None:
    payload = await invitation(city, "staff", DUKCAPIL)
    sri = city.phone("Sri")
    await sri.start(payload)
    await city.settle()
    await sri.tap("Terima")
    await city.settle()
    await sri.start(payload)
    await city.settle()
    assert any("sudah Bapak/Ibu pakai" in text for text in written(sri))
    assert not any("orang lain" in text for text in written(sri))


async def test_after_48_hours_it_is_over_even_with_the_offer_on_the_screen(city: World) -> None:
    payload = await invitation(city, "staff", DUKCAPIL)
    sri, tono = city.phone("Sri"), city.phone("Tono")
    await sri.start(payload)
    await city.settle()
    city.clock.advance(timedelta(hours=48))
    await tono.start(payload)
    await sri.tap("Terima")
    await city.settle()
    assert any("48 jam" in text for text in written(tono))
    assert await count(city, Role) == 0


async def test_one_minute_earlier_it_still_counts(city: World) -> None:
    payload = await invitation(city, "staff", DUKCAPIL)
    sri = city.phone("Sri")
    city.clock.advance(timedelta(hours=47, minutes=59))
    await sri.start(payload)
    await city.settle()
    await sri.tap("Terima")
    await city.settle()
    assert await count(city, Role) == 1


async def test_whoever_has_the_role_already_does_not_use_another_invitation_up(
    city: World,
) -> None:
    sri = await join(city, "Sri", unit=DUKCAPIL)
    payload = await invitation(city, "staff", DUKCAPIL)
    await sri.start(payload)
    await city.settle()
    assert any("belum terpakai" in text for text in written(sri))
    tono = city.phone("Tono")
    await tono.start(payload)
    await city.settle()
    assert labels(tono) == ["Terima", "Tolak"]


async def test_moving_to_another_unit_keeps_name_and_ends_the_old_role(city: World) -> None:
    sri = await join(city, "Sri Wahyuni", unit=DUKCAPIL, hour="09.00")
    await sri.start(await invitation(city, "staff", MELATI))
    await city.settle()
    await sri.tap("Terima")
    await city.settle()
    assert "Terima kasih, Sri Wahyuni" in sri.last.text
    async with city.database.reading() as tx:
        person = await person_of(city, sri)
        assert await roles.held_by(tx, person) == [roles.Held("staff", MELATI)]
        servant = await staff.servant(tx, person)
    assert servant is not None
    assert (servant.unit_id, servant.lesson_hour) == (MELATI, 9)


@pytest.mark.parametrize(
    "payload",
    [
        "i",
        "i1",
        "i" + "A" * 32,
        "i" + "A" * 63,
        "i" + "-" * 32,
        "i%00" + "A" * 20,
        "i' OR 1=1 --",
        "iabc def",
        "i" + "é" * 16,
        "i" + "\u202e" * 8,
        "i" + "A" * 2000,
        "iNULL",
    ],
)
async def test_a_payload_that_is_no_invitation_gets_a_kind_answer_and_no_role(
    city: World, payload: str
) -> None:
    await invitation(city, "admin", None)
    eve = city.phone("Eve")
    await eve.start(payload)
    await city.settle()
    assert any("tidak kami kenal" in text for text in written(eve))
    assert await count(city, Role) == 0


async def test_near_misses_of_a_real_payload_open_nothing(city: World) -> None:
    payload = await invitation(city, "admin", None)
    near = [payload[:-1], payload + "A", payload.swapcase(), "I" + payload[1:], payload[1:]]
    near.append(payload[:5] + ("A" if payload[5] != "A" else "B") + payload[6:])
    for number, guess in enumerate(near):
        eve = city.phone(f"Eve {number}")
        await eve.start(guess)
        await city.settle()
        assert "Terima" not in labels(eve)
    assert await count(city, Role) == 0


async def test_five_wrong_ones_in_an_hour_and_even_a_right_one_has_to_wait(city: World) -> None:
    eve = city.phone("Eve")
    for number in range(5):
        await eve.start(f"iwrong{number}")
        await city.settle()
    real = await invitation(city, "staff", DUKCAPIL)
    await eve.start(real)
    await city.settle()
    assert "satu jam lagi" in " ".join(written(eve))
    assert not any("Terima" in labels(eve) for _ in "x")
    city.clock.advance(timedelta(hours=1, seconds=1))
    await eve.start(real)
    await city.settle()
    assert labels(eve) == ["Terima", "Tolak"]


async def test_only_a_hash_of_the_payload_is_in_the_database(city: World) -> None:
    payload = await invitation(city, "staff", DUKCAPIL)
    sri = city.phone("Sri")
    await sri.start(payload)
    await city.settle()
    await sri.tap("Terima")
    await city.settle()
    code = payload[1:]
    async with city.database.reading() as tx:
        (row,) = await tx.execute(select(Invitation.__table__))
        assert row.hash == joining.digest(city.keys, code)
        from storage.tables import metadata

        for table in metadata.sorted_tables:
            for line in await tx.execute(select(table)):
                assert code not in str(tuple(line)), table.name
                assert code.encode() not in b"".join(
                    bytes(v) for v in line if isinstance(v, bytes | memoryview)
                )


@pytest.mark.parametrize("typed", ["a", "12345", "...", "x" * 81, "\u200b\u200b", "🙂🙂"])
async def test_what_is_no_name_is_asked_for_again(city: World, typed: str) -> None:
    sri = city.phone("Sri")
    await sri.start(await invitation(city, "staff", DUKCAPIL))
    await city.settle()
    await sri.tap("Terima")
    await city.settle()
    await sri.send(typed)
    await city.settle()
    assert "ketik nama" in sri.last.text
    await sri.send("  Siti \n Nur'aini,  S.Sos. ")
    await city.settle()
    assert "kelompok jabatan" in sri.last.text
    async with city.database.reading() as tx:
        servant = await staff.servant(tx, await person_of(city, sri))
    assert servant is not None
    assert servant.name == "Siti Nur'aini, S.Sos."


async def test_position_groups_are_turned_over_and_hours_typed(city: World) -> None:
    sri = city.phone("Sri")
    await sri.start(await invitation(city, "staff", DUKCAPIL))
    await city.settle()
    await sri.tap("Terima")
    await city.settle()
    await sri.send("Sri")
    await city.settle()
    seen = labels(sri)[:-1]
    while "Lainnya" in labels(sri):
        await sri.tap("Lainnya")
        await city.settle()
        seen += [one for one in labels(sri) if one not in ("Lainnya", "Sebelumnya")]
    groups = city.program.bank.groups
    assert seen == [group.name["id"] for group in groups]
    await sri.tap(groups[-1].name["id"])
    await city.settle()
    await sri.send("17")
    await city.settle()
    assert "Mohon pilih salah satu jam" in sri.last.text
    await sri.send("8")
    await city.settle()
    async with city.database.reading() as tx:
        servant = await staff.servant(tx, await person_of(city, sri))
    assert servant is not None
    assert (servant.position_group, servant.lesson_hour) == (groups[-1].key, 8)


async def test_the_profile_shows_and_corrects(city: World) -> None:
    sri = await join(city, "Sri", unit=DUKCAPIL)
    await sri.send("/profil")
    await city.settle()
    assert "Nama: Sri" in sri.last.text
    await sri.tap("Betulkan nama")
    await city.settle()
    await sri.send("Sri Wahyuni")
    await city.settle()
    assert "Nama: Sri Wahyuni" in sri.last.text
    await sri.tap("Ganti kelompok jabatan")
    await city.settle()
    await sri.tap("Administrator")
    await city.settle()
    assert "Kelompok jabatan: Administrator" in sri.last.text


async def test_it_all_works_in_english(city: World) -> None:
    jo = await join(
        city, "Jo", unit=DUKCAPIL, group="Executing staff", hour="09:00", language="en"
    )
    assert "Thank you, Jo" in jo.last.text


async def test_a_killed_program_goes_on_where_it_was(city: World) -> None:
    sri = city.phone("Sri")
    await sri.start(await invitation(city, "staff", DUKCAPIL))
    await city.settle()
    await sri.tap("Terima")
    await city.settle()
    await city.crash()
    await sri.send("Sri")
    await city.settle()
    assert "kelompok jabatan" in sri.last.text
    assert await hand_over(city) == 0
