"""Reads the instruments; the self-assessment is put together from the competence files."""

from collections.abc import Iterator
from importlib.resources.abc import Traversable
from typing import Annotated

import msgspec

from content.errors import ContentError
from content.files import convert, folder, read_toml
from content.model import Instrument, Item, Key, Level, Option, Text, Version, Words

Three = Annotated[tuple[Words, ...], msgspec.Meta(min_length=3, max_length=3)]


class _Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level of a competence with the three behaviours by which one recognises it."""

    level: Level
    description: Text
    indicators: dict[str, Three]


class _Competence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A competence of the dictionary, as its file has it."""

    key: Key
    code: Words
    name: Text
    definition: Text
    levels: Annotated[tuple[_Level, ...], msgspec.Meta(min_length=5, max_length=5)]

    def __post_init__(self) -> None:
        if [level.level for level in self.levels] != [1, 2, 3, 4, 5]:
            raise ValueError("levels must be 1 to 5 in this order")
        for text in (self.name, self.definition):
            if text.keys() != self.name.keys():
                raise ValueError("name and definition must have the same languages")


class _Assessment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of an instrument whose questions are competences."""

    key: Key
    version: Version
    title: Text
    source: str
    competences: tuple[Key, ...]
    level_label: Text
    note: Text | None = None


def read_instruments(root: Traversable) -> Iterator[Instrument]:
    """Read every instrument; raises ContentError."""
    for file in folder(root, "instruments", ".toml"):
        name = f"instruments/{file.name}"
        data = read_toml(file, name)
        instrument = (
            _assessment(root, convert(data, _Assessment, name), name)
            if "competences" in data
            else convert(data, Instrument, name)
        )
        _require_name(file, name, instrument.key)
        yield instrument


def _assessment(root: Traversable, head: _Assessment, name: str) -> Instrument:
    found = {one.key: one for one in _competences(root)}
    for key in head.competences:
        if key not in found:
            problem = f"names {key!r}, which has no file"
            raise ContentError(name, "competences", problem, f"Add competences/{key}.toml")
    items = [_item(found[key], head) for key in head.competences]
    # Converted, not constructed: only then does msgspec check the parts.
    return convert(
        {
            "key": head.key,
            "version": head.version,
            "title": head.title,
            "source": head.source,
            "note": head.note,
            "items": msgspec.to_builtins(items),
        },
        Instrument,
        name,
    )


def _competences(root: Traversable) -> Iterator[_Competence]:
    for file in folder(root, "competences", ".toml"):
        name = f"competences/{file.name}"
        competence = convert(read_toml(file, name), _Competence, name)
        _require_name(file, name, competence.key)
        yield competence


def _item(competence: _Competence, head: _Assessment) -> Item:
    name, definition = competence.name, competence.definition
    return Item(
        key=competence.key,
        name=name,
        text={lang: f"{name[lang]}\n{definition[lang]}" for lang in definition},
        options=tuple(
            Option(
                value=level.level,
                label={
                    lang: label.replace("{level}", str(level.level))
                    for lang, label in head.level_label.items()
                },
                detail=level.description,
                indicators=level.indicators,
            )
            for level in competence.levels
        ),
        note=definition,
        source=f"{head.source}, {competence.code}",
    )


def _require_name(file: Traversable, name: str, key: str) -> None:
    if file.name != f"{key}.toml":
        raise ContentError(name, "key", f"is {key!r}, unlike the file", f"Name it {key}.toml")
