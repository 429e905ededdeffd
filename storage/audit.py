"""Who of the office did what: one record per privileged action, in its transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, insert
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Serial, Tx


class Audit(Base):
    """One privileged action. Citizens are never in it."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: the command line
    action: Mapped[str]
    object: Mapped[str]


async def record(tx: Tx, *, at: datetime, actor_id: int | None, action: str, object: str) -> None:  # noqa: A002
    """Write down that `actor_id` did `action` to `object`."""
    await tx.execute(insert(Audit).values(at=at, actor_id=actor_id, action=action, object=object))
