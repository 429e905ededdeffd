"""`tanggap results`: the index of a unit or a service over a period, with the rule used."""

from __future__ import annotations

import asyncio
import re
from datetime import date, datetime
from json import dumps
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from bot.commands.common import speaker, speaking
from bot.commands.figures import data, lines
from domain.index import Weights

if TYPE_CHECKING:
    from domain.results import Period, Result
    from storage.base import Tx

_QUARTER = re.compile(r"(20\d\d)-?Q([1-4])", re.IGNORECASE)
_YEAR = re.compile(r"20\d\d")
_DAYS = ["%Y-%m-%d"]


class Whose(NamedTuple):
    """Whose results: the services counted, a name for people, and the zone of their days."""

    services: list[int]
    name: str
    zone: str


@speaking
def results(
    unit: Annotated[
        str, typer.Option(metavar="KEY", help="This unit and all units below it.")
    ] = "",
    service: Annotated[str, typer.Option(metavar="KEY", help="This service alone.")] = "",
    period: Annotated[
        str, typer.Option(metavar="2026-Q4", help="A quarter or a year. Without it: this quarter.")
    ] = "",
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DAYS, help="First day, instead.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=_DAYS, help="Last day, included.")
    ] = None,
    weights: Annotated[
        Weights,
        typer.Option(help="exact: 1/k for the k answered elements; 0.111: as printed in tables."),
    ] = "exact",
    json: Annotated[bool, typer.Option("--json", help="Print data instead of sentences.")] = False,
) -> None:
    """Show the index (IKM) of a unit or service. With n, averages, grade and the rule used."""
    from bot.refusals import CannotStart

    if unit and service:
        raise CannotStart("cli.unit_or_service")
    span = _span(period, first, last)
    whose, result = asyncio.run(_result(unit, service, span, weights))
    if json:
        _print_data(unit, service, result)
    else:
        _print_lines(whose, result)


def _span(period: str, first: datetime | None, last: datetime | None) -> tuple[date, date] | None:
    """The days asked for; None for the current quarter. Raises CannotStart."""
    from bot.refusals import CannotStart
    from domain.results import quarter

    if first is not None and last is not None and not period and first <= last:
        return first.date(), last.date()
    if first is not None or last is not None:
        raise CannotStart("cli.wrong_period")
    if not period:
        return None
    if found := _QUARTER.fullmatch(period):
        whole = quarter(date(int(found[1]), 3 * int(found[2]), 1))
        return whole.first, whole.last
    if _YEAR.fullmatch(period):
        return date(int(period), 1, 1), date(int(period), 12, 31)
    raise CannotStart("cli.wrong_period")


async def _result(
    unit: str, service: str, span: tuple[date, date] | None, weights: Weights
) -> tuple[Whose, Result]:
    from bot.clock import SystemClock
    from bot.install import beside, read_settings
    from domain import calendar
    from domain.index import Rule
    from domain.results import Period, of_services, quarter

    elements = [item.key for item in speaker().bank.instruments["skm"].items]
    async with beside(read_settings()) as database, database.reading() as tx:
        whose = await _whose(tx, unit, service)
        today = calendar.local_date(SystemClock().now(), whose.zone)
        days: Period = Period(*span) if span else quarter(today)
        return whose, await of_services(tx, whose.services, days, elements, Rule(weights))


async def _whose(tx: Tx, unit: str, service: str) -> Whose:
    from bot.refusals import CannotStart
    from storage import office, seeding

    units, services = await seeding.units(tx), await seeding.services(tx)
    by_id = {known.id: known for known in units.values()}
    if service:
        if (one := services.get(service)) is None:
            raise CannotStart("cli.no_such_service", key=service, keys=", ".join(services))
        return Whose([one.id], one.name, by_id[one.unit_id].zone)
    if unit:
        if (known := units.get(unit)) is None:
            raise CannotStart("cli.no_such_unit", key=unit, keys=", ".join(units))
        return Whose(await office.services_below(tx, known.id), known.name, known.zone)
    zones = [known.zone for known in units.values() if known.parent_id is None]
    every = [one.id for one in services.values()]
    return Whose(every, speaker()("cli.all_units"), zones[0] if zones else "Asia/Jakarta")


def _print_data(unit: str, service: str, result: Result) -> None:
    period = result.period
    asked = {
        "unit": unit or None,
        "service": service or None,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
    }
    rule = {"rule": result.index.rule.describe(), "versions": result.versions}
    typer.echo(dumps({**asked, **data(result.n, result.index), **rule}))


def _print_lines(whose: Whose, result: Result) -> None:
    from content import in_language

    say, period = speaker(), result.period
    say.print("cli.results_title", name=whose.name)
    say.print("cli.results_period", first=period.first.isoformat(), last=period.last.isoformat())
    if result.ikm is None:
        say.print("cli.results_none")
        return
    items = say.bank.instruments["skm"].items
    names = {item.key: in_language(item.name, say.language) for item in items}
    for line in lines(result.n, result.index, names, say, say.language):
        typer.echo(line)
    say.print("cli.results_version", versions=", ".join(sorted(result.versions)))
    if not result.publishable:
        say.print("cli.results_few", missing=result.missing)
