"""`tanggap doctor`: what is wrong with this installation, in sentences."""

from __future__ import annotations

import asyncio
from json import dumps
from typing import Annotated

import typer

from bot.commands.common import speaker, speaking


@speaking
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print data instead of sentences.")] = False,
) -> None:
    """Look this installation over. Exit code 1: something is wrong."""
    from bot import logs
    from bot.clock import SystemClock
    from bot.inspection import Level, inspect
    from bot.install import read_settings

    logs.configure("ERROR")
    say = speaker()
    found = asyncio.run(inspect(read_settings(), SystemClock()))
    if json:
        listed = [
            {"level": one.level.value, "check": one.key, "text": say(one.key, **one.values)}
            for one in found
        ]
        typer.echo(
            dumps({"wrong": sum(one.level is Level.WRONG for one in found), "found": listed})
        )
    else:
        for one in found:
            typer.echo(f"[{say('cli.mark_' + one.level.value)}] {say(one.key, **one.values)}")
        wrong = any(one.level is Level.WRONG for one in found)
        say.print("doctor.something_wrong" if wrong else "doctor.all_well")
    if any(one.level is Level.WRONG for one in found):
        raise typer.Exit(1)
