"""One call to the Bot API and what came of it, told without the token."""

from __future__ import annotations

import re
from http import HTTPStatus

from telegram import InputFile
from telegram.request import BaseRequest, RequestData

# The interface of a request takes RequestData, and RequestData is made of these; the library
# itself makes them only inside Bot, whose way to the network hides status and body.
from telegram.request._requestparameter import RequestParameter

from channels.result import Conflict, Ending, Result, Trouble, Unauthorised
from channels.telegram.render import Parameters
from channels.telegram.verdict import classify, judge

_ADDRESS = re.compile(r"\b(?:https?://|/?bot\d+:)\S+")


class Calls:
    """Calls to `url` + method. `secret` is the part of the token nobody may read anywhere."""

    def __init__(self, url: str, *, secret: str) -> None:
        self._url = url
        self._secret = secret

    async def call(self, method: str, parameters: Parameters, request: BaseRequest) -> Result:
        """One call and how it ended. Never raises."""
        try:
            status, payload = await self._post(method, parameters, request)
        except Exception as error:  # whatever a request raises says how the call ended
            result = classify(error)
        else:
            result = judge(status, payload)
        return result._replace(error=self.redacted(result.error)) if result.error else result

    async def answered(self, method: str, parameters: Parameters, request: BaseRequest) -> bytes:
        """The body of an answer that says yes. Raises Unauthorised or Trouble."""
        status, payload = await self.fetched(method, parameters, request)
        result = judge(status, payload)
        if result.ending is not Ending.SENT:
            raise self.trouble(method, status, result)
        return payload

    async def fetched(
        self,
        method: str,
        parameters: Parameters,
        request: BaseRequest,
        seconds: float | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of the answer, whatever they are. Raises Trouble when none came."""
        try:
            return await self._post(method, parameters, request, seconds)
        except Exception as error:
            result = classify(error)
        # Raised out here: what was caught may carry the token in its text.
        raise self.trouble(method, 0, result)

    def trouble(self, method: str, status: int, result: Result) -> Trouble:
        """The exception that says what came of a call whose answer was needed."""
        words = f"{method}: {self.redacted(result.error)}"
        if result.ending is Ending.UNAUTHORISED:
            return Unauthorised(words)
        if status == HTTPStatus.CONFLICT:
            return Conflict(words)
        trouble = Trouble(words)
        trouble.retry_after = result.retry_after
        return trouble

    def redacted(self, text: str) -> str:
        """Short, without address and token, and without NUL: PostgreSQL keeps none in a text."""
        text = text.replace("\0", "")
        return _ADDRESS.sub("…", text).replace(self._secret, "…")[:200]

    async def _post(
        self,
        method: str,
        parameters: Parameters,
        request: BaseRequest,
        seconds: float | None = None,
    ) -> tuple[int, bytes]:
        data = RequestData([_parameter(k, v) for k, v in parameters.items()])
        if seconds is None:
            return await request.do_request(self._url + method, "POST", data)
        return await request.do_request(self._url + method, "POST", data, read_timeout=seconds)


def _parameter(name: str, value: object) -> RequestParameter:
    """A parameter; only a file has to be looked at, all else is plain JSON of ours already."""
    if isinstance(value, InputFile):
        return RequestParameter.from_input(name, value)
    return RequestParameter(name, value, None)
