"""A connection to PostgreSQL on which silence does not last for ever."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

import psycopg

SILENCE = 20.0  # seconds; the server itself ends every statement after 15


class Line(psycopg.AsyncConnection[Any]):
    """Breaks when the server does not answer: a frozen machine, a way that swallows everything.

    The server's own limits do not help there, since nobody is left to keep them, and a network
    gives up after a quarter of an hour. What breaks here is told like any broken connection.
    """

    async def wait(self, *given: Any, **more: Any) -> Any:
        """Wait for an answer, at most `SILENCE`. Raises psycopg's OperationalError then."""
        timer = asyncio.get_running_loop().call_later(SILENCE, self._break)
        try:
            return await super().wait(*given, **more)
        finally:
            timer.cancel()

    def _break(self) -> None:
        with socket.socket(fileno=os.dup(self.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
