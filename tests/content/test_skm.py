"""The survey says what the regulation says, word for word, in the questionnaire's order."""

import pytest

import content
from content import Bank

# Typed from PermenPANRB 14/2017, questionnaire; not generated from the file under test.
OFFICIAL = [
    (
        "persyaratan",
        "Bagaimana pendapat Saudara tentang kesesuaian persyaratan pelayanan dengan jenis "
        "pelayanannya?",
        ["Tidak sesuai", "Kurang sesuai", "Sesuai", "Sangat sesuai"],
    ),
    (
        "prosedur",
        "Bagaimana pemahaman Saudara tentang kemudahan prosedur pelayanan di unit ini?",
        ["Tidak mudah", "Kurang mudah", "Mudah", "Sangat mudah"],
    ),
    (
        "waktu",
        "Bagaimana pendapat Saudara tentang kecepatan waktu dalam memberikan pelayanan?",
        ["Tidak cepat", "Kurang cepat", "Cepat", "Sangat cepat"],
    ),
    (
        "biaya",
        "Bagaimana pendapat Saudara tentang kewajaran biaya/tarif dalam pelayanan?",
        ["Sangat mahal", "Cukup mahal", "Murah", "Gratis"],
    ),
    (
        "produk",
        "Bagaimana pendapat Saudara tentang kesesuaian produk pelayanan antara yang tercantum "
        "dalam standar pelayanan dengan hasil yang diberikan?",
        ["Tidak sesuai", "Kurang sesuai", "Sesuai", "Sangat sesuai"],
    ),
    (
        "kompetensi",
        "Bagaimana pendapat Saudara tentang kompetensi/kemampuan petugas dalam pelayanan?",
        ["Tidak kompeten", "Kurang kompeten", "Kompeten", "Sangat kompeten"],
    ),
    (
        "perilaku",
        "Bagaimana pendapat Saudara tentang perilaku petugas dalam pelayanan terkait kesopanan "
        "dan keramahan?",
        [
            "Tidak sopan dan ramah",
            "Kurang sopan dan ramah",
            "Sopan dan ramah",
            "Sangat sopan dan ramah",
        ],
    ),
    (
        "sarana",
        "Bagaimana pendapat Saudara tentang kualitas sarana dan prasarana?",
        ["Buruk", "Cukup", "Baik", "Sangat baik"],
    ),
    (
        "pengaduan",
        "Bagaimana pendapat Saudara tentang penanganan pengaduan pengguna layanan?",
        [
            "Tidak ada",
            "Ada tetapi tidak berfungsi",
            "Berfungsi kurang maksimal",
            "Dikelola dengan baik",
        ],
    ),
]


def test_nine_questions_stand_in_the_order_of_the_questionnaire(bank: Bank) -> None:
    assert [item.key for item in bank.instruments["skm"].items] == [key for key, _, _ in OFFICIAL]


@pytest.mark.parametrize(("key", "text", "labels"), OFFICIAL, ids=[row[0] for row in OFFICIAL])
def test_question_and_labels_are_the_official_words(
    bank: Bank, key: str, text: str, labels: list[str]
) -> None:
    item = bank.instruments["skm"].item(key)
    assert item.text["id"] == text
    assert [(option.value, option.label["id"]) for option in item.options] == list(
        enumerate(labels, start=1)
    )
    assert not item.optional


def test_the_translation_says_that_it_is_unofficial(bank: Bank) -> None:
    note = bank.instruments["skm"].note
    assert note is not None
    assert "Unofficial translation" in note["en"]
    assert "bukan teks resmi" in note["id"]


def test_the_quick_rating_has_four_plain_labels_and_is_no_part_of_the_skm(bank: Bank) -> None:
    (item,) = bank.instruments["quick"].items
    assert item.key == "keseluruhan"
    assert item.key not in {one.key for one in bank.instruments["skm"].items}
    labels = [(option.value, option.label["id"]) for option in item.options]
    assert labels == [(1, "Tidak puas"), (2, "Kurang puas"), (3, "Puas"), (4, "Sangat puas")]


def test_every_profile_question_may_be_skipped_and_starts_at_one(bank: Bank) -> None:
    profile = bank.instruments["profile"]
    assert [item.key for item in profile.items] == ["sex", "age", "education", "occupation"]
    for item in profile.items:
        assert item.optional
        assert min(option.value for option in item.options) == 1


def test_nobody_under_eighteen_is_asked(bank: Bank) -> None:
    youngest = bank.instruments["profile"].item("age").options[0].label["id"]
    assert youngest.startswith("18")


def test_an_option_is_found_by_its_value_not_by_its_place(bank: Bank) -> None:
    item = bank.instruments["skm"].item("biaya")
    assert content.in_language(item.option(4).label, "id") == "Gratis"
    with pytest.raises(KeyError):
        item.option(0)
    with pytest.raises(KeyError):
        bank.instruments["skm"].item("harga")
