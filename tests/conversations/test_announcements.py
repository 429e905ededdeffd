"""An announcement on its way: figures, stop, the uncertain, crashes, and who may touch it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.telegram.codec import sign, verify
from domain import announcing
from simulator import Phone
from storage import announcements, recipients, roles
from storage.audit import Audit
from storage.session import Database
from tests.kit.admins import admin, announced, compose, do, progress, subscribers
from tests.kit.office import MELATI, small_city
from tests.kit.staff import labels, person_of
from tests.kit.world import World

TEXT = "Jalan Melati ditutup"


async def under_way(world: World, budi: Phone) -> int:
    """An announcement that was just agreed to; its number."""
    await compose(world, budi, TEXT, "Warga yang bersedia", "✓ Ya, kirim")
    async with world.database.reading() as tx:
        (one, *_) = await announcements.latest(tx, author_id=None, limit=1)
    return one.id


async def figures(world: World, number: int) -> dict[str, int]:
    async with world.database.reading() as tx:
        return await recipients.states(tx, number)


async def freeze(world: World, number: int, *, chunk: int) -> bool:
    async with world.database.transaction() as tx:
        return await announcing.freeze_step(tx, number, now=world.clock.now(), chunk=chunk)


async def done(world: World) -> None:
    """Everything that can still happen to an announcement, happens."""
    await world.tick()
    await world.advance(seconds=5)
    await world.advance(seconds=5)


# --- figures --------------------------------------------------------------------------------


async def test_a_block_the_platform_tells_us_of_is_a_reason(city: World) -> None:
    people = await subscribers(city, 3)
    budi = await admin(city)
    await under_way(city, budi)
    city.simulator.faults.add(kind="blocked", method="sendMessage", chat=people[1].chat_id)
    await done(city)
    told = progress(budi).text
    assert "Terkirim: 2 dari 3" in told
    assert "Gagal: 1" in told
    assert "1 orang: menutup percakapan dengan kami" in told
    assert announced(people[1], "") == []


async def test_many_blocks_are_one_line_and_everyone_else_gets_it(city: World) -> None:
    people = await subscribers(city, 4)
    budi = await admin(city)
    await under_way(city, budi)
    for phone in people[:2]:
        city.simulator.faults.add(kind="blocked", method="sendMessage", chat=phone.chat_id)
    await done(city)
    assert "2 orang: menutup percakapan" in progress(budi).text
    assert [len(announced(phone, TEXT)) for phone in people] == [0, 0, 1, 1]


# --- stop -----------------------------------------------------------------------------------


@pytest.fixture
async def slow_city(database: Database) -> AsyncIterator[World]:
    """A city whose announcements leave a few at a time."""
    await small_city(database)
    opened = await World(database, send_per_second=4).open()
    yield opened
    await opened.close()


async def test_a_stop_half_way_is_exact(slow_city: World) -> None:
    city = slow_city
    people = await subscribers(city, 8)
    budi = await admin(city)
    number = await under_way(city, budi)
    assert await freeze(city, number, chunk=100)
    city.clock.advance(timedelta(seconds=1))
    await city.program.sender.step()
    left = sum(len(announced(phone, TEXT)) for phone in people)
    assert 0 < left < 8
    await do(city, budi, "■ Hentikan pengiriman")
    await done(city)
    arrived = sum(len(announced(phone, TEXT)) for phone in people)
    states = await figures(city, number)
    assert states == {"sent": arrived, "cancelled": 8 - arrived}
    told = progress(budi).text
    assert "Dihentikan sebelum selesai" in told
    assert f"Terkirim: {arrived} dari 8" in told
    assert f"Tidak dikirim: {8 - arrived}" in told
    assert f"{8 - arrived} orang: pengiriman dihentikan" in told
    async with city.database.reading() as tx:
        actions = await tx.scalars(select(Audit.action).order_by(Audit.id.desc()).limit(1))
        assert list(actions) == ["announcement.stop"]


async def test_a_stop_while_the_list_is_being_written_ends_the_list(city: World) -> None:
    people = await subscribers(city, 5)
    budi = await admin(city)
    number = await under_way(city, budi)
    assert not await freeze(city, number, chunk=2)
    await do(city, budi, "■ Hentikan pengiriman")
    await done(city)
    states = await figures(city, number)
    assert sum(states.values()) == 2
    assert sum(len(announced(phone, TEXT)) for phone in people) == states.get("sent", 0)


async def test_stopping_twice_says_that_it_is_over(city: World) -> None:
    await subscribers(city, 1)
    budi = await admin(city)
    await under_way(city, budi)
    message = progress(budi)
    data = message.keyboard[0][0].value
    await done(city)
    await budi.press_raw(data, message.id)
    await city.settle()
    assert "sudah selesai atau sudah dihentikan" in budi.toasts[-1].text
    assert "Selesai." in next(m.text for m in budi.messages if m.id == message.id)


# --- crashes --------------------------------------------------------------------------------


async def test_a_crash_between_two_chunks_doubles_nobody(city: World) -> None:
    people = await subscribers(city, 7)
    budi = await admin(city)
    number = await under_way(city, budi)
    for _ in range(2):
        assert not await freeze(city, number, chunk=2)
        await city.program.sender.step()
        await city.crash()
    await done(city)
    assert [len(announced(phone, TEXT)) for phone in people] == [1] * 7
    assert await figures(city, number) == {"sent": 7}
    assert "Terkirim: 7 dari 7" in progress(budi).text


async def test_a_crash_with_messages_in_the_air_leaves_them_uncertain_and_undoubled(
    city: World,
) -> None:
    people = await subscribers(city, 4)
    budi = await admin(city)
    number = await under_way(city, budi)
    await freeze(city, number, chunk=100)
    await city.program.sender.settle()
    claimed = await city.program.sender.claim()
    await city.program.sender.deliver(claimed[0])  # arrived, and never written down
    await city.crash()
    await done(city)
    assert all(len(announced(phone, TEXT)) <= 1 for phone in people)
    states = await figures(city, number)
    assert states["uncertain"] >= 1
    assert sum(states.values()) == 4
    assert f"Belum pasti: {states['uncertain']}" in progress(budi).text


# --- the uncertain --------------------------------------------------------------------------


async def uncertain(world: World) -> tuple[Phone, list[Phone], int]:
    """An announcement that ended with one person of whom nobody knows."""
    people = await subscribers(world, 3)
    budi = await admin(world)
    number = await under_way(world, budi)
    world.simulator.faults.add(kind="drop_after", method="sendMessage", chat=people[0].chat_id)
    await done(world)
    return budi, people, number


async def test_the_uncertain_get_it_again_only_after_a_warning(city: World) -> None:
    budi, people, number = await uncertain(city)
    assert "Belum pasti: 1" in progress(budi).text
    assert "tidak memberi kepastian" in progress(budi).text
    await city.advance(minutes=30)
    assert len(announced(people[0], TEXT)) == 1, "never resent by itself"
    await do(city, budi, "Kirim ulang ke yang belum pasti")
    assert "menerima pesan yang sama dua kali" in budi.last.text
    await do(city, budi, "Kembali")
    await done(city)
    assert len(announced(people[0], TEXT)) == 1
    await do(city, budi, "Kirim ulang ke yang belum pasti", "Ya, kirim ulang")
    await done(city)
    assert [len(announced(phone, TEXT)) for phone in people] == [2, 1, 1]
    assert await figures(city, number + 1) == {"sent": 1}
    async with city.database.reading() as tx:
        trail = await tx.scalars(
            select(Audit.action).where(Audit.action.startswith("ann")).order_by(Audit.id)
        )
        assert list(trail) == ["announcement.confirm", "announcement.resend"]


async def test_the_same_uncertain_are_written_to_again_once(city: World) -> None:
    budi, people, _ = await uncertain(city)
    message = progress(budi)
    await do(city, budi, "Kirim ulang ke yang belum pasti")
    yes = next(b.value for row in message.keyboard for b in row if "annyes" in b.value)
    await do(city, budi, "Ya, kirim ulang")
    await budi.press_raw(yes, message.id)
    await city.settle()
    assert "sudah dikirim ulang sebagai nomor" in budi.toasts[-1].text
    await done(city)
    assert len(announced(people[0], TEXT)) == 2


# --- the list -------------------------------------------------------------------------------


async def test_an_admin_sees_her_announcements_with_their_figures(city: World) -> None:
    budi, _, number = await uncertain(city)
    dewi = await admin(city, "Dewi", unit=MELATI)
    await do(city, budi, "/pengumuman")
    assert f"{number}. {TEXT}" in budi.last.text
    assert "Terkirim 2 dari 3" in budi.last.text
    await do(city, budi, f"Nomor {number}")
    assert "Belum pasti: 1" in budi.last.text
    assert TEXT in budi.last.text
    await do(city, dewi, "/pengumuman")
    assert "Belum ada pengumuman" in dewi.last.text


async def test_progress_goes_on_in_a_new_message_when_the_first_never_arrived(
    city: World,
) -> None:
    people = await subscribers(city, 2)
    budi = await admin(city)
    await compose(city, budi, TEXT, "Warga yang bersedia")
    await budi.tap("✓ Ya, kirim")
    city.simulator.faults.add(kind="400", method="sendMessage", chat=budi.chat_id)
    await city.settle()
    await done(city)
    assert len(announced(people[0], TEXT)) == 1
    assert "Terkirim: 2 dari 2" in progress(budi).text


# --- who may --------------------------------------------------------------------------------


def callbacks(phone: Phone) -> list[tuple[int, str]]:
    """Every button that stands on a phone: its message and its data."""
    return [
        (message.id, button.value)
        for message in phone.messages
        if message.from_bot
        for row in message.keyboard
        for button in row
    ]


async def effects(world: World) -> tuple[object, ...]:
    """Everything that an admin's button could have changed."""
    async with world.database.reading() as tx:
        found = await announcements.latest(tx, author_id=None, limit=99)
        return (
            [(one.id, one.state, one.recipients) for one in found],
            [await recipients.states(tx, one.id) for one in found],
            len(list(await tx.scalars(select(Audit.id)))),
        )


