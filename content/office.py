"""Reads an office file: the units, services and counters that an office seeds the program with.

The shape is explained at the head of `sample/city.toml`, which is itself such a file.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import available_timezones

import msgspec

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]
Name = Annotated[str, msgspec.Meta(pattern=r"^(?! )[^\x00-\x1f\x7f]{1,100}(?<! )\Z")]
Role = Literal["citizen", "staff", "admin"]
RULES = {
    "key": "must be small letters, digits and hyphens, at most 40, beginning with a letter",
    "name": "must be 1 to 100 characters on one line, without blanks at its ends",
    "role": "must be citizen, staff or admin",
    "group": "must be a key of a position group, such as jf_terampil",
    "zone": "must be text, such as Asia/Jakarta",
}
"""What a field must be; a field that is not here names something and follows the rule of key."""


class OfficeError(Exception):
    """The file cannot be used; `problems` are sentences that name the place and the mend."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Unit(msgspec.Struct, frozen=True):
    """An office or a part of one; `zone` is its IANA time zone."""

    key: str
    name: str
    zone: str
    parent: str | None


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public service (layanan) and the unit that offers it."""

    key: Key
    name: Name
    unit: Key


class Point(msgspec.Struct, frozen=True):
    """A place with its own QR poster; no services means: ask which service of the unit."""

    key: str
    name: str
    unit: str
    services: tuple[str, ...]


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who lives in the sample city; real people come in by invitation."""

    key: Key
    name: Name
    role: Role
    unit: Key | None = None
    group: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*\Z")] | None = None


class OfficeFile(msgspec.Struct, frozen=True):
    """All of a file; units stand after the unit above them. A sample may be removed again."""

    sample: bool
    units: tuple[Unit, ...]
    services: tuple[Service, ...]
    points: tuple[Point, ...]
    people: tuple[Person, ...]


class _UnitRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit as written: the zone may be that of the unit above."""

    key: Key
    name: Name
    zone: str | None = None
    parent: Key | None = None


class _PointRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A counter as written: one service, several, or none named."""

    key: Key
    name: Name
    unit: Key
    service: Key | tuple[Key, ...] = ()

    def services(self) -> tuple[str, ...]:
        """Give the services as a tuple, however they are written."""
        return (self.service,) if isinstance(self.service, str) else self.service


Row = TypeVar("Row", _UnitRow, Service, _PointRow, Person)
TABLES = ("units", "services", "points", "people")


def read(source: str | Path) -> OfficeFile:
    """Read a file (Path) or its text (str); raises OfficeError with everything that is wrong."""
    return _Reader(_text(source)).office()


def sample() -> OfficeFile:
    """Read the sample city, which is part of the package."""
    return read(files("content").joinpath("sample/city.toml").read_text(encoding="utf-8"))


@cache  # walks through the whole time zone database
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _text(source: str | Path) -> str:
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.read_bytes().decode("utf-8-sig")
    except OSError as fault:
        problem = f"{source}: cannot be read ({fault.strerror}). Check the path"
        raise OfficeError([problem]) from fault
    except UnicodeDecodeError as fault:
        raise OfficeError([f"{source}: is not UTF-8 text. Save it as UTF-8"]) from fault


