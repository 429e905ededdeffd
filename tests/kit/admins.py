"""Admins and subscribers for the stories."""

from __future__ import annotations

from domain import consent
from simulator import Phone
from simulator.messages import ChatMessage
from tests.kit.staff import join, labels, person_of
from tests.kit.world import World


async def admin(world: World, name: str = "Budi", *, unit: int | None = None) -> Phone:
    """Somebody who accepted an invitation as admin, of one unit or of everything."""
    return await join(world, name, role="admin", unit=unit)


async def subscriber(world: World, name: str, *, language: str = "id") -> Phone:
    """A citizen who agreed to get announcements, on her phone."""
    phone = world.phone(name, language=language)
    for words in ("/start", "/langganan"):
        await phone.send(words)
        await world.settle()
    await phone.tap(labels(phone)[0])
    await world.settle()
    return phone


async def subscribers(world: World, n: int) -> list[Phone]:
    """Several citizens who agreed: quicker, for stories about something else."""
    phones = [world.phone(f"Warga {number}") for number in range(n)]
    for phone in phones:
        await phone.start()
    await world.settle()
    for phone in phones:
        person = await person_of(world, phone)
        async with world.database.transaction() as tx:
            await consent.agree(
                tx,
                person,
                consent.ANNOUNCEMENT,
                channel="telegram",
                now=world.clock.now(),
                zone=world.program.house.zone,
            )
    return phones


async def do(world: World, phone: Phone, *deeds: str) -> None:
    """One deed after the other: a label that is on the screen is tapped, else it is typed."""
    for deed in deeds:
        if phone.messages and phone.standing(deed):
            await phone.tap(deed)
        else:
            await phone.send(deed)
        await world.settle()


async def compose(world: World, phone: Phone, text: str, *audience: str) -> None:
    """Write an announcement up to the look at it."""
    await do(world, phone, "/umumkan", text, *audience)


def announced(phone: Phone, words: str) -> list[ChatMessage]:
    """The announcements with these words that arrived on a phone."""
    return [
        m
        for m in phone.messages
        if m.from_bot
        and m.text.startswith(("Pengumuman dari", "Announcement from"))
        and words in m.text
    ]


def progress(phone: Phone) -> ChatMessage:
    """The newest message that tells how far an announcement is."""
    found = [
        m
        for m in phone.messages
        if m.from_bot and m.text.startswith("Pengumuman nomor ") and "disetujui" not in m.text
    ]
    return found[-1]
