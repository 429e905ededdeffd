"""The token is revoked while nobody writes: seconds until `/readyz` is red, and until it heals.

    python -m bench.revoked --times 3

The real program, polling and webhook. A revoked token must be noticed within 60 s.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.battle import Office, ended, grounds, show, telegram

NOTICED = 60.0  # seconds
PATIENCE = 120.0


async def until(office: Office, seen: Callable[[int, Mapping[str, str]], bool]) -> float:
    """Seconds until `/readyz` shows what is wanted; infinite when it never does."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with httpx.AsyncClient(timeout=5) as client:
        while (passed := loop.time() - began) < PATIENCE:
            answer = await client.get(f"http://127.0.0.1:{office.web_port}/readyz")
            if seen(answer.status_code, answer.json()["parts"]):
                return passed
            await asyncio.sleep(0.1)
    return float("inf")


def _refused(status: int, parts: Mapping[str, str]) -> bool:
    return status == 503 and any("401" in said for said in parts.values())


async def battle(*, mode: str, database_url: str, folder: Path, times: int) -> dict[str, Any]:
    """Revoked and restored so often, at any moment between two looks."""
    chance = random.Random(mode)
    async with telegram() as (simulator, port):
        office = Office(folder, database_url, mode, port)
        await asyncio.to_thread(office.prepare)
        with ended(office):
            office.start()
            await office.ready()
            noticed, healed = [], []
            for _ in range(times):
                await asyncio.sleep(chance.uniform(0, 5))
                simulator.revoke_token()
                noticed.append(await until(office, _refused))
                simulator.restore_token()
                healed.append(await until(office, lambda status, _: status == 200))
            alive = office.process is not None and office.process.poll() is None
            office.terminate()
    return {
        "mode": mode,
        "noticed_s": [round(seconds, 1) for seconds in noticed],
        "healed_s": [round(seconds, 1) for seconds in healed],
        "alive": alive,
    }


def failed(row: Mapping[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    return not row["alive"] or max(row["noticed_s"] + row["healed_s"]) > NOTICED


async def run(times: int, modes: Sequence[str]) -> list[dict[str, Any]]:
    """Both ways of taking updates."""
    rows = []
    for mode in modes:
        async for folder, url in grounds(["sqlite"]):
            rows.append(await battle(mode=mode, database_url=url, folder=folder, times=times))
            show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--modes", nargs="+", default=["polling", "webhook"])
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.times, asked.modes))
    bad = [row for row in rows if failed(row)]
    sys.stdout.write("FAILED\n" if bad else "noticed in time, and healed\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
