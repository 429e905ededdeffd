"""All tables at once, for migrations and for tests."""

from storage import (
    announcements,
    audit,
    dialogs,
    due,
    inbox,
    learning,
    ledger,
    library,
    office,
    outbox,
    people,
    published,
    responses,
    staff,
    training,
)
from storage.base import Base

__all__ = [
    "announcements",
    "audit",
    "dialogs",
    "due",
    "inbox",
    "learning",
    "ledger",
    "library",
    "metadata",
    "office",
    "outbox",
    "people",
    "published",
    "responses",
    "staff",
    "training",
]

metadata = Base.metadata
