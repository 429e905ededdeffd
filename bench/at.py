"""What `tanggap run` starts, with its clock so many seconds ahead: announcements keep hours.

python -m bench.at SECONDS
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from bot import logs
from bot.clock import SystemClock
from bot.install import read_settings, working
from bot.service import Service
from bot.serving import listen


async def main(seconds: float) -> None:
    """Run until told to stop."""
    settings = read_settings()
    logs.configure(settings.log_level)
    clock = SystemClock()
    clock.advance(timedelta(seconds=seconds))
    with listen(settings.web_host, settings.web_port) as sock:
        async with working(settings) as place:
            await Service(settings, place, clock).run(sock)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
