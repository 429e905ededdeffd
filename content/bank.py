"""Everything people read, loaded once at start and handed to whoever speaks or asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from content.catalogue import read_language
from content.errors import ContentError, MissingSentence
from content.files import folders
from content.groups import read_groups
from content.model import (
    LANGUAGES,
    SOURCE_LANGUAGE,
    ContentVersion,
    Instrument,
    Lesson,
    PositionGroup,
)
from content.paths import read_lessons
from content.questionnaires import read_instruments

INSTRUMENTS = ("quick", "skm", "profile", "assess")
"""What the conversations ask; a program without one of them cannot work."""


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
    instruments = {one.key: one for one in read_instruments(root)}
    lessons = read_lessons(root)
    groups_version, groups = read_groups(root)
    _check_references(instruments, lessons, groups)
    return Bank(
        languages=languages,
        sentences={lang: read_language(root, lang) for lang in languages},
        instruments=instruments,
        lessons=lessons,
        groups=groups,
        versions=(
            *(ContentVersion.of("instrument", i.key, i.version, i) for i in instruments.values()),
            *(
                ContentVersion.of("lesson", f"{lesson.path}/{lesson.key}", lesson.version, lesson)
                for path in lessons.values()
                for lesson in path
            ),
            ContentVersion.of("groups", "groups", groups_version, groups),
        ),
    )


def _languages(root: Traversable) -> tuple[str, ...]:
    found = [place.name for place in folders(root, "sentences")]
    for lang in LANGUAGES:
        if lang not in found:
            raise ContentError("sentences", lang, "this language is missing", f"Add {lang}/*.po")
    return LANGUAGES + tuple(lang for lang in found if lang not in LANGUAGES)


def _check_references(
    instruments: Mapping[str, Instrument],
    lessons: Mapping[str, tuple[Lesson, ...]],
    groups: tuple[PositionGroup, ...],
) -> None:
    """Hold what points to another file against that file."""
    for key in INSTRUMENTS:
        if key not in instruments:
            mend = f"Add instruments/{key}.toml"
            raise ContentError("instruments", key, "this instrument is missing", mend)
    competences = {item.key for item in instruments["assess"].items}
    elements = {item.key for item in instruments["skm"].items}
    for group in groups:
        if group.required.keys() != competences:
            odd = ", ".join(sorted(group.required.keys() ^ competences))
            mend = "Give exactly one level to each competence of assess"
            raise ContentError("groups.toml", group.key, f"too few or too many: {odd}", mend)
    for lesson in (lesson for path in lessons.values() for lesson in path):
        name = f"lessons/{lesson.path}/{lesson.order:02}-{lesson.key}.md"
        if lesson.competence not in competences:
            mend = f"Use one of {', '.join(sorted(competences))}"
            raise ContentError(name, "competence", f"{lesson.competence!r} is unknown", mend)
        for element in set(lesson.elements) - elements:
            mend = f"Use some of {', '.join(sorted(elements))}"
            raise ContentError(name, "elements", f"{element!r} is unknown", mend)
