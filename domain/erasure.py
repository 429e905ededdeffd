"""The right to see and to erase (UU 27/2022 articles 32, 43 and 44)."""

from __future__ import annotations

from datetime import datetime

from domain import calendar
from domain.errors import Refused
from storage import audit, erasure, ledger, roles
from storage.base import Tx


async def may_erase(tx: Tx, person_id: int) -> None:
    """Raises Refused for the last admin: the office would be left without one."""
    held = {one.role for one in await roles.held_by(tx, person_id)}
    if "admin" in held and not await erasure.other_admins(tx, person_id):
        raise Refused("mydata.last_admin")


async def erase(tx: Tx, person_id: int, *, language: str, now: datetime, zone: str) -> int:
    """Erase everything about a person; the number of a new one that owns her addresses.

    What proves it has no content: a count for the day, and for staff a line that says that
    somebody with a role is gone. Raises Refused for the last admin.
    """
    await may_erase(tx, person_id)
    held = {one.role for one in await roles.held_by(tx, person_id)}
    new = await erasure.erase(tx, person_id, language=language)
    day = calendar.local_date(now, zone).isoformat()
    await ledger.count(tx, {("erasure.done", day): 1})
    for role in sorted(held):
        await audit.record(
            tx, at=now, actor_id=erasure.NOBODY, action="person.erased", object=f"role:{role}"
        )
    return new
