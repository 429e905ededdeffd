"""Reads the lessons of the learning paths: `lessons/<path>/<order>-<key>.md` and its twins.

The Indonesian file says everything; a twin `<order>-<key>.<language>.md` holds the words only.
"""

import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable

import msgspec

from content.errors import ContentError
from content.files import convert, folder, folders, read_text
from content.model import SOURCE_LANGUAGE, Key, Lesson, Version, Words

NAME = re.compile(r"(?P<order>\d\d)-(?P<key>[a-z][a-z0-9_]*)(?:\.(?P<lang>[a-z]{2,3}))?\.md")


class _Twin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The words of a lesson in one language."""

    version: Version
    title: Words
    question: Words
    choices: tuple[Words, ...]
    explanation: Words
    rule: Words


class _Lesson(_Twin, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Indonesian file of a lesson; `answer` counts the choices from 1."""

    competence: Key
    answer: int
    elements: tuple[Key, ...] = ()


def read_lessons(root: Traversable) -> Mapping[str, tuple[Lesson, ...]]:
    """Read the lessons of every path in their order; raises ContentError."""
    return {place.name: tuple(_read_path(root, place.name)) for place in folders(root, "lessons")}


def _read_path(root: Traversable, path: str) -> list[Lesson]:
    files: dict[str, dict[str, Traversable]] = {}
    for file in folder(root, f"lessons/{path}", ".md"):
        match = NAME.fullmatch(file.name)
        if match is None:
            mend = "Name it like 01-standar.md or 01-standar.en.md"
            raise ContentError(f"lessons/{path}/{file.name}", "file name", "is unusual", mend)
        stem = f"{match['order']}-{match['key']}"
        files.setdefault(stem, {})[match["lang"] or SOURCE_LANGUAGE] = file
    lessons = [_read_lesson(path, stem, twins) for stem, twins in files.items()]
    for what, marks in (
        ("order", [str(lesson.order) for lesson in lessons]),
        ("key", [lesson.key for lesson in lessons]),
    ):
        for mark in marks:
            if marks.count(mark) > 1:
                problem = f"{mark} stands twice"
                raise ContentError(f"lessons/{path}", what, problem, "Rename one of the files")
    return sorted(lessons, key=lambda lesson: lesson.order)


def _read_lesson(path: str, stem: str, files: Mapping[str, Traversable]) -> Lesson:
    name = f"lessons/{path}/{stem}.md"
    if SOURCE_LANGUAGE not in files:
        raise ContentError(name, "whole file", "is missing", "Write the Indonesian lesson first")
    data, body = _front_matter(files[SOURCE_LANGUAGE], name)
    head = convert(data, _Lesson, name)
    twins: dict[str, _Twin] = {SOURCE_LANGUAGE: head}
    bodies = {SOURCE_LANGUAGE: body}
    for lang, file in files.items():
        if lang == SOURCE_LANGUAGE:
            continue
        twin_name = f"lessons/{path}/{file.name}"
        data, bodies[lang] = _front_matter(file, twin_name)
        twins[lang] = convert(data, _Twin, twin_name)
        if twins[lang].version != head.version:
            problem = f"is {twins[lang].version}, the Indonesian lesson has {head.version}"
            raise ContentError(twin_name, "version", problem, "Translate anew, then set the same")
    order, _, key = stem.partition("-")
    lesson = {
        "path": path,
        "key": key,
        "order": int(order),
        "version": head.version,
        "title": {lang: twin.title for lang, twin in twins.items()},
        "body": bodies,
        "question": {lang: twin.question for lang, twin in twins.items()},
        "choices": {lang: twin.choices for lang, twin in twins.items()},
        "correct": head.answer - 1,
        "explanation": {lang: twin.explanation for lang, twin in twins.items()},
        "rule": {lang: twin.rule for lang, twin in twins.items()},
        "competence": head.competence,
        "elements": head.elements,
    }
    return convert(lesson, Lesson, name)


def _front_matter(file: Traversable, name: str) -> tuple[dict[str, object], str]:
    import frontmatter  # brings YAML, which only the lessons need

    text = read_text(file, name)
    try:
        data, body = frontmatter.parse(text)
    except Exception as fault:  # the library passes on YAML's errors without naming them
        mend = "Correct the line; put quotes around words with a colon"
        raise ContentError(name, "front matter", " ".join(str(fault).split()), mend) from fault
    return data, body
