"""Workbooks: stored results, sheets, damage, and files made to do harm."""

import re
import shutil
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.chart import BarChart

from domain import answers_workbook
from domain.answers_file import open_answers
from domain.errors import Refused

ELEMENTS = ("waktu", "biaya")
SHEET = "xl/worksheets/sheet1.xml"


def read(path: Path) -> list[dict[str, int]]:
    with open_answers(path, ELEMENTS) as answers:
        return list(answers.rows)


def refusal(path: Path) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Refused) as refused:
        read(path)
    return refused.value.key.removeprefix("ikm.refused."), refused.value.values


def save(path: Path, rows: list[list[Any]]) -> Path:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    book.close()
    return path


def rewrite(path: Path, change: Callable[[str], str], part: str = SHEET) -> Path:
    """Change the XML of one part, as another program would have written it."""
    changed = path.with_suffix(".new")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == part else content)
    shutil.move(changed, path)
    return path


@pytest.fixture
def formula(tmp_path: Path) -> Path:
    """Two answers, the second a formula without a stored result."""
    return save(tmp_path / "a.xlsx", [["waktu", "biaya"], [4, "=A2-1"]])


def test_a_formula_that_was_never_calculated_is_refused_with_its_cell(formula: Path) -> None:
    assert refusal(formula) == ("formula", {"cell": "B2"})


def test_such_a_formula_as_a_column_name_is_refused_too(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["waktu", '="bia"&"ya"'], [4, 3]])
    assert refusal(path) == ("formula", {"cell": "B1"})


def test_in_a_column_that_is_not_used_it_does_no_harm(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["waktu", "rata-rata"], [4, "=AVERAGE(A:A)"]])
    assert read(path) == [{"waktu": 4}]


def test_the_stored_result_of_a_formula_counts(formula: Path) -> None:
    rewrite(formula, lambda xml: re.sub(r"<v ?/>", "<v>3</v>", xml))
    assert read(formula) == [{"waktu": 4, "biaya": 3}]


def test_a_formula_that_gave_an_empty_text_was_not_answered(formula: Path) -> None:
    rewrite(formula, lambda xml: re.sub(r'r="B2"', 'r="B2" t="str"', xml))
    assert read(formula) == [{"waktu": 4}]


def test_a_sheet_that_states_its_size_wrongly_is_read_whole(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["waktu", "biaya"], [4, 3], [2, 1]])
    rewrite(path, lambda xml: xml.replace('ref="A1:B3"', 'ref="A1"'))
    assert read(path) == [{"waktu": 4, "biaya": 3}, {"waktu": 2, "biaya": 1}]


def test_rows_that_are_left_out_keep_the_numbers_of_the_others(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["C3"], sheet["C9"] = "waktu", 7
    book.save(tmp_path / "a.xlsx")
    book.close()
    assert refusal(tmp_path / "a.xlsx")[1] == {
        "value": "7",
        "row": 9,
        "column": "C",
        "element": "waktu",
    }


def test_the_first_visible_sheet_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    book = Workbook()
    hidden, *sheets = book.worksheets[0], book.create_sheet("Mei"), book.create_sheet("Juni")
    hidden.sheet_state = "hidden"
    for number, sheet in enumerate(sheets, 3):
        sheet.append(["waktu"])
        sheet.append([number])
    path = tmp_path / "a.xlsx"
    book.save(path)
    book.close()
    with open_answers(path, ELEMENTS) as answers:
        assert list(answers.rows) == [{"waktu": 3}]
        assert answers.ignored_sheets == ("Juni",)


def test_a_workbook_without_a_sheet_to_read_is_empty(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [])
    assert refusal(path)[0] == "empty"
    book = Workbook()
    book.worksheets[0].append(["waktu"])
    book.worksheets[0].sheet_state = "hidden"
    book.create_chartsheet().add_chart(BarChart())
    book.active = 1
    book.save(path)
    book.close()
    assert refusal(path)[0] == "empty"


def test_a_damaged_style_prints_nothing_into_our_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "a.xlsx", [["waktu"], [4]])
    rewrite(path, lambda xml: re.sub(r'xfId="\d+"', 'xfId="77"', xml), "xl/styles.xml")
    assert refusal(path)[0] == "not_a_workbook"
    assert capsys.readouterr() == ("", "")


