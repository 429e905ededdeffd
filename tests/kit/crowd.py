"""Many people at once, written straight into the tables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from simulator import Phone
from storage.base import Tx
from storage.office import Unit
from storage.people import Address, Consent, Person
from storage.staff import Role, Staff
from tests.kit.world import World

BOT = 7_000_000_001


async def people(tx: Tx, ids: list[int], *, language: str = "id") -> None:
    """Persons with these ids, each with an active address of the same id."""
    await tx.execute(
        insert(Person), [{"id": i, "language": language, "sample": False} for i in ids]
    )
    await tx.execute(
        insert(Address),
        [
            {
                "id": i,
                "channel": "telegram",
                "bot_id": BOT,
                "key": str(i),
                "person_id": i,
                "active": True,
            }
            for i in ids
        ],
    )


async def citizens(tx: Tx, ids: list[int], *, at: datetime, language: str = "id") -> None:
    """People who agreed to get announcements."""
    await people(tx, ids, language=language)
    await tx.execute(
        insert(Consent),
        [
            {
                "person_id": i,
                "purpose": "announcement",
                "version": "1",
                "channel": "telegram",
                "given_at": at,
                "withdrawn_at": None,
            }
            for i in ids
        ],
    )


async def staff(tx: Tx, ids: list[int], unit_id: int | None, *, at: datetime) -> None:
    """Civil servants of a unit."""
    await people(tx, ids)
    await tx.execute(
        insert(Role),
        [{"person_id": i, "role": "staff", "unit_id": unit_id, "since": at} for i in ids],
    )
    await tx.execute(
        insert(Staff),
        [{"person_id": i, "name": f"Pegawai {i}", "unit_id": unit_id} for i in ids],
    )


async def unit(
    tx: Tx, unit_id: int, name: str, *, parent: int | None = None, zone: str = "Asia/Jakarta"
) -> None:
    """A unit of the tree."""
    await tx.execute(
        insert(Unit).values(id=unit_id, key=f"u{unit_id}", name=name, zone=zone, parent_id=parent)
    )


async def receivers(world: World, n: int) -> list[Phone]:
    """People who can be written to, without the way there; a phone's chat id is its address id."""
    first = 9_000_000_001
    phones = []
    for user_id in range(first, first + n):
        phones.append(world.simulator.person(f"Penerima {user_id - first}", user_id=user_id))
        phones[-1]._person.started = True
    async with world.database.transaction() as tx:
        await people(tx, [phone.chat_id for phone in phones])
    return phones
