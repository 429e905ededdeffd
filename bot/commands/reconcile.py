"""`tanggap reconcile`: does what was written at different moments agree?"""

from __future__ import annotations

import asyncio
from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import speaker, speaking

if TYPE_CHECKING:
    from domain.reconcile import Check


@speaking
def reconcile(
    json: Annotated[bool, typer.Option("--json", help="Print data instead of sentences.")] = False,
) -> None:
    """Compare the books with the rows, beside the running bot. Exit code 1: they disagree."""
    checks = asyncio.run(_checks())
    if json:
        _print_data(checks)
    else:
        _print_sentences(checks)
    if not all(check.agrees for check in checks):
        raise typer.Exit(1)


async def _checks() -> list[Check]:
    from bot.install import beside, read_settings
    from domain.reconcile import reconcile as compare

    async with beside(read_settings()) as database, database.reading() as tx:
        return await compare(tx)


def _print_data(checks: list[Check]) -> None:
    listed = [
        {
            "check": check.name,
            "subject": check.subject,
            "promised": check.promised,
            "found": check.found,
            "agrees": check.agrees,
        }
        for check in checks
    ]
    typer.echo(dumps({"agrees": all(check.agrees for check in checks), "checks": listed}))


def _print_sentences(checks: list[Check]) -> None:
    say = speaker()
    for name in dict.fromkeys(check.name for check in checks):
        same = [check for check in checks if check.name == name]
        wrong = [check for check in same if not check.agrees]
        mark = say("cli.mark_wrong") if wrong else say("cli.mark_ok")
        total = sum(check.promised for check in same)
        typer.echo(f"[{mark}] {say('cli.reconcile_' + name)} ({total})")
        for check in wrong:
            line = say("cli.reconcile_wrong", promised=check.promised, found=check.found)
            typer.echo(f"    {check.subject}: {line}".replace("    : ", "    "))
    agrees = all(check.agrees for check in checks)
    say.print("cli.reconcile_agrees" if agrees else "cli.reconcile_disagrees")