@pytest.mark.full
async def test_no_admin_button_does_anything_for_a_citizen(city: World) -> None:
    budi, people, number = await uncertain(city)
    ani = people[0]
    captured: list[tuple[int, str]] = []
    for deeds in (
        ["/umumkan"],
        [TEXT],
        ["Pegawai satu unit"],
        ["Batal"],
        ["/umumkan", TEXT, "Warga yang bersedia"],
        ["/pengumuman"],
        [f"Nomor {number}"],
        ["Kirim ulang ke yang belum pasti"],
    ):
        await do(city, budi, *deeds)
        captured += callbacks(budi)
    city.clock.jump(timedelta(hours=12))
    await do(city, budi, "/umumkan", TEXT, "Warga yang bersedia", "✓ Ya, kirim")
    captured += callbacks(budi)
    await city.tick()
    values = {press.value for press in map(city_press(city, budi), captured) if press}
    assert {"!annstop:2", f"!annyes:{number}", f"!annagain:{number}"} <= values
    assert {"send", "test", "citizens", "unit"} <= values
    before = await effects(city)
    key, bot = city.keys.key("callback"), city.program.channel.bot_id
    for message, data in dict.fromkeys(captured):
        press = verify(key, bot, str(budi.chat_id), data)
        assert press is not None
        forged = sign(key, bot, str(ani.chat_id), press.ref, press.value)
        for attempt in (data, forged):
            await ani.press_raw(attempt, message)
            await city.settle()
    for command in ("/umumkan", "/pengumuman", TEXT, "umumkan"):
        await do(city, ani, command)
    assert await effects(city) == before
    assert not any("Pengumuman nomor" in m.text or "Untuk siapa" in m.text for m in ani.messages)


