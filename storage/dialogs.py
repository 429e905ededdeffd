"""Where each conversation stands, changed in the same transaction as its effect."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import UNORDERED, Base, Tx, put_rows


class Dialog(Base):
    """The current step of one address and the notes of its journeys.

    `notes` holds one entry per journey (an unfinished questionnaire, the key of a response that
    may still be corrected); each entry carries its own `until`. `sweep_at` is the earliest.
    """

    __tablename__ = "dialog"
    __table_args__ = (UNORDERED,)
    address_id: Mapped[int] = mapped_column(
        ForeignKey("address.id"), primary_key=True, autoincrement=False
    )
    step: Mapped[str]
    notes: Mapped[dict[str, Any]] = mapped_column(JSON)
    prompt: Mapped[str]  # reference of the message whose buttons are the current ones
    target: Mapped[str]  # how that message is edited: its platform id, or "@" + reference
    sweep_at: Mapped[datetime | None] = mapped_column(index=True)


_OF = select(Dialog.__table__).where(
    Dialog.address_id.in_(bindparam("address_ids", expanding=True))
)


class Standing:
    """One dialog in the hands of a turn."""

    __slots__ = ("address_id", "notes", "prompt", "step", "sweep_at", "target")

    def __init__(
        self,
        address_id: int,
        step: str = "",
        notes: dict[str, Any] | None = None,
        prompt: str = "",
        target: str = "",
        sweep_at: datetime | None = None,
    ) -> None:
        """A new dialog stands nowhere and remembers nothing."""
        self.address_id = address_id
        self.step = step
        self.notes = {} if notes is None else notes
        self.prompt = prompt
        self.target = target
        self.sweep_at = sweep_at

    @property
    def empty(self) -> bool:
        """Whether nothing needs to be remembered."""
        return not (self.step or self.notes or self.prompt)


async def load(tx: Tx, address_ids: Collection[int]) -> dict[int, Standing]:
    """The dialogs of these addresses; those without one are absent."""
    rows = await tx.execute(_OF, {"address_ids": list(address_ids)})
    return {row.address_id: Standing(*row) for row in rows}


async def save(tx: Tx, dialogs: Sequence[Standing]) -> None:
    """Keep these dialogs; an empty one leaves no row."""
    kept = [d for d in dialogs if not d.empty]
    gone = [d.address_id for d in dialogs if d.empty]
    if kept:
        rows = [{name: getattr(d, name) for name in Standing.__slots__} for d in kept]
        await put_rows(tx, Dialog, rows)
    if gone:
        await tx.execute(delete(Dialog).where(Dialog.address_id.in_(gone)))


async def to_sweep(tx: Tx, *, now: datetime, limit: int = 500) -> list[Standing]:
    """Dialogs with something in them whose time is over, held until the end of `tx`."""
    rows = await tx.execute(
        select(Dialog.__table__)
        .where(Dialog.sweep_at <= now)
        .order_by(Dialog.sweep_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Standing(*row) for row in rows]
