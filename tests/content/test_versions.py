"""Content is kept in versions: other bytes are seen, and a body reads back as it was."""

import hashlib
import json
from pathlib import Path

import pytest

import content
from content import Bank, ContentError, ContentVersion, Instrument, Lesson

LOCK = Path(__file__).with_name("versions.txt")


def by_name(bank: Bank) -> dict[tuple[str, str], ContentVersion]:
    return {(one.kind, one.key): one for one in bank.versions}


def test_every_instrument_lesson_and_the_groups_have_one_version(bank: Bank) -> None:
    expected = {("instrument", key) for key in ("quick", "skm", "profile", "assess")}
    expected |= {("lesson", f"pelayanan/{lesson.key}") for lesson in bank.lessons["pelayanan"]}
    assert by_name(bank).keys() == expected | {("groups", "groups")}
    assert len(bank.versions) == len(by_name(bank))


def test_the_digest_is_that_of_the_body_and_the_body_is_canonical(bank: Bank) -> None:
    for one in bank.versions:
        assert one.sha256 == hashlib.sha256(one.body.encode()).hexdigest()
        canonical = json.dumps(
            json.loads(one.body), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        assert one.body == canonical


def test_a_body_reads_back_as_what_it_was(bank: Bank) -> None:
    for one in bank.versions:
        if one.kind == "instrument":
            assert Instrument.from_body(one.body) == bank.instruments[one.key]
        if one.kind == "lesson":
            path, _, key = one.key.partition("/")
            (lesson,) = [lesson for lesson in bank.lessons[path] if lesson.key == key]
            assert Lesson.from_body(one.body) == lesson


@pytest.mark.parametrize(
    ("file", "old", "new", "name"),
    [
        ("instruments/skm.toml", "Gratis", "gratis", ("instrument", "skm")),
        ("competences/keputusan.toml", "kehati-hatian", "kehatian", ("instrument", "assess")),
        ("lessons/pelayanan/03-waktu.en.md", "easier", "lighter", ("lesson", "pelayanan/waktu")),
        ("groups.toml", "integritas = 5", "integritas = 4", ("groups", "groups")),
    ],
)
def test_other_words_under_the_same_version_are_seen(
    bank: Bank, copy: Path, file: str, old: str, new: str, name: tuple[str, str]
) -> None:
    text = (copy / file).read_text(encoding="utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    before, after = by_name(bank), by_name(content.load(copy))
    changed = {key for key in before if before[key].sha256 != after[key].sha256}
    assert changed == {name}
    assert before[name].version == after[name].version


def test_a_comment_or_another_layout_is_no_change(bank: Bank, copy: Path) -> None:
    for file in [*copy.rglob("*.toml")]:
        text = "# A remark.\r\n" + file.read_text(encoding="utf-8").replace("\n", "\r\n")
        file.write_bytes(text.encode())
    assert content.load(copy).versions == bank.versions


def test_released_versions_keep_their_bytes(bank: Bank) -> None:
    """An office that has stored a version refuses to start on other bytes under its number."""
    lines = [line.split() for line in LOCK.read_text(encoding="utf-8").splitlines()]
    released = {tuple(line[:3]): line[3] for line in lines if line and line[0] != "#"}
    for one in bank.versions:
        line = f"{one.kind} {one.key} {one.version} {one.sha256}"
        known = released.get((one.kind, one.key, one.version))
        assert known is not None, f"new version: add this line to {LOCK.name}: {line}"
        assert known == one.sha256, (
            f"{one.kind} {one.key} has changed but is still version {one.version}: "
            f"raise its version, then add the new line to {LOCK.name}"
        )


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "told"),
    [
        ("instruments/skm.toml", 'key = "waktu"', 'key = "biaya"', "whole file", "stands twice"),
        ("instruments/skm.toml", "value = 2", "value = 1", "items[1] (persyaratan)", "twice"),
        ("instruments/skm.toml", "value = 2", "value = 0", "options[2] (0).value", ">= 1"),
        ("instruments/skm.toml", ', en = "Fast"', "", "items[3] (waktu).options[3] (3)", "'en'"),
        ("instruments/skm.toml", "weights_note.id", "weight_note.id", "whole file", "weight_note"),
        ("instruments/skm.toml", 'version = "2017.1"', "version = 2017.1", "version", "quotation"),
        ("instruments/skm.toml", 'key = "skm"', 'key = "ikm"', "key", "ikm.toml"),
        ("instruments/skm.toml", 'key = "skm"', "key = skm", "TOML", "line 8"),
        ("instruments/assess.toml", '"komunikasi"', '"sabar"', "competences", "sabar.toml"),
        ("competences/komunikasi.toml", "level = 5", "level = 4", "whole file", "1 to 5"),
        ("competences/komunikasi.toml", "code =", "kode =", "whole file", "`kode`"),
        ("groups.toml", "keputusan = 1\n", "", "pelaksana", "keputusan"),
        ("groups.toml", "keputusan = 1", "keputusan = 6", "required", "<= 5"),
    ],
)
def test_a_faulty_file_is_told_with_place_and_mend(
    copy: Path, file: str, old: str, new: str, place: str, told: str
) -> None:
    text = (copy / file).read_text(encoding="utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        content.load(copy)
    assert caught.value.file == file
    assert place in caught.value.key
    assert told in str(caught.value)


def test_an_instrument_that_conversations_need_may_not_be_missing(copy: Path) -> None:
    (copy / "instruments/quick.toml").unlink()
    with pytest.raises(ContentError, match=r"Add instruments/quick\.toml"):
        content.load(copy)
