"""Sentences come from PO files: complete in Indonesian, falling back sentence by sentence."""

from pathlib import Path

import pytest

import content
from content import Bank, ContentError, MissingSentence

HEADER = """msgid ""
msgstr ""
"Language: {lang}\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: {plural}\\n"
"""


def write(
    root: Path, lang: str, name: str, body: str, plural: str = "nplurals=1; plural=0;"
) -> None:
    folder = root / "sentences" / lang
    folder.mkdir(exist_ok=True)
    text = HEADER.format(lang=lang, plural=plural) + "\n" + body
    (folder / name).write_text(text, encoding="utf-8")


def entry(key: str, sentence: str) -> str:
    return f'msgid "{key}"\nmsgstr "{sentence}"\n\n'


def test_indonesian_and_english_are_there_and_equally_complete(bank: Bank) -> None:
    assert bank.languages[:2] == ("id", "en")
    assert bank.sentences["id"].keys() == bank.sentences["en"].keys()
    assert bank.sentence("id", "common.yes") == "Ya"
    assert bank.sentence("en", "common.yes") == "Yes"


def test_a_partial_language_falls_back_sentence_by_sentence(copy: Path) -> None:
    body = entry("common.yes", "Iyo") + entry("common.no", "")
    body += "#, fuzzy\n" + entry("common.back", "Baliak?")
    write(copy, "min", "common.po", body)
    bank = content.load(copy)
    assert bank.languages == ("id", "en", "min")
    assert bank.sentence("min", "common.yes") == "Iyo"
    assert bank.sentence("min", "common.no") == "Tidak"
    assert bank.sentence("min", "common.back") == "Kembali"
    assert content.check(bank) == []


def test_an_unknown_language_speaks_indonesian(bank: Bank) -> None:
    assert bank.sentence("xx", "common.yes") == "Ya"


def test_a_missing_sentence_says_where_to_add_it(bank: Bank) -> None:
    with pytest.raises(MissingSentence, match=r"sentences/id/rate\.po") as caught:
        bank.sentence("en", "rate.no_such_sentence")
    assert caught.value.key == "rate.no_such_sentence"


def test_files_of_one_language_are_merged(copy: Path) -> None:
    write(copy, "id", "extra.po", entry("extra.thanks", "Terima kasih, {name}."))
    bank = content.load(copy)
    assert bank.sentence("id", "extra.thanks") == "Terima kasih, {name}."
    assert bank.sentence("id", "common.yes") == "Ya"


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(copy: Path) -> None:
    file = copy / "sentences/id/common.po"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert content.load(copy).sentences == content.load().sentences


@pytest.mark.parametrize(
    ("body", "place", "told"),
    [
        (entry("extra.a", "A") + entry("extra.a", "B"), "extra.a", "stands 2 times"),
        (entry("other.a", "A"), "other.a", "Move it to other.po"),
        (entry("extra", "A"), "extra", "not a key"),
        (entry("extra.Yes", "A"), "extra.Yes", "not a key"),
        ('msgid "extra.a"\nmsgid_plural "extra.b"\nmsgstr[0] "A"\n', "", "every number"),
        ('msgctxt "x"\n' + entry("extra.a", "A"), "extra.a", "context"),
        ('msgid "extra.a"\nnonsense "A"\n', "PO", "Poedit"),
    ],
)
def test_a_faulty_entry_is_told_with_its_file(
    copy: Path, body: str, place: str, told: str
) -> None:
    write(copy, "id", "extra.po", body)
    with pytest.raises(ContentError) as caught:
        content.load(copy)
    assert caught.value.file == "sentences/id/extra.po"
    assert place in caught.value.key
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("Language: id", "Language: en", "Language"),
        ('"Language: id\\n"\n', "", "Language"),
        ("charset=UTF-8", "charset=ISO-8859-1", "Content-Type"),
        ("nplurals=1; plural=0;", "nplurals=2; plural=(n != 1);", "Plural-Forms"),
        ('"Plural-Forms: nplurals=1; plural=0;\\n"\n', "", "Plural-Forms"),
    ],
)
def test_a_wrong_header_is_refused(copy: Path, old: str, new: str, place: str) -> None:
    file = copy / "sentences/id/common.po"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        content.load(copy)
    assert caught.value.key == f"header {place}"


def test_a_file_in_another_encoding_is_refused(copy: Path) -> None:
    (copy / "sentences/id/common.po").write_bytes("é".encode("latin-1"))
    with pytest.raises(ContentError, match="Save it as UTF-8"):
        content.load(copy)


def test_english_may_not_be_missing(copy: Path) -> None:
    (copy / "sentences/en").rename(copy / "away")
    with pytest.raises(ContentError, match="language is missing"):
        content.load(copy)
