"""The real adapter's way to the simulator without a network: another BaseRequest in its seam."""

from __future__ import annotations

from typing import Any

from telegram.request import BaseRequest, RequestData

from channels.telegram.request import MaybeSent, NotSent
from simulator import Dropped, Simulator
from simulator.params import Upload


class InProcess(BaseRequest):
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.refuse = 0  # how many of the next calls find nobody at the other end

    @property
    def read_timeout(self) -> float | None:
        return 20.0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *_: Any,
        **__: Any,
    ) -> tuple[int, bytes]:
        if self.refuse:
            self.refuse -= 1
            raise NotSent("connection refused")
        token, _, name = url.rpartition("/bot")[2].partition("/")
        params: dict[str, Any] = {}
        files: dict[str, Any] = {}
        if request_data is not None:
            params = dict(request_data.parameters)
            for field, (filename, data, media) in request_data.multipart_data.items():
                files[field] = _upload(filename, data, media)
        try:
            return await self._simulator.call(token, name, params, files or None)
        except Dropped:
            fault = MaybeSent("dropped")  # whether it was taken, this side cannot know
        raise fault


def _upload(filename: str, data: Any, media: str) -> Upload:
    content = data if isinstance(data, bytes) else data.read()
    return filename, content, media
