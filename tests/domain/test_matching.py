"""What people type finds the service they mean, and nothing when they mean none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.matching import Candidate, closest

SERVICES = [
    Candidate(1, "KTP elektronik", "Dinas Kependudukan dan Pencatatan Sipil"),
    Candidate(2, "Kartu keluarga", "Dinas Kependudukan dan Pencatatan Sipil"),
    Candidate(3, "Akta kelahiran", "Dinas Kependudukan dan Pencatatan Sipil"),
    Candidate(4, "Poli umum", "Puskesmas Kenanga"),
    Candidate(5, "Poli gigi", "Puskesmas Kenanga"),
    Candidate(6, "Surat keterangan domisili", "Kelurahan Melati"),
]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("ktp", 1),
        ("E-KTP", 1),
        ("ektp", 1),
        ("mau urus ktp elektronik dong pak", 1),
        ("kartu keluarga", 2),
        ("kartu kelurga", 2),
        ("akte kelahiran", 3),
        ("akta lahir", 3),
        ("poli gigi", 5),
        ("gigi", 5),
        ("domisili kelurahan melati", 6),
        ("ｋｔｐ", 1),
    ],
)
def test_the_service_that_is_meant_comes_first(typed: str, first: int) -> None:
    assert closest(typed, SERVICES, 8)[:1] == [first]


@pytest.mark.parametrize("typed", ["", "?!", "qwxyz", "cuaca besok", "resep rendang", "🙂", "12"])
def test_nothing_is_found_where_nothing_is_meant(typed: str) -> None:
    assert closest(typed, SERVICES, 8) == []


def test_an_office_finds_its_services_and_the_limit_holds() -> None:
    assert closest("puskesmas", SERVICES, 8) == [5, 4]
    assert len(closest("dinas kependudukan", SERVICES, 2)) == 2


@given(st.text(max_size=400))
def test_any_words_are_survived(typed: str) -> None:
    found = closest(typed, SERVICES, 3)
    assert len(found) <= 3
    assert len(set(found)) == len(found)


CITY = [
    Candidate(n, f"Surat keterangan {word} {n}", f"Dinas pelayanan kependudukan {n % 9}")
    for n, word in enumerate(("domisili", "usaha", "kelahiran", "kematian", "pindah") * 20)
]


def _cost(typed: str) -> float:
    best = 60.0
    for _ in range(4):
        began = time.process_time()
        closest(typed, CITY, 8)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize(
    "hostile",
    [
        " ".join(f"keteranga{c}" for c in "abcdefghijklm"),
        " ".join(f"xependuduka{c}" for c in "abcdefghijklm"),
        "kependudukam " * 300,
        "abcdefgh " * 450,
        "x" * 4096,
        "\ufdfa" * 4096,  # eighteen letters each when written out
    ],
)
def test_hostile_words_cost_little_more_than_kind_ones(hostile: str) -> None:
    assert _cost(hostile) < 12 * _cost("ktp")


@given(st.text(max_size=300), st.text(max_size=300))
def test_only_the_beginning_of_a_long_wish_is_read(one: str, other: str) -> None:
    head = "surat keterangan domisili " * 5
    assert closest(head + one, SERVICES, 3) == closest(head + other, SERVICES, 3) == [6]
