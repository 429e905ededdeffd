"""What the stand-in shows while the database is away."""

from __future__ import annotations

from pathlib import Path

import httpx
from pydantic import SecretStr

from bot.settings import Settings
from bot.spool import Spool
from bot.standin import _doors


async def test_its_figures_ask_for_the_same_token(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, metrics_token=SecretStr("only-with-this"))  # type: ignore[call-arg]
    spool = Spool(tmp_path / "1.spool")
    try:
        app = _doors(settings, spool, "", "away")
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.get("/metrics")).status_code == 403
            given = {"Authorization": "Bearer only-with-this"}
            assert (await client.get("/metrics", headers=given)).status_code == 200
    finally:
        spool.close()
