"""The lessons can be read, answered and traced to a rule."""

from pathlib import Path

import pytest

import content
from content import Bank, ContentError


def test_the_path_for_front_office_staff_has_five_lessons_in_order(bank: Bank) -> None:
    path = bank.lessons["pelayanan"]
    assert [lesson.order for lesson in path] == [1, 2, 3, 4, 5]
    assert len({lesson.key for lesson in path}) == 5


def test_each_body_takes_a_minute_or_two_in_both_languages(bank: Bank) -> None:
    for lesson in bank.lessons["pelayanan"]:
        assert set(lesson.body) == {"id", "en"}
        for body in lesson.body.values():
            assert 300 <= len(body) <= 600


def test_the_right_choice_is_the_intended_one(bank: Bank) -> None:
    right = {
        lesson.key: lesson.choices["id"][lesson.correct] for lesson in bank.lessons["pelayanan"]
    }
    assert right == {
        "standar": "Sebutkan semua yang kurang sekaligus, beri catatan",
        "sopan": "Sapa dengan ramah, minta mengambil nomor antrean",
        "waktu": "Kabari sebelum jatuh tempo, dengan sebab dan tanggal baru",
        "pengaduan": "Dengarkan, minta maaf, lalu catat pengaduannya",
        "data_pribadi": "Tolak dengan sopan, arahkan ke jalur resmi",
    }


def test_the_right_choice_is_not_always_at_the_same_place(bank: Bank) -> None:
    assert len({lesson.correct for lesson in bank.lessons["pelayanan"]}) > 1


def test_every_lesson_cites_an_article(bank: Bank) -> None:
    for lesson in bank.lessons["pelayanan"]:
        assert "Pasal" in lesson.rule["id"]
        assert "Article" in lesson.rule["en"]


LESSON = "lessons/pelayanan/01-standar.md"
TWIN = "lessons/pelayanan/01-standar.en.md"


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "told"),
    [
        (LESSON, 'version: "1.0"', "version: 1.0", "version", "quotation marks"),
        (LESSON, "answer: 2", "answer: 5", "whole file", "answer is not one"),
        (LESSON, "answer: 2", "answer: 0", "correct", ">= 0"),
        (LESSON, "answer: 2", "anser: 2", "whole file", "`an"),
        (LESSON, "competence: pelayanan_publik", "competence: sabar", "competence", "'sabar'"),
        (LESSON, "[persyaratan, prosedur]", "[harga]", "elements", "'harga'"),
        (LESSON, "title: Syarat", "title: Syarat: jelas", "front matter", "Correct the line"),
        (TWIN, 'version: "1.0"', 'version: "0.9"', "version", "Translate anew"),
        (TWIN, "title: Clear", 'title: ""\n#', "title", "length"),
        (TWIN, "  - Name one missing paper, the rest another time\n", "", "whole file", "as many"),
    ],
)
def test_a_fault_is_told_with_file_place_and_mend(
    copy: Path, file: str, old: str, new: str, place: str, told: str
) -> None:
    spoil(copy / file, old, new)
    with pytest.raises(ContentError) as caught:
        content.load(copy)
    fault = caught.value
    assert fault.file.startswith("lessons/pelayanan/01-standar")
    assert fault.key == place
    assert told in str(fault)
    assert fault.mend in str(fault)


def test_a_translation_without_the_lesson_is_refused(copy: Path) -> None:
    (copy / LESSON).unlink()
    with pytest.raises(ContentError, match="Write the Indonesian lesson first"):
        content.load(copy)


def test_a_lesson_without_english_is_refused(copy: Path) -> None:
    (copy / TWIN).unlink()
    with pytest.raises(ContentError, match="'en'"):
        content.load(copy)


def test_two_lessons_in_one_place_are_refused(copy: Path) -> None:
    for ending in (".md", ".en.md"):
        place = copy / "lessons/pelayanan"
        (place / f"02-sopan{ending}").rename(place / f"01-sopan{ending}")
    with pytest.raises(ContentError, match="1 stands twice"):
        content.load(copy)


def test_a_strange_file_name_is_refused(copy: Path) -> None:
    (copy / LESSON).rename(copy / "lessons/pelayanan/standar.md")
    with pytest.raises(ContentError, match=r"Name it like 01-standar\.md"):
        content.load(copy)


def test_a_lesson_may_speak_a_third_language(copy: Path) -> None:
    text = (copy / TWIN).read_text(encoding="utf-8").replace("Clear requirements", "Syaraik")
    (copy / "lessons/pelayanan/01-standar.min.md").write_text(text, encoding="utf-8")
    lesson = content.load(copy).lessons["pelayanan"][0]
    assert content.in_language(lesson.title, "min").startswith("Syaraik")
    assert content.in_language(lesson.title, "nij") == lesson.title["id"]


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
