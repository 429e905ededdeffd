"""The index: published tables to the last digit, and what must hold for any answers."""

import json
import math
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import Refused
from domain.index import Rule, Tally, compute, count

TABLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "published_tables.json").read_text()
)
ELEMENTS = tuple(TABLES[0]["sums"])

answer = st.integers(1, 4)
complete = st.lists(st.fixed_dictionaries(dict.fromkeys(ELEMENTS, answer)), min_size=1)
with_gaps = st.lists(st.dictionaries(st.sampled_from(ELEMENTS), answer, min_size=1), min_size=1)


def exact(rows: list[dict[str, int]]) -> Fraction:
    index = compute(count(rows, ELEMENTS)[1], Rule()).exact
    assert index is not None
    return index


@pytest.mark.parametrize("weights", ["exact", "0.111"])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["id"])
def test_published_tables_are_recomputed_to_the_last_digit(
    table: dict[str, Any], weights: Any
) -> None:
    tallies = {key: Tally(table["n"], total) for key, total in table["sums"].items()}
    index = compute(tallies, Rule(weights))
    assert str(index.ikm) == table["ikm"][weights]["ikm"]
    assert index.grade == table["ikm"][weights]["grade"]


def test_a_published_histogram_gives_the_published_sums() -> None:
    table = next(table for table in TABLES if "histogram" in table)
    for element, histogram in table["histogram"].items():
        tally = Tally.from_histogram({int(value): times for value, times in histogram.items()})
        assert tally == Tally(table["n"], table["sums"][element])


def test_all_figures_of_one_result() -> None:
    table = next(table for table in TABLES if table["id"] == "metro-pusat-all")
    tallies = {key: Tally(45, total) for key, total in table["sums"].items()}
    index = compute(tallies, Rule())
    assert index.exact == Fraction(1391, 405)
    assert index.weight == Fraction(1, 9)
    assert str(index.score) == "3.4346"
    assert str(index.nrr("persyaratan")) == "3.6667"
    assert str(index.nrr("biaya")) == "3.4000"


@pytest.mark.parametrize("tally", [Tally(0, 0), Tally(2, 6)])
def test_an_index_says_what_it_was_computed_from(tally: Tally) -> None:
    tallies, rule = dict.fromkeys(ELEMENTS, tally), Rule("0.111")
    index = compute(tallies, rule)
    assert (index.rule, index.elements) == (rule, tallies)


def test_averages_are_not_rounded_before_the_index() -> None:
    # 3097/91: from averages of three decimals this would be 94.53.
    table = next(table for table in TABLES if table["id"] == "anon-2025-tw1")
    tallies = {key: Tally(91, total) for key, total in table["sums"].items()}
    assert str(compute(tallies, Rule()).ikm) == "94.54"


def test_an_unanswered_element_is_left_out_and_not_zero() -> None:
    tallies = {"waktu": Tally(2, 8), "biaya": Tally(0, 0), "sarana": Tally(1, 3)}
    index = compute(tallies, Rule())
    assert index.weight == Fraction(1, 2)
    assert str(index.ikm) == "87.50"
    assert index.nrr("biaya") is None


def test_each_average_divides_by_its_own_number_of_answers() -> None:
    n, tallies = count([{"waktu": 4, "biaya": 1}, {"waktu": 2}, {}], ("waktu", "biaya"))
    assert n == 2
    assert tallies == {"waktu": Tally(2, 6), "biaya": Tally(1, 1)}
    assert str(compute(tallies, Rule()).ikm) == "50.00"


@pytest.mark.parametrize("weights", ["exact", "0.111"])
@pytest.mark.parametrize("elements", [ELEMENTS, ELEMENTS[:3], ()])
def test_without_respondents_there_is_no_index(weights: Any, elements: tuple[str, ...]) -> None:
    n, tallies = count([], elements)
    index = compute(tallies, Rule(weights))
    assert n == 0
    assert (index.ikm, index.grade, index.score, index.weight) == (None, None, None, None)


def test_the_printed_weight_refuses_a_missing_element_and_names_it() -> None:
    tallies = dict.fromkeys(ELEMENTS, Tally(1, 3)) | {"biaya": Tally(0, 0), "waktu": Tally(0, 0)}
    with pytest.raises(Refused) as refusal:
        compute(tallies, Rule("0.111"))
    assert refusal.value.key == "ikm.refused.element_missing"
    assert refusal.value.values == {"elements": "waktu, biaya"}


