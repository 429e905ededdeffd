"""Counting answers 1-4 per element: the integers from which every index is computed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

LOWEST = 1
HIGHEST = 4


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people answered one element, and the sum of their answers.

    Missing answers are in neither number. Raises ValueError for a pair that no answers from 1 to
    4 can produce.
    """

    n: int
    sum: int

    def __post_init__(self) -> None:
        if not LOWEST * self.n <= self.sum <= HIGHEST * self.n:
            raise ValueError(f"{self.n} answers from 1 to 4 cannot sum to {self.sum}")

    @classmethod
    def from_histogram(cls, histogram: Mapping[int, int]) -> Self:
        """Tally from how often each answer was given; raises ValueError for anything but 1-4."""
        for answer, times in histogram.items():
            check_answer(answer)
            if times < 0:
                raise ValueError(f"answer {answer} cannot have been given {times} times")
        return cls(
            n=sum(histogram.values()),
            sum=sum(answer * times for answer, times in histogram.items()),
        )

    @property
    def mean(self) -> Fraction | None:
        """NRR: the average over those who answered; None when nobody did."""
        return Fraction(self.sum, self.n) if self.n else None


def check_answer(answer: int) -> None:
    """Raise ValueError for an answer that is not one of the integers 1, 2, 3, 4."""
    if type(answer) is not int or not LOWEST <= answer <= HIGHEST:
        raise ValueError(f"an answer is an integer from 1 to 4, not {answer!r}")


def count(
    rows: Iterable[Mapping[str, int]], elements: Iterable[str]
) -> tuple[int, dict[str, Tally]]:
    """Count respondents: those with at least one answer, and a tally for every element.

    A row maps element to answer and leaves out what was not answered. Raises ValueError for an
    answer outside 1-4 and for an element that is not in `elements`.
    """
    answered = dict.fromkeys(elements, 0)
    total = dict.fromkeys(answered, 0)
    respondents = 0
    for row in rows:
        for element, answer in row.items():
            if element not in answered:
                raise ValueError(f"unknown element {element!r}")
            check_answer(answer)
            answered[element] += 1
            total[element] += answer
        respondents += bool(row)
    return respondents, {element: Tally(n, total[element]) for element, n in answered.items()}
