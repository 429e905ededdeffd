"""What `tanggap run` starts, with its clock so many seconds ahead, or behind with a minus.

python -m bench.at SECONDS [PER_SECOND]     # PER_SECOND: a pace beyond what the settings allow
"""

from __future__ import annotations

import sys
from datetime import timedelta

import uvloop

from bot import logs
from bot.clock import SystemClock
from bot.install import read_settings, working
from bot.service import Service
from bot.serving import listen


async def main(seconds: float, per_second: float = 0.0) -> None:
    """Run until told to stop."""
    settings = read_settings()
    if per_second:
        settings = settings.model_copy(update={"send_per_second": per_second})
    logs.configure(settings.log_level)
    clock = SystemClock()
    clock.offset = timedelta(seconds=seconds)
    with listen(settings.web_host, settings.web_port) as sock:
        async with working(settings) as place:
            await Service(settings, place, clock).run(sock)


if __name__ == "__main__":
    uvloop.run(main(*map(float, sys.argv[1:])))
