"""Personal data does not get past the door, however it is spelled; opinions do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.privacy_mask import LONGEST, MARK, mask


@pytest.mark.parametrize(
    "secret",
    [
        "3201011508950001",  # NIK of a man
        "3201015508950001",  # of a woman: day + 40
        "3201 0115 0895 0001",
        "3201.0115.0895.0001",
        "3201-0115-0895-0001",
        "3201/0115/0895/0001",
        "3 2 0 1 0 1 1 5 0 8 9 5 0 0 0 1",
        "320101 150895 0001",
        "３２０１０１１５０８９５０００１",  # full-width
        "٣٢٠١٠١١٥٠٨٩٥٠٠٠١",  # Arabic
        "۳۲۰۱۰۱۱۵۰۸۹۵۰۰۰۱",  # Persian
        "320101\u200b150895\u200b0001",  # with nothing in between that one can see
        "9999999999999999",  # no valid NIK, and still nobody's opinion
        "081234567890",
        "0812-3456-7890",
        "0812.3456.7890",
        "0812 3456 7890",
        "0812\n3456\n7890",
        "+62 812 3456 7890",
        "+6281234567890",
        "6281234567890",
        "62812 3456 7890",
        "(021) 5551234",
        "+65 9123 4567",
        "+1 415 555 2671",
        "nol delapan satu dua tiga empat lima enam tujuh delapan",
        "budi.santoso@gmail.com",
        "BUDI+ktp@Kota.go.id",
        "budi @ gmail . com",
        "budi[at]gmail[dot]com",
        "budi (at) gmail (dot) com",
        "budi at gmail dot com",
        "budi at gmail titik com",
        "budi@gmail",
        "@budi_santoso",
        "t.me/budisantoso",
        "09.254.294.3-407.000",  # NPWP
        "BA 1234 XY",
        "0012-01-000123-50-5",  # bank account
    ],
)
@pytest.mark.parametrize("around", ["{}", "Hubungi saya di {} ya, terima kasih.", "({})"])
def test_what_names_somebody_is_taken_out(secret: str, around: str) -> None:
    masked = mask(around.format(secret))
    assert masked.found
    assert MARK in masked.text
    assert len(re.sub(r"\D", "", masked.text)) <= 1
    assert "@" not in masked.text
    assert "budi" not in masked.text.casefold()
    for word in around.replace("({})", "").replace("{}", "").split():
        assert word.strip(",") in masked.text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("NIK saya 3201011508950001", "NIK saya […]"),
        ("Pak Joko kurang ramah.", "Pak […] kurang ramah."),
        ("Petugas bernama Rahmat Hidayat meminta uang", "Petugas bernama […] meminta uang"),
        ("telp 5551234 tidak diangkat", "telp […] tidak diangkat"),
        ("WA: 0812 3456 7890, email: ani@x.id", "WA: […], email: […]"),
        ("KK 3201011508950002 dan NIK 3201011508950001.", "KK […] dan NIK […]."),
    ],
)
def test_the_words_around_stay(typed: str, kept: str) -> None:
    assert mask(typed).text == kept


HARMLESS = [
    "Pelayanan cepat dan ramah, terima kasih.",
    "Petugasnya baik hati dan sabar menjelaskan.",
    "Antrean terlalu panjang, mohon tambah loket.",
    "Ruang tunggu panas, AC mati.",
    "Saya datang jam 08.00 baru dilayani jam 11.30.",
    "Biaya Rp 50.000 katanya gratis.",
    "Diminta uang Rp 1.500.000 oleh calo!",
    "Anggaran Rp 15.000.000, 2 kali dipotong",
    "Dibayar Rp1500000000 untuk gedung baru",
    "Parkir sempit, jalan masuk rusak.",
    "KTP saya jadi dalam 3 hari kerja.",
    "Nomor antrean A123 dilewati.",
    "Tanggal 23/11/2026 saya sudah datang, disuruh kembali 24/11/2026.",
    "Tanggal 23-11-2026 08.30-11.45 tutup",
    "Ibu saya lansia usia 72 tahun tidak dapat kursi.",
    "Buka 08.00-12.00, 13.00-16.00 saja",
    "Tahun 2023 2024 2025 selalu sama",
    "Anak saya sakit demam menunggu 3 jam di puskesmas.",
    "Agama di KK salah, mohon dibetulkan tanpa ribet.",
    "Pegawai main HP terus.",
    "No HP petugas tidak bisa dihubungi.",
    "Wifi gratis, kata sandi 12345678.",
    "Bagus, 10/10 👍",
    "Kuota hanya 50 orang per hari.",
    "UU 25/2009 pasal 15 mewajibkan standar pelayanan.",
    "1. AC mati 2. kursi kurang 3. toilet kotor",
    "Putri saya difoto dengan sabar.",
    "Bunga di taman indah sekali.",
    "Staff was rude at counter 3. Co-workers too.",
    "I waited at the office. Information was missing.",
    "Rapat @ kantor lama sekali",
]


@pytest.mark.parametrize("comment", HARMLESS)
def test_an_opinion_stays_as_it_was_written(comment: str) -> None:
    assert mask(comment) == (comment, False, False)


def test_nothing_but_invisible_characters_is_nothing() -> None:
    assert mask(" \u200b\u2060\n ").text == ""


def test_a_long_comment_is_cut_after_it_is_masked() -> None:
    masked = mask("a" * (LONGEST - 8) + " 3201011508950001")
    assert masked.text.endswith(MARK)
    assert not masked.cut
    assert mask("kata " * 900).cut
    assert len(mask("kata " * 900).text) <= LONGEST


DIGITS = st.sampled_from(
    ["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９", "०१२३४५६७८९"]
)
GAPS = st.sampled_from(["", " ", ".", "-", " - ", "/", ". ", "\u200b", "–", "\n", "_", " . "])
WORDS = st.text(st.characters(codec="utf-8"), max_size=40)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A NIK or a telephone number in one of many spellings."""
    digits = draw(
        st.one_of(
            st.from_regex(r"[1-9][0-9]{15}", fullmatch=True),
            st.from_regex(r"08[1-9][0-9]{7,9}", fullmatch=True),
            st.from_regex(r"628[1-9][0-9]{7,9}", fullmatch=True),
        )
    )
    script, gap = draw(DIGITS), draw(GAPS)
    size = draw(st.sampled_from([1, 2, 3, 4, 6, 20]))
    parts = [digits[at : at + size] for at in range(0, len(digits), size)]
    return gap.join(parts).translate(str.maketrans("0123456789", script))