def city_press(world: World, phone: Phone):
    key, bot = world.keys.key("callback"), world.program.channel.bot_id
    return lambda item: verify(key, bot, str(phone.chat_id), item[1])


async def test_another_admin_cannot_touch_what_is_not_hers(city: World) -> None:
    budi, _, number = await uncertain(city)
    dewi = await admin(city, "Dewi", unit=MELATI)
    before = await effects(city)
    key, bot = city.keys.key("callback"), city.program.channel.bot_id
    for value in (
        f"!ann:{number}",
        f"!annstop:{number}",
        f"!annyes:{number}",
        "!ann:999",
        "!ann:x",
        "!annstop:" + "9" * 25,
    ):
        data = sign(key, bot, str(dewi.chat_id), "AAAAAAAA", value)
        await dewi.press_raw(data, dewi.last.id)
        await city.settle()
        assert re.search("tidak ada, atau bukan milik", dewi.last.text), value
    assert await effects(city) == before
    assert budi.chat_id


async def test_a_role_that_ended_between_press_and_handling_does_nothing(city: World) -> None:
    people = await subscribers(city, 2)
    budi = await admin(city)
    await admin(city, "Dewi")
    city.clock.jump(timedelta(hours=12))
    number = await under_way(city, budi)
    await city.tick()
    before = await figures(city, number)
    await budi.tap("■ Hentikan pengiriman")
    async with city.database.transaction() as tx:
        await roles.end(tx, await person_of(city, budi), "admin", at=city.clock.now())
    await city.settle()
    assert await figures(city, number) == before == {"ready": 2}
    assert "hanya untuk petugas" in budi.last.text
    assert "Tulis pengumuman" not in labels(budi)
    await city.advance(hours=11.2)
    assert [len(announced(phone, TEXT)) for phone in people] == [1, 1]
