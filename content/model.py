"""The shapes of content: instruments, lessons, position groups and their versions.

The same shapes are the schema of the files and of the stored version (`ContentVersion.body`), so
that a draft can end on the version it began. A new field therefore needs a default: defaults
are left out of the body, and an old body keeps its bytes.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Self, TypeVar

import msgspec

SOURCE_LANGUAGE = "id"
LANGUAGES = (SOURCE_LANGUAGE, "en")
"""Every text must exist in these; other languages are partial and fall back to the first."""

Text = Mapping[str, str]
"""One text in several languages, by language code."""

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*\Z")]
Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)*\Z")]
Level = Annotated[int, msgspec.Meta(ge=1, le=5)]
Words = Annotated[str, msgspec.Meta(min_length=1)]

T = TypeVar("T")


def in_language(text: Mapping[str, T], lang: str) -> T:
    """Pick the text of a language, or the Indonesian one where that language has none."""
    return text[lang] if lang in text else text[SOURCE_LANGUAGE]


def _complete(what: str, text: Mapping[str, str | tuple[str, ...]] | None) -> None:
    if text is None:
        return
    for lang in LANGUAGES:
        if not text.get(lang):
            raise ValueError(f"{what} has no text in language {lang!r}")
    for lang, value in text.items():
        for one in (value,) if isinstance(value, str) else value:
            if not one or one != one.strip():
                raise ValueError(f"{what} in {lang!r} is empty or has blanks at its ends")


def _distinct(what: str, keys: list[str]) -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{what} {key!r} stands twice")


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One answer a person can give: a stable number and the words on the button.

    `detail` explains the option, `indicators` say how one recognises it (both only where an
    instrument has them).
    """

    value: Annotated[int, msgspec.Meta(ge=1)]
    label: Text
    detail: Text | None = None
    indicators: Mapping[str, tuple[str, ...]] | None = None

    def __post_init__(self) -> None:
        _complete("label", self.label)
        _complete("detail", self.detail)
        _complete("indicators", self.indicators)


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One question: its short name for tables and charts, its words and its answers.

    `note` explains the question or says where a translation comes from; `optional` means that the
    person may skip it.
    """

    key: Key
    name: Text
    text: Text
    options: Annotated[tuple[Option, ...], msgspec.Meta(min_length=2)]
    optional: bool = False
    note: Text | None = None
    source: str = ""

    def __post_init__(self) -> None:
        _complete("name", self.name)
        _complete("text", self.text)
        _complete("note", self.note)
        _distinct("option value", [str(option.value) for option in self.options])

    def option(self, value: int) -> Option:
        """Find the option with this value; KeyError when there is none."""
        for option in self.options:
            if option.value == value:
                return option
        raise KeyError(value)


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A questionnaire: its questions in the order they are asked."""

    key: Key
    version: Version
    title: Text
    items: Annotated[tuple[Item, ...], msgspec.Meta(min_length=1)]
    source: str
    note: Text | None = None
    weights_note: Text | None = None

    def __post_init__(self) -> None:
        _complete("title", self.title)
        _complete("note", self.note)
        _complete("weights_note", self.weights_note)
        _distinct("item", [item.key for item in self.items])

    def item(self, key: str) -> Item:
        """Find an item by its key; KeyError when there is none."""
        for item in self.items:
            if item.key == key:
                return item
        raise KeyError(key)

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Read an instrument back from the body of a stored version."""
        return msgspec.json.decode(body, type=cls)


class Lesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One card of a learning path with its question; `correct` counts the choices from 0.

    `elements` names the elements of the SKM that the lesson is meant to move: what ties learning
    to what citizens say.
    """

    path: Key
    key: Key
    order: Annotated[int, msgspec.Meta(ge=1)]
    version: Version
    title: Text
    body: Text
    question: Text
    choices: Mapping[str, tuple[str, ...]]
    correct: Annotated[int, msgspec.Meta(ge=0)]
    explanation: Text
    rule: Text
    competence: Key
    elements: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        for what in ("title", "body", "question", "choices", "explanation", "rule"):
            _complete(what, getattr(self, what))
        sizes = {len(choices) for choices in self.choices.values()}
        if len(sizes) != 1 or not 2 <= min(sizes) <= 4:
            raise ValueError("choices must be two to four, as many in every language")
        if self.correct >= min(sizes):
            raise ValueError("the answer is not one of the choices")

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Read a lesson back from the body of a stored version."""
        return msgspec.json.decode(body, type=cls)


class PositionGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A group of positions and the level of each competence expected there.

    `note` says how binding the levels are (an example, not a regulation).
    """

    key: Key
    name: Text
    required: Mapping[Key, Level]
    note: Text

    def __post_init__(self) -> None:
        _complete("name", self.name)
        _complete("note", self.note)


class ContentVersion(msgspec.Struct, frozen=True):
    """One piece of content in one version, as it is kept for good beside the answers to it.

    `sha256` is the hex digest of `body` in UTF-8. Two with the same (kind, key, version) and
    another digest mean that somebody changed content without raising its version.
    """

    kind: str
    key: str
    version: str
    sha256: str
    body: str

    @classmethod
    def of(cls, kind: str, key: str, version: str, value: object) -> Self:
        """Freeze a value into canonical JSON (keys sorted, no blanks) and its digest."""
        body = msgspec.json.encode(value, order="sorted")
        return cls(kind, key, version, hashlib.sha256(body).hexdigest(), body.decode())
