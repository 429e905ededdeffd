"""Reads the sentences of one language from its PO files.

A file holds one journey: `rate.po` has the keys that begin with `rate.`. The msgid is the key, the
msgstr the sentence. An entry marked fuzzy or without msgstr counts as not translated.
"""

import re
from collections import Counter
from importlib.resources.abc import Traversable
from io import BytesIO

from content.errors import ContentError
from content.files import folder, read_text

KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
PLURALS = {"id": "nplurals=1;plural=0;", "en": "nplurals=2;plural=(n!=1);"}


def read_language(root: Traversable, lang: str) -> dict[str, str]:
    """Read all PO files of a language into one table; raises ContentError."""
    sentences: dict[str, str] = {}
    for file in folder(root, f"sentences/{lang}", ".po"):
        sentences |= _read_file(file, lang)
    return sentences


def _read_file(file: Traversable, lang: str) -> dict[str, str]:
    from babel.messages import pofile  # costs more than the rest of this room; needed only here

    name = f"sentences/{lang}/{file.name}"
    text = read_text(file, name)
    _check_header(text, lang, name)
    _check_twice(text, name)
    try:
        catalogue = pofile.read_po(BytesIO(text.encode()), abort_invalid=True)
    except (pofile.PoFileError, ValueError) as fault:
        raise ContentError(
            name, "PO", str(fault), "Open it in Poedit and save it again"
        ) from fault
    prefix = file.name.removesuffix(".po")
    sentences: dict[str, str] = {}
    for message in catalogue:
        if not message.id:
            continue
        if not isinstance(message.id, str) or message.context:
            key = str(message.id)
            problem = "has plural forms or a context, which are not used here"
            raise ContentError(name, key, problem, "Write one sentence that suits every number")
        key = message.id
        if not KEY.fullmatch(key):
            problem = "is not a key like rate.thanks"
            raise ContentError(name, key, problem, "Use small letters, digits, _ and dots")
        if key.partition(".")[0] != prefix:
            problem = f"does not begin with {prefix!r}"
            raise ContentError(name, key, problem, f"Move it to {key.partition('.')[0]}.po")
        if isinstance(message.string, str) and message.string and not message.fuzzy:
            sentences[key] = message.string
    return sentences


def _check_header(text: str, lang: str, name: str) -> None:
    """Hold the header against the folder: language, UTF-8 and the language's plural rule."""
    header = text.partition("\n\n")[0]
    fields = dict(re.findall(r'^"([\w-]+): *(.*?)(?:\\n)?"\s*$', header, re.MULTILINE))
    if fields.get("Language") != lang:
        problem = f"says {fields.get('Language')!r} in the folder {lang!r}"
        raise ContentError(name, "header Language", problem, f"Set it to {lang}")
    if "charset=utf-8" not in fields.get("Content-Type", "").lower().replace(" ", ""):
        mend = "Set it to text/plain; charset=UTF-8"
        raise ContentError(name, "header Content-Type", "does not say UTF-8", mend)
    plural = fields.get("Plural-Forms", "").replace(" ", "")
    if lang in PLURALS and plural != PLURALS[lang]:
        problem = "is missing or not that of the language"
        raise ContentError(name, "header Plural-Forms", problem, f"Set it to {PLURALS[lang]}")


def _check_twice(text: str, name: str) -> None:
    """Refuse a key that stands twice; Babel would silently keep one of the two."""
    keys = Counter(re.findall(r'^msgid "(.+)"\s*$', text, re.MULTILINE))
    for key, count in keys.items():
        if count > 1:
            raise ContentError(name, key, f"stands {count} times", "Keep one")
