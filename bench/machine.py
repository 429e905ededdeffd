"""A town in the hands of hypothesis, for as long as one likes: nothing lost, doubled or allowed.

python -m bench.machine                             # 300 runs of 40 steps
python -m bench.machine --runs 20000 --steps 100    # a night
python -m bench.machine --database postgresql --runs 50
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from bench.battle import show
from bot import logs
from tests.kit import databases
from tests.machine.service import Opener, on_postgresql, on_sqlite, prepared
from tests.machine.town import Town


@contextlib.contextmanager
def ground(kind: str) -> Iterator[Opener]:
    """What opens a fresh database of that kind for every run."""
    if kind == "postgresql":
        with databases.postgres_server() as uri:
            yield on_postgresql(uri)
        return
    with tempfile.TemporaryDirectory(prefix="tanggap-") as folder:
        yield on_sqlite(asyncio.run(prepared(Path(folder))))


def run(opener: Opener, runs: int, steps: int, chance: int) -> dict[str, Any]:
    """So many runs from one seed; what happened in them, and how the first one broke, if any."""
    happened: Counter[str] = Counter()

    class Counted(Town):
        def teardown(self) -> None:
            super().teardown()
            happened.update(
                runs=1,
                updates=len(self.world.simulator.record.issued),
                ratings=self.model.quick().total(),
                surveys=self.model.surveys().total(),
                assessments=len(self.model.assessments),
                lessons=len(self.model.lessons),
                announcements=len(self.told),
            )

    many = settings(
        max_examples=runs,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=True,
    )

    @seed(chance)  # hypothesis's own: the same one gives the same runs
    def town() -> Town:
        return Counted(opener)

    broken = ""
    began = time.perf_counter()
    try:
        run_state_machine_as_test(town, settings=many)
    except Exception:
        broken = traceback.format_exc()
    return {
        "seed": chance,
        "steps": steps,
        **happened,
        "seconds": round(time.perf_counter() - began),
        "broken": broken,
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args()
    logs.configure("CRITICAL")
    with ground(asked.database) as opener:
        row = run(opener, asked.runs, asked.steps, asked.seed)
    show({"database": asked.database, **row})
    raise SystemExit(bool(row["broken"]))


if __name__ == "__main__":
    main()