class _Reader:
    """One reading of one file; collects what is wrong so that it can be mended in one go."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[str] = []
        self.data: dict[str, object] = {}

    def office(self) -> OfficeFile:
        """Read, check and order everything; raises OfficeError."""
        try:
            self.data = tomllib.loads(self.text)
        except (ValueError, RecursionError) as fault:
            raise OfficeError([f"not TOML: {fault}. Correct the line"]) from fault
        is_sample = self._sample()
        rows = self._rows("units", _UnitRow)
        services = self._rows("services", Service)
        points = self._rows("points", _PointRow)
        people = self._rows("people", Person)
        if not self.problems:
            units = self._units(rows)
            for service in services.values():
                self._known("services", service.key, "unit", service.unit, rows)
            self._check_points(points, services, rows)
            self._check_people(people, rows, is_sample)
        if self.problems:
            raise OfficeError(self.problems)
        return OfficeFile(
            sample=is_sample,
            units=tuple(units.values()),
            services=tuple(services.values()),
            points=tuple(Point(p.key, p.name, p.unit, p.services()) for p in points.values()),
            people=tuple(people.values()),
        )

    def _sample(self) -> bool:
        for key in sorted(self.data.keys() - {"sample", *TABLES}):
            self.problems.append(f"{key}: is not known here. Correct its spelling or take it out")
        is_sample = self.data.get("sample", False)
        if not isinstance(is_sample, bool):
            self.problems.append("sample: is not true or false. Take it out")
        return bool(is_sample)

    def _rows(self, table: str, shape: type[Row]) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        written = self.data.get(table, [])
        if not isinstance(written, list):
            self.problems.append(f"{table}: is not a list of tables. Write [[{table}]] above each")
            return rows
        for index, data in enumerate(written):
            try:
                row = msgspec.convert(data, shape)
            except msgspec.ValidationError as fault:
                self.problems.append(self._at(table, index, _plain(fault)))
                continue
            if row.key in rows:
                problem = f"key {row.key!r} stands twice. Give each its own"
                self.problems.append(self._at(table, index, problem))
            rows[row.key] = row
        return rows

    def _units(self, rows: Mapping[str, _UnitRow]) -> dict[str, Unit]:
        if not rows:
            self.problems.append("units: there are none. Add at least one [[units]] table")
        zones = _zones()
        for row in rows.values():
            if row.parent is not None:
                self._known("units", row.key, "parent", row.parent, rows)
            if row.zone is not None and row.zone not in zones:
                mend = "Use Asia/Jakarta, Asia/Pontianak, Asia/Makassar or Asia/Jayapura"
                self._wrong("units", row.key, f"zone {row.zone!r} is not a time zone. {mend}")
        above = {row.key: {row.parent} if row.parent in rows else set() for row in rows.values()}
        units: dict[str, Unit] = {}
        try:
            order = list(TopologicalSorter(above).static_order())
        except CycleError as fault:
            around = " in ".join(fault.args[1])
            self.problems.append(f"units: {around} is a circle. Correct one parent")
            return units
        for key in order:
            row = rows[str(key)]
            parent = units.get(row.parent or "")
            zone = row.zone or (parent.zone if parent else "")
            if not zone and row.parent is None:
                self._wrong("units", row.key, "zone is missing. Add one, such as Asia/Jakarta")
            units[row.key] = Unit(row.key, row.name, zone, row.parent)
        return units

    def _check_points(
        self,
        points: Mapping[str, _PointRow],
        services: Mapping[str, Service],
        units: Mapping[str, _UnitRow],
    ) -> None:
        for point in points.values():
            self._known("points", point.key, "unit", point.unit, units)
            given = point.services()
            if len(set(given)) < len(given):
                self._wrong("points", point.key, "names a service twice. Keep one")
            for key in given:
                self._known("points", point.key, "service", key, services)
                if key in services and services[key].unit != point.unit:
                    problem = f"service {key!r} belongs to unit {services[key].unit!r}"
                    mend = "Put the point there or name a service of its own unit"
                    self._wrong("points", point.key, f"{problem}. {mend}")

    def _check_people(
        self, people: Mapping[str, Person], units: Mapping[str, _UnitRow], is_sample: bool
    ) -> None:
        if people and not is_sample:
            mend = "Take them out and use `tanggap invite`"
            self.problems.append(f"people: belong in a sample only. {mend}")
        for person in people.values():
            for field, needed in (
                ("unit", person.role in ("staff", "admin")),
                ("group", person.role == "staff"),
            ):
                if (getattr(person, field) is not None) != needed:
                    word = "is missing. Add it" if needed else "is not for this role. Take it out"
                    self._wrong("people", person.key, f"{field} {word}")
            if person.unit is not None:
                self._known("people", person.key, "unit", person.unit, units)

    def _known(
        self, table: str, key: str, field: str, named: str, those: Mapping[str, object]
    ) -> None:
        if named not in those:
            kind = "service" if field == "service" else "unit"
            problem = (
                f"{field} {named!r} is not the key of a {kind}. Correct it or add [[{kind}s]]"
            )
            self._wrong(table, key, problem)

    def _wrong(self, table: str, key: str, problem: str) -> None:
        keys = [row["key"] for row in self._written(table) if isinstance(row, dict)]
        self.problems.append(self._at(table, keys.index(key), problem))

    def _at(self, table: str, index: int, problem: str) -> str:
        """Begin a problem with the table, its key and its line in the file."""
        row = self._written(table)[index]
        key = row.get("key") if isinstance(row, dict) else None
        return f"{self._line(table, index)}[[{table}]] {key or index + 1}: {problem}"

    def _written(self, table: str) -> list[object]:
        written = self.data[table]
        return written if isinstance(written, list) else []

    def _line(self, table: str, index: int) -> str:
        heads = re.finditer(rf"^[ \t]*\[\[[ \t]*{table}[ \t]*\]\]", self.text, re.MULTILINE)
        starts = [head.start() for head in heads]
        # Tables can be written in other ways; a wrong line would be worse than none.
        if len(starts) != len(self._written(table)):
            return ""
        return f"line {self.text.count(chr(10), 0, starts[index]) + 1}: "


def _plain(fault: msgspec.ValidationError) -> str:
    """Say in the words of the file what msgspec says in its own."""
    problem, _, path = str(fault).partition(" - at `$.")
    field = re.match(r"\w*", path)
    if quoted := re.fullmatch(r"Object (missing required|contains unknown) field `(.*)`", problem):
        missing = quoted[1].startswith("missing")
        mend = "is missing. Add it" if missing else "is not known. Correct its spelling"
        return f"{quoted[2]} {mend}"
    if field and field[0]:
        return f"{field[0]} {RULES.get(field[0], RULES['key'])}. Correct it"
    return f"{problem}. Write it as a table"
