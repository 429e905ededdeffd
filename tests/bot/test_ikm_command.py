"""The command `ikm` as an office runs it: a file in, sentences or data out."""

import ast
import json
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from openpyxl import Workbook
from typer.testing import CliRunner

import domain
from bot.commands.ikm import ikm
from content import load

TABLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "domain" / "published_tables.json").read_text()
)
BORDER = next(table for table in TABLES if table["id"] == "metro-pusat-2020s2")

app = typer.Typer()
app.command()(ikm)


def run(*arguments: object, lang: str = "id_ID.UTF-8") -> Result:
    env = {"LC_ALL": None, "LC_MESSAGES": None, "LANG": lang}
    return CliRunner().invoke(app, [str(one) for one in arguments], env=env)


def respondents(table: dict[str, Any]) -> list[dict[str, int]]:
    """Answers of n people whose sums are the published ones."""
    n = table["n"]
    return [
        {key: total // n + (number < total % n) for key, total in table["sums"].items()}
        for number in range(n)
    ]


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """The questionnaires behind the published table at the border between B and C."""
    path = tmp_path / "jawaban.csv"
    rows = respondents(BORDER)
    lines = [";".join(["Nama", *rows[0]])]
    lines += [";".join(["", *map(str, row.values())]) for row in rows]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("weights", ["exact", "0.111"])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["id"])
def test_published_tables_from_a_workbook_as_data(
    tmp_path: Path, table: dict[str, Any], weights: str
) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    rows = respondents(table)
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    path = tmp_path / "jawaban.xlsx"
    book.save(path)
    book.close()

    result = run(path, "--weights", weights, "--json")

    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert {key: data[key] for key in ("n", "weights", "ikm", "grade")} == {
        "n": table["n"],
        "weights": weights,
        **table["ikm"][weights],
    }
    assert {key: one["sum"] for key, one in data["elements"].items()} == table["sums"]


def test_the_data_has_exactly_the_promised_shape(tmp_path: Path) -> None:
    path = tmp_path / "jawaban.csv"
    path.write_text("waktu,biaya\n4,3\n3,\n4,\n,\n")
    unanswered = {"n": 0, "sum": 0, "nrr": None}
    elements = dict.fromkeys(BORDER["sums"], unanswered) | {
        "waktu": {"n": 3, "sum": 11, "nrr": "3.6667"},
        "biaya": {"n": 1, "sum": 3, "nrr": "3.0000"},
    }
    result = run(path, "--json")
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "n": 3,
        "weights": "exact",
        "ikm": "83.33",
        "grade": "B",
        "elements": elements,
    }


def test_sentences_in_indonesian(answers: Path) -> None:
    result = run(answers)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Indeks Kepuasan Masyarakat (IKM) dari jawaban.csv",
        "Responden: 10",
        "Penimbang tiap unsur: 1/9 (tepat)",
        "Pembulatan: satu kali di akhir, dua angka desimal, setengah ke atas",
        "",
        "Unsur                                     Jawaban    Jumlah       NRR",
        "Persyaratan                                    10        32    3,2000",
        "Sistem, Mekanisme, dan Prosedur                10        31    3,1000",
        "Waktu Penyelesaian                             10        26    2,6000",
        "Biaya/Tarif                                    10        30    3,0000",
        "Produk Spesifikasi Jenis Pelayanan             10        31    3,1000",
        "Kompetensi Pelaksana                           10        29    2,9000",
        "Perilaku Pelaksana                             10        33    3,3000",
        "Sarana dan Prasarana                           10        33    3,3000",
        "Penanganan Pengaduan, Saran dan Masukan        10        33    3,3000",
        "",
        "Nilai indeks (skala 1–4): 3,0889",
        "IKM (skala 25–100): 77,22",
        "Mutu pelayanan: B (Baik)",
        "Kolom yang tidak dipakai: Nama",
    ]


def test_sentences_in_english_with_the_printed_weight(answers: Path) -> None:
    lines = run(answers, "--weights", "0.111", lang="en_GB.UTF-8").stdout.splitlines()
    assert "Weight of each element: 0.111" in lines
    assert "Index (scale 1–4): 3.0858" in lines
    assert "IKM (scale 25–100): 77.15" in lines
    assert "Service quality: B (Good)" in lines


