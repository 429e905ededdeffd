"""What a questionnaire asks, page by page, and how a question and the summary look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from content import Instrument, Item
from handlers.turn import Turn
from talk.messages import Choice, Outbound
from talk.text import Span, Text, flat, joined, plain

BACK, SKIP, MORE = "_back", "_skip", "_more"
"""Values of choices that are no answer; keys of items never begin with "_"."""

COMMENT, SUMMARY = "comment", "summary"
"""Pages that are no item; each is a step of its journey."""

Draft = dict[str, Any]
"""`versions` by instrument, `answers` by item (None: passed over), `comment` where one is asked
for, `at` (page), `edit` (the summary comes next), `detail` (the signs of each level are shown)."""

_PER_ROW = 5
_SHORT = 9  # characters of labels that fit beside one another, three to a row
_CHOSEN = "✓ "


@dataclass(frozen=True)
class Sheet:
    """The items of one or more instruments, then perhaps a comment."""

    instruments: tuple[Instrument, ...]
    comment: bool

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in the order they are asked."""
        return tuple(item for instrument in self.instruments for item in instrument.items)

    @property
    def pages(self) -> tuple[str, ...]:
        """The keys of the items, and the comment."""
        keys = tuple(item.key for item in self.items)
        return (*keys, COMMENT) if self.comment else keys

    def position(self, page: str) -> tuple[Instrument, int]:
        """Of which instrument an item is, and which item of it, from 1 on. Raises KeyError."""
        for instrument in self.instruments:
            for number, item in enumerate(instrument.items, 1):
                if item.key == page:
                    return instrument, number
        raise KeyError(page)


# --- one question --------------------------------------------------------------------------


def question(turn: Turn, sheet: Sheet, draft: Draft, *leave: Choice) -> Outbound:
    """The item where a draft stands, its answers, and the other ways on in one row below.

    On the first page `leave` takes the place of Back. A draft without `detail` offers no signs.
    """
    instrument, number = sheet.position(draft["at"])
    item = instrument.items[number - 1]
    answer, detail = draft["answers"].get(item.key), draft.get("detail")
    head = turn.say("common.progress", number=number, total=len(instrument.items))
    if instrument is not sheet.instruments[0]:
        head = turn.say("questionnaire.titled", title=turn.local(instrument.title), progress=head)
    if _described(item):
        body = _signs(turn, item) if detail else _levels(turn, item)
        rows = _side_by_side(turn, item, answer)
    else:
        body = _words(turn, instrument, item, answer)
        rows = [(Choice(turn.local(one.label), str(one.value)),) for one in item.options]
    first = draft["at"] == sheet.pages[0] and not draft["edit"]
    ways = list(leave) if first else [turn.choice("common.back", BACK)]
    if item.optional:
        ways.append(turn.choice("common.skip", SKIP))
    if detail is not None and any(one.indicators for one in item.options):
        label = "questionnaire.button_less" if detail else "questionnaire.button_more"
        ways.append(turn.choice(label, MORE))
    text = joined(head, plain("\n\n"), *body)
    return Outbound(text, (*rows, tuple(ways)) if ways else tuple(rows))


def _described(item: Item) -> bool:
    """Whether the answers are levels explained in the text, not words that need nothing more."""
    return any(option.detail is not None for option in item.options)


def _words(turn: Turn, instrument: Instrument, item: Item, answer: int | None) -> list[Text]:
    """The words of the instrument as they are, what explains them, and what was chosen."""
    parts = [plain(turn.local(item.text))]
    if item.note is not None:
        parts += [plain("\n\n"), turn.say("questionnaire.note", note=turn.local(item.note))]
    if item is instrument.items[0] and instrument.note is not None:
        about = turn.local(instrument.note)
        parts += [plain("\n\n"), turn.say("questionnaire.about", about=about)]
    if answer is not None:
        parts += [plain("\n\n"), chosen(turn, turn.local(item.option(answer).label))]
    return parts


def chosen(turn: Turn, answer: str) -> Text:
    """The answer so far, told below what is asked."""
    return turn.say("questionnaire.chosen", answer=answer)


def _levels(turn: Turn, item: Item) -> list[Text]:
    """The words, with the name in bold where they begin with it, and each level described."""
    words = turn.local(item.text)
    name = turn.local(item.name) if words.startswith(turn.local(item.name) + "\n") else ""
    parts: list[Text] = [(Span(name, "b"), Span(words.removeprefix(name)))]
    for option in item.options:
        detail = turn.local(option.detail) if option.detail else ""
        label = turn.local(option.label)
        parts.append((Span("\n\n"), Span(label, "b"), Span(f"\n{detail}")))
    return parts


def _signs(turn: Turn, item: Item) -> list[Text]:
    """How one recognises each level. Alone: with all the rest it would be too long to send."""
    parts: list[Text] = [(Span(turn.local(item.name), "b"),)]
    for option in item.options:
        signs = turn.local(option.indicators) if option.indicators else ()
        parts.append((Span("\n\n"), Span(turn.local(option.label), "b")))
        parts.append(tuple(Span(f"\n• {sign}") for sign in signs))
    return parts


def _side_by_side(turn: Turn, item: Item, answer: int | None) -> list[tuple[Choice, ...]]:
    """The levels with the chosen one marked; below one another where a label is long."""
    choices = [
        Choice((_CHOSEN if one.value == answer else "") + turn.local(one.label), str(one.value))
        for one in item.options
    ]
    per_row = 1 if any(len(choice.label) > _SHORT for choice in choices) else 3
    return _in_rows(choices, per_row)


def _in_rows(choices: list[Choice], per_row: int) -> list[tuple[Choice, ...]]:
    return [tuple(choices[at : at + per_row]) for at in range(0, len(choices), per_row)]


# --- all answers ---------------------------------------------------------------------------


def listed(turn: Turn, sheet: Sheet, draft: Draft) -> Text:
    """All answers, numbered, each on a line of its own."""
    named = [(turn.local(item.name), said(turn, item, draft)) for item in sheet.items]
    if sheet.comment:
        named.append((flat(turn.say("questionnaire.comment")), draft["comment"]))
    lines = []
    for number, (name, words) in enumerate(named, 1):
        answer = (Span(words, "b"),) if words else turn.say("questionnaire.skipped")
        line = turn.say("questionnaire.line", number=number, name=name, answer=answer)
        lines += [plain("\n"), line]
    return joined(*lines)


def said(turn: Turn, item: Item, draft: Draft) -> str:
    """An answer in a word: its label, or the number of a level; "" for none."""
    value = draft["answers"].get(item.key)
    if value is None:
        return ""
    return str(value) if _described(item) else turn.local(item.option(value).label)


def summary(turn: Turn, sheet: Sheet, draft: Draft, head: Text, *below: Choice) -> Outbound:
    """`head` and all answers; a button per number, and each of `below` in a row of its own."""
    text = joined(head, plain("\n"), listed(turn, sheet, draft))
    numbers = [Choice(str(number), page) for number, page in enumerate(sheet.pages, 1)]
    rows = [*_in_rows(numbers, _PER_ROW), *((choice,) for choice in below)]
    return Outbound(text, tuple(rows))
