"""Civil servants for the stories: invited, accepted, named, and time that passes for them."""

from __future__ import annotations

from datetime import timedelta

from domain import joining
from handlers import due
from simulator import Phone
from tests.kit.world import World


async def invitation(world: World, role: str = "staff", unit: int | None = None) -> str:
    """A fresh invitation's start payload."""
    async with world.database.transaction() as tx:
        return await joining.invite(tx, world.keys, role, unit, world.clock.now())


async def join(
    world: World,
    name: str,
    *,
    role: str = "staff",
    unit: int | None = None,
    group: str = "Pelaksana",
    hour: str = "Tidak usah",
    language: str = "id",
) -> Phone:
    """Somebody who went all the way through an invitation."""
    phone = world.phone(name, language=language)
    await phone.start(await invitation(world, role, unit))
    await world.settle()
    await phone.tap("Terima" if language == "id" else "Accept")
    await world.settle()
    await phone.send(name)
    await world.settle()
    if role == "staff":
        await phone.tap(group)
        await world.settle()
        await phone.tap(hour)
        await world.settle()
    return phone


async def person_of(world: World, phone: Phone) -> int:
    """The person behind a phone."""
    from storage import people

    async with world.database.reading() as tx:
        bot_id = world.program.channel.bot_id
        found = await people.callers(tx, "telegram", bot_id, [(str(phone.chat_id), "id")])
    return found[str(phone.chat_id)].person_id


async def hand_over(world: World) -> int:
    """What the metronome does, and whatever follows from it; how many occurrences."""
    handed = 0
    while True:
        async with world.database.transaction() as tx:
            now = await due.hand_over(world.program.house, tx, world.clock.now())
        if not now:
            break
        handed += now
    await world.settle()
    return handed


async def later(world: World, **by: float) -> int:
    """Let time pass and the metronome strike once."""
    world.clock.advance(timedelta(**by))
    return await hand_over(world)


def labels(phone: Phone) -> list[str]:
    """The buttons under the newest message."""
    return [button.label for row in phone.last.keyboard for button in row]


def written(phone: Phone) -> list[str]:
    """Everything the bot has written that still stands."""
    return [m.text for m in phone.messages if m.from_bot and not m.deleted]
