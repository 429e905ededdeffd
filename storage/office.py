"""Units, their services and the points (counters) where citizens scan a QR."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial, Tx


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


class Place(NamedTuple):
    """A unit as it stands in the tree."""

    id: int
    name: str
    zone: str
    parent_id: int | None


async def places(tx: Tx) -> list[Place]:
    """All units of the government, a few hundred at most."""
    rows = await tx.execute(select(Unit.id, Unit.name, Unit.zone, Unit.parent_id))
    return [Place._make(row) for row in rows]
