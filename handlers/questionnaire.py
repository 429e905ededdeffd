"""Asking an instrument as one message that is edited: one item at a time, back and forth.

What was answered stands in the notes of a journey, with the version it began on. Answers are
keyed by item, never by position.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from content import Instrument, Item
from handlers.steps import Gone, Heard
from handlers.turn import Turn
from storage import library
from talk.messages import Choice, Outbound
from talk.text import Span, Text, joined, plain

BACK, SKIP, MORE = "back", "skip", "more"
_SHORT = 9  # characters of labels that fit beside one another
_CHOSEN = "✓ "

Draft = dict[str, Any]
"""`version`, `answers` by item (None: passed over), `at` (item), `detail`, `edit`."""


def begin(turn: Turn, notes: str, instrument: Instrument, *, keep: timedelta) -> Draft:
    """Start anew; an older draft is forgotten."""
    turn.drop(notes)
    draft = turn.note(notes, keep=keep)
    first = instrument.items[0].key
    draft.update(version=instrument.version, answers={}, at=first, detail=False, edit=False)
    return draft


def held(turn: Turn, notes: str, *, keep: timedelta) -> Draft:
    """The draft at hand, kept for `keep` from now on. Raises Gone when there is none."""
    if turn.noted(notes) is None:
        raise Gone
    return turn.note(notes, keep=keep)


async def pinned(turn: Turn, key: str, draft: Draft) -> Instrument:
    """The instrument in the version the draft began on. Raises Gone when it never was."""
    current = turn.house.bank.instruments[key]
    if current.version == draft["version"]:
        return current
    body = await library.body(turn.tx, "instrument", key, draft["version"])
    if body is None:
        raise Gone
    return Instrument.from_body(body)


def show(turn: Turn, instrument: Instrument, draft: Draft) -> Outbound:
    """The item where the draft stands, with its answers, the ways on and the chosen one marked."""
    item = instrument.item(draft["at"])
    number = instrument.items.index(item) + 1
    parts = [
        turn.say("common.progress", number=number, total=len(instrument.items)),
        plain("\n\n"),
        *(_detailed(turn, item) if draft["detail"] else _plainly(turn, item)),
    ]
    chosen = draft["answers"].get(item.key)
    choices = [
        Choice(
            (_CHOSEN if option.value == chosen else "") + turn.local(option.label),
            str(option.value),
        )
        for option in item.options
    ]
    rows = _rows(choices)
    if item.optional:
        rows.append((turn.choice("common.skip", SKIP),))
    ways = []
    if number > 1 or draft["edit"]:
        ways.append(turn.choice("common.back", BACK))
    if any(option.indicators for option in item.options):
        label = "questionnaire.button_less" if draft["detail"] else "questionnaire.button_more"
        ways.append(turn.choice(label, MORE))
    if ways:
        rows.append(tuple(ways))
    return Outbound(joined(*parts), tuple(rows))


def take(instrument: Instrument, draft: Draft, heard: Heard) -> bool:
    """Keep an answer or move; tells whether the last item is behind, or the correction done."""
    keys = [item.key for item in instrument.items]
    at = keys.index(draft["at"])
    if heard.value == MORE:
        draft["detail"] = not draft["detail"]
        return False
    draft["detail"] = False
    if heard.value == BACK:
        if draft["edit"]:
            draft["edit"] = False
            return True
        draft["at"] = keys[max(0, at - 1)]
        return False
    draft["answers"][keys[at]] = None if heard.value == SKIP else int(heard.value)
    if draft["edit"]:
        draft["edit"] = False
        return True
    if at + 1 < len(keys):
        draft["at"] = keys[at + 1]
        return False
    return True


def edit(draft: Draft, item: str) -> None:
    """Go back to one item; its answer leads straight to where one came from."""
    draft.update(at=item, detail=False, edit=True)


def _plainly(turn: Turn, item: Item) -> Iterator[Text]:
    """The item's words and what stands behind the labels, where an instrument explains them.

    The name is in bold where the words begin with it on a line of its own.
    """
    name, words = turn.local(item.name), turn.local(item.text)
    if words.startswith(name + "\n"):
        yield (Span(name, "b"), Span(words.removeprefix(name)))
    else:
        yield plain(words)
    for option in item.options:
        if option.detail is not None:
            detail = turn.local(option.detail)
            yield (Span("\n\n"), Span(turn.local(option.label), "b"), Span(f"\n{detail}"))


def _detailed(turn: Turn, item: Item) -> Iterator[Text]:
    """How one recognises each answer. Alone: with all the rest it would be too long to send."""
    yield (Span(turn.local(item.name), "b"),)
    for option in item.options:
        signs = turn.local(option.indicators) if option.indicators else ()
        yield (Span("\n\n"), Span(turn.local(option.label), "b"))
        yield tuple(Span(f"\n• {sign}") for sign in signs)


def _rows(choices: list[Choice]) -> list[tuple[Choice, ...]]:
    """Short labels beside one another, three to a row; longer ones below one another."""
    if any(len(choice.label) > _SHORT for choice in choices):
        return [(choice,) for choice in choices]
    return [tuple(choices[at : at + 3]) for at in range(0, len(choices), 3)]
