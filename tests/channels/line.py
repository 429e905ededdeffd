"""The other end of the line for tests: answers as told and remembers what was asked."""

from __future__ import annotations

from typing import Any

import msgspec
from telegram.request import BaseRequest, RequestData

from channels.telegram import Telegram

TOKEN = "123456:AAH-canary_0123456789abcdefghijklmn"
BOT_ID = 123456
KEY = b"k" * 32

Answer = tuple[int, bytes] | Exception


class Asked(msgspec.Struct):
    """One call as it reached the line."""

    method: str
    parameters: dict[str, Any]
    files: dict[str, tuple[str, bytes, str]]
    seconds: float | None


class Line(BaseRequest):
    """Gives the scripted answers in order; afterwards says yes to everything."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.opened = self.closed = 0

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        self.opened += 1

    async def shutdown(self) -> None:
        self.closed += 1

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        address, _, name = url.rpartition("/")
        assert address.endswith(f"/bot{TOKEN}"), "a call must go to the bot's own address"
        assert method == "POST"
        assert request_data is not None
        seconds = read_timeout if isinstance(read_timeout, int | float) else None
        files = {}
        for part, (name_shown, content, media_type) in request_data.multipart_data.items():
            assert isinstance(content, bytes)
            files[part] = (name_shown, content, media_type)
        # Through JSON and back, as on a real line.
        parameters = msgspec.json.decode(msgspec.json.encode(request_data.parameters))
        self.asked.append(Asked(name, parameters, files, seconds))
        answer = self.answers.pop(0) if self.answers else yes({"message_id": 77})
        if isinstance(answer, Exception):
            raise answer
        return answer


def yes(result: object) -> tuple[int, bytes]:
    """An answer that says yes."""
    return 200, msgspec.json.encode({"ok": True, "result": result})


def no(code: int, description: str, **parameters: object) -> tuple[int, bytes]:
    """An answer that says no, as Telegram says it."""
    said: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        said["parameters"] = parameters
    return code, msgspec.json.encode(said)


def bot(line: BaseRequest | None = None) -> Telegram:
    """A bot on that line."""
    return Telegram(token=TOKEN, key=KEY, request=line or Line())
