"""Which units somebody may reach: a branch of the unit tree, checked in one place."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import Refused
from storage import office
from storage.base import Tx
from storage.office import TreeUnit
from storage.roles import held_by


@dataclass(frozen=True)
class Scope:
    """The part of the unit tree that a role covers."""

    top: int | None  # None: all units
    units: dict[int, TreeUnit]  # those within, by id
    whole: bool  # nothing of the government lies outside

    def __contains__(self, unit_id: int | None) -> bool:
        """Whether the unit lies within; None stands for the whole government."""
        return self.whole if unit_id is None else unit_id in self.units

    def below(self, unit_id: int | None) -> list[TreeUnit]:
        """The units directly below one, or (None) the highest within, by name."""
        if unit_id is None:
            found = [u for u in self.units.values() if u.parent_id not in self.units]
        else:
            found = [u for u in self.units.values() if u.parent_id == unit_id]
        return sorted(found, key=lambda unit: unit.name.casefold())

    def zone(self, unit_id: int | None, otherwise: str) -> str:
        """The zone of a unit within, or (None) of the office; `otherwise` when there is none."""
        if unit_id in self.units:
            return self.units[unit_id].zone
        highest = self.below(None)
        return highest[0].zone if highest else otherwise

    @property
    def name(self) -> str:
        """The office the role speaks for; "" when the government is not one tree."""
        highest = self.below(None)
        return highest[0].name if len(highest) == 1 else ""


async def scope(tx: Tx, person_id: int, role: str = "admin") -> Scope:
    """What a person's role covers now. Raises Refused when she does not hold it."""
    held = [one for one in await held_by(tx, person_id) if one.role == role]
    if not held:
        raise Refused("turn.not_allowed")
    units = {unit.id: unit for unit in await office.places(tx)}
    top = held[0].unit_id
    if top is None:
        return Scope(None, units, whole=True)
    within = {unit.id: unit for unit in units.values() if _lies_below(unit, top, units)}
    return Scope(top, within, whole=len(within) == len(units))


def _lies_below(unit: TreeUnit, top: int, units: dict[int, TreeUnit]) -> bool:
    """Whether `top` is the unit itself or above it; a tree that bites its tail has no top."""
    seen: set[int] = set()
    at: int | None = unit.id
    while at is not None and at not in seen:
        if at == top:
            return True
        seen.add(at)
        at = units[at].parent_id if at in units else None
    return False
