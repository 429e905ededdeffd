"""PostgreSQL's lock for one working process."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.base import Tx

_TRY = text("SELECT pg_try_advisory_lock(7241)")
_WHO = text("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
_END = text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE pid = :pid AND backend_start = :backend_start"
)


class Lock:
    """It lives as long as its session.

    So a killed process frees it at once, and a server that restarts takes it from a living one.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """Take nothing yet."""
        self._engine = engine
        self._session: Tx | None = None
        self._last: dict[str, Any] | None = None  # our last session, as the server knows it

    async def held(self) -> bool:
        """Take it, or see that it is still ours; False while another process has it."""
        try:
            if self._session is None:
                self._session = await self._engine.connect()
                await self._session.execution_options(isolation_level="AUTOCOMMIT")
                this = (await self._session.execute(_WHO)).one()._asdict()
                if self._last is not None and not await self._session.scalar(_TRY):
                    # Its line is gone. The server may not know that, and keep the lock with it.
                    await self._session.execute(_END, self._last)
                self._last = this
            return bool(await self._session.scalar(_TRY))
        except BaseException:
            await self.release()
            raise

    async def release(self) -> None:
        """Let it go with its session, whatever has become of that."""
        session, self._session = self._session, None
        if session is not None:
            await session.invalidate()
            await session.close()