@pytest.mark.parametrize(
    ("lang", "language"),
    [("", "id"), ("C.UTF-8", "id"), ("id", "id"), ("jv_ID", "id"), ("en_US", "en"), ("EN", "en")],
)
def test_the_language_is_that_of_the_machine_or_indonesian(
    answers: Path, lang: str, language: str
) -> None:
    first = {"id": "Indeks Kepuasan", "en": "Public satisfaction"}[language]
    assert run(answers, lang=lang).stdout.startswith(first)


def test_the_same_numbers_in_every_grade(tmp_path: Path) -> None:
    path = tmp_path / "jawaban.csv"
    for answer, grade in {"1": "D (Tidak", "3": "C (Kurang", "4": "A (Sangat"}.items():
        path.write_text(f"waktu\n{answer}\n")
        assert f"Mutu pelayanan: {grade} baik)" in run(path).stdout
    path.write_text("waktu\n3\n4\n")
    assert "Mutu pelayanan: B (Baik)" in run(path).stdout


def test_what_was_left_out_is_told(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append([*BORDER["sums"], "Umur"])
    book.worksheets[0].append([4, 4, 4, None, 4, 4, 4, 4, None, 33])
    book.create_sheet("Rekap")
    path = tmp_path / "jawaban.xlsx"
    book.save(path)
    book.close()
    lines = run(path).stdout.splitlines()
    assert "Penimbang tiap unsur: 1/7 (tepat)" in lines
    assert lines[-3:] == [
        "Unsur tanpa jawaban, tidak ikut dihitung:"
        " Biaya/Tarif; Penanganan Pengaduan, Saran dan Masukan",
        "Kolom yang tidak dipakai: Umur",
        "Lembar kerja yang tidak dibaca: Rekap",
    ]


def test_without_answers_there_is_no_index_and_no_zero(tmp_path: Path) -> None:
    path = tmp_path / "jawaban.csv"
    path.write_text("waktu,biaya\n")
    result = run(path)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        "Berkas ini belum berisi jawaban, jadi belum ada indeks."
    ]
    data = json.loads(run(path, "--json", "--weights", "0.111").stdout)
    assert (data["n"], data["ikm"], data["grade"]) == (0, None, None)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_refusal_is_one_sentence_on_stderr(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "jawaban.csv"
    path.write_text('nama;waktu\na;4\nb;"{5}"\n')
    result = run(path, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        'Baris 3, kolom B (waktu): "{5}" bukan jawaban.'
        " Jawaban adalah 1, 2, 3, 4, atau kosong bila tidak dijawab.\n"
    )


def test_the_printed_weight_names_the_element_it_misses(tmp_path: Path) -> None:
    path = tmp_path / "jawaban.csv"
    path.write_text(",".join(BORDER["sums"]) + "\n4,4,4,,4,4,4,4,4\n")
    result = run(path, "--weights", "0.111", lang="en")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no answer for: biaya." in result.stderr


def test_another_weight_is_a_wrong_command(answers: Path) -> None:
    assert run(answers, "--weights", "0.11").exit_code == 2
    assert run().exit_code == 2


def refusals() -> Iterator[tuple[str, set[str | None]]]:
    """All refusals that the rooms behind this command can speak: key and values."""
    assert domain.__file__
    root = Path(domain.__file__).parent
    for file in [*root.glob("index/*.py"), *root.glob("answers_*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refused":
                key = ast.literal_eval(node.args[0])
                yield key, {keyword.arg for keyword in node.keywords}


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_refusal_has_a_sentence_that_uses_its_values(language: str) -> None:
    table = load().sentences[language]
    spoken = set()
    for key, values in refusals():
        assert {name for _, name, *_ in string.Formatter().parse(table[key]) if name} == values
        spoken.add(key)
    assert spoken == {key for key in table if key.startswith("ikm.refused.")}


def test_starting_the_command_does_not_load_what_reading_a_file_needs() -> None:
    code = "import sys, bot.commands.ikm; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"openpyxl", "babel", "content", "msgspec"} & set(done.stdout.split())
