"""Reading the rows of an Excel workbook, as streams and without trusting it."""

import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from domain.errors import Refused

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell

    Row = tuple[Cell | MergedCell, ...]

MAX_UNPACKED_BYTES = 100_000_000
"""What a workbook may hold once unpacked: some 100 000 respondents with twenty columns."""

MAX_ROWS = 1_048_576
"""Rows of a spreadsheet; a sheet that claims more would have us count forever."""

T = TypeVar("T")


class Uncalculated:
    """A formula whose result was never stored in the file."""


def open_workbook(
    path: Path, stack: ExitStack
) -> tuple[Iterator[tuple[int, Sequence[object]]], list[str]]:
    """Open the first visible sheet: its rows with their numbers, and the other visible sheets.

    The sheet is read twice side by side, as stored results and as formulas: only the pair tells
    an empty cell from a formula that was never calculated. What is opened is closed by `stack`.
    Raises Refused for what cannot be read as a workbook.
    """
    _sound(path, lambda: _check_unpacked(path))
    stack.enter_context(warnings.catch_warnings())
    warnings.filterwarnings("ignore", module="openpyxl")
    results, others = _sound(path, lambda: _open(path, stack, data_only=True))
    formulas, _ = _sound(path, lambda: _open(path, stack, data_only=False))
    return _numbered(path, zip(results, formulas, strict=True)), others


def _sound(path: Path, step: Callable[[], T]) -> T:
    """Take one step of reading; whatever a damaged workbook makes it raise is a refusal."""
    try:
        return step()
    except Refused:
        raise
    except Exception as error:
        raise Refused("ikm.refused.not_a_workbook", file=path.name) from error


def _check_unpacked(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise Refused("ikm.refused.too_big", file=path.name, limit=MAX_UNPACKED_BYTES // 1_000_000)


def _open(path: Path, stack: ExitStack, data_only: bool) -> tuple[Iterator["Row"], list[str]]:
    from openpyxl import load_workbook  # costs more than all the rest of the command

    file = stack.enter_context(path.open("rb"))
    with redirect_stdout(None):  # the library prints about damaged styles
        book = load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
    stack.callback(book.close)
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise Refused("ikm.refused.empty", file=path.name)
    # Many programs write the size of a sheet wrongly; the rows themselves are the truth.
    visible[0].reset_dimensions()
    return visible[0].iter_rows(), [sheet.title for sheet in visible[1:]]


def _numbered(
    path: Path, pairs: Iterator[tuple["Row", "Row"]]
) -> Iterator[tuple[int, Sequence[object]]]:
    number = 0
    while (pair := _sound(path, lambda: next(pairs, None))) is not None:
        number += 1
        if number > MAX_ROWS:
            raise Refused("ikm.refused.too_many_rows", file=path.name, limit=MAX_ROWS)
        results, formulas = pair
        yield number, list(map(_value, results, formulas))


def _value(result: "Cell | MergedCell", formula: "Cell | MergedCell") -> object:
    # A formula that gave an empty text has a result ("str") without a value.
    if formula.data_type == "f" and result.value is None and result.data_type != "str":
        return Uncalculated()
    return result.value
