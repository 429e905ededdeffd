"""What the office sees beside the phones: figures, index so far, queues, what comes next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain import calendar, results
from handlers import due
from handlers.turn import House
from storage import inbox, office, outbox, overview
from storage.base import Tx

SPOKEN = ("id", "en")
"""The languages of the phones page."""


async def office_view(house: House, tx: Tx, *, now: datetime, zone: str) -> dict[str, Any]:
    """The panel of the phones page at this moment, as `simulator.Stage` wants it."""
    counts = await overview.responses(tx)
    return {
        "now": now.isoformat(),
        "zone": calendar.zone_label(zone),
        "responses": counts.get("skm", 0),
        "quick": counts.get("quick", 0),
        "units": await _units(house, tx, now, zone),
        "outbox": await outbox.states(tx),
        "inbox": await inbox.states(tx),
        "due": [
            {
                "at": one.at.isoformat(),
                "what": {
                    language: house.bank.sentence(language, f"demo.due_{one.what}")
                    for language in SPOKEN
                },
                "who": one.who,
            }
            for one in await due.upcoming(house, tx, now)
        ],
    }


async def _units(house: House, tx: Tx, now: datetime, zone: str) -> list[dict[str, Any]]:
    """The index of the current quarter of every unit that has any answers."""
    elements = [item.key for item in house.bank.instruments["skm"].items]
    period = results.quarter(calendar.local_date(now, zone))
    found = []
    for unit_id, name in await office.serving_units(tx):
        result = await results.of_unit(tx, unit_id, period, elements)
        if result.n:
            ikm = None if result.ikm is None else str(result.ikm)
            found.append({"name": name, "n": result.n, "ikm": ikm, "grade": result.grade})
    return found
