"""Load on the real process, whatever is done to it or its database meanwhile, and the judge.

Many citizens scan and rate, one after the other; the caller makes the trouble. Afterwards all must
have been thanked, every rating stands once, and every row is in a named, final state.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.battle import Crowd, Office, quiet, telegram, until
from simulator import Simulator

# At once. Telegram comes back to a webhook that failed after longer and longer pauses, in which a
# citizen waits, so it takes more of them to make the same load.
CITIZENS = {"polling": 25, "webhook": 75}
PATIENCE = {"polling": 60.0, "webhook": 180.0}  # seconds


@dataclass
class Siege:
    """One office under load; `row` holds what was found once it is over."""

    office: Office
    crowd: Crowd
    simulator: Simulator
    row: dict[str, Any] = field(default_factory=dict)

    async def thanks(self, more: int, patience: float = 60.0) -> float:
        """Wait until so many more citizens have been thanked; the seconds that took."""
        loop = asyncio.get_running_loop()
        began, wanted = loop.time(), self.crowd.thanked + more
        while self.crowd.thanked < wanted:
            if loop.time() - began > patience:
                raise TimeoutError(f"{wanted - self.crowd.thanked} of {more} wait for thanks")
            await asyncio.sleep(0.02)
        return loop.time() - began


@asynccontextmanager
async def siege(
    *, mode: str, database_url: str, folder: Path, seed: int, citizens: int = 0, through: str = ""
) -> AsyncIterator[Siege]:
    """An office with the sample city and citizens at its doors, judged when the block is left.

    The program reaches its database `through` this address, when given. Raises what its own
    commands raise, and TimeoutError when it does not come to rest.
    """
    async with telegram() as (simulator, port):
        office = Office(folder, database_url, mode, port)
        payloads = await asyncio.to_thread(office.prepare)
        crowd = Crowd(simulator, payloads, seed, patience=PATIENCE[mode])
        judged, office.database_url = replace(office), through or database_url
        office.start()
        running = None
        try:
            await office.ready()
            running = asyncio.get_running_loop().create_task(crowd.run(citizens or CITIZENS[mode]))
            under = Siege(office, crowd, simulator)
            yield under
            crowd.stopping = True
            await asyncio.wait_for(running, PATIENCE[mode] + 60)
            # All of it is to be taken: an impatient second tap has no answer to wait for.
            await until(lambda: not simulator.updates.pending, PATIENCE[mode])
            await quiet(judged)
            # While it lives: a transaction that it has forgotten still stands open.
            broken = await asyncio.to_thread(judged.findings, simulator, given=crowd.given)
            status = await asyncio.to_thread(office.terminate)
        finally:
            if running is not None:
                running.cancel()
            office.kill()
        under.row = {
            "mode": mode,
            "database": database_url.split("+")[0],
            "updates": len(simulator.record.issued),
            "given": crowd.given.total(),
            "thanked": crowd.thanked,
            "unanswered": crowd.slow,
            "expired_updates": len(simulator.record.lost),
            "exit": status,
            "broken": broken,
        }


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    return bool(row["broken"] or row["expired_updates"] or row["unanswered"] or row["exit"])
