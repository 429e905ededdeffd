"""Who may do what, read on every request."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, bindparam, func, insert, select, update

from storage.base import Tx
from storage.office import Unit
from storage.people import Address, Person
from storage.staff import Role


class Held(NamedTuple):
    """A role in force: "staff" or "admin", of one unit or (None) of all."""

    role: str
    unit_id: int | None


class Reach(NamedTuple):
    """How somebody is reached now: an active address, and the language to speak."""

    address_id: int
    language: str


def branch(unit_id: int) -> Select[tuple[int]]:
    """The ids of a unit and of all units below it, as a part of another query."""
    tree = select(Unit.id).where(Unit.id == unit_id).cte("branch", recursive=True)
    below = select(Unit.id).where(Unit.parent_id == tree.c.id)
    return select(tree.union(below).c.id)


# Built once: building a statement takes longer than running it.
_HELD = select(Role.role, Role.unit_id).where(
    Role.person_id == bindparam("person_id"), Role.ended_at.is_(None)
)


async def held_by(tx: Tx, person_id: int) -> list[Held]:
    """The roles a person holds now."""
    rows = await tx.execute(_HELD, {"person_id": person_id})
    return [Held(role, unit) for role, unit in rows]


async def holding(tx: Tx, role: str, person_ids: Collection[int]) -> set[int]:
    """Those of these people who hold a role now."""
    rows = await tx.execute(
        select(Role.person_id).where(
            Role.role == role, Role.ended_at.is_(None), Role.person_id.in_(person_ids)
        )
    )
    return set(rows.scalars())


async def reach(tx: Tx, person_ids: Collection[int]) -> dict[int, Reach]:
    """How to reach each of these people; who has no active address is absent."""
    rows = await tx.execute(
        select(Person.id, func.min(Address.id), Person.language)
        .join(Address, Address.person_id == Person.id)
        .where(Person.id.in_(person_ids), Address.active.is_(True))
        .group_by(Person.id, Person.language)
    )
    return {person: Reach(address, language) for person, address, language in rows}


async def grant(tx: Tx, person_id: int, role: str, unit_id: int | None, *, at: datetime) -> None:
    """Give a role; one already in force is ended first."""
    await end(tx, person_id, role, at=at)
    await tx.execute(
        insert(Role).values(person_id=person_id, role=role, unit_id=unit_id, since=at)
    )


async def end(tx: Tx, person_id: int, role: str, *, at: datetime) -> None:
    """Take a role away from this moment on."""
    await tx.execute(
        update(Role)
        .where(Role.person_id == person_id, Role.role == role, Role.ended_at.is_(None))
        .values(ended_at=at)
    )
