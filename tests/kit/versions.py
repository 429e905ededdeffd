"""An office that put a new questionnaire in place while somebody was answering the old one."""

from __future__ import annotations

import msgspec
from sqlalchemy import select, update

from content import Instrument
from storage import dialogs, library
from storage.dialogs import Dialog
from tests.kit.world import BANK, World


async def begun_on_an_old_version(world: World, journey: str, version: str, items: int) -> None:
    """Let the only draft stand on an earlier version, which had the first few items alone."""
    new = BANK.instruments[journey]
    old = Instrument(
        key=new.key, version=version, title=new.title, items=new.items[:items], source=new.source
    )
    async with world.database.transaction() as tx:
        body = msgspec.json.encode(old).decode()
        now = world.clock.now()
        await library.keep(tx, "instrument", journey, version, digest="d", body=body, at=now)
        found = (await tx.execute(select(Dialog.address_id))).scalars().all()
        for address, standing in (await dialogs.load(tx, found)).items():
            if journey in standing.notes:
                standing.notes[journey]["versions"][journey] = version
                await tx.execute(
                    update(Dialog).where(Dialog.address_id == address).values(notes=standing.notes)
                )
