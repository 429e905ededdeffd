"""The only rounding there is: commercial (half-up), from an exact number, once."""

from decimal import Decimal
from fractions import Fraction


def half_up(value: Fraction | Decimal | int, places: int) -> Decimal:
    """Round a number that is not negative to `places` decimals, a tie going up.

    The result carries exactly `places` decimals (100 becomes 100.00). It is built from integers,
    so neither binary floats nor a decimal context can touch it. Raises ValueError below zero,
    where "up" would need a second meaning.
    """
    exact = Fraction(value)
    if exact < 0:
        raise ValueError(f"half_up is for numbers that are not negative, not {exact}")
    scaled = exact * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal((0, tuple(int(digit) for digit in str(whole)), -places))
