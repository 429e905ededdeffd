"""Self-assessment ("pemetaan mandiri"): levels, gaps to the position's, and the match."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from storage import staff
from storage.base import Tx

LARGEST = 3
"""How many gaps are named at the end."""


class Gap(NamedTuple):
    """One competence: the level asked for, the level reached, and what is missing."""

    item: str
    required: int
    actual: int

    @property
    def missing(self) -> int:
        """Levels below what is asked for; more than asked for is no gap."""
        return max(0, self.required - self.actual)

    @property
    def priority(self) -> int:
        """0 none, 1 low, 2 middle, 3 high: the common practice of development plans."""
        return min(self.missing, 3)


class Outcome(NamedTuple):
    """What follows from one self-assessment."""

    gaps: tuple[Gap, ...]  # every competence, in the order asked
    largest: tuple[Gap, ...]  # at most three, the largest first, none without a gap
    match: Decimal  # Job Person Match, per cent with two decimals


def outcome(levels: Mapping[str, int], required: Mapping[str, int]) -> Outcome:
    """Compare levels with those asked for, over the competences that have both.

    Raises ValueError when there is none.
    """
    gaps = tuple(
        Gap(item, required[item], actual) for item, actual in levels.items() if item in required
    )
    if not gaps:
        raise ValueError("nothing to compare")
    missing = [gap for gap in gaps if gap.missing]
    largest = sorted(missing, key=lambda gap: -gap.missing)[:LARGEST]
    return Outcome(gaps, tuple(largest), job_person_match(gaps))


def job_person_match(gaps: tuple[Gap, ...]) -> Decimal:
    """Sum of the levels reached by the sum of those asked for, in per cent, rounded half up.

    A competence counts with at most the level asked for, min(level, required): what is above in
    one does not make up for what is missing in another, and the match is never above 100 %.
    """
    asked = sum(gap.required for gap in gaps)
    share = Fraction(asked - sum(gap.missing for gap in gaps), asked) * 100
    # Exact: a quotient of integers is compared with its half before any division is rounded.
    hundredths = int((share * 100 * 2 + 1) // 2)
    return (Decimal(hundredths) / 100).quantize(Decimal("0.01"))


async def finish(
    tx: Tx,
    person_id: int,
    *,
    version: str,
    position_group: str,
    levels: Mapping[str, int],
    now: datetime,
) -> int:
    """Keep a finished self-assessment and its answers, in this transaction; its id."""
    return await staff.add_assessment(
        tx,
        person_id,
        version=version,
        position_group=position_group,
        levels=levels,
        at=now,
    )


async def last(tx: Tx, person_id: int) -> staff.Assessed | None:
    """The newest finished self-assessment of a person; None if there is none."""
    found = await staff.assessments(tx, person_id, limit=1)
    return found[0] if found else None
