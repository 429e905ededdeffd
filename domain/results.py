"""The index of services over a period, from the responses: one source for every reader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.index import Grade, Index, Rule, Tally, compute
from storage import office, published, responses
from storage.base import Tx
from storage.published import Shown

INSTRUMENT = "skm"
"""Only these responses count; the quick rating is kept apart."""

FEWEST = 5
"""Responses below which no figure is published: fewer say little, and could point at somebody.

Also the step by which a published figure moves: see `public`.
"""


@dataclass(frozen=True)
class Period:
    """Local dates from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def number(self) -> int:
        """Which quarter of the year the period begins in, 1 to 4."""
        return (self.first.month + 2) // 3


def quarter(day: date) -> Period:
    """The quarter (triwulan) a local date lies in: the shortest rhythm SKM is reported in."""
    start = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    following = date(start.year + start.month // 10, (start.month + 2) % 12 + 1, 1)
    return Period(start, following - timedelta(days=1))


@dataclass(frozen=True)
class Result:
    """What the responses of a period amount to, and under which rule.

    `n` counts responses, `versions` those of each version of the questionnaire. The figures are
    for every reader inside the office; whoever publishes asks `publishable` first.
    """

    period: Period
    n: int
    versions: dict[str, int]
    index: Index

    @property
    def publishable(self) -> bool:
        """Whether there are enough responses to show figures to the public."""
        return self.n >= FEWEST

    @property
    def missing(self) -> int:
        """How many more responses it takes until figures are shown."""
        return max(0, FEWEST - self.n)

    @property
    def ikm(self) -> Decimal | None:
        """The index on the scale 25-100; None without answers."""
        return self.index.ikm

    @property
    def grade(self) -> Grade | None:
        """Letter A to D; None without answers."""
        return self.index.grade

    def lowest(self, count: int) -> list[str]:
        """The elements with the lowest exact averages, lowest first; ties as in the survey."""
        means = [(t.mean, name) for name, t in self.index.elements.items() if t.mean is not None]
        return [name for _, name in sorted(means, key=lambda pair: pair[0])[:count]]


async def of_services(
    tx: Tx,
    service_ids: Collection[int],
    period: Period,
    elements: Sequence[str],
    rule: Rule | None = None,
) -> Result:
    """The result of some services together, by the elements of the survey in their order.

    Raises Refused (domain.refused) when `rule` cannot do without an element nobody answered.
    """
    first, last = period.first.isoformat(), period.last.isoformat()
    versions = await responses.how_many(tx, service_ids, INSTRUMENT, first, last)
    counted = {
        one.item: Tally(one.n, one.sum)
        for one in await responses.sums(tx, service_ids, INSTRUMENT, elements, first, last)
    }
    tallies = {element: counted.get(element, Tally(0, 0)) for element in elements}
    return Result(period, sum(versions.values()), versions, compute(tallies, rule or Rule()))


async def of_service(
    tx: Tx, service_id: int, period: Period, elements: Sequence[str], rule: Rule | None = None
) -> Result:
    """The result of one service."""
    return await of_services(tx, [service_id], period, elements, rule)


async def of_unit(
    tx: Tx, unit_id: int, period: Period, elements: Sequence[str], rule: Rule | None = None
) -> Result:
    """The result of a unit: all its services and those of the units below it, together."""
    services = await office.services_below(tx, unit_id)
    return await of_services(tx, services, period, elements, rule)


async def public(tx: Tx, service_id: int, period: Period, elements: Sequence[str]) -> Result:
    """The result of one service as anybody may see it; figures only if it is `publishable`.

    It stands still until FEWEST further responses have come in, and then moves over all of them
    at once. A live figure, read before and after somebody's visit, would tell what that person
    answered.
    """
    live = await of_service(tx, service_id, period, elements)
    if not live.publishable:
        return live
    sums = {name: [tally.n, tally.sum] for name, tally in live.index.elements.items()}
    first, last = period.first.isoformat(), period.last.isoformat()
    new = Shown(live.n, live.versions, sums)
    shown = await published.show(tx, service_id, first, last, new, FEWEST)
    tallies = {name: Tally(*shown.sums.get(name, (0, 0))) for name in elements}
    return Result(period, shown.n, dict(shown.versions), compute(tallies, Rule()))
