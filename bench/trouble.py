"""The real process under load while its database, its disk or it itself gets into trouble.

    python -m bench.trouble --seconds 30              # every kind of trouble, each for so long
    python -m bench.trouble --only "sessions ended" --databases postgresql --seconds 60

After each trouble citizens are thanked again; at the end nothing is lost or doubled, every row is
in a named state, and no session is left inside a transaction.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from bench.battle import show
from bench.mishaps import NEED_A_SMALL_DISK, TROUBLES, Bed, Ground
from bench.siege import failed, siege
from tests.kit.databases import new_postgres
from tests.kit.disk import small_disk
from tests.kit.postgres import postgres
from tests.kit.proxy import before

ROOM = "256m"  # of a small disk: all that a whole siege writes, until it is filled on purpose


@contextlib.asynccontextmanager
async def ground(kind: str, base: Path, *, small: bool) -> AsyncIterator[Ground]:
    """An empty database of this kind that can be brought into trouble; `small`: on small disks.

    Raises OSError where no small disk can be mounted.
    """
    with contextlib.ExitStack() as stack:
        folders = [base / "office", base / "data"]
        for folder in folders:
            stack.enter_context(small_disk(folder, ROOM)) if small else folder.mkdir()
        office, data = folders
        if kind == "postgresql":
            server = stack.enter_context(postgres())
            url = await new_postgres(server.uri, migrated=False)
            async with before(url, base) as (proxy, through):
                yield Ground(url, through, office, server, proxy)
        else:
            url = f"sqlite+aiosqlite:///{data / 'tanggap.db'}"
            yield Ground(url, url, office)


async def battle(
    *,
    kind: str,
    mode: str,
    folder: Path,
    troubles: Sequence[str],
    seconds: float,
    citizens: int = 0,
) -> dict[str, Any]:
    """One office, one trouble after the other, and what was found.

    `citizens` is how many come at once, 0 as many as the mode needs for a load.
    """
    again: dict[str, float] = {}
    small = not NEED_A_SMALL_DISK.isdisjoint(troubles)
    async with (
        ground(kind, folder, small=small) as under,
        siege(
            mode=mode,
            database_url=under.url,
            through=under.through,
            folder=under.folder,
            seed=1,
            citizens=citizens,
        ) as around,
    ):
        bed = Bed(around, under)
        await around.thanks(10)
        for name in troubles:
            await TROUBLES[kind][name](bed, seconds)
            again[name] = round(await around.thanks(10), 2)
    found = {"thanked_again_after_s": again, "stops_s": bed.stops, "faults": bed.faults}
    return around.row | found


def broken(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    return failed(row) or bool(row["faults"])


async def run(
    kinds: list[str], modes: list[str], only: list[str], seconds: float
) -> list[dict[str, Any]]:
    """Every kind of trouble asked for, on every database and in both modes."""
    rows = []
    for kind in kinds:
        troubles = [name for name in TROUBLES[kind] if not only or name in only]
        for mode in modes if troubles else ():
            with tempfile.TemporaryDirectory(prefix="tanggap-") as folder:
                rows.append(
                    await battle(
                        kind=kind,
                        mode=mode,
                        folder=Path(folder),
                        troubles=troubles,
                        seconds=seconds,
                    )
                )
                show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each lasts")
    parser.add_argument("--databases", nargs="+", default=list(TROUBLES))
    parser.add_argument("--modes", nargs="+", default=["polling", "webhook"])
    parser.add_argument("--only", nargs="+", default=[])
    asked = parser.parse_args()
    rows = asyncio.run(run(asked.databases, asked.modes, asked.only, asked.seconds))
    bad = [row for row in rows if broken(row)]
    sys.stdout.write("FAILED\n" if bad else "nothing lost, nothing doubled\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
