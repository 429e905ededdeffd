"""The dictionary of competences is complete, and its official words are left alone."""

import pytest

from content import Bank

COMPETENCES = [
    ("integritas", "Integritas", "M.1"),
    ("kerja_sama", "Kerja Sama", "M.2"),
    ("komunikasi", "Komunikasi", "M.3"),
    ("orientasi_hasil", "Orientasi pada Hasil", "M.4"),
    ("pelayanan_publik", "Pelayanan Publik", "M.5"),
    ("pengembangan", "Pengembangan Diri dan Orang Lain", "M.6"),
    ("perubahan", "Mengelola Perubahan", "M.7"),
    ("keputusan", "Pengambilan Keputusan", "M.8"),
    ("perekat_bangsa", "Perekat Bangsa", "SK.1"),
]

# Spellings of the annex that a well-meaning hand would correct.
ODD = [
    ("orientasi_hasil", 4, "pencaian target"),
    ("orientasi_hasil", 4, "efektifitas"),
    ("pelayanan_publik", 2, "Menunjukan sikap"),
    ("pelayanan_publik", 4, "tugastugas"),
    ("pelayanan_publik", 5, "kebijakan kebijakan"),
    ("kerja_sama", 3, "penyelesaikan"),
    ("perekat_bangsa", 1, "dengan-nya"),
    ("perekat_bangsa", 2, "frustasi"),
    ("integritas", 4, "meskipun ada resiko"),
]

# Level by competence in the order above, typed from the position data of Provinsi Bengkulu.
LEVELS = {
    "pelaksana": "111111111",
    "pengawas": "222222222",
    "administrator": "333333333",
    "jpt_pratama": "444444444",
    "jpt_madya": "555555555",
    "jpt_utama": "555555555",
    "jf_pemula": "111111111",
    "jf_terampil": "221111112",
    "jf_mahir": "222222222",
    "jf_penyelia": "333333333",
    "jf_ahli_pertama": "222222222",
    "jf_ahli_muda": "333333333",
    "jf_ahli_madya": "444444444",
    "jf_ahli_utama": "544444445",
}


def test_eight_managerial_competences_and_perekat_bangsa(bank: Bank) -> None:
    items = bank.instruments["assess"].items
    assert [(i.key, i.name["id"], i.source.rsplit(", ")[-1]) for i in items] == COMPETENCES


def test_each_has_five_levels_with_three_indicators_in_each_language(bank: Bank) -> None:
    for item in bank.instruments["assess"].items:
        assert [option.value for option in item.options] == [1, 2, 3, 4, 5]
        for option in item.options:
            assert option.detail is not None
            assert option.indicators is not None
            assert set(option.detail) == set(option.indicators) == {"id", "en"}
            for indicators in option.indicators.values():
                assert len(set(indicators)) == 3


def test_no_two_levels_say_the_same(bank: Bank) -> None:
    for item in bank.instruments["assess"].items:
        for lang in ("id", "en"):
            details = {option.detail[lang] for option in item.options if option.detail}
            assert len(details) == 5


def test_the_question_is_name_and_definition(bank: Bank) -> None:
    item = bank.instruments["assess"].item("integritas")
    assert item.note is not None
    assert item.text["id"] == f"Integritas\n{item.note['id']}"
    assert item.note["id"].startswith("Konsisten berperilaku selaras dengan nilai, norma dan/atau")
    assert item.note["id"].endswith("beserta risiko yang menyertainya.")


@pytest.mark.parametrize(("key", "level", "words"), ODD)
def test_odd_spellings_of_the_annex_stay(bank: Bank, key: str, level: int, words: str) -> None:
    option = bank.instruments["assess"].item(key).option(level)
    assert option.detail is not None
    assert option.indicators is not None
    assert words in " ".join([option.detail["id"], *option.indicators["id"]])


def test_the_english_text_says_that_it_is_a_summary(bank: Bank) -> None:
    note = bank.instruments["assess"].note
    assert note is not None
    assert "not official text" in note["en"]
    assert "bukan penilaian resmi" in note["id"]


def test_a_screen_with_all_five_levels_fits_one_message(bank: Bank) -> None:
    for item in bank.instruments["assess"].items:
        for lang in ("id", "en"):
            details = [option.detail[lang] for option in item.options if option.detail]
            assert len("\n".join([item.text[lang], *details])) < 2000


def test_groups_require_the_levels_of_the_data_and_call_them_an_example(bank: Bank) -> None:
    keys = [key for key, _, _ in COMPETENCES]
    found = {g.key: "".join(str(g.required[key]) for key in keys) for g in bank.groups}
    assert found == LEVELS
    for group in bank.groups:
        assert group.note["id"] == "Contoh, bukan ketentuan."
