"""`tanggap demo`: everything at once on this machine, with phones in a web page."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import speaker, speaking

if TYPE_CHECKING:
    import socket

    from bot.settings import Settings

BOT = 7_000_000_001


@speaking
def demo(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; busy: the next free one; 0: any."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the data here; without it they are thrown away."),
    ] = None,
) -> None:
    """Try everything out on this machine. A sample city, a simulated Telegram, bot and pages."""
    if keep is not None:
        _demo(port, keep)
        return
    with tempfile.TemporaryDirectory(prefix="tanggap-demo-", ignore_cleanup_errors=True) as folder:
        _demo(port, Path(folder))


def _demo(port: int | None, folder: Path) -> None:
    import secrets

    import uvloop

    from bot import logs
    from bot.install import read_settings
    from bot.refusals import CannotStart
    from bot.serving import listen

    given = {} if port is None else {"web_port": port}
    host = "127.0.0.1"  # never elsewhere: whoever opens the page is everybody in it
    wished = read_settings(_env_file=None, **given)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sock = listen(host, wished.web_port, next_free=True)
    except OSError as error:
        raise CannotStart("cli.demo_failed", problem=error.strerror or str(error)) from None
    address = f"http://{host}:{sock.getsockname()[1]}"
    # All that could lead to a real installation is set here, whatever the environment says.
    settings = read_settings(
        _env_file=None,
        database_url=f"sqlite+aiosqlite:///{folder.resolve() / 'tanggap.db'}",
        secret_file=folder / "secret",
        spool_dir=None,
        telegram_token=f"{BOT}:{secrets.token_urlsafe(26)}",
        telegram_api_url=address,
        telegram_mode="polling",
        webhook_secret=None,
        public_url=address,
        web_host=host,
        metrics_token=None,
    )
    logs.configure("DEBUG" if settings.log_level == "DEBUG" else "WARNING")
    with sock:
        uvloop.run(_serve(settings, sock, address))


async def _serve(settings: Settings, sock: socket.socket, address: str) -> None:
    from bot.clock import SystemClock
    from bot.demo import Demo
    from bot.install import working

    say = speaker()

    def ready() -> None:
        say.print("cli.demo_ready", address=f"{address}/")
        say.print("cli.demo_stop")

    async with working(settings) as place:
        await Demo(settings, place, SystemClock(), say.bank, say.language).run(sock, ready)
