"""Runs migrations on the connection it is given; `storage.migrate` is the way in."""

from typing import Any

from alembic import context

from storage.base import UtcDateTime
from storage.tables import metadata


def _plain_types(kind: str, thing: Any, _: Any) -> Any:
    """Migrations import nothing of ours: our time type is written as the library's."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_plain_types,
    compare_type=True,
)
context.run_migrations()
