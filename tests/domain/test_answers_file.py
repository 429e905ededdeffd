"""Files of answers: what is read, and in which words of a spreadsheet a fault is told."""

import csv
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from domain.answers_file import MAX_BYTES, column_letter, open_answers
from domain.errors import Refused

ELEMENTS = ("persyaratan", "prosedur", "waktu", "biaya", "produk", "kompetensi")
Rows = list[dict[str, int]]


def read(path: Path) -> tuple[tuple[str, ...], tuple[str, ...], Rows]:
    with open_answers(path, ELEMENTS) as answers:
        return answers.elements, answers.ignored, list(answers.rows)


def refusal(path: Path) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Refused) as refused:
        read(path)
    return refused.value.key.removeprefix("ikm.refused."), refused.value.values


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "jawaban.csv"


respondents = st.lists(st.dictionaries(st.sampled_from(ELEMENTS), st.integers(1, 4)), max_size=20)
other_text = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
number_text = st.sampled_from(["{}", " {}", "{}\xa0", "{}.0", "{},0", "{}.00"])


@given(
    rows=respondents,
    order=st.permutations(ELEMENTS),
    delimiter=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
    upper=st.booleans(),
    comment=other_text,
    number=number_text,
)
def test_what_was_written_as_csv_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: Rows,
    order: list[str],
    delimiter: str,
    end: str,
    encoding: str,
    upper: bool,
    comment: str,
    number: str,
) -> None:
    path = tmp_path_factory.mktemp("csv") / "jawaban.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
        writer.writerow(["Catatan", *(f" {key.upper() if upper else key} " for key in order)])
        for row in rows:
            cells = (number.format(row[key]) if key in row else "" for key in order)
            writer.writerow([comment, *cells])
    assert read(path) == (tuple(order), ("Catatan",), [row for row in rows if row])


@given(rows=respondents, order=st.permutations(ELEMENTS), kind=st.sampled_from([int, float, str]))
def test_what_was_written_as_xlsx_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: Rows, order: list[str], kind: Any
) -> None:
    path = tmp_path_factory.mktemp("xlsx") / "jawaban.xlsx"
    table = [[kind(row[key]) if key in row else None for key in order] for row in rows]
    save(path, [["Umur", *order], *([30, *cells] for cells in table)])
    assert read(path) == (tuple(order), ("Umur",), [row for row in rows if row])


def save(path: Path, rows: list[list[Any]], title: str = "Jawaban") -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    book.close()
    return path


def test_names_match_whatever_their_case_and_spaces(csv_file: Path) -> None:
    write(csv_file, " WAK tu\xa0,Biaya\n4,3\n")
    assert read(csv_file) == (("waktu", "biaya"), (), [{"waktu": 4, "biaya": 3}])


def test_an_old_windows_encoding_is_read(csv_file: Path) -> None:
    write(csv_file, "nama é;waktu\nJosé;4\n".encode("cp1252"))
    assert read(csv_file) == (("waktu",), ("nama é",), [{"waktu": 4}])


def test_one_column_needs_no_delimiter(csv_file: Path) -> None:
    write(csv_file, "waktu\n4\n\n3")
    assert read(csv_file)[2] == [{"waktu": 4}, {"waktu": 3}]


def test_the_delimiter_is_that_of_the_names_not_of_the_comments(csv_file: Path) -> None:
    write(csv_file, 'saran, kesan, pesan;"baris\nkedua";waktu;biaya\n"a,b,c";;4;3\n')
    assert read(csv_file)[2] == [{"waktu": 4, "biaya": 3}]


def test_a_delimiter_that_cannot_even_read_the_names_is_not_theirs(csv_file: Path) -> None:
    write(csv_file, "waktu;" + "b;" * 70_000 + "\n4\n")
    assert read(csv_file)[2] == [{"waktu": 4}]


def test_short_rows_and_blank_rows_before_the_names(csv_file: Path) -> None:
    write(csv_file, "\n;;\nwaktu;biaya;\n4\n")
    assert read(csv_file) == (("waktu", "biaya"), (), [{"waktu": 4}])


@pytest.mark.parametrize(
    "bad",
    ["0", "5", "-1", "3,5", "3.5", "lima", "4.000", "44", "1e0", "+3", "٣", "４", "x4", "4 3"],
)
def test_an_answer_that_is_none_is_told_by_row_and_column(csv_file: Path, bad: str) -> None:
    write(csv_file, f'nama;waktu;biaya\n"a\nb";4;3\n\nc;1;"{bad}"\n')
    assert refusal(csv_file) == (
        "answer",
        {"value": bad, "row": 4, "column": "C", "element": "biaya"},
    )


@pytest.mark.parametrize(
    ("bad", "shown"), [(5, "5"), (3.5, "3.5"), (True, "True"), ("#N/A", "#N/A")]
)
def test_the_same_in_a_workbook(tmp_path: Path, bad: Any, shown: str) -> None:
    path = save(tmp_path / "a.xlsx", [["waktu", "biaya"], [4, 4], [None, None], [1, bad]])
    assert refusal(path) == (
        "answer",
        {"value": shown, "row": 4, "column": "B", "element": "biaya"},
    )


