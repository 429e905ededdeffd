"""From tallies to the index of public satisfaction (IKM), exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from domain.index.rounding import half_up
from domain.index.rule import PLACES, Grade, Rule, grade_of
from domain.index.tally import Tally

CONVERSION = 25
"""From the scale of the answers (1-4) to the scale of the index (25-100)."""

SCORE_PLACES = 4
"""Decimals of averages on the scale 1-4, each rounded from its exact value, for display only."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index with all it was computed from; every rounded figure comes from the exact one.

    `exact` is the weighted sum of the element averages on the scale 1-4, and `weight` that of one
    element. Both are None when nobody answered anything: no index, which is not an index of zero.
    """

    rule: Rule
    elements: Mapping[str, Tally]
    weight: Fraction | None
    exact: Fraction | None

    @property
    def ikm(self) -> Decimal | None:
        """The index on the scale 25-100, rounded half-up to two decimals."""
        return None if self.exact is None else half_up(self.exact * CONVERSION, PLACES)

    @property
    def grade(self) -> Grade | None:
        """Letter A to D of the rounded index."""
        return None if self.exact is None else grade_of(self.exact * CONVERSION)

    @property
    def score(self) -> Decimal | None:
        """The index on the scale 1-4, rounded half-up to four decimals."""
        return None if self.exact is None else half_up(self.exact, SCORE_PLACES)

    def nrr(self, element: str) -> Decimal | None:
        """Average of one element, rounded half-up to four decimals; None when unanswered."""
        mean = self.elements[element].mean
        return None if mean is None else half_up(mean, SCORE_PLACES)


def compute(elements: Mapping[str, Tally], rule: Rule) -> Index:
    """Compute the index of one unit and period from the tally of every element it asked.

    Averages divide by their own n; an element that nobody answered is left out. Raises Refused
    when `rule` cannot do without the elements that are missing.
    """
    means = {name: tally.mean for name, tally in elements.items()}
    answered = [mean for mean in means.values() if mean is not None]
    if not answered:
        return Index(rule, elements, None, None)
    weight = rule.weight(len(answered), [name for name, mean in means.items() if mean is None])
    return Index(rule, elements, weight, weight * sum(answered, Fraction()))
