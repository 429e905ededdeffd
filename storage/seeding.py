"""Writing down an office: units, services and points found and kept by their keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update

from storage.base import Tx
from storage.office import Service, ServicePoint, Unit
from storage.people import Person
from storage.responses import Response
from storage.staff import Invitation, Role, Staff
from storage.training import Session


class KnownUnit(NamedTuple):
    """A unit as it stands in the database."""

    id: int
    name: str
    zone: str
    parent_id: int | None
    sample: bool


class KnownService(NamedTuple):
    """A service as it stands in the database."""

    id: int
    name: str
    unit_id: int
    sample: bool


class KnownPoint(NamedTuple):
    """A service point as it stands in the database."""

    id: int
    name: str
    unit_id: int
    service_id: int | None
    sample: bool


Table = type[Unit] | type[Service] | type[ServicePoint]
_Known = TypeVar("_Known", KnownUnit, KnownService, KnownPoint)


async def units(tx: Tx) -> dict[str, KnownUnit]:
    """All units by key."""
    return await _all(tx, Unit, KnownUnit)


async def services(tx: Tx) -> dict[str, KnownService]:
    """All services by key."""
    return await _all(tx, Service, KnownService)


async def points(tx: Tx) -> dict[str, KnownPoint]:
    """All service points by key."""
    return await _all(tx, ServicePoint, KnownPoint)


async def _all(tx: Tx, table: Table, shape: type[_Known]) -> dict[str, _Known]:
    columns = [getattr(table, name) for name in shape._fields]
    rows = await tx.execute(select(table.key, *columns).order_by(table.id))
    return {key: shape._make(values) for key, *values in rows}


async def add(tx: Tx, table: Table, **values: Any) -> int:
    """Write down one that is new; returns its id."""
    found = await tx.scalar(insert(table).values(**values).returning(table.id))
    assert isinstance(found, int)
    return found


async def change(tx: Tx, table: Table, row_id: int, values: Mapping[str, Any]) -> None:
    """Change what differs of one that is known."""
    await tx.execute(update(table).where(table.id == row_id).values(**values))


# --- the sample ---------------------------------------------------------------------------


async def sample_size(tx: Tx) -> dict[str, int]:
    """How many units, services and points of the sample there are."""
    return {
        "units": await _count(tx, Unit.sample.is_(True)),
        "services": await _count(tx, Service.sample.is_(True)),
        "points": await _count(tx, ServicePoint.sample.is_(True)),
    }


async def hanging_on_sample(tx: Tx) -> dict[str, int]:
    """What would lose its place with the sample: how many of each; 0 is left out."""
    its_units = select(Unit.id).where(Unit.sample.is_(True))
    its_services = select(Service.id).where(Service.sample.is_(True))
    its_points = select(ServicePoint.id).where(ServicePoint.sample.is_(True))
    found = {
        "responses": await _count(
            tx, or_(Response.service_id.in_(its_services), Response.point_id.in_(its_points))
        ),
        "staff": await _count(tx, Staff.unit_id.in_(its_units)),
        "roles": await _count(tx, Role.unit_id.in_(its_units)),
        "trainings": await _count(tx, Session.unit_id.in_(its_units)),
        "invitations": await _count(
            tx, Invitation.unit_id.in_(its_units) & Invitation.used_at.is_not(None)
        ),
        "units": await _count(tx, Unit.parent_id.in_(its_units) & Unit.sample.is_(False)),
        "services": await _count(tx, Service.unit_id.in_(its_units) & Service.sample.is_(False)),
        "points": await _count(
            tx,
            or_(ServicePoint.unit_id.in_(its_units), ServicePoint.service_id.in_(its_services))
            & ServicePoint.sample.is_(False),
        ),
    }
    return {what: n for what, n in found.items() if n}


async def remove_sample(tx: Tx) -> None:
    """Take the sample out; nothing may hang on it but invitations that nobody used."""
    its_units = select(Unit.id).where(Unit.sample.is_(True))
    await tx.execute(delete(Invitation).where(Invitation.unit_id.in_(its_units)))
    await tx.execute(delete(ServicePoint).where(ServicePoint.sample.is_(True)))
    await tx.execute(delete(Service).where(Service.sample.is_(True)))
    # Children first, whatever the order of their ids: the tree is let go before it falls.
    await tx.execute(update(Unit).where(Unit.sample.is_(True)).values(parent_id=None))
    await tx.execute(delete(Unit).where(Unit.sample.is_(True)))


async def _count(tx: Tx, what: ColumnElement[bool]) -> int:
    found = await tx.scalar(select(func.count()).where(what))
    return found or 0


async def mark_sample_people(tx: Tx, person_ids: Collection[int]) -> None:
    """These people live in the sample city."""
    await tx.execute(update(Person).where(Person.id.in_(person_ids)).values(sample=True))


# --- what is there ------------------------------------------------------------------------


class Placed(NamedTuple):
    """A service point with its unit and its service (none: asked for at the scan)."""

    key: str
    code: str
    name: str
    active: bool
    sample: bool
    unit_key: str
    unit: str
    service_key: str | None
    service: str | None


async def placed(tx: Tx) -> list[Placed]:
    """All service points, by unit and name."""
    rows = await tx.execute(
        select(
            ServicePoint.key,
            ServicePoint.code,
            ServicePoint.name,
            ServicePoint.active,
            ServicePoint.sample,
            Unit.key.label("unit_key"),
            Unit.name.label("unit"),
            Service.key.label("service_key"),
            Service.name.label("service"),
        )
        .join(Unit, Unit.id == ServicePoint.unit_id)
        .outerjoin(Service, Service.id == ServicePoint.service_id)
        .order_by(Unit.name, ServicePoint.name, ServicePoint.key)
    )
    return [Placed._make(row) for row in rows]