@pytest.mark.parametrize("k", [8, 10])
def test_the_printed_weight_is_for_nine_elements(k: int) -> None:
    tallies = {f"u{number}": Tally(1, 3) for number in range(k)}
    with pytest.raises(Refused) as refusal:
        compute(tallies, Rule("0.111"))
    assert (refusal.value.key, refusal.value.values) == ("ikm.refused.not_nine", {"count": k})


@pytest.mark.parametrize(
    ("every", "ikm", "printed"), [(1, "25.00", "24.98"), (4, "100.00", "99.90")]
)
def test_lowest_and_highest_index(every: int, ikm: str, printed: str) -> None:
    tallies = dict.fromkeys(ELEMENTS, Tally(7, 7 * every))
    assert str(compute(tallies, Rule()).ikm) == ikm
    assert str(compute(tallies, Rule("0.111")).ikm) == printed


@pytest.mark.parametrize("wrong", [0, 5, -1, True, 3.0, "3", None])
def test_answers_outside_one_to_four_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="integer from 1 to 4"):
        count([{"waktu": wrong}], ["waktu"])
    with pytest.raises(ValueError, match="integer from 1 to 4"):
        Tally.from_histogram({wrong: 1})


def test_an_unknown_element_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown element 'harga'"):
        count([{"harga": 3}], ["biaya"])


@pytest.mark.parametrize(("n", "total"), [(1, 0), (1, 5), (0, 1), (-1, -2), (3, 2), (3, 13)])
def test_a_tally_that_no_answers_can_give_is_refused(n: int, total: int) -> None:
    with pytest.raises(ValueError, match="cannot sum"):
        Tally(n, total)


def test_a_negative_count_in_a_histogram_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have been given"):
        Tally.from_histogram({2: 3, 3: -1})


@given(with_gaps, st.randoms(use_true_random=False))
def test_the_order_of_respondents_does_not_matter(rows: list[dict[str, int]], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert count(shuffled, ELEMENTS) == count(rows, ELEMENTS)


@given(with_gaps)
def test_the_index_stays_between_25_and_100_and_is_25_times_the_mean(
    rows: list[dict[str, int]],
) -> None:
    _, tallies = count(rows, ELEMENTS)
    index = compute(tallies, Rule())
    assert index.ikm is not None
    assert 25 <= index.ikm <= 100
    given_to = {key: [row[key] for row in rows if key in row] for key in ELEMENTS}
    means = [Fraction(sum(values), len(values)) for values in given_to.values() if values]
    assert index.exact == sum(means) / len(means)


@given(complete, answer)
def test_a_respondent_who_answers_k_everywhere_pulls_the_index_towards_k(
    rows: list[dict[str, int]], k: int
) -> None:
    before = exact(rows)
    after = exact([*rows, dict.fromkeys(ELEMENTS, k)])
    assume(before != k)
    assert abs(after - k) < abs(before - k)
    assert (after - k) * (before - k) >= 0


@given(with_gaps, answer)
def test_with_gaps_every_single_average_is_pulled_towards_k(
    rows: list[dict[str, int]], k: int
) -> None:
    _, before = count(rows, ELEMENTS)
    _, after = count([*rows, dict.fromkeys(ELEMENTS, k)], ELEMENTS)
    for element in ELEMENTS:
        new, old = after[element].mean, before[element].mean
        assert new is not None
        if old is None:
            assert new == k
        else:
            assert abs(new - k) <= abs(old - k)


@given(
    st.lists(
        st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(n, 4 * n))),
        min_size=9,
        max_size=9,
    ),
    st.sampled_from(["exact", "0.111"]),
)
def test_decimals_of_sixty_digits_agree(pairs: list[tuple[int, int]], weights: Any) -> None:
    """A second way: one common denominator, one decimal division, the library's rounding."""
    tallies = {key: Tally(*pair) for key, pair in zip(ELEMENTS, pairs, strict=True)}
    common = math.lcm(*(n for n, _ in pairs))
    numerator = sum(total * (common // n) for n, total in pairs)
    with localcontext(prec=60):
        if weights == "exact":
            quotient = Decimal(25 * numerator) / Decimal(9 * common)
        else:
            quotient = Decimal(25 * 111 * numerator) / Decimal(1000 * common)
        expected = quotient.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert compute(tallies, Rule(weights)).ikm == expected
