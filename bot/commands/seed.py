"""`tanggap seed`: units, services and points from a file, or the sample city."""

from __future__ import annotations

import asyncio
from datetime import datetime
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import speaker, speaking

if TYPE_CHECKING:
    from content.office import OfficeFile
    from domain.seeding import Planted

KINDS = ("units", "services", "points")


@speaking
def seed(
    file: Annotated[
        Path | None,
        typer.Argument(help="An office's own TOML file. Without it: the sample city."),
    ] = None,
    remove_sample: Annotated[
        bool, typer.Option("--remove-sample", help="Take the sample city out again.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print data instead of sentences.")] = False,
) -> None:
    """Load units, services and service points. Again is harmless: keys tell them apart."""
    from bot.clock import SystemClock

    at = SystemClock().now()
    if remove_sample and file is not None:
        raise typer.BadParameter("--remove-sample takes no file.")
    if remove_sample:
        _tell_removed(asyncio.run(_remove(at)), json)
        return
    _tell_planted(asyncio.run(_plant(_read(file), at)), json)


def _read(file: Path | None) -> OfficeFile:
    from bot.refusals import CannotStart
    from content import office

    try:
        return office.sample() if file is None else office.read(file)
    except office.OfficeError as error:
        raise CannotStart("cli.office_wrong", problems="\n".join(error.problems)) from None


async def _plant(office: OfficeFile, at: datetime) -> Planted:
    from bot.install import beside, read_settings
    from domain.seeding import plant

    async with beside(read_settings(), writing=True) as database, database.transaction() as tx:
        return await plant(tx, office, at=at)


async def _remove(at: datetime) -> dict[str, int]:
    from bot.install import beside, read_settings
    from bot.refusals import Wrong
    from domain.seeding import SampleInUse, remove_sample

    try:
        async with beside(read_settings()) as database, database.transaction() as tx:
            return await remove_sample(tx, at=at)
    except SampleInUse as error:
        say = speaker()
        counts = [f"{say('cli.hanging_' + what)}: {n}" for what, n in error.hanging.items()]
        raise Wrong("cli.sample_in_use", counts="\n".join(counts)) from None


def _tell_planted(done: Planted, json: bool) -> None:
    say = speaker()
    if json:
        typer.echo(dumps({kind: vars(getattr(done, kind)) for kind in KINDS}))
        return
    for name in KINDS:
        kind = getattr(done, name)
        say.print(
            f"cli.seed_{name}",
            added=len(kind.added),
            changed=len(kind.changed),
            same=len(kind.same),
        )
        for state, keys in (("added", kind.added), ("changed", kind.changed)):
            for key in keys:
                typer.echo(f"  {say('cli.seed_' + state)}: {key}")
    elsewhere = [key for name in KINDS for key in getattr(done, name).elsewhere]
    if elsewhere:
        say.print("cli.seed_elsewhere", keys=", ".join(elsewhere))
    say.print("cli.seed_next")


def _tell_removed(size: dict[str, int], json: bool) -> None:
    if json:
        typer.echo(dumps({"removed": size}))
    elif any(size.values()):
        speaker().print("cli.sample_removed", **size)
    else:
        speaker().print("cli.sample_absent")
