"""Every lesson can be sent, answered and explained, in every language."""

from __future__ import annotations

import pytest

from channels.telegram.codec import VALUE_LIMIT
from content import Lesson
from domain.keys import Keys
from handlers import lesson_card
from handlers.steps import match
from handlers.turn import House
from talk.text import flat
from tests.kit.world import BANK

HOUSE = House(bank=BANK, keys=Keys(b"k" * 32), link=lambda payload: payload)
LESSONS = [lesson for path in BANK.lessons.values() for lesson in path]


@pytest.mark.parametrize("language", ["id", "en", "min"])
@pytest.mark.parametrize("lesson", LESSONS, ids=lesson_card.key)
def test_a_lesson_fits_a_message_and_its_buttons(lesson: Lesson, language: str) -> None:
    body = lesson_card.card(HOUSE, language, lesson, "2026-12-31")
    assert len(flat(body.text)) < 4096
    assert "**" not in flat(body.text)
    for number, choice in enumerate(body.choices):
        assert len(choice.value) <= VALUE_LIMIT
        token = lesson_card.token(choice.value.removeprefix("!lesson:"))
        assert token == ("2026-12-31", number)
        words = lesson.choices.get(language, lesson.choices["id"])[number]
        for typed in (str(number + 1), choice.label.lower(), words):
            assert match(body.choices, typed) == choice.value
        text = flat(lesson_card.explained(HOUSE, language, lesson, number))
        right = lesson.choices.get(language, lesson.choices["id"])[lesson.correct]
        assert right in text
        assert lesson.rule.get(language, lesson.rule["id"]) in text
        assert len(text) < 3500


@pytest.mark.parametrize(
    "argument",
    ["", "20261231", "2026123:1", "20261231:", "20261231:4", "20261231:01", "x0261231:1",
     "20261231:1:2", " 20261231:1", "20261231:1\n", "٢٠٢٦١٢٣١:1"],
)  # fmt: skip
def test_what_is_no_token_is_none(argument: str) -> None:
    assert lesson_card.token(argument) is None
