"""`results` from the database says what `ikm` says from a file of the same answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.keys import Keys
from domain.rating import Filled, Place, submit
from storage import seeding
from storage.session import Database
from tests.bot.conftest import Shell
from tests.bot.test_ikm_command import TABLES, respondents

ENGLISH = {"LANG": "en_US.UTF-8"}
DAY = datetime(2026, 10, 5, 3, tzinfo=UTC)  # a Monday morning of the fourth quarter
TABLE = next(table for table in TABLES if table["n"] < 60)


def answered(
    shell: Shell, service: str, rows: Sequence[dict[str, int]], *, at: datetime = DAY
) -> None:
    """Respondents who submitted these answers, each from an address of their own."""

    async def work() -> None:
        database = Database(shell.url(), beside=True)
        keys = Keys(b"k" * 32)
        try:
            async with database.transaction() as tx:
                place = Place((await seeding.services(tx))[service].id, None, "search")
                for number, answers in enumerate(rows):
                    filled = Filled(
                        instrument="skm",
                        version="1",
                        answers=answers,
                        took=timedelta(minutes=2),
                        channel="telegram",
                        language="id",
                        staff=False,
                    )
                    assert await submit(tx, keys, number, place, filled, at)
        finally:
            await database.close()

    asyncio.run(work())


@pytest.fixture
def rated(shell: Shell) -> Shell:
    shell("seed")
    answered(shell, "ktp-el", respondents(TABLE))
    return shell


@pytest.mark.parametrize("weights", ["exact", "0.111"])
def test_a_service_has_the_figures_of_the_published_table(rated: Shell, weights: str) -> None:
    path = rated.folder / "jawaban.csv"
    rows = respondents(TABLE)
    lines = [",".join(rows[0])] + [",".join(map(str, row.values())) for row in rows]
    path.write_text("\n".join(lines))
    from_file = rated.data("ikm", path, "--weights", weights)
    found = rated.data(
        "results", "--service", "ktp-el", "--period", "2026-Q4", "--weights", weights
    )
    assert {name: found[name] for name in from_file} == from_file
    assert {name: found[name] for name in ("ikm", "grade")} == TABLE["ikm"][weights]
    assert found["rule"]["weights"] == weights
    assert found["rule"]["rounding"] == "half_up_once"
    assert found["versions"] == {"1": TABLE["n"]}
    assert (found["from"], found["to"]) == ("2026-10-01", "2026-12-31")


def test_a_unit_has_the_answers_of_the_units_below_it(rated: Shell) -> None:
    answered(rated, "surat-domisili", [{"waktu": 4}, {"waktu": 2}])
    n = {
        unit: rated.data("results", "--unit", unit, "--period", "2026")["n"]
        for unit in ("kota", "disdukcapil", "kelurahan-melati", "puskesmas-kenanga")
    }
    assert n == {
        "kota": TABLE["n"] + 2,
        "disdukcapil": TABLE["n"],
        "kelurahan-melati": 2,
        "puskesmas-kenanga": 0,
    }
    assert rated.data("results", "--period", "2026")["n"] == TABLE["n"] + 2


@pytest.mark.parametrize(
    ("span", "n"),
    [
        (["--period", "2026-Q4"], 3),
        (["--period", "2026q4"], 3),
        (["--period", "2026-Q3"], 1),
        (["--period", "2026"], 4),
        (["--from", "2026-10-05", "--to", "2026-10-05"], 2),
        (["--from", "2026-09-30", "--to", "2026-10-05"], 3),
        (["--from", "2026-12-31", "--to", "2026-12-31"], 1),
    ],
)
def test_a_period_holds_its_first_and_its_last_day(shell: Shell, span: list[str], n: int) -> None:
    shell("seed")
    for at in ("2026-09-30", "2026-10-05", "2026-12-31"):
        # 23.59 in Jakarta: the local day counts, not that of Greenwich.
        late = datetime.fromisoformat(f"{at}T16:59:00+00:00")
        answered(shell, "ktp-el", [{"waktu": 3}], at=late)
    answered(shell, "kia", [{"waktu": 3}])
    assert shell.data("results", *span)["n"] == n


@pytest.mark.parametrize(
    "span",
    [
        ["--period", "2026-Q5"],
        ["--period", "soon"],
        ["--period", "2026-Q4", "--from", "2026-10-01", "--to", "2026-10-02"],
        ["--from", "2026-10-02"],
        ["--from", "2026-10-02", "--to", "2026-10-01"],
        ["--from", "yesterday", "--to", "2026-10-01"],
    ],
)
def test_a_period_that_is_none_is_refused(shell: Shell, span: list[str]) -> None:
    shell("seed")
    assert shell("results", *span, **ENGLISH).exit_code == 2


def test_the_lines_name_place_period_rule_and_version(rated: Shell) -> None:
    told = rated("results", "--service", "ktp-el", "--period", "2026-Q4").stdout
    for words in ("KTP elektronik", "2026-10-01 s.d. 2026-12-31", "(tepat)", "Versi kuesioner: 1"):
        assert words in told
    assert TABLE["ikm"]["exact"]["ikm"].replace(".", ",") in told


def test_few_answers_are_shown_inside_and_marked(shell: Shell) -> None:
    shell("seed")
    answered(shell, "kia", [{"waktu": 3}, {"waktu": 4}])
    told = shell("results", "--service", "kia", "--period", "2026", **ENGLISH).stdout
    assert "87.50" in told
    assert "3 more answers are needed" in told


def test_no_answers_are_no_index(shell: Shell) -> None:
    shell("seed")
    told = shell("results", "--unit", "kota", **ENGLISH)
    assert told.exit_code == 0
    assert "no index yet" in told.stdout
    data = shell.data("results", "--unit", "kota")
    assert (data["n"], data["ikm"], data["grade"]) == (0, None, None)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--unit", "rumah"], "There is no unit rumah"),
        (["--service", "rumah"], "There is no service rumah"),
        (["--unit", "kota", "--service", "kia"], "Choose one"),
    ],
)
def test_what_is_not_there_is_named(shell: Shell, asked: list[str], told: str) -> None:
    shell("seed")
    result = shell("results", *asked, **ENGLISH)
    assert result.exit_code == 2
    assert told in result.stderr


def test_the_printed_weight_needs_all_nine(shell: Shell) -> None:
    shell("seed")
    answered(shell, "kia", [{"waktu": 3}])
    result = shell(
        "results", "--service", "kia", "--period", "2026", "--weights", "0.111", **ENGLISH
    )
    assert result.exit_code == 2
    assert "There is no answer for" in result.stderr


def test_reconcile_prints_what_it_compared_and_fails_when_it_differs(rated: Shell) -> None:
    whole = rated.data("reconcile")
    assert whole["agrees"] is True
    assert {c["check"] for c in whole["checks"]} >= {"inbox", "outbox", "states", "loose"}
    told = rated("reconcile", **ENGLISH)
    assert told.exit_code == 0
    assert "All books agree." in told.stdout
    _alter(rated.folder / "data" / "tanggap.db")
    broken = rated("reconcile", "--json")
    assert broken.exit_code == 1
    wrong = [check for check in json.loads(broken.stdout)["checks"] if not check["agrees"]]
    assert wrong == [
        {
            "check": "submissions",
            "subject": "skm 2026-10-05",
            "promised": TABLE["n"] + 1,
            "found": TABLE["n"],
            "agrees": False,
        }
    ]
    told = rated("reconcile", **ENGLISH)
    assert told.exit_code == 1
    assert f"skm 2026-10-05: should be {TABLE['n'] + 1}, is {TABLE['n']}" in told.stdout
    assert "Some books disagree" in told.stdout


def _alter(path: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE ledger SET n = n + 1 WHERE name = 'response.skm'")
    connection.close()
