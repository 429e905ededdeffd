"""The people of the sample city, and what hangs on its walls to be scanned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.clock import Clock
from channels.telegram import Telegram
from content.office import OfficeFile
from domain import joining
from domain.errors import Refused
from domain.keys import Keys
from domain.seeding import payload
from simulator import Scannable
from storage import people, roles, seeding, staff
from storage.base import Tx
from storage.session import Database

FIRST_USER = 5_000_000_001
LESSON_HOURS = (9, 10)  # the demo opens at nine: the first lesson is there at once


class Inhabitant(NamedTuple):
    """Somebody of the sample city with a phone."""

    name: str
    user_id: int
    role: str


async def settle(tx: Tx, office: OfficeFile, *, bot_id: int, at: datetime) -> list[Inhabitant]:
    """Make the people of a sample known, those who serve as joined already; again is harmless."""
    units = await seeding.units(tx)
    found = [
        Inhabitant(one.name, FIRST_USER + number, one.role)
        for number, one in enumerate(office.people)
    ]
    keys = [(str(one.user_id), "id") for one in found]
    known = await people.callers(tx, Telegram.channel, bot_id, keys)
    await seeding.mark_sample_people(tx, [caller.person_id for caller in known.values()])
    hours = iter(LESSON_HOURS)
    for one, person in zip(found, office.people, strict=True):
        person_id = known[str(one.user_id)].person_id
        if person.unit is None or await roles.held_by(tx, person_id):
            continue
        unit_id = units[person.unit].id
        await roles.grant(tx, person_id, person.role, unit_id, at=at)
        await staff.enlist(tx, person_id, unit_id)
        await staff.set_name(tx, person_id, person.name)
        if person.group is not None:
            await staff.set_position(tx, person_id, person.group)
            await staff.set_lessons(tx, person_id, hour=next(hours, LESSON_HOURS[-1]))
    return found


class City:
    """What can be scanned in the city."""

    def __init__(self, database: Database, keys: Keys, clock: Clock) -> None:
        """Nothing is made before somebody looks."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._invitations: dict[str, str] = {}  # role → payload that can still be used

    async def scannables(self) -> Sequence[Scannable]:
        """Every service point in use, and an unused invitation to each role."""
        async with self._database.reading() as tx:
            placed = await seeding.placed(tx)
            units = await seeding.units(tx)
        points = [Scannable(one.name, one.unit, payload(one.code)) for one in placed if one.active]
        invitations = []
        for role, unit in (("staff", "puskesmas-kenanga"), ("admin", "kota")):
            if unit in units:
                code = await self._invitation(role, units[unit].id)
                invitations.append(Scannable(role, units[unit].name, code, "invite"))
        return [*points, *invitations]

    async def _invitation(self, role: str, unit_id: int) -> str:
        now = self._clock.now()
        async with self._database.transaction() as tx:
            kept = self._invitations.get(role)
            if kept is not None and await self._usable(tx, kept, now):
                return kept
            made = await joining.invite(tx, self._keys, role, unit_id, now)
        self._invitations[role] = made
        return made

    async def _usable(self, tx: Tx, code: str, now: datetime) -> bool:
        try:
            await joining.look(tx, joining.digest(self._keys, code[1:]), 0, now)
        except Refused:
            return False
        return True
