"""Everything people read, loaded once at start and handed to whoever speaks or asks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from content.catalogue import read_language
from content.errors import ContentError, MissingSentence
from content.files import convert, folder, folders, read_toml
from content.model import (
    LANGUAGES,
    SOURCE_LANGUAGE,
    ContentVersion,
    Instrument,
    Lesson,
    PositionGroup,
)


@dataclass(frozen=True)
class Bank:
    """All content of one program version; nothing in it changes while the program runs."""

    languages: tuple[str, ...]
    sentences: Mapping[str, Mapping[str, str]]
    instruments: Mapping[str, Instrument]
    lessons: Mapping[str, tuple[Lesson, ...]]
    groups: tuple[PositionGroup, ...]
    versions: tuple[ContentVersion, ...]

    def sentence(self, lang: str, key: str) -> str:
        """Find a sentence with its `{placeholders}`; a language without it speaks Indonesian.

        Raises MissingSentence when Indonesian has none either.
        """
        for table in (self.sentences.get(lang), self.sentences[SOURCE_LANGUAGE]):
            if table is not None and key in table:
                return table[key]
        raise MissingSentence(key)


def load(root: Traversable | None = None) -> Bank:
    """Read and check all content, by default that of the installed package.

    Raises ContentError, which names the file, the key and the mend.
    """
    root = files("content") if root is None else root
    languages = _languages(root)
    instruments = {one.key: one for one in _instruments(root)}
    versions = [ContentVersion.of("instrument", i.key, i.version, i) for i in instruments.values()]
    return Bank(
        languages=languages,
        sentences={lang: read_language(root, lang) for lang in languages},
        instruments=instruments,
        lessons={},
        groups=(),
        versions=tuple(versions),
    )


def _languages(root: Traversable) -> tuple[str, ...]:
    found = [place.name for place in folders(root, "sentences")]
    for lang in LANGUAGES:
        if lang not in found:
            raise ContentError("sentences", lang, "this language is missing", f"Add {lang}/*.po")
    return LANGUAGES + tuple(lang for lang in found if lang not in LANGUAGES)


def _instruments(root: Traversable) -> Iterator[Instrument]:
    for file in folder(root, "instruments", ".toml"):
        name = f"instruments/{file.name}"
        instrument = convert(read_toml(file, name), Instrument, name)
        if file.name != f"{instrument.key}.toml":
            mend = f"Name the file {instrument.key}.toml"
            raise ContentError(name, "key", f"is {instrument.key!r}, unlike the file", mend)
        yield instrument
