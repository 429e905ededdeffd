"""An office file is read whole or refused with everything that is wrong in it."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from content import Bank, office
from content.office import OfficeError

UNIT = '[[units]]\nkey = "a"\nname = "A"\nzone = "Asia/Jayapura"\n'
SERVICE = '[[services]]\nkey = "s"\nname = "S"\nunit = "a"\n'
POINT = '[[points]]\nkey = "p"\nname = "P"\nunit = "a"\n'


def problems(text: str) -> str:
    with pytest.raises(OfficeError) as caught:
        office.read(text)
    assert caught.value.problems
    assert str(caught.value) == "\n".join(caught.value.problems)
    return str(caught.value)


def test_the_sample_city_is_a_small_town_hall() -> None:
    city = office.sample()
    assert city.sample
    assert city.units[0].key == "kota"
    assert len(city.units) == 4
    assert {unit.zone for unit in city.units} == {"Asia/Jakarta"}
    assert len(city.services) == 12
    roles = [person.role for person in city.people]
    assert sorted(roles) == ["admin", "citizen", "citizen", "citizen", "staff", "staff"]


def test_the_self_assessment_of_the_sample_can_find_a_gap(bank: Bank) -> None:
    """Whoever tries it with the lowest level of everything must see what a gap looks like."""
    required = {group.key: group.required for group in bank.groups}
    staff = [person for person in office.sample().people if person.role == "staff"]
    assert all(min(required[person.group].values()) > 1 for person in staff)


def test_every_service_of_the_sample_is_given_at_some_point() -> None:
    city = office.sample()
    given = {key for point in city.points for key in point.services}
    asking = {point.unit for point in city.points if not point.services}
    assert {s.key for s in city.services if s.key not in given and s.unit not in asking} == set()


def test_staff_of_the_sample_have_a_position_group(bank: Bank) -> None:
    groups = {group.key for group in bank.groups}
    for person in office.sample().people:
        assert (person.group in groups) == (person.role == "staff")


def test_a_service_of_a_point_is_one_or_several_or_none() -> None:
    second = SERVICE.replace('"s"', '"t"')
    for written, expected in (
        ("", ()),
        ('service = "s"\n', ("s",)),
        ('service = ["t", "s"]\n', ("t", "s")),
    ):
        (point,) = office.read(UNIT + SERVICE + second + POINT + written).points
        assert point.services == expected


def test_units_come_after_the_unit_above_and_take_its_zone() -> None:
    text = (
        '[[units]]\nkey = "c"\nname = "C"\nparent = "b"\n'
        '[[units]]\nkey = "b"\nname = "B"\nparent = "a"\nzone = "Asia/Makassar"\n'
        '[[units]]\nkey = "d"\nname = "D"\nparent = "a"\n'
    ) + UNIT
    units = {unit.key: unit for unit in office.read(text).units}
    seen: set[str | None] = {None}
    for unit in units.values():
        assert unit.parent in seen
        seen.add(unit.key)
    assert units["c"].zone == units["b"].zone == "Asia/Makassar"
    assert units["d"].zone == units["a"].zone == "Asia/Jayapura"


def test_a_file_may_be_read_from_disk_with_windows_habits(tmp_path: Path) -> None:
    file = tmp_path / "kantor.toml"
    file.write_bytes(b"\xef\xbb\xbf" + UNIT.replace("\n", "\r\n").encode())
    assert office.read(file) == office.read(UNIT) == office.read("\ufeff" + UNIT)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OfficeError, match=r"tidak-ada\.toml: cannot be read"):
        office.read(tmp_path / "tidak-ada.toml")
    with pytest.raises(OfficeError, match="cannot be read"):
        office.read(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(OfficeError, match="Save it as UTF-8"):
        office.read(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "units: there are none"),
        ("[[units", "not TOML"),
        ("x = " + "[" * 100_000, "not TOML"),
        ("units = 1", "[[units]]"),
        ("units = [1]", "[[units]] 1: "),
        (UNIT + UNIT, "line 5: [[units]] a: key 'a' stands twice"),
        (UNIT.replace("zone", "zona"), "line 1: [[units]] a: zona is not known"),
        ("colour = 1\n" + UNIT, "colour: is not known here"),
        (UNIT.replace("Asia/Jayapura", "WIT"), "zone 'WIT' is not a time zone"),
        (UNIT.replace("Asia/Jayapura", "Asia"), "zone 'Asia' is not a time zone"),
        (UNIT.replace("Asia/Jayapura", "../etc/passwd"), "is not a time zone"),
        (UNIT.replace('zone = "Asia/Jayapura"', "zone = 9"), "zone must be text"),
        ('[[units]]\nkey = "a"\nname = "A"\n', "zone is missing"),
        ('[[units]]\nkey = "a"\n', "[[units]] a: name is missing. Add it"),
        (UNIT.replace('"a"', '"A b"'), "key must be small letters"),
        (UNIT.replace('"a"', '"' + "a" * 41 + '"'), "at most 40"),
        (UNIT.replace('"A"', '""'), "name must be 1 to 100"),
        (UNIT.replace('"A"', '"A "'), "without blanks"),
        (UNIT.replace('"A"', r'"A\nB"'), "on one line"),
        (UNIT.replace('"A"', '"' + "A" * 101 + '"'), "name must be 1 to 100"),
        (UNIT + 'parent = "z"\n', "parent 'z' is not the key of a unit"),
        (UNIT + 'parent = "a"\n', "circle"),
        (SERVICE.replace('unit = "a"', 'unit = "z"') + UNIT, "line 1: [[services]] s: unit 'z'"),
        (UNIT + POINT + 'service = "z"\n', "service 'z' is not the key of a service"),
        (UNIT + SERVICE + POINT + 'service = ["s", "s"]\n', "names a service twice"),
        (
            UNIT
            + UNIT.replace('"a"', '"b"')
            + SERVICE
            + POINT.replace('"a"', '"b"')
            + 'service = "s"\n',
            "service 's' belongs to unit 'a'",
        ),
        (
            UNIT + '[[people]]\nkey = "k"\nname = "K"\nrole = "citizen"\n',
            "people: belong in a sample only",
        ),
        (
            "sample = true\n" + UNIT + '[[people]]\nkey = "k"\nname = "K"\nrole = "raja"\n',
            "role must be citizen, staff or admin",
        ),
        (
            "sample = true\n" + UNIT + '[[people]]\nkey = "k"\nname = "K"\nrole = "staff"\n',
            "group is missing",
        ),
        (
            "sample = true\n"
            + UNIT
            + '[[people]]\nkey = "k"\nname = "K"\nrole = "citizen"\nunit = "a"\n',
            "unit is not for this role",
        ),
        ("sample = 1\n" + UNIT, "sample: is not true or false"),
    ],
)
def test_a_fault_is_told_with_table_and_mend(text: str, told: str) -> None:
    assert told in problems(text)


def test_all_faults_are_told_at_once() -> None:
    text = UNIT.replace("Asia/Jayapura", "WIB") + SERVICE.replace('unit = "a"', 'unit = "z"')
    text += POINT + 'service = "q"\n'
    assert [line.split(": ")[0] for line in problems(text).split("\n")] == [
        "line 1",
        "line 5",
        "line 9",
    ]


def test_no_line_is_named_when_tables_are_written_in_one_line() -> None:
    told = problems('units = [{ key = "a", name = "A" }] # [[units]]')
    assert told.startswith("[[units]] a: zone is missing")


keys = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True)
names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=100)


@st.composite
def offices(draw: st.DrawFn) -> str:
    """Write a correct file: a tree of units, services in them, points with those services."""
    units = draw(st.lists(keys, min_size=1, max_size=6, unique=True))
    services = draw(st.lists(keys, max_size=6, unique=True))
    points = draw(st.lists(keys, max_size=6, unique=True))
    home = {service: draw(st.sampled_from(units)) for service in services}
    tables = []
    for index, key in enumerate(units):
        table = {"key": key, "name": draw(names)}
        if index == 0 or draw(st.booleans()):
            table["zone"] = draw(st.sampled_from(["Asia/Jakarta", "Asia/Makassar"]))
        if index:
            table["parent"] = draw(st.sampled_from(units[:index]))
        tables.append(_table("units", table))
    tables += [
        _table("services", {"key": key, "name": draw(names), "unit": home[key]})
        for key in services
    ]
    for key in points:
        unit = draw(st.sampled_from(units))
        there = [service for service in services if home[service] == unit]
        given = draw(st.lists(st.sampled_from(there), unique=True)) if there else []
        tables.append(
            _table("points", {"key": key, "name": draw(names), "unit": unit, "service": given})
        )
    return "".join(draw(st.permutations(tables)))


def _table(kind: str, fields: Mapping[str, object]) -> str:
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    return f"[[{kind}]]\n" + "\n".join(lines) + "\n"


@given(offices())
@example('[[units]]\nkey = "a"\nname = "[["\nzone = "Asia/Jakarta"\n')
def test_any_correct_office_is_read_and_holds_together(text: str) -> None:
    read = office.read(text)
    seen: set[str | None] = {None}
    for unit in read.units:
        assert unit.parent in seen
        assert unit.zone.startswith("Asia/")
        seen.add(unit.key)
    homes = {service.key: service.unit for service in read.services}
    for point in read.points:
        assert all(homes[key] == point.unit for key in point.services)
    tables = ("\n" + text).count("\n[[")
    assert tables == len(read.units) + len(read.services) + len(read.points)


@given(st.data(), offices())
def test_a_damaged_office_is_read_or_refused_but_never_breaks(
    data: st.DataObject, text: str
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    text = text[:start] + data.draw(st.text(max_size=6)) + text[end:]
    with contextlib.suppress(OfficeError):
        office.read(text)
