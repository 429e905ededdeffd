"""The phones page and what it asks of the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

if TYPE_CHECKING:
    from simulator.server import Simulator


def page_routes(simulator: Simulator) -> list[BaseRoute]:
    """The routes of the page."""
    return []
