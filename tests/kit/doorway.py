"""The program's web door without a network: requests with any header, straight to the app."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bot.install import WEBHOOK_PATH
from tests.kit.world import World
from web.doors import Webhook, doors

SECRET = "Rahasia-kantor_0123456789-abcdefghijklmn"
HEADER = b"x-telegram-bot-api-secret-token"

Headers = Sequence[tuple[bytes, bytes]]
SHOWN: Headers = ((HEADER, SECRET.encode()),)


class Doorway:
    """The doors of a world's program, its webhook open to whoever shows `SECRET`."""

    def __init__(self, world: World) -> None:
        program = world.program

        async def store(body: bytes) -> object:
            return await program.ingest.store([body])

        async def figures() -> bytes:
            return program.metrics.text()

        self._app = doors(
            readiness=program.readiness,
            metrics=figures,
            webhook=Webhook(WEBHOOK_PATH, SECRET, store),
        )

    async def post(
        self,
        body: bytes,
        headers: Headers = SHOWN,
        *,
        path: str = WEBHOOK_PATH,
        query: bytes = b"",
    ) -> int:
        """Post an update; the status of the answer."""
        statuses: list[int] = []
        length = (b"content-length", str(len(body)).encode())
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1"), length, *headers],
            "client": ("127.0.0.1", 5_000),
            "server": ("127.0.0.1", 80),
        }
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await self._app(scope, receive, send)
        return statuses[0]


def press(update_id: int, user_id: int, data: str, message_id: int) -> bytes:
    """A tap as Telegram hands it over, each with a query of its own."""
    user = {"id": user_id, "is_bot": False, "first_name": "Ani", "language_code": "id"}
    chat = {"id": user_id, "type": "private", "first_name": "Ani"}
    query = {
        "id": str(4_000_000_000_000_000 + update_id),
        "from": user,
        "message": {"message_id": message_id, "date": 1_795_000_000, "chat": chat, "text": "?"},
        "chat_instance": "1",
        "data": data,
    }
    return json.dumps({"update_id": update_id, "callback_query": query}).encode()
