"""`tanggap invite`: a one-time way into a role."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from json import dumps
from typing import Annotated

import typer

from bot.commands.common import speaker, speaking


class Role(StrEnum):
    """What somebody can be invited to."""

    ADMIN = "admin"
    STAFF = "staff"


@speaking
def invite(
    role: Annotated[Role, typer.Option(help="What the invited person will be.")],
    unit: Annotated[
        str, typer.Option(metavar="KEY", help="Their unit; without it, the whole government.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print data instead of sentences.")] = False,
) -> None:
    """Make a one-time invitation to a role. Start payload, full link and QR; valid 48 hours."""
    from bot.platform import link
    from bot.qr import terminal

    say = speaker()
    payload, name = asyncio.run(_invite(role, unit))
    full = link(name, payload)
    if json:
        data = {"role": role.value, "unit": unit or None, "payload": payload, "link": full or None}
        typer.echo(dumps(data))
        return
    say.print(f"cli.invited_{role.value}", unit=unit or say("cli.all_units"))
    typer.echo(full or payload)
    if name:
        typer.echo(terminal(full))
    else:
        say.print("cli.no_name")
    say.print("cli.invited_once")


async def _invite(role: Role, unit: str) -> tuple[str, str]:
    from bot.clock import SystemClock
    from bot.install import beside, keys_of, read_settings
    from bot.platform import username
    from bot.refusals import CannotStart
    from domain import joining
    from storage import seeding

    settings = read_settings()
    async with beside(settings, writing=True) as database:
        keys = keys_of(settings, database)
        async with database.transaction() as tx:
            units = await seeding.units(tx)
            if unit and unit not in units:
                raise CannotStart("cli.no_such_unit", key=unit, keys=", ".join(sorted(units)))
            unit_id = units[unit].id if unit else None
            payload = await joining.invite(tx, keys, role.value, unit_id, SystemClock().now())
    return payload, await username(settings)
