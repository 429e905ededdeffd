"""python-telegram-bot's `Bot.send_message` in a bare loop, as shipped. No outbox.

python send_ptb.py IN_FLIGHT
"""

from __future__ import annotations

import asyncio
import sys

import pouring
import survey
from telegram import Bot


async def main(in_flight: int) -> None:
    """Send what is asked for."""
    async with Bot(survey.TOKEN, base_url=f"{survey.API}/bot") as bot:
        await pouring.pour(lambda chat: bot.send_message(chat, pouring.TEXT), in_flight)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
