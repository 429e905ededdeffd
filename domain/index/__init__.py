"""The arithmetic of the satisfaction index: integers in, exact through, one rounding at the end.

Pure functions: nothing here reads a file, a clock or a database.
"""

from domain.index.compute import Index, compute
from domain.index.rounding import half_up
from domain.index.rule import Grade, Rule, Weights, grade_of
from domain.index.sample import sample_size
from domain.index.tally import Tally, check_answer, count

__all__ = [
    "Grade",
    "Index",
    "Rule",
    "Tally",
    "Weights",
    "check_answer",
    "compute",
    "count",
    "grade_of",
    "half_up",
    "sample_size",
]
