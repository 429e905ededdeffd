"""Under which rule an index was computed: weight, rounding, bands. Kept with every number."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, get_args

from domain.errors import Refused
from domain.index.rounding import half_up

Grade = Literal["A", "B", "C", "D"]
Weights = Literal["exact", "0.111"]

# The printed table gives ranges with holes (88.30 to 88.31). Floors on a number that is already
# rounded to the table's two decimals have none.
FLOORS: tuple[tuple[Grade, Decimal], ...] = (
    ("A", Decimal("88.31")),
    ("B", Decimal("76.61")),
    ("C", Decimal("65.00")),
)
PLACES = 2
PRINTED_WEIGHT = Fraction(111, 1000)
PRINTED_ELEMENTS = 9


def grade_of(ikm: Fraction | Decimal) -> Grade:
    """Grade (mutu pelayanan) of an index on the scale 25-100, rounded to two decimals first.

    Bands of PermenPANRB 14/2017.
    """
    rounded = half_up(ikm, PLACES)
    for grade, floor in FLOORS:
        if rounded >= floor:
            return grade
    return "D"


@dataclass(frozen=True, slots=True)
class Rule:
    """How elements are weighted.

    `exact`: each of the k elements that somebody answered weighs 1/k. `0.111`: each of the nine
    weighs 0.111, as the regulation's tables print it; the highest index is then 99.90.
    """

    weights: Weights = "exact"

    def __post_init__(self) -> None:
        if self.weights not in get_args(Weights):
            raise ValueError(f"weights are one of {get_args(Weights)}, not {self.weights!r}")

    def weight(self, answered: int, unanswered: list[str]) -> Fraction:
        """Weight of one element, given how many were answered and the names of the others.

        Raises Refused under 0.111 unless nine elements were answered: with fewer the weights no
        longer sum to (nearly) one and the index would fall for no reason a citizen gave.
        """
        if self.weights == "exact":
            return Fraction(1, answered)
        if unanswered:
            raise Refused("ikm.refused.element_missing", elements=", ".join(unanswered))
        if answered != PRINTED_ELEMENTS:
            raise Refused("ikm.refused.not_nine", count=answered)
        return PRINTED_WEIGHT

    def describe(self) -> dict[str, object]:
        """Return the rule as plain data, to be stored with a result and printed beside it."""
        return {
            "weights": self.weights,
            "missing": "left_out",
            "rounding": "half_up_once",
            "decimals": PLACES,
            "floors": {grade: str(floor) for grade, floor in FLOORS},
        }
