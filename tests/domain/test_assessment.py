"""Gaps, priorities and the match, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import load
from domain import assessment
from domain.assessment import Gap

BANK = load()
ITEMS = [item.key for item in BANK.instruments["assess"].items]
levels = st.integers(1, 5)
sheets = st.fixed_dictionaries({item: levels for item in ITEMS})


@pytest.mark.parametrize(
    ("required", "actual", "missing", "priority"),
    [(1, 1, 0, 0), (2, 1, 1, 1), (3, 1, 2, 2), (4, 1, 3, 3), (5, 1, 4, 3), (1, 5, 0, 0)],
)
def test_a_gap_is_what_is_missing_and_never_negative(
    required: int, actual: int, missing: int, priority: int
) -> None:
    gap = Gap("x", required, actual)
    assert (gap.missing, gap.priority) == (missing, priority)


@pytest.mark.parametrize(
    ("actual", "required", "match"),
    [
        ([1, 1], [2, 2], "50.00"),
        ([2, 3], [3, 3], "83.33"),
        ([2, 3, 3], [3, 3, 3], "88.89"),
        ([2, 2, 1, 2, 3, 2, 2, 2, 1], [2] * 9, "88.89"),
        ([1] * 8, [5, 5, 5, 5, 5, 5, 5, 1], "22.22"),
    ],
)
def test_the_match_is_the_sums_quotient_with_two_decimals(
    actual: list[int], required: list[int], match: str
) -> None:
    gaps = tuple(Gap(str(n), r, a) for n, (a, r) in enumerate(zip(actual, required, strict=True)))
    found = assessment.job_person_match(gaps)
    assert str(found) == match


@pytest.mark.parametrize(
    ("actual", "required", "match"),
    [
        ([5, 5], [1, 1], "100.00"),
        ([3], [3], "100.00"),
        ([5, 1], [3, 3], "66.67"),
        ([5, 5, 2], [2, 2, 3], "85.71"),
        ([1, 5], [2, 1], "66.67"),
    ],
)
def test_a_level_above_counts_as_the_one_asked_for(
    actual: list[int], required: list[int], match: str
) -> None:
    gaps = tuple(Gap(str(n), r, a) for n, (a, r) in enumerate(zip(actual, required, strict=True)))
    assert str(assessment.job_person_match(gaps)) == match


@given(sheets, sheets)
def test_the_match_is_rounded_half_up_once(
    actual: dict[str, int], required: dict[str, int]
) -> None:
    found = assessment.outcome(actual, required)
    counted = sum(min(level, required[item]) for item, level in actual.items())
    exact = Fraction(counted, sum(required.values())) * 100
    error = Fraction(found.match) - exact
    assert -Fraction(1, 200) < error <= Fraction(1, 200)
    assert found.match == found.match.quantize(Decimal("0.01"))
    assert (found.match == 100) == (not found.largest), "all of it means that nothing is missing"


@given(sheets, sheets)
def test_the_largest_gaps_are_at_most_three_real_and_the_largest(
    actual: dict[str, int], required: dict[str, int]
) -> None:
    found = assessment.outcome(actual, required)
    assert [gap.item for gap in found.gaps] == list(actual)
    sizes = [gap.missing for gap in found.largest]
    assert sizes == sorted((g.missing for g in found.gaps if g.missing), reverse=True)[:3]


def test_every_position_group_can_be_compared() -> None:
    for group in BANK.groups:
        found = assessment.outcome(dict.fromkeys(ITEMS, 5), group.required)
        assert len(found.gaps) == len(ITEMS)
        assert found.largest == ()


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        assessment.outcome({"a": 1}, {"b": 1})
