"""The checker passes what we ship and names every kind of fault a writer can make."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import content
from content import Bank
from content.checking import markup_is_balanced, placeholders


def test_the_shipped_content_is_without_fault(bank: Bank) -> None:
    assert content.check(bank) == []


@pytest.mark.parametrize(
    ("indonesian", "english", "told"),
    [
        ("Halo", None, "en: rate.x: is not translated"),
        (None, "Hello", "en: rate.x: has no Indonesian sentence"),
        ("Halo {name}", "Hello", "en: rate.x: other placeholders than in Indonesian: name"),
        ("Halo {name}", "Hello {nama}", "other placeholders than in Indonesian: nama, name"),
        ("Halo {}", "Hello {}", "not a plain name"),
        ("Halo {n:>3}", "Hello {n:>3}", "not a plain name"),
        ("Halo {n!r}", "Hello {n!r}", "not a plain name"),
        ("Halo {a.b}", "Hello {a.b}", "not a plain name"),
        ("Halo {", "Hello {", "id: rate.x: "),
        ("Halo **Bapak", "Hello", "id: rate.x: **bold**"),
        ("Halo _Bapak", "Hello", "id: rate.x: **bold**"),
        ("Halo ", "Hello", "id: rate.x: is empty or has blanks"),
        ("  ", "Hello", "id: rate.x: is empty or has blanks"),
    ],
)
def test_a_faulty_sentence_is_told(
    bank: Bank, indonesian: str | None, english: str | None, told: str
) -> None:
    changed = {
        lang: {**bank.sentences[lang], **({"rate.x": sentence} if sentence is not None else {})}
        for lang, sentence in (("id", indonesian), ("en", english))
    }
    faults = content.check(replace(bank, sentences={**bank.sentences, **changed}))
    assert any(told in fault for fault in faults), faults


@pytest.mark.parametrize("key", ["rate.button.skip", "rate.skip_button", "common.menu"])
def test_a_button_has_at_most_sixty_characters(bank: Bank, key: str) -> None:
    def faults(length: int) -> list[str]:
        sentences = {lang: {**table, key: "x" * length} for lang, table in bank.sentences.items()}
        return content.check(replace(bank, sentences=sentences))

    assert faults(60) == []
    assert len(faults(61)) == len(bank.languages)


def test_a_lesson_too_long_or_without_article_is_told(bank: Bank) -> None:
    lesson = bank.lessons["pelayanan"][0]
    long = msgspec.structs.replace(
        lesson,
        body={**lesson.body, "id": "a" * 601},
        rule={**lesson.rule, "en": "Law 25/2009"},
        choices={"id": ("Ya", "ya", "Tidak"), "en": ("x" * 61, "b", "c")},
    )
    faults = content.check(replace(bank, lessons={"pelayanan": (long,)}))
    assert [fault.partition(": ")[2].split(" (")[0] for fault in faults] == [
        "id: the body has 601 characters, not 300 to 600",
        "id: two choices read the same",
        "en: the rule names no article",
        f"en: 61 characters are too many for a button: {'x' * 61!r}",
    ]


def test_a_question_with_markup_is_told(bank: Bank) -> None:
    skm = bank.instruments["skm"]
    item = msgspec.structs.replace(skm.items[0], text={"id": "**Bagaimana?**", "en": "How?"})
    spoilt = msgspec.structs.replace(skm, items=(item, *skm.items[1:]))
    faults = content.check(replace(bank, instruments={**bank.instruments, "skm": spoilt}))
    assert len(faults) == 1
    assert "persyaratan" in faults[0]


@pytest.mark.parametrize(
    ("text", "balanced"),
    [
        ("**tebal** dan _miring_", True),
        ("ketik /data_saya atau /hapus_data", True),
        ("**{name}** dan _{total}_", True),
        ("{first_name} /_x_", True),
        ("_lihat /data_saya_", True),
        ("**tebal", False),
        ("tebal**", False),
        ("*satu*", False),
        ("** kosong **", False),
        ("****", False),
        ("_miring", False),
        ("miring_ saja", False),
        ("**a _b** c_", False),
        ("**a _b_ c**", False),
        ("**baris\nlain**", False),
        ("_baris\nlain_", False),
    ],
)
def test_markup_is_closed_on_its_line_and_not_nested(text: str, balanced: bool) -> None:
    assert markup_is_balanced(text) is balanced


words = st.text(alphabet="abcÄé19{}/., ", min_size=1).map(lambda text: f"a{text}b")


@given(st.lists(st.tuples(st.sampled_from(["", "**", "_"]), words), min_size=1))
def test_any_row_of_closed_parts_is_balanced_and_losing_a_mark_is_seen(
    parts: list[tuple[str, str]],
) -> None:
    sentence = " ".join(f"{mark}{text}{mark}" for mark, text in parts)
    assert markup_is_balanced(sentence)
    for index, (mark, text) in enumerate(parts):
        if mark:
            rest = [f"{m}{t}{m}" for m, t in parts]
            rest[index] = f"{mark}{text}"
            assert not markup_is_balanced(" ".join(rest))


@given(st.text(alphabet="{}ab_:!. 1", max_size=20))
def test_placeholders_are_found_or_refused_but_never_break(text: str) -> None:
    try:
        names = placeholders(text)
    except ValueError:
        return
    assert text.format(**dict.fromkeys(names, "x")) is not None
