"""`tanggap run`: the bot and its pages, until told to stop."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import typer

from bot.commands.common import is_outside, speaking

if TYPE_CHECKING:
    from bot.settings import Settings


@speaking
def run() -> None:
    """Run the bot and its pages. Settings come from TANGGAP_... or the file .env."""
    # What a start makes stays: to look through it for garbage again and again takes a fifth of
    # the start and finds nothing.
    gc.disable()
    try:
        _start()
    finally:
        gc.enable()


def _start() -> None:
    from bot import logs
    from bot.install import read_settings

    settings = read_settings()
    logs.configure(settings.log_level)
    import structlog
    import uvloop

    from domain.errors import Refused

    try:
        uvloop.run(_run(settings))
    except Exception as error:
        if isinstance(error, Refused) or is_outside(error):
            raise
        # Through the log, which hides tokens, and not as a bare traceback.
        structlog.get_logger().error("stopped by a bug", exc_info=error)
        raise typer.Exit(1) from None


async def _run(settings: Settings) -> None:
    from bot.clock import SystemClock
    from bot.install import webhook_of, working
    from bot.platform import channel_of
    from bot.refusals import CannotStart
    from bot.service import Service
    from bot.serving import listen
    from bot.standin import stand_in

    channel_of(settings)
    webhook_of(settings)  # what does not fit is told before anything is touched
    try:
        sock = listen(settings.web_host, settings.web_port)
    except OSError as error:
        raise CannotStart(
            "cli.port_taken",
            host=settings.web_host,
            port=settings.web_port,
            problem=error.strerror or str(error),
        ) from None
    with sock:
        gc.enable()  # the database may be away for hours
        if not await stand_in(settings, sock):
            return
        gc.disable()
        async with working(settings) as place:
            service = Service(settings, place, SystemClock())
            gc.freeze()
            gc.enable()
            await service.run(sock)