@settings(max_examples=400, deadline=None)
@given(numbers(), WORDS, WORDS)
def test_no_spelling_of_a_number_gets_through(number: str, before: str, after: str) -> None:
    """Letters keep the number apart from other digits; those have a row to themselves."""
    text = f"{re.sub(r'[0-9]', '', before)} nomor {number} itu {re.sub(r'[0-9]', '', after)}"
    kept = mask(text).text
    run = "".join(str(int(c)) for c in number if c.isdecimal())
    left = re.sub(r"[^0-9]", "", "".join(str(int(c)) if c.isdecimal() else c for c in kept))
    assert run not in left
    assert not re.search(r"\d{9}", left) or run[:9] not in left


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex(r"[a-z][a-z0-9._-]{0,15}", fullmatch=True),
    st.sampled_from(["gmail.com", "yahoo.co.id", "kota.go.id", "x.id"]),
    st.sampled_from(["@", " @ ", "(at)", "[at]", " at "]),
    WORDS,
)
def test_no_spelling_of_an_address_gets_through(
    user: str, host: str, sign: str, after: str
) -> None:
    kept = mask(f"tulis ke {user}{sign}{host} {after}").text
    assert f"{sign}{host}" not in kept
    assert host not in kept or host in after


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from([*HARMLESS, "3201", "0115", "@", ".", " at "])).map(" ".join)
)
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask(text).text
    again = mask(once)
    assert again.text == once
    assert not again.found
