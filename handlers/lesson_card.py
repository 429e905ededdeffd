"""A micro-lesson in words: the card with its question, and the same card once it is answered."""

from __future__ import annotations

import re
from typing import NamedTuple

from content import Lesson
from handlers.turn import House
from storage import library
from storage.base import Tx
from talk.messages import Choice, Outbound
from talk.text import Text, fill, joined, plain

_LETTERS = "ABCD"
_ARGUMENT = re.compile(r"(\d{4})(\d{2})(\d{2}):([0-3])", re.ASCII)


class Token(NamedTuple):
    """What a button of a lesson says: the local day it was given on, and the choice from 0."""

    local_date: str
    choice: int


def key(lesson: Lesson) -> str:
    """What a lesson is called in the tables: "pelayanan/standar"."""
    return f"{lesson.path}/{lesson.key}"


async def in_version(tx: Tx, house: House, lesson: str, version: str) -> Lesson | None:
    """The lesson as it was when it was given; None when that was never written down."""
    path, _, _ = lesson.partition("/")
    for one in house.bank.lessons.get(path, ()):
        if key(one) == lesson and one.version == version:
            return one
    body = await library.body(tx, "lesson", lesson, version)
    return None if body is None else Lesson.from_body(body)


def token(argument: str) -> Token | None:
    """Read what stands behind the name of a lesson's button; None when it is none of ours."""
    found = _ARGUMENT.fullmatch(argument)
    if found is None:
        return None
    year, month, day, choice = found.groups()
    return Token(f"{year}-{month}-{day}", int(choice))


def card(house: House, language: str, lesson: Lesson, local_date: str) -> Outbound:
    """The lesson with its question; the buttons stand for as long as the message."""
    text = house.say(
        language,
        "learn.card",
        title=_words(lesson.title, language),
        body=fill(_words(lesson.body, language)),
        question=_words(lesson.question, language),
    )
    choices = buttons(lesson, language, local_date)
    listed = [plain(f"\n{c.label}. {c.also[-1]}") for c in choices]
    return Outbound(joined(text, plain("\n"), *listed), (choices,))


def buttons(lesson: Lesson, language: str, local_date: str) -> tuple[Choice, ...]:
    """A letter for each choice; its number and its words mean the same."""
    day = local_date.replace("-", "")
    return tuple(
        Choice(letter, f"!lesson:{day}:{at}", (str(at + 1), words))
        for at, (letter, words) in enumerate(
            zip(_LETTERS, _choices(lesson, language), strict=False)
        )
    )


def explained(house: House, language: str, lesson: Lesson, choice: int) -> Text:
    """The question with the answer given, whether it was right, why, and by which rule."""
    choices = _choices(lesson, language)
    values = {
        "title": _words(lesson.title, language),
        "question": _words(lesson.question, language),
        "answer": choices[choice],
        "explanation": _words(lesson.explanation, language),
        "rule": _words(lesson.rule, language),
    }
    if choice == lesson.correct:
        return house.say(language, "learn.right", **values)
    return house.say(language, "learn.wrong", correct=choices[lesson.correct], **values)


def _choices(lesson: Lesson, language: str) -> tuple[str, ...]:
    return lesson.choices.get(language) or lesson.choices["id"]


def _words(text: object, language: str) -> str:
    assert isinstance(text, dict)
    found = text.get(language) or text["id"]
    assert isinstance(found, str)
    return found
