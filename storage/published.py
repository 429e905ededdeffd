"""The figures last shown to the public, so that they move only by several responses at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import JSON, ForeignKey, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import UNORDERED, Base, Tx, upsert


class Published(Base):
    """One service over one period, as last shown. Sums only, nobody's answers.

    Who could watch a live figure before and after one visit would read that visitor's answers
    from the difference.
    """

    __tablename__ = "published"
    __table_args__ = (UNORDERED,)
    service_id: Mapped[int] = mapped_column(
        ForeignKey("service.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    first: Mapped[str] = mapped_column(primary_key=True)  # local dates, ISO, both included
    last: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    versions: Mapped[dict[str, int]] = mapped_column(JSON)
    sums: Mapped[dict[str, list[int]]] = mapped_column(JSON)  # item → [n, sum]


class Shown(NamedTuple):
    """What is shown of one service over one period."""

    n: int
    versions: Mapping[str, int]
    sums: Mapping[str, list[int]]


async def shown(tx: Tx, service_id: int, first: str, last: str) -> Shown | None:
    """What was last shown; None if nothing ever was."""
    row = await tx.execute(
        select(Published.n, Published.versions, Published.sums).where(
            Published.service_id == service_id, Published.first == first, Published.last == last
        )
    )
    found = row.first()
    return None if found is None else Shown(*found)


async def show(tx: Tx, service_id: int, first: str, last: str, new: Shown, step: int) -> Shown:
    """Show `new` unless it differs from what is shown by fewer than `step` responses.

    Decided in the statement itself, so that two at once cannot move it by less. Returns what is
    shown then.
    """
    statement = upsert(tx.dialect.name, Published).values(
        service_id=service_id, first=first, last=last, **new._asdict()
    )
    values: dict[str, Any] = {name: statement.excluded[name] for name in Shown._fields}
    n = statement.excluded.n
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["service_id", "first", "last"],
            set_=values,
            where=or_(n >= Published.n + step, n <= Published.n - step),
        )
    )
    now_shown = await shown(tx, service_id, first, last)
    assert now_shown is not None
    return now_shown
