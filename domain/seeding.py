"""Planting an office from its file, again and again, without ever losing what hangs on it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from content.office import OfficeFile
from domain.errors import Refused
from storage import audit, seeding
from storage.base import Tx
from storage.office import Service, ServicePoint, Unit
from storage.seeding import Table

POINT = "p"
"""First letter of the start payload of a service point."""

_CODE_BYTES = 10  # 80 bits in 16 letters: short enough for a coarse QR code


@dataclass
class Kind:
    """What planting did with the units, or services, or points of a file, by their keys."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)  # in the database, not in the file


@dataclass
class Planted:
    """What planting did."""

    units: Kind = field(default_factory=Kind)
    services: Kind = field(default_factory=Kind)
    points: Kind = field(default_factory=Kind)


def payload(code: str) -> str:
    """The start payload of the service point with this code."""
    return POINT + code


async def plant(tx: Tx, office: OfficeFile, *, at: datetime) -> Planted:
    """Bring units, services and points in line with a file; what it does not name stays.

    Things are known by their keys: a new name is a change, and a point keeps its code, because
    its poster hangs. Raises Refused when the sample would overwrite an office's own.
    """
    units, services, points = (
        await seeding.units(tx),
        await seeding.services(tx),
        await seeding.points(tx),
    )
    if office.sample:
        _keep_off(units, office.units)
        _keep_off(services, office.services)
        _keep_off(points, office.points)
    done = Planted()
    unit_ids = {key: unit.id for key, unit in units.items()}
    for unit in office.units:
        parent = unit_ids[unit.parent] if unit.parent else None
        values = {"name": unit.name, "zone": unit.zone, "parent_id": parent}
        unit_ids[unit.key] = await _one(
            tx, Unit, done.units, unit.key, units.get(unit.key), values, office.sample
        )
    service_ids = {key: service.id for key, service in services.items()}
    for service in office.services:
        values = {"name": service.name, "unit_id": unit_ids[service.unit]}
        service_ids[service.key] = await _one(
            tx,
            Service,
            done.services,
            service.key,
            services.get(service.key),
            values,
            office.sample,
        )
    for point in office.points:
        # One service: the scan leads straight to it. Several or none: the person is asked.
        only = service_ids[point.services[0]] if len(point.services) == 1 else None
        values = {"name": point.name, "unit_id": unit_ids[point.unit], "service_id": only}
        known = points.get(point.key)
        if known is None:
            values["code"] = _code()
            values["active"] = True
        await _one(tx, ServicePoint, done.points, point.key, known, values, office.sample)
    for kind, there, named in (
        (done.units, units, office.units),
        (done.services, services, office.services),
        (done.points, points, office.points),
    ):
        kind.elsewhere = sorted(there.keys() - {one.key for one in named})
    if _any_change(done):
        what = "sample" if office.sample else "office"
        await audit.record(tx, at=at, actor_id=None, action="office.seed", object=what)
    return done


async def remove_sample(tx: Tx, *, at: datetime) -> dict[str, int]:
    """Take the sample city out; returns how many of what it was.

    Raises SampleInUse when anything real hangs on it.
    """
    hanging = await seeding.hanging_on_sample(tx)
    if hanging:
        raise SampleInUse(hanging)
    size = await seeding.sample_size(tx)
    if any(size.values()):
        await seeding.remove_sample(tx)
        await audit.record(tx, at=at, actor_id=None, action="office.unseed", object="sample")
    return size


class SampleInUse(Exception):
    """Something real hangs on the sample: `hanging` says how many of what."""

    def __init__(self, hanging: Mapping[str, int]) -> None:
        """Keep the counts."""
        super().__init__(hanging)
        self.hanging = dict(hanging)


async def _one(
    tx: Tx,
    table: Table,
    kind: Kind,
    key: str,
    known: Any,
    values: dict[str, Any],
    sample: bool,
) -> int:
    if known is None:
        kind.added.append(key)
        return await seeding.add(tx, table, key=key, sample=sample, **values)
    row_id: int = known.id
    wanted = {**values, "sample": sample}
    different = {name: value for name, value in wanted.items() if getattr(known, name) != value}
    (kind.changed if different else kind.same).append(key)
    if different:
        await seeding.change(tx, table, row_id, different)
    return row_id


def _keep_off(known: Mapping[str, Any], sample: Iterable[Any]) -> None:
    """The sample must not rename what an office planted itself."""
    own = {key for key, one in known.items() if not one.sample}
    taken = sorted(own.intersection(one.key for one in sample))
    if taken:
        raise Refused("cli.sample_over_own", keys=", ".join(taken))


def _any_change(done: Planted) -> bool:
    return any(k.added or k.changed for k in (done.units, done.services, done.points))


def _code() -> str:
    return base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
