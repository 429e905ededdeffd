"""The content, read so that what is wrong with it is told and not thrown."""

from __future__ import annotations

from bot.refusals import CannotStart
from content import Bank, ContentError, load


def read_content() -> Bank:
    """Everything people read. Raises CannotStart, which names file, key and mend."""
    try:
        return load()
    except ContentError as error:
        raise CannotStart("cli.content_wrong", problem=str(error)) from None