def test_what_is_shown_of_a_cell_is_short_and_has_no_control_characters(csv_file: Path) -> None:
    write(csv_file, "waktu,\x1b[31mmerah\n\x1b[2J" + "a" * 60 + ",\n")
    assert refusal(csv_file)[1]["value"] == " [2J" + "a" * 35 + "…"
    write(csv_file, "waktu,\x1b[31mmerah\n" + "a" * 40 + ",\n")
    assert refusal(csv_file)[1]["value"] == "a" * 40
    write(csv_file, "waktu,\x1b[31mmerah\n4,\n")
    assert read(csv_file)[1] == (" [31mmerah",)


def test_an_unquoted_comma_that_moves_the_answers_is_refused(csv_file: Path) -> None:
    write(csv_file, "waktu,biaya,produk\n4,4,4\n3,5,4,\n")
    assert refusal(csv_file) == ("long_row", {"row": 3, "column": "D"})


def test_a_quotation_mark_that_is_not_closed_is_refused(csv_file: Path) -> None:
    write(csv_file, 'waktu,saran\n4,baik\n3,"lama\n2,\n')
    assert refusal(csv_file) == ("broken_row", {"row": 3})


def test_a_cell_longer_than_any_answer_is_refused(csv_file: Path) -> None:
    write(csv_file, "waktu,saran\n4," + "a" * 200_000)
    assert refusal(csv_file) == ("broken_row", {"row": 2})
    write(csv_file, "a" * 200_000 + ",waktu\n,4\n")
    assert refusal(csv_file) == ("broken_row", {"row": 1})


def test_a_column_that_stands_twice_is_refused(csv_file: Path) -> None:
    write(csv_file, "waktu,biaya,Wak tu\n4,4,4\n")
    assert refusal(csv_file) == (
        "duplicate_column",
        {"element": "waktu", "first": "A", "second": "C"},
    )


@pytest.mark.parametrize("header", ["nama;umur", "4,4,3", "<html><body>", "waktu|biaya"])
def test_without_a_known_column_the_names_are_told(csv_file: Path, header: str) -> None:
    write(csv_file, f"{header}\n1;2\n")
    assert refusal(csv_file) == ("no_column", {"keys": ", ".join(ELEMENTS)})


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " , \n"])
def test_an_empty_file_is_refused(csv_file: Path, content: str) -> None:
    write(csv_file, content)
    assert refusal(csv_file) == ("empty", {"file": "jawaban.csv"})


def test_an_empty_file_with_the_name_of_a_workbook_is_empty_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", "")
    assert refusal(path) == ("empty", {"file": "a.xlsx"})


def test_a_file_with_names_only_has_no_respondents(csv_file: Path) -> None:
    write(csv_file, "waktu,biaya\n,\n")
    assert read(csv_file) == (("waktu", "biaya"), (), [])


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path)[0] == "not_a_file"
    assert refusal(tmp_path / "tidak ada.csv") == ("missing", {"file": "tidak ada.csv"})
    assert refusal(Path("/dev/null"))[0] == "not_a_file"
    assert refusal(tmp_path / ("a" * 300))[0] == "unreadable"


def test_bytes_that_are_no_text_are_refused(csv_file: Path) -> None:
    write(csv_file, "waktu\n4\n".encode("utf-16"))
    assert refusal(csv_file)[0] == "not_text"
    write(csv_file, b"waktu\n4\n" + b"\n" * 200_000 + b"\x81")
    assert refusal(csv_file)[0] == "not_text"


def test_a_huge_file_is_refused_unread(csv_file: Path) -> None:
    with csv_file.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert refusal(csv_file) == ("too_big", {"file": "jawaban.csv", "limit": 50})
    with csv_file.open("wb") as file:
        file.truncate(MAX_BYTES)
    assert refusal(csv_file)[0] == "not_text"


@pytest.mark.parametrize(
    ("index", "letter"),
    [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")],
)
def test_columns_are_named_as_a_spreadsheet_names_them(index: int, letter: str) -> None:
    assert column_letter(index) == letter


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = write(tmp_path_factory.mktemp("any") / "a.csv", b"waktu;biaya\n" + content)
    try:
        _, _, rows = read(path)
    except Refused:
        return
    assert all(1 <= answer <= 4 for row in rows for answer in row.values())


def peak(path: Path) -> int:
    """Memory in bytes that reading needs at most; each row is dropped at once."""
    with open_answers(path, ELEMENTS) as answers:
        next(answers.rows)
        tracemalloc.start()
        for _ in answers.rows:
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return top


@pytest.mark.full
def test_a_csv_is_never_held_in_memory(csv_file: Path) -> None:
    with csv_file.open("w") as file:
        file.write(",".join(ELEMENTS) + "\n")
        file.writelines("1,2,3,4,,4\n" for _ in range(50_000))
    assert peak(csv_file) < 200_000