def test_a_date_is_not_an_answer_and_no_warning_escapes(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["waktu"], [date(2026, 3, 4)]])
    assert refusal(path)[1]["value"].startswith("2026-03-04")
    rewrite(path, lambda xml: re.sub(r"<v>.*?</v>", "<v>9999999999</v>", xml))
    with warnings.catch_warnings(record=True) as escaped:
        warnings.simplefilter("always")
        assert refusal(path)[1]["value"] == "#VALUE!"
    assert escaped == []


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.csv"])
def test_a_locked_or_old_workbook_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    assert refusal(path) == ("locked", {"file": name})


@pytest.mark.parametrize(
    "content", [b"waktu\n4\n", b"<table><td>4", b"\x89PNG", b"PK\x03\x04" * 9]
)
def test_something_else_named_like_a_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.XLSX"
    path.write_bytes(content)
    assert refusal(path) == ("not_a_workbook", {"file": "a.XLSX"})


def test_another_kind_of_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<office/>")
    assert refusal(path)[0] == "not_a_workbook"


def test_a_workbook_is_known_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    assert read(save(tmp_path / "a.xlsx", [["waktu"], [4]]).rename(tmp_path / "a.csv")) == [
        {"waktu": 4}
    ]


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["waktu"], [4]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/gambar.xml", bytes(answers_workbook.MAX_UNPACKED_BYTES))
    assert path.stat().st_size < 1_000_000
    assert refusal(path) == ("too_big", {"file": "a.xlsx", "limit": 100})


def test_a_row_number_beyond_any_spreadsheet_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_workbook, "MAX_ROWS", 1000)
    path = save(tmp_path / "a.xlsx", [["waktu"], [4]])
    rewrite(path, lambda xml: xml.replace('"2"', '"1000"').replace('"A2"', '"A1000"'))
    assert read(path) == [{"waktu": 4}]
    rewrite(path, lambda xml: xml.replace('"1000"', '"99999999999"'))
    assert refusal(path) == ("too_many_rows", {"file": "a.xlsx", "limit": 1000})


@given(
    bytes_at=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4),
    kept=st.none() | st.floats(0, 1),
)
def test_a_workbook_with_broken_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    bytes_at: list[tuple[int, int]],
    kept: float | None,
) -> None:
    path = some_workbook(tmp_path_factory)
    content = bytearray(path.read_bytes())
    for at, byte in bytes_at:
        content[at % len(content)] = byte
    path.write_bytes(content if kept is None else content[: int(kept * len(content))])
    read_or_refused(path)


@given(
    part=st.sampled_from([SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"]),
    at=st.integers(0, 3000),
    cut=st.integers(1, 40),
)
def test_a_workbook_with_broken_xml_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, part: str, at: int, cut: int
) -> None:
    path = some_workbook(tmp_path_factory)
    read_or_refused(rewrite(path, lambda xml: xml[:at] + xml[at + cut :], part))


def some_workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("damage") / "a.xlsx"
    return save(path, [["waktu", "biaya"], [4, 3], ["2", "=A2"]])


def read_or_refused(path: Path) -> None:
    try:
        rows = read(path)
    except Refused:
        return
    assert all(1 <= answer <= 4 for row in rows for answer in row.values())


@pytest.mark.full
def test_a_workbook_is_never_held_in_memory(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["waktu", "biaya"], *([4, 3] for _ in range(8000))])
    with open_answers(path, ELEMENTS) as answers:
        next(answers.rows)
        tracemalloc.start()
        read_on = sum(1 for _ in answers.rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert read_on == 7999
    assert peak < 3_000_000
