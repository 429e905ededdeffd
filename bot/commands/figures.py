"""An index as data and as lines of text, wherever it was computed from."""

from collections.abc import Callable, Iterator

from domain.index import Grade, Index

Say = Callable[..., str]

GRADES: dict[Grade, str] = {
    "A": "ikm.grade_a",
    "B": "ikm.grade_b",
    "C": "ikm.grade_c",
    "D": "ikm.grade_d",
}


def data(n: int, index: Index) -> dict[str, object]:
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


def lines(n: int, index: Index, names: dict[str, str], say: Say, language: str) -> Iterator[str]:
    """Say the index in the order a person checks it: who, which rule, each element, result.

    No lines when there is no index.
    """
    from babel.numbers import format_decimal

    if index.ikm is None or index.score is None or index.grade is None:
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
