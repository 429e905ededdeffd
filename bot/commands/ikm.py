"""`tanggap ikm`: the index from a file of answers, without a database.

Whoever recomputes a published figure needs only the questionnaires and this command.
"""

from collections.abc import Callable, Iterator
from functools import partial
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.answers_file import Answers, open_answers
from domain.errors import Refused
from domain.index import Grade, Index, Rule, Weights, compute, count

if TYPE_CHECKING:
    from content import Bank

Say = Callable[..., str]

GRADES: dict[Grade, str] = {
    "A": "ikm.grade_a",
    "B": "ikm.grade_b",
    "C": "ikm.grade_c",
    "D": "ikm.grade_d",
}


def ikm(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or XLSX: one respondent per row, a column per element named by its key,"
            " empty = not answered."
        ),
    ],
    weights: Annotated[
        Weights,
        typer.Option(help="exact: 1/k for the k answered elements; 0.111: as printed in tables."),
    ] = "exact",
    json: Annotated[bool, typer.Option("--json", help="Print data instead of sentences.")] = False,
    lang: Annotated[
        str, typer.Option(envvar=["LC_ALL", "LC_MESSAGES", "LANG"], hidden=True)
    ] = "id",
) -> None:
    """Compute the satisfaction index (IKM) and its grade from a file of answers."""
    from content import in_language, load  # reading it takes longer than `--help` may

    bank = load()
    # A bare server says "C", which tells nothing of the person: Indonesian unless English is set.
    language = "en" if lang.lower().startswith("en") else "id"
    say = partial(_say, bank, language)
    names = {item.key: in_language(item.name, language) for item in bank.instruments["skm"].items}
    try:
        with open_answers(file, tuple(names)) as answers:
            n, tallies = count(answers.rows, names)
            index = compute(tallies, Rule(weights))
    except Refused as refusal:
        typer.echo(say(refusal.key, **refusal.values), err=True)
        raise typer.Exit(2) from None
    if json:
        typer.echo(dumps(figures(n, index)))
        return
    typer.echo(say("ikm.title", file=file.name))
    for line in _lines(n, index, names, say, language):
        typer.echo(line)
    for line in _left_out(answers, say):
        typer.echo(line)


def figures(n: int, index: Index) -> dict[str, object]:
    """Return an index as data for `--json`.

    `n` counts the rows with at least one answer. Decimals are strings: `ikm` with two decimals,
    `nrr` with four, rounded half-up from the exact average. What does not exist is null.
    """
    return {
        "n": n,
        "weights": index.rule.weights,
        "ikm": _text(index.ikm),
        "grade": index.grade,
        "elements": {
            key: {"n": tally.n, "sum": tally.sum, "nrr": _text(index.nrr(key))}
            for key, tally in index.elements.items()
        },
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _say(bank: "Bank", language: str, key: str, /, **values: object) -> str:
    return bank.sentence(language, key).format(**values)


def _lines(n: int, index: Index, names: dict[str, str], say: Say, language: str) -> Iterator[str]:
    """Say the index in the order a person checks it: who, which rule, each element, result."""
    from babel.numbers import format_decimal

    if index.ikm is None or index.score is None or index.grade is None:
        yield say("ikm.no_index")
        return
    rows = [(say("ikm.head_element"), say("ikm.head_n"), say("ikm.head_sum"), say("ikm.head_nrr"))]
    for key, tally in index.elements.items():
        nrr = index.nrr(key)
        if nrr is not None:
            average = format_decimal(nrr, "0.0000", language)
            rows.append((names[key], str(tally.n), str(tally.sum), average))
    yield say("ikm.respondents", n=n)
    if index.rule.weights == "exact":
        yield say("ikm.weights_exact", count=len(rows) - 1)
    else:
        yield say("ikm.weights_printed")
    yield say("ikm.rounding")
    yield ""
    wide = max(len(row[0]) for row in rows)
    for name, *cells in rows:
        yield name.ljust(wide) + "".join(cell.rjust(10) for cell in cells)
    yield ""
    yield say("ikm.score", score=format_decimal(index.score, "0.0000", language))
    yield say("ikm.value", ikm=format_decimal(index.ikm, "0.00", language))
    yield say(GRADES[index.grade])
    missing = [names[key] for key, tally in index.elements.items() if not tally.n]
    if missing:
        yield say("ikm.unanswered", elements="; ".join(missing))


def _left_out(answers: Answers, say: Say) -> Iterator[str]:
    if answers.ignored:
        yield say("ikm.ignored_columns", columns="; ".join(answers.ignored))
    if answers.ignored_sheets:
        yield say("ikm.ignored_sheets", sheets="; ".join(answers.ignored_sheets))
