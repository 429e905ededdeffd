"""`tanggap points`: where citizens scan, as a list, as QR codes, as sheets to print."""

from __future__ import annotations

import asyncio
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import speaker, speaking

if TYPE_CHECKING:
    from storage.seeding import Placed


@speaking
def points(
    point: Annotated[
        str, typer.Option(metavar="KEY", help="This point alone, with its QR; `all` for every QR.")
    ] = "",
    svg: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a sheet to print (A4, SVG) for each point here."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print data instead of sentences.")] = False,
) -> None:
    """List service points with their links. One, or all, with QR; or as sheets to print."""
    from bot.platform import link
    from bot.refusals import CannotStart
    from domain.seeding import payload

    say = speaker()
    found, name = asyncio.run(_found())
    chosen = [one for one in found if point in ("", "all", one.key)]
    if point and not chosen:
        raise CannotStart("cli.no_such_point", key=point, keys=", ".join(p.key for p in found))
    links = {one.key: link(name, payload(one.code)) for one in chosen}
    if svg is not None:
        if not name:
            raise CannotStart("cli.sheets_need_name")
        _write_sheets(svg, chosen, links)
    if json:
        typer.echo(dumps([_data(one, links[one.key]) for one in chosen]))
        return
    if not found:
        say.print("cli.no_points")
        return
    for one in chosen:
        _tell(one, links[one.key], qr=bool(point))
    if not name:
        say.print("cli.no_name")
    if svg is not None:
        say.print("cli.sheets_written", n=len(chosen), folder=str(svg))


async def _found() -> tuple[list[Placed], str]:
    from bot.install import beside, read_settings
    from bot.platform import username
    from storage import seeding

    settings = read_settings()
    async with beside(settings) as database, database.reading() as tx:
        found = await seeding.placed(tx)
    return found, await username(settings)


def _data(one: Placed, link: str) -> dict[str, object]:
    from domain.seeding import payload

    return {
        "key": one.key,
        "name": one.name,
        "unit": one.unit_key,
        "service": one.service_key,
        "payload": payload(one.code),
        "link": link or None,
        "active": one.active,
        "sample": one.sample,
    }


def _tell(one: Placed, link: str, *, qr: bool) -> None:
    from bot.qr import terminal
    from domain.seeding import payload

    say = speaker()
    closed = "" if one.active else f" ({say('cli.point_closed')})"
    typer.echo(f"{one.key}{closed}")
    typer.echo(f"  {one.unit} – {one.name}: {one.service or say('cli.point_asks')}")
    typer.echo(f"  {link or payload(one.code)}")
    if qr:
        typer.echo(terminal(link or payload(one.code)))


def _write_sheets(folder: Path, points: list[Placed], links: dict[str, str]) -> None:
    from bot.qr import sheet
    from bot.refusals import CannotStart

    bank = speaker().bank
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in points:
            drawn = sheet(
                links[one.key],
                unit=one.unit,
                point=one.name,
                words=[
                    # Citizens read it, so it speaks both languages wherever it was made.
                    (bank.sentence(lang, "cli.sheet_title"), bank.sentence(lang, "cli.sheet_how"))
                    for lang in ("id", "en")
                ],
            )
            _write(folder / f"{one.key}.svg", drawn)
    except OSError as error:
        raise CannotStart("cli.no_folder", problem=error.strerror or str(error)) from None


def _write(path: Path, words: str) -> None:
    """Whole, or not at all: half a sheet would be printed. Raises OSError (the disk is full)."""
    part = path.with_suffix(".part")
    try:
        part.write_text(words, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
