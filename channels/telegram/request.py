"""HTTP to the Bot API: an aiohttp client behind the request interface of python-telegram-bot.

What went wrong is told by when it went wrong: before the request left this machine (NotSent) or
after (MaybeSent). Nothing is tried twice here; that is the sender's business alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from telegram.request import BaseRequest, RequestData

if TYPE_CHECKING:
    from telegram._utils.types import ODVInput

TOTAL_TIMEOUT = 20.0  # seconds from waiting for a connection to the last byte of the answer


class NotSent(Exception):
    """The request never left; trying again is safe."""


class MaybeSent(Exception):
    """The request left and no answer came back; nobody knows what became of it."""


class AiohttpRequest(BaseRequest):
    """A pool of at most `connections` kept-alive connections.

    The texts of its exceptions name the kind of failure only: aiohttp's own texts contain the
    address, and the address contains the token.
    """

    def __init__(self, connections: int, timeout: float = TOTAL_TIMEOUT) -> None:  # noqa: ASYNC109
        self._connections = connections
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that a whole call may take when nothing else is said."""
        return self._timeout

    async def initialize(self) -> None:
        """Open the pool; again is harmless."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Close the pool and what is under way in it."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call: the status and the bytes of the answer. `read_timeout` bounds the whole call.

        Raises NotSent or MaybeSent.
        """
        if self._session is None:
            raise NotSent("the connection pool is not open")
        total = read_timeout if isinstance(read_timeout, int | float) else self._timeout
        body = _json(request_data) if request_data else None
        form = None
        if request_data and request_data.contains_files:
            body, form = None, _form(request_data)
        fault: Exception
        try:
            async with self._session.request(
                method,
                url,
                data=form if form is not None else body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=_patience(total),
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        except (
            aiohttp.ClientConnectorError,  # refused, no route, no name, no trust
            aiohttp.ConnectionTimeoutError,  # also: no free connection in the pool
            aiohttp.InvalidURL,
        ) as error:
            fault = NotSent(f"no connection: {_kind(error)}")
        except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
            fault = MaybeSent(f"no answer: {_kind(error)}")
        # Raised out here so that the original, with the token in its text, does not hang on it.
        raise fault


@lru_cache
def _patience(total: float) -> aiohttp.ClientTimeout:
    """Waiting for a connection ends well before the whole.

    So a time-out of the whole always means that the request had left.
    """
    return aiohttp.ClientTimeout(total=total, connect=min(10.0, total / 2))


def _kind(error: BaseException) -> str:
    """The name of the failure in words: "ServerDisconnectedError" → "server disconnected"."""
    name = re.sub(r"^Client|Error$", "", type(error).__name__)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower() or "failed"


def _json(data: RequestData) -> bytes:
    return msgspec.json.encode(data.parameters)


def _form(data: RequestData) -> aiohttp.FormData:
    # Telegram reads a file's name as it stands; percent-escapes would be shown to the person.
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, media_type) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=media_type)
    return form
