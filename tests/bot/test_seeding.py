"""An office planted again and again: keys stay, codes stay, the sample goes."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.bot.conftest import Shell

ENGLISH = {"LANG": "en_US.UTF-8"}

OFFICE = """
[[units]]
key = "kab"
name = "Kabupaten Uji"
zone = "Asia/Makassar"

[[units]]
key = "rsud"
name = "RSUD Uji"
parent = "kab"

[[services]]
key = "rawat-jalan"
name = "Rawat jalan"
unit = "rsud"

[[services]]
key = "igd"
name = "IGD"
unit = "rsud"

[[points]]
key = "loket-a"
name = "Loket A <utama> & pendaftaran"
unit = "rsud"
service = "rawat-jalan"

[[points]]
key = "pintu"
name = "Pintu masuk"
unit = "rsud"
service = ["rawat-jalan", "igd"]
"""


@pytest.fixture
def office(shell: Shell) -> Path:
    path = shell.folder / "kantor.toml"
    path.write_text(OFFICE)
    return path


def points(shell: Shell) -> dict[str, Any]:
    return {one["key"]: one for one in shell.data("points")}


def sql(shell: Shell, statement: str) -> list[Any]:
    connection = sqlite3.connect(shell.folder / "data" / "tanggap.db")
    try:
        with connection:
            return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_the_sample_is_planted_once_and_only_once(shell: Shell) -> None:
    first = shell.data("seed")
    assert {kind: len(done["added"]) for kind, done in first.items()} == {
        "units": 4,
        "services": 12,
        "points": 6,
    }
    before = sql(shell, "SELECT * FROM service_point")
    again = shell.data("seed")
    assert all(not (d["added"] or d["changed"]) for d in again.values())
    assert len(again["services"]["same"]) == 12
    assert sql(shell, "SELECT * FROM service_point") == before
    assert len(sql(shell, "SELECT * FROM audit")) == 1  # nothing done, nothing to record


def test_an_office_is_planted_from_its_file(shell: Shell, office: Path) -> None:
    assert shell("seed", office).exit_code == 0
    listed = points(shell)
    assert listed["loket-a"]["service"] == "rawat-jalan"
    assert listed["pintu"]["service"] is None  # two services: the citizen is asked
    assert not listed["loket-a"]["sample"]
    zones = dict(sql(shell, "SELECT key, zone FROM unit"))
    assert zones == {"kab": "Asia/Makassar", "rsud": "Asia/Makassar"}
    parents = sql(shell, "SELECT c.key, p.key FROM unit c JOIN unit p ON p.id = c.parent_id")
    assert parents == [("rsud", "kab")]


def test_what_is_renamed_or_moved_keeps_its_code(shell: Shell, office: Path) -> None:
    shell("seed", office)
    before = points(shell)
    changed = OFFICE.replace("Pintu masuk", "Lobi").replace('"RSUD Uji"', '"RSUD Kota Uji"')
    office.write_text(changed.replace('service = ["rawat-jalan", "igd"]', 'service = "igd"'))
    done = shell.data("seed", office)
    assert done["points"]["changed"] == ["pintu"]
    assert done["units"]["changed"] == ["rsud"]
    assert done["services"]["changed"] == []
    after = points(shell)
    assert after["pintu"]["name"] == "Lobi"
    assert after["pintu"]["service"] == "igd"
    assert {k: p["payload"] for k, p in after.items()} == {
        k: p["payload"] for k, p in before.items()
    }


def test_what_the_file_does_not_name_stays_and_is_told(shell: Shell, office: Path) -> None:
    shell("seed", office)
    office.write_text(OFFICE.partition('[[points]]\nkey = "pintu"')[0])
    told = shell("seed", office, **ENGLISH).stdout
    assert "left alone: pintu" in told
    assert "pintu" in points(shell)


def test_every_point_has_a_code_of_its_own_that_a_start_payload_may_have(shell: Shell) -> None:
    shell("seed")
    payloads = [one["payload"] for one in points(shell).values()]
    assert len(set(payloads)) == 6
    assert all(re.fullmatch(r"p[a-z2-7]{16}", payload) for payload in payloads)


def test_a_file_with_faults_plants_nothing_and_names_each(shell: Shell, office: Path) -> None:
    office.write_text(OFFICE.replace('unit = "rsud"', 'unit = "rumah"', 2))
    result = shell("seed", office, **ENGLISH)
    assert result.exit_code == 2
    for service in ("rawat-jalan", "igd"):
        assert f"[[services]] {service}: unit 'rumah' is not the key of a unit" in result.stderr
    assert shell("seed", shell.folder / "absent.toml", **ENGLISH).exit_code == 2
    assert not (shell.folder / "data").exists()


def test_the_sample_goes_as_it_came(shell: Shell, office: Path) -> None:
    shell("seed", office)
    shell("seed")
    shell("invite", "--role", "staff", "--unit", "kelurahan-melati")  # unused: goes too
    done = shell.data("seed", "--remove-sample")
    assert done == {"removed": {"units": 4, "services": 12, "points": 6}}
    assert points(shell).keys() == {"loket-a", "pintu"}
    assert sql(shell, "SELECT key FROM unit WHERE sample") == []
    assert sql(shell, "SELECT count(*) FROM invitation") == [(0,)]
    assert shell("reconcile").exit_code == 0
    again = shell("seed", "--remove-sample", **ENGLISH)
    assert again.exit_code == 0
    assert "There is no sample city" in again.stdout


RESPONSE = """
    INSERT INTO response (key, instrument, version, service_id, point_id, local_date, half_day,
        channel, language, notice, visit_kind, duration, staff, burst)
    SELECT 'r1', 'quick', '1', id, NULL, '2026-11-23', 'am', 'telegram', 'id', '1', 'search',
        'normal', 0, 0 FROM service WHERE key = 'ktp-el'"""
PERSON = "INSERT INTO person (id, language, sample) VALUES (7, 'id', 0)"
HANGING = {
    "citizens' answers: 1": [RESPONSE],
    "roles: 1": [
        PERSON,
        "INSERT INTO role (person_id, role, unit_id, since)"
        " SELECT 7, 'admin', id, '2026-11-23' FROM unit WHERE key = 'kota'",
    ],
    "staff: 1": [
        PERSON,
        "INSERT INTO staff (person_id, name, unit_id, position_group, lessons_from)"
        " SELECT 7, 'Rina', id, '', '' FROM unit WHERE key = 'kota'",
    ],
    "service points of the office: 1": ["UPDATE service_point SET sample = 0 WHERE id = 1"],
    "services of the office: 1": ["UPDATE service SET sample = 0 WHERE key = 'poli-umum'"],
    "units of the office: 1": ["UPDATE unit SET sample = 0 WHERE key = 'kelurahan-melati'"],
}


@pytest.mark.parametrize("told", HANGING)
def test_the_sample_stays_while_anything_real_hangs_on_it(shell: Shell, told: str) -> None:
    shell("seed")
    for statement in HANGING[told]:
        sql(shell, statement)
    before = sql(shell, "SELECT * FROM service_point ORDER BY id")
    result = shell("seed", "--remove-sample", **ENGLISH)
    assert result.exit_code == 1
    assert told in result.stderr
    assert sql(shell, "SELECT * FROM service_point ORDER BY id") == before


def test_the_sample_never_renames_what_is_the_offices_own(shell: Shell, office: Path) -> None:
    office.write_text(OFFICE.replace('"kab"', '"kota"'))
    shell("seed", office)
    result = shell("seed", **ENGLISH)
    assert result.exit_code == 2
    assert "already uses these keys: kota" in result.stderr
    assert sql(shell, "SELECT name, sample FROM unit WHERE key = 'kota'") == [("Kabupaten Uji", 0)]


def test_an_office_may_take_over_what_was_the_samples(shell: Shell, office: Path) -> None:
    shell("seed")
    office.write_text(OFFICE.replace('"kab"', '"kota"'))
    assert "kota" in shell.data("seed", office)["units"]["changed"]
    assert sql(shell, "SELECT sample FROM unit WHERE key = 'kota'") == [(0,)]


def test_planting_works_on_postgresql_too(shell: Shell, office: Path, empty_postgres: str) -> None:
    shell.env["TANGGAP_DATABASE_URL"] = empty_postgres
    shell("migrate")
    shell("seed", office)
    shell("seed")
    assert len(points(shell)) == 8
    assert shell.data("seed", "--remove-sample")["removed"]["units"] == 4
    assert points(shell).keys() == {"loket-a", "pintu"}
