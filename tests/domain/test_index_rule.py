"""Rounding, grades, the rule as data, and the size of a sample."""

import json
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.index import Rule, grade_of, half_up, sample_size


@pytest.mark.parametrize(
    ("index", "grade"),
    [
        ("25", "D"),
        ("64.99", "D"),
        ("64.994999", "D"),
        ("64.995", "C"),
        ("65.00", "C"),
        ("76.60", "C"),
        ("76.604", "C"),
        ("76.605", "B"),
        ("76.61", "B"),
        ("88.30", "B"),
        ("88.304", "B"),
        ("88.305", "A"),
        ("88.31", "A"),
        ("100", "A"),
    ],
)
def test_every_index_has_a_grade_also_in_the_holes_of_the_printed_table(
    index: str, grade: str
) -> None:
    assert grade_of(Decimal(index)) == grade
    assert grade_of(Fraction(index)) == grade


@given(st.fractions(25, 100), st.fractions(25, 100))
def test_a_higher_index_never_has_a_lower_grade(one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    assert grade_of(high) <= grade_of(low)


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        ("77.145", 2, "77.15"),
        ("77.1449999", 2, "77.14"),
        ("77.375", 2, "77.38"),
        ("0.005", 2, "0.01"),
        ("0", 2, "0.00"),
        ("100", 2, "100.00"),
        ("99.995", 2, "100.00"),
        ("2.5", 0, "3"),
        ("3.5", 0, "4"),
    ],
)
def test_a_tie_goes_up_and_all_decimals_are_shown(value: str, places: int, rounded: str) -> None:
    assert str(half_up(Fraction(value), places)) == rounded


def test_a_narrow_decimal_context_does_not_matter() -> None:
    with localcontext(prec=2):
        assert str(half_up(Fraction(2, 3) + 12345, 4)) == "12345.6667"


@given(st.decimals(0, 10**6, places=7), st.integers(0, 5))
def test_rounding_agrees_with_the_decimal_library(value: Decimal, places: int) -> None:
    assert half_up(value, places) == value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def test_below_zero_there_is_nothing_to_round() -> None:
    with pytest.raises(ValueError, match="not negative"):
        half_up(Fraction(-1, 1000), 2)


@pytest.mark.parametrize("weights", ["exact", "0.111"])
def test_a_rule_describes_itself_as_data(weights: Any) -> None:
    described = Rule(weights).describe()
    assert json.loads(json.dumps(described)) == {
        "weights": weights,
        "missing": "left_out",
        "rounding": "half_up_once",
        "decimals": 2,
        "floors": {"A": "88.31", "B": "76.61", "C": "65.00"},
    }


@pytest.mark.parametrize("weights", ["0.11", "", "EXACT", None])
def test_other_weights_do_not_exist(weights: Any) -> None:
    with pytest.raises(ValueError, match="weights are one of"):
        Rule(weights)


PRINTED_SAMPLES = {
    10: 10, 20: 19, 30: 28, 50: 44, 70: 59, 80: 66, 100: 80, 120: 92, 150: 108, 200: 132,
    240: 148, 250: 152, 300: 169, 340: 181, 400: 196, 500: 217, 600: 234, 646: 241, 700: 248,
    800: 260, 900: 269, 1000: 278, 1500: 306, 2000: 322, 3000: 341, 5000: 357, 10000: 370,
    20000: 377, 50000: 381, 75000: 382, 1000000: 384,
}  # fmt: skip


@pytest.mark.parametrize(("population", "sample"), PRINTED_SAMPLES.items())
def test_the_printed_table_of_krejcie_and_morgan(population: int, sample: int) -> None:
    assert sample_size(population) == sample


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_sample_is_part_of_its_population_and_grows_with_it(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert sample_size(low) <= sample_size(high) <= 384
    assert sample_size(low) <= low


def test_small_and_impossible_populations() -> None:
    assert [sample_size(n) for n in range(4)] == [0, 1, 2, 3]
    for impossible in (-1, -1000):
        with pytest.raises(ValueError, match="a population is not negative"):
            sample_size(impossible)
