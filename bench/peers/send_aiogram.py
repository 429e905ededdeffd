"""aiogram's `Bot.send_message` in a bare loop, as shipped. No outbox.

python send_aiogram.py IN_FLIGHT
"""

from __future__ import annotations

import asyncio
import sys

import pouring
import survey
from aiogram import Bot
from aiogram_fsm import session


async def main(in_flight: int) -> None:
    """Send what is asked for."""
    async with Bot(survey.TOKEN, session=session()) as bot:
        await pouring.pour(lambda chat: bot.send_message(chat, pouring.TEXT), in_flight)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
