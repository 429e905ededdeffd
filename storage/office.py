"""Units, their services and the points (counters) where citizens scan a QR."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ForeignKey, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial, Tx, read_once


class Unit(Base):
    """An office in the tree of one government."""

    __tablename__ = "unit"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    zone: Mapped[str]  # IANA, e.g. Asia/Jakarta
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    sample: Mapped[bool] = mapped_column(default=False)


class Service(Base):
    """A public service that citizens use (layanan)."""

    __tablename__ = "service"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    sample: Mapped[bool] = mapped_column(default=False)


class ServicePoint(Base):
    """A counter or desk; `code` is the payload of its QR. Without a service, we ask which."""

    __tablename__ = "service_point"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"))
    active: Mapped[bool] = mapped_column(default=True)
    sample: Mapped[bool] = mapped_column(default=False)


class Offered(NamedTuple):
    """A service as people see it: with the unit that offers it and that unit's zone."""

    id: int
    name: str
    unit_id: int
    unit_name: str
    zone: str


class Counter(NamedTuple):
    """A service point as its QR finds it."""

    id: int
    name: str
    unit_id: int
    service_id: int | None
    active: bool


_OFFERED = select(
    Service.id, Service.name, Service.unit_id, Unit.name.label("unit_name"), Unit.zone
).join(Unit, Unit.id == Service.unit_id)
# Built once: building a statement takes longer than running it.
_ONE_OFFERED = _OFFERED.where(Service.id == bindparam("service_id"))
_COUNTER = select(
    ServicePoint.id,
    ServicePoint.name,
    ServicePoint.unit_id,
    ServicePoint.service_id,
    ServicePoint.active,
).where(ServicePoint.code == bindparam("code"))
_COUNTER_NAME = select(ServicePoint.name).where(ServicePoint.id == bindparam("point_id"))


async def counter_with(tx: Tx, code: str) -> Counter | None:
    """The service point whose QR carries this code, in use or not."""
    found = (await tx.execute(_COUNTER, {"code": code})).first()
    return None if found is None else Counter(*found)


async def counter_name(tx: Tx, point_id: int) -> str | None:
    """What a service point is called; None if there is none."""

    async def read() -> str | None:
        return await tx.scalar(_COUNTER_NAME, {"point_id": point_id})

    return await read_once(tx, "point", point_id, read=read)


async def offered(tx: Tx, service_id: int) -> Offered | None:
    """One service; None if there is none."""

    async def read() -> Offered | None:
        row = (await tx.execute(_ONE_OFFERED, {"service_id": service_id})).first()
        return None if row is None else Offered(*row)

    return await read_once(tx, "service", service_id, read=read)


async def all_offered(tx: Tx, unit_id: int | None = None) -> list[Offered]:
    """The services of one unit, or of all, by unit and name."""
    statement = _OFFERED.order_by(Unit.name, Service.name, Service.id)
    if unit_id is not None:
        statement = statement.where(Service.unit_id == unit_id)
    return [Offered(*row) for row in await tx.execute(statement)]


async def serving_units(tx: Tx) -> list[tuple[int, str]]:
    """The units that offer any service: (id, name), by name."""
    rows = await tx.execute(
        select(Unit.id, Unit.name)
        .where(Unit.id.in_(select(Service.unit_id)))
        .order_by(Unit.name, Unit.id)
    )
    return [(unit, name) for unit, name in rows]


async def unit_names(tx: Tx) -> dict[int, str]:
    """What every unit is called."""
    return dict((await tx.execute(select(Unit.id, Unit.name))).all())


async def services_below(tx: Tx, unit_id: int) -> list[int]:
    """The services of a unit and of all units below it."""
    below = select(Unit.id).where(Unit.id == unit_id).cte("below", recursive=True)
    below = below.union(select(Unit.id).join(below, Unit.parent_id == below.c.id))
    rows = await tx.execute(
        select(Service.id).where(Service.unit_id.in_(select(below.c.id))).order_by(Service.id)
    )
    return list(rows.scalars())


class TreeUnit(NamedTuple):
    """A unit as it stands in the tree."""

    id: int
    name: str
    zone: str
    parent_id: int | None


async def places(tx: Tx) -> list[TreeUnit]:
    """All units of the government, a few hundred at most."""
    rows = await tx.execute(select(Unit.id, Unit.name, Unit.zone, Unit.parent_id))
    return [TreeUnit._make(row) for row in rows]
