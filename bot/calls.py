"""The call to the platform that one claimed row asks for."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.clock import Clock
from channels.result import Ending, Result
from channels.telegram import Telegram
from storage import outbox
from storage.outbox import State
from storage.sending import Claimed
from storage.session import Database, Tx
from talk.messages import Lane, Outbound, decode

log = structlog.get_logger()


class Calls:
    """Sends, edits or sends anew; a text shared by many rows is read once."""

    def __init__(self, database: Database, channel: Telegram, clock: Clock) -> None:
        """Begin with no shared text known."""
        self._database = database
        self._channel = channel
        self._clock = clock
        self._sheets: dict[int, Outbound] = {}

    async def read_sheets(self, tx: Tx, rows: Iterable[Claimed]) -> None:
        """Read what these rows share, as far as it is not known."""
        wanted = {row.sheet_id for row in rows} - self._sheets.keys() - {None}
        for sheet in wanted:
            assert sheet is not None
            self._sheets[sheet] = decode(await outbox.sheet(tx, sheet))

    async def make(self, row: Claimed) -> Result:
        """One call, unless the row's time is over; what is known of it afterwards."""
        if row.expires_at is not None and row.expires_at <= self._clock.now():
            return Result(Ending.REFUSED, error=State.EXPIRED)
        try:
            return await self._make(row)
        except Exception as error:  # a bug of ours: nothing may be assumed about the call
            log.error("delivery failed", outbox=row.id, exc_info=error)
            return Result(Ending.UNCERTAIN, error=f"bug: {type(error).__name__}")

    async def _make(self, row: Claimed) -> Result:
        body = self._body(row)
        bulk = row.lane == Lane.BROADCAST
        if not row.edits:
            assert body is not None
            return await self._channel.send(
                row.key, body, ref=row.ref, resend=row.resend, bulk=bulk
            )
        message = await self._message(row.edits)
        if message:
            result = await self._channel.edit(
                row.key, message, None if row.strip else body, ref=row.ref
            )
            if result.ending is not Ending.MISSING:
                return result
        if row.strip or body is None:
            return Result(Ending.SENT, error="nothing to strip")
        # What should be edited never arrived or is gone: say it anew.
        result = await self._channel.send(row.key, body, ref=row.ref, resend=row.resend, bulk=bulk)
        return result._replace(anew=True)

    def _body(self, row: Claimed) -> Outbound | None:
        if row.body is not None:
            return decode(row.body)
        return None if row.sheet_id is None else self._sheets[row.sheet_id]

    async def _message(self, edits: str) -> str:
        if not edits.startswith("@"):
            return edits
        async with self._database.reading() as tx:
            found = await outbox.message_of(tx, edits[1:])
        return "" if found is None else found[1]
