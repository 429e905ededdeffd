"""`tanggap migrate`: the database brought to the schema of this program."""

from __future__ import annotations

import asyncio
from json import dumps
from typing import Annotated

import typer

from bot.commands.common import speaker, speaking


@speaking
def migrate(
    json: Annotated[bool, typer.Option("--json", help="Print data instead of sentences.")] = False,
) -> None:
    """Bring the database to the current schema. Refused while the bot runs on it."""
    changed, where, revision = asyncio.run(_migrate())
    if json:
        typer.echo(dumps({"changed": changed, "revision": revision}))
    else:
        sentence = "cli.migrated" if changed else "cli.migrated_already"
        speaker().print(sentence, where=where, revision=revision)


async def _migrate() -> tuple[bool, str, str]:
    from bot.install import bring_up_to_date, check_whole, open_database, read_settings
    from bot.sole import sole
    from storage.migrate import head

    database = open_database(read_settings())
    try:
        await check_whole(database)
        async with sole(database):
            changed = await bring_up_to_date(database, may=True)
        return changed, database.where, head()
    finally:
        await database.close()
