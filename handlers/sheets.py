"""How pages of a questionnaire look: one question with its official answers, and the summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handlers.draft import Sheet
from handlers.turn import Turn
from talk.messages import Choice, Outbound
from talk.text import Span, Text, flat, joined, plain

BACK, SKIP = "_back", "_skip"
"""Values of choices that are no answer; keys of questions never begin with "_"."""

PER_ROW = 5


def question(
    turn: Turn, sheet: Sheet, page: str, answer: int | None, below: Sequence[Choice]
) -> Outbound:
    """One question, its answers one per row, and the choices `below` them in one row."""
    instrument, number = sheet.position(page)
    item = sheet.item(page)
    progress = turn.say("common.progress", number=number, total=len(instrument.items))
    if instrument is sheet.skm:
        head = turn.say("skm.question", progress=progress, question=turn.local(item.text))
    else:
        title = turn.local(instrument.title)
        question = turn.local(item.text)
        head = turn.say("skm.profile", title=title, progress=progress, question=question)
    parts = [head]
    if item.note is not None:
        parts += [plain("\n\n"), turn.say("skm.note", note=turn.local(item.note))]
    if number == 1 and instrument.note is not None:
        parts += [plain("\n\n"), turn.say("skm.about", about=turn.local(instrument.note))]
    if answer is not None:
        label = turn.local(item.option(answer).label)
        parts += [plain("\n\n"), turn.say("skm.chosen", answer=label)]
    rows = [(Choice(turn.local(option.label), str(option.value)),) for option in item.options]
    return Outbound(joined(*parts), (*rows, tuple(below)) if below else tuple(rows))


def nav(turn: Turn, sheet: Sheet, page: str) -> list[Choice]:
    """Back, and Skip where a question may be skipped."""
    choices = [turn.choice("common.back", BACK)]
    if sheet.item(page).optional:
        choices.append(turn.choice("common.skip", SKIP))
    return choices


def summary(
    turn: Turn,
    sheet: Sheet,
    answers: Mapping[str, int | None],
    comment: str,
    *,
    head: Text,
    below: Sequence[Choice],
) -> Outbound:
    """All answers, numbered; a button per number, and each of `below` in a row of its own."""
    lines = [head, plain("\n")]
    for number, item in enumerate(sheet.items, 1):
        said = _label(turn, sheet, item.key, answers.get(item.key))
        lines += [plain("\n"), _line(turn, number, turn.local(item.name), said)]
    name = flat(turn.say("skm.comment_name"))
    lines += [plain("\n"), _line(turn, len(sheet.pages), name, comment)]
    numbers = [Choice(str(number), page) for number, page in enumerate(sheet.pages, 1)]
    rows = [tuple(numbers[at : at + PER_ROW]) for at in range(0, len(numbers), PER_ROW)]
    rows += [(choice,) for choice in below]
    return Outbound(joined(*lines), tuple(rows))


def _line(turn: Turn, number: int, name: str, said: str) -> Text:
    answer = (Span(said, "b"),) if said else turn.say("skm.skipped")
    return turn.say("skm.line", number=number, name=name, answer=answer)


def _label(turn: Turn, sheet: Sheet, key: str, value: int | None) -> str:
    """The words of an answer, "" for none; a value this version does not know stays a number."""
    if value is None:
        return ""
    try:
        return str(turn.local(sheet.item(key).option(value).label))
    except KeyError:
        return str(value)
