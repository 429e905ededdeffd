"""What a person who writes content must keep to, beyond what the program needs to start.

`load` refuses what cannot be used at all; `check` lists what would look wrong to a reader.
"""

import re
from collections.abc import Iterator, Mapping
from string import Formatter

from content.bank import Bank
from content.model import SOURCE_LANGUAGE, Instrument, Lesson

BUTTON_LENGTH = 60
"""Characters on a button; phones cut longer ones off."""
LESSON_LENGTH = (300, 600)
"""Characters of a lesson's body: what one reads in a minute or two."""

# The words of common.po that stand on buttons; elsewhere a key says `button` itself.
COMMON_BUTTONS = re.compile(
    r"common\.(yes|no|back|cancel|skip|next|send|change|close|done|menu|help|language)"
)
BUTTON = re.compile(r"(^|[._])button([._]|$)")
PLACEHOLDER = re.compile(r"\{[a-z][a-z0-9_]*\}")
BOLD = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")
ITALIC = re.compile(r"(?<!\w)_(?=[^\s_])([^*\n]*?)(?<=[^\s_])_(?!\w)")
LOOSE = re.compile(r"\*|(?<!\w)_|_(?!\w)")
NAME = re.compile(r"[a-z][a-z0-9_]*")


def check(bank: Bank) -> list[str]:
    """List every fault of the bank in a sentence that says where; empty when all is well."""
    return [
        *_check_sentences(bank),
        *(
            fault
            for instrument in bank.instruments.values()
            for fault in _check_instrument(instrument)
        ),
        *(
            fault
            for path in bank.lessons.values()
            for lesson in path
            for fault in _check_lesson(lesson)
        ),
    ]


def placeholders(sentence: str) -> frozenset[str]:
    """Find the names in `{braces}`; ValueError when one is not a plain name."""
    names = set()
    for _, name, spec, conversion in Formatter().parse(sentence):
        if name is None:
            continue
        if spec or conversion or not NAME.fullmatch(name):
            raise ValueError(f"{{{name}}} is not a plain name in braces")
        names.add(name)
    return frozenset(names)


def markup_is_balanced(sentence: str) -> bool:
    """Tell whether every `**bold**` and `_italic_` is closed on its line and none is nested.

    An underscore inside a word, as in /data_saya, is no markup.
    """
    rest = PLACEHOLDER.sub("x", sentence)
    for pair in (BOLD, ITALIC):
        rest = pair.sub(lambda found: found[0] if LOOSE.search(found[1]) else " ", rest)
    return not LOOSE.search(rest)


def _check_sentences(bank: Bank) -> Iterator[str]:
    source = bank.sentences[SOURCE_LANGUAGE]
    for key in sorted(source.keys() - bank.sentences["en"].keys()):
        yield f"en: {key}: is not translated"
    for lang, sentences in bank.sentences.items():
        for key, sentence in sentences.items():
            place = f"{lang}: {key}"
            yield from _check_words(place, sentence)
            button = BUTTON.search(key) or COMMON_BUTTONS.fullmatch(key)
            if button and len(sentence) > BUTTON_LENGTH:
                yield f"{place}: {len(sentence)} characters are too many for a button"
            if key not in source:
                yield f"{place}: has no Indonesian sentence"
                continue
            try:
                names, expected = placeholders(sentence), placeholders(source[key])
            except ValueError as fault:
                yield f"{place}: {fault}"
                continue
            if names != expected:
                odd = ", ".join(sorted(names ^ expected))
                yield f"{place}: other placeholders than in Indonesian: {odd}"


def _check_words(place: str, words: str) -> Iterator[str]:
    if not words.strip() or words != words.strip():
        yield f"{place}: is empty or has blanks at its ends"
    if not markup_is_balanced(words):
        yield f"{place}: **bold** or _italic_ is not closed, or one stands in the other"


def _check_instrument(instrument: Instrument) -> Iterator[str]:
    for item in instrument.items:
        place = f"{instrument.key}: {item.key}"
        texts = [item.name, item.text, item.note, *(option.label for option in item.options)]
        texts += [option.detail for option in item.options]
        for text in texts:
            for lang, words in (text or {}).items():
                # Questions go out as they stand; a star or underscore would turn into markup.
                if LOOSE.search(words):
                    yield f"{place}: {lang}: has a * or _ in {words!r}"
        for lang in item.options[0].label:
            labels = [option.label.get(lang, "") for option in item.options]
            yield from _check_choices(f"{place}: {lang}", labels)


def _check_choices(place: str, labels: list[str]) -> Iterator[str]:
    """Hold labels to what a button can carry and to what can be told apart when typed."""
    for label in labels:
        if len(label) > BUTTON_LENGTH:
            yield f"{place}: {len(label)} characters are too many for a button: {label!r}"
    if len({label.casefold() for label in labels}) < len(labels):
        yield f"{place}: two choices read the same"


def _check_lesson(lesson: Lesson) -> Iterator[str]:
    shortest, longest = LESSON_LENGTH
    texts: Mapping[str, Mapping[str, str]] = {
        "title": lesson.title,
        "body": lesson.body,
        "question": lesson.question,
        "explanation": lesson.explanation,
        "rule": lesson.rule,
    }
    for what, text in texts.items():
        for lang, words in text.items():
            yield from _check_words(f"{lesson.path}/{lesson.key}: {what}: {lang}", words)
    for lang, body in lesson.body.items():
        place = f"{lesson.path}/{lesson.key}: {lang}"
        if not shortest <= len(body) <= longest:
            yield f"{place}: the body has {len(body)} characters, not {shortest} to {longest}"
        if not re.search(r"\b(Pasal|Articles?) \d", lesson.rule[lang]):
            yield f"{place}: the rule names no article"
        yield from _check_choices(place, list(lesson.choices[lang]))
