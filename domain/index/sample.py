"""How many respondents a survey needs."""

from fractions import Fraction

from domain.index.rounding import half_up

CHI_SQUARE = Fraction("3.841")
SPREAD = Fraction("0.25")
ERROR_SQUARED = Fraction("0.0025")


def sample_size(population: int) -> int:
    """Respondents needed for a number of service users in the period.

    Krejcie and Morgan (1970), the table that survey reports print: chi-square 3.841 (one
    degree of freedom, 5 %), P = Q = 0.5, error 5 %, rounded half-up. Raises ValueError for a
    negative population.
    """
    if population < 0:
        raise ValueError(f"a population is not negative: {population}")
    spread = CHI_SQUARE * SPREAD
    return int(half_up(spread * population / (ERROR_SQUARED * (population - 1) + spread), 0))
