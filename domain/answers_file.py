"""Reading questionnaires that were collected elsewhere: CSV or XLSX, one respondent per row.

The first row that is not blank names the columns; a column is an element when its name is the
element's key, whatever the case and spaces. An empty cell was not answered. Places are told as
a spreadsheet shows them. Files are streamed; every reason not to trust one is a Refused.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.answers_workbook import Uncalculated, open_workbook
from domain.errors import Refused

MAX_BYTES = 50_000_000

ZIP = b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SPREADSHEETS = {".xlsx", ".xlsm", ".xls", ".ods"}
ENCODINGS = ("utf-8-sig", "cp1252")
DELIMITERS = (",", ";", "\t")
CHUNK = 1 << 16
SHOWN = 40

# 4.0 and 4,00 are how programs write a whole number in a column with gaps; 4.000 may be thousands.
ANSWER = re.compile(r"([1-4])([.,]0{1,2})?")

Cells = Sequence[object]


@dataclass(frozen=True, slots=True)
class Answers:
    """An open file of answers.

    `elements` and `ignored` are the columns found, `ignored_sheets` the other visible sheets of a
    workbook. `rows` can be read once: element to answer (1-4), without what was not answered and
    without respondents who answered nothing; reading it raises Refused at the first bad cell.
    """

    elements: tuple[str, ...]
    ignored: tuple[str, ...]
    ignored_sheets: tuple[str, ...]
    rows: Iterator[dict[str, int]]


@contextmanager
def open_answers(path: Path, elements: Sequence[str]) -> Iterator[Answers]:
    """Open a file of answers to the given elements; raises Refused when it cannot be trusted."""
    with ExitStack() as stack:
        try:
            kind = _kind(path)
        except OSError as error:
            raise Refused("ikm.refused.unreadable", file=path.name) from error
        sheets: tuple[str, ...] = ()
        if kind == "xlsx":
            numbered, titles = open_workbook(path, stack)
            sheets = tuple(map(_shown, titles))
        else:
            numbered = _csv(path, elements, stack)
        number, header = next(
            ((number, cells) for number, cells in numbered if any(map(_text, cells))), (0, ())
        )
        if not header:
            raise Refused("ikm.refused.empty", file=path.name)
        columns, ignored = _columns(number, header, elements)
        width = len(header) if kind == "csv" else None
        rows = _rows(numbered, columns, width)
        yield Answers(tuple(columns.values()), ignored, sheets, rows)


def column_letter(index: int) -> str:
    """Name of a column as a spreadsheet shows it: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _kind(path: Path) -> str:
    """Tell csv from xlsx by what is in the file, not by its name."""
    if not path.exists():
        raise Refused("ikm.refused.missing", file=path.name)
    if not path.is_file():
        raise Refused("ikm.refused.not_a_file", file=path.name)
    size = path.stat().st_size
    if size == 0:
        raise Refused("ikm.refused.empty", file=path.name)
    if size > MAX_BYTES:
        raise Refused("ikm.refused.too_big", file=path.name, limit=MAX_BYTES // 1_000_000)
    with path.open("rb") as file:
        start = file.read(len(COMPOUND))
    if start.startswith(COMPOUND):
        raise Refused("ikm.refused.locked", file=path.name)
    if start.startswith(ZIP):
        return "xlsx"
    if path.suffix.lower() in SPREADSHEETS:
        raise Refused("ikm.refused.not_a_workbook", file=path.name)
    return "csv"


def _columns(
    number: int, header: Cells, elements: Sequence[str]
) -> tuple[dict[int, str], tuple[str, ...]]:
    """Find the elements among the column names: position to element, and the other names."""
    found: dict[int, str] = {}
    ignored: list[str] = []
    for index, cell in enumerate(header):
        _check_calculated(cell, index, number)
        name = _text(cell)
        key = _key(name)
        if key in found.values():
            first = next(at for at, element in found.items() if element == key)
            raise Refused(
                "ikm.refused.duplicate_column",
                element=key,
                first=column_letter(first),
                second=column_letter(index),
            )
        if key in elements:
            found[index] = key
        elif name:
            ignored.append(_shown(name))
    if not found:
        raise Refused("ikm.refused.no_column", keys=", ".join(elements))
    return found, tuple(ignored)


def _rows(
    numbered: Iterator[tuple[int, Cells]], columns: dict[int, str], width: int | None
) -> Iterator[dict[str, int]]:
    """Read respondents; `width` is the number of cells a row may have at most."""
    for number, cells in numbered:
        if width is not None and len(cells) > width:
            # An unquoted "3,5" moved every later answer one column to the right.
            letter = column_letter(width)
            raise Refused("ikm.refused.long_row", row=number, column=letter)
        row: dict[str, int] = {}
        for index, element in columns.items():
            cell = cells[index] if index < len(cells) else None
            _check_calculated(cell, index, number)
            text = _text(cell)
            if not text:
                continue
            match = ANSWER.fullmatch(text)
            if match is None:
                raise Refused(
                    "ikm.refused.answer",
                    value=_shown(text),
                    row=number,
                    column=column_letter(index),
                    element=element,
                )
            row[element] = int(match[1])
        if row:
            yield row


def _check_calculated(cell: object, index: int, number: int) -> None:
    if isinstance(cell, Uncalculated):
        raise Refused("ikm.refused.formula", cell=f"{column_letter(index)}{number}")


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _key(name: str) -> str:
    return "".join(name.split()).casefold()


def _shown(text: str) -> str:
    """Make what came from a file safe and short enough to print."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= SHOWN else clean[: SHOWN - 1] + "…"


def _csv(path: Path, elements: Sequence[str], stack: ExitStack) -> Iterator[tuple[int, Cells]]:
    file = stack.enter_context(path.open(encoding=_encoding(path), newline=""))

    def known(delimiter: str) -> int:
        file.seek(0)
        try:
            rows = csv.reader(file, delimiter=delimiter)
            header = next((row for row in rows if any(map(_text, row))), [])
        except csv.Error:
            return 0
        return sum(_key(name) in elements for name in header)

    # The header decides: unlike a guess from statistics, it is right or nothing is found.
    delimiter = max(DELIMITERS, key=known)
    file.seek(0)
    return _csv_rows(csv.reader(file, delimiter=delimiter, strict=True))


def _csv_rows(reader: Iterator[list[str]]) -> Iterator[tuple[int, Cells]]:
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Refused("ikm.refused.broken_row", row=number) from error
        yield number, cells


def _encoding(path: Path) -> str:
    """Find the encoding by decoding the whole file in pieces, so that no row fails later."""
    with path.open("rb") as raw:
        if any(b"\0" in piece for piece in iter(lambda: raw.read(CHUNK), b"")):
            raise Refused("ikm.refused.not_text", file=path.name)
    for encoding in ENCODINGS:
        try:
            with path.open(encoding=encoding) as file:
                while file.read(CHUNK):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise Refused("ikm.refused.not_text", file=path.name)
