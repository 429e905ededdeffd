"""Send many messages with so many calls under way, perhaps paced: the loop of both bare senders.

It reads one order from stdin, "MESSAGES RATE" (0: as fast as it goes), and says when it is done.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

FIRST_CHAT = 200_000_000
TEXT = "Pengumuman dari Kota Contoh\n\nBesok pelayanan tutup pukul 12.00."


async def pour(send: Callable[[int], Awaitable[object]], in_flight: int) -> None:
    """Call `send` with the number of each chat."""
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    words = (await loop.run_in_executor(None, sys.stdin.readline)).split()
    messages, rate = int(words[0]), float(words[1])
    room = asyncio.Semaphore(in_flight)
    began = loop.time()

    async def one(chat: int) -> None:
        try:
            await send(chat)
        finally:
            room.release()

    async with asyncio.TaskGroup() as group:
        for number in range(messages):
            if rate and (wait := began + number / rate - loop.time()) > 0:
                await asyncio.sleep(wait)
            await room.acquire()
            group.create_task(one(FIRST_CHAT + number))
    print("done", flush=True)
