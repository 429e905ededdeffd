"""`tanggap ikm`: the index from a file of answers, without a database.

Whoever recomputes a published figure needs only the questionnaires and this command.
"""

from collections.abc import Iterator
from functools import partial
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.figures import Say, data, lines
from domain.answers_file import Answers, open_answers
from domain.errors import Refused
from domain.index import Rule, Weights, compute, count

if TYPE_CHECKING:
    from content import Bank


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
    """Compute the index (IKM) from a file of answers. Needs no database."""
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
        typer.echo(dumps(data(n, index)))
        return
    typer.echo(say("ikm.title", file=file.name))
    if index.ikm is None:
        typer.echo(say("ikm.no_index"))
    for line in lines(n, index, names, say, language):
        typer.echo(line)
    for line in _left_out(answers, say):
        typer.echo(line)


def _say(bank: "Bank", language: str, key: str, /, **values: object) -> str:
    return bank.sentence(language, key).format(**values)


def _left_out(answers: Answers, say: Say) -> Iterator[str]:
    if answers.ignored:
        yield say("ikm.ignored_columns", columns="; ".join(answers.ignored))
    if answers.ignored_sheets:
        yield say("ikm.ignored_sheets", sheets="; ".join(answers.ignored_sheets))
