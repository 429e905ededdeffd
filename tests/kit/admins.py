"""Admins and subscribers for the stories."""

from __future__ import annotations

from simulator import Phone
from simulator.messages import ChatMessage
from tests.kit.staff import join, labels
from tests.kit.world import World


async def admin(world: World, name: str = "Budi", *, unit: int | None = None) -> Phone:
    """Somebody who accepted an invitation as admin, of one unit or of everything."""
    return await join(world, name, role="admin", unit=unit)


async def subscriber(world: World, name: str, *, language: str = "id") -> Phone:
    """A citizen who agreed to get announcements."""
    phone = world.phone(name, language=language)
    for words in ("/start", "/langganan"):
        await phone.send(words)
        await world.settle()
    await phone.tap(labels(phone)[0])
    await world.settle()
    return phone


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
        if m.from_bot and m.text.startswith("Pengumuman nomor ") and "Terkirim:" in m.text
    ]
    return found[-1]
