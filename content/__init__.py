"""Everything people read or an expert writes: sentences, questionnaires, competences, lessons."""

from content.bank import Bank, load
from content.checking import check
from content.errors import ContentError, MissingSentence
from content.model import (
    ContentVersion,
    Instrument,
    Item,
    Lesson,
    Option,
    PositionGroup,
    in_language,
)

__all__ = [
    "Bank",
    "ContentError",
    "ContentVersion",
    "Instrument",
    "Item",
    "Lesson",
    "MissingSentence",
    "Option",
    "PositionGroup",
    "check",
    "in_language",
    "load",
]
