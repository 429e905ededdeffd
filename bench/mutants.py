"""Whether the tests of pure modules would notice a change: branches covered, mutants killed.

    python -m bench.mutants                      # all modules of the table
    python -m bench.mutants bot/pace.py          # these alone

`mutmut` makes the mutants and runs, for each, the tests that came through the changed function. It
works on a copy of what git knows of this folder. Only tests count that need neither a database nor
the simulator's world: what a pure module promises must be told by tests of itself.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.battle import ROOT, show

# Each with the tests that tell what it promises.
PURE = {
    "bot/flood.py": ("tests/kernel/test_flood_meter.py",),
    "bot/health.py": ("tests/kernel/test_health.py",),
    "bot/pace.py": (
        "tests/kernel/test_pace.py",
        "tests/kernel/test_pace_fair.py",
        "tests/kernel/test_pace_pauses.py",
    ),
    "bot/shape.py": ("tests/kernel/test_shape.py",),
    "bot/verdict.py": ("tests/kernel/test_verdict.py",),
    "channels/telegram/batch.py": ("tests/channels/test_batch.py",),
    "channels/telegram/codec.py": ("tests/channels/test_codec.py",),
    "channels/telegram/verdict.py": ("tests/channels/test_verdict.py",),
    "domain/index/compute.py": ("tests/domain/test_index_compute.py",),
    "domain/index/rounding.py": ("tests/domain/test_index_rule.py",),
    "domain/index/rule.py": (
        "tests/domain/test_index_rule.py",
        "tests/domain/test_index_compute.py",
    ),
    "domain/index/sample.py": ("tests/domain/test_index_rule.py",),
    "domain/index/tally.py": ("tests/domain/test_index_compute.py",),
    "talk/clean.py": ("tests/talk/test_clean.py",),
    "talk/reference.py": ("tests/talk/test_reference.py", "tests/talk/test_text.py"),
    "talk/text.py": ("tests/talk/test_text.py",),
}
SCORE = 85.0  # per cent of a module's mutants that must be killed
ROOMS = ("bot", "channels", "handlers", "talk", "domain", "storage", "web", "simulator", "content")
IMPURE = {"world", "database", "postgres_uri", "sqlite_template"}
KILLED = {"killed", "timeout", "segfault", "caught by type check"}
FOUND = re.compile(r"^\s+(?P<module>\S+?)\.x(?:_|ǁ)\S*: (?P<fate>.+)$", re.M)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """As a plugin of pytest (`-p bench.mutants`): leave the tests of pure modules alone."""
    impure = [item for item in items if IMPURE & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=impure)
    items[:] = [item for item in items if item not in impure]


def copied(base: Path) -> Path:
    """A copy of everything that git would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, base / name)
    return base


def configure(folder: Path, modules: Sequence[str]) -> None:
    """Tell mutmut what to change and which tests to run."""
    settings = {
        "source_paths": list(ROOMS),
        "only_mutate": list(modules),
        "also_copy": ["bench", "docs"],
        "pytest_add_cli_args_test_selection": telling(modules),
        "pytest_add_cli_args": ["-p", "bench.mutants", "-p", "no:randomly", "-q"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    with (folder / "pyproject.toml").open("a") as written:
        written.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def telling(modules: Sequence[str]) -> list[str]:
    """The tests of these modules, each file once."""
    return list(dict.fromkeys(test for module in modules for test in PURE[module]))


def covered(folder: Path, modules: Sequence[str]) -> dict[str, float]:
    """Per cent of the lines and branches of each module that its tests come through."""
    # A file of its own: beside the `source` of pyproject.toml nothing could be left out.
    rules = folder / "coverage.ini"
    rules.write_text("[run]\nbranch = true\ninclude =\n    " + "\n    ".join(modules) + "\n")
    words = ["-m", "pytest", "-q", "-p", "bench.mutants", "-p", "no:randomly", *telling(modules)]
    _run(folder, "coverage", "run", f"--rcfile={rules}", *words)
    _run(folder, "coverage", "json", "-q", f"--rcfile={rules}", "-o", "coverage.json")
    files = json.loads((folder / "coverage.json").read_text())["files"]
    return {name: round(files[name]["summary"]["percent_covered"], 1) for name in modules}


def fates(folder: Path, children: int) -> dict[str, Counter[str]]:
    """What became of the mutants of each module: module → fate → how many."""
    _run(folder, "mutmut", "run", "--max-children", str(children))
    told = _run(folder, "mutmut", "results", "--all", "true").stdout
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in FOUND.finditer(told):
        found[one["module"].replace(".", "/") + ".py"][one["fate"]] += 1
    return found


def table(
    modules: Sequence[str], cover: dict[str, float], found: dict[str, Counter[str]]
) -> list[dict[str, Any]]:
    """A row for each module."""
    rows = []
    for module in modules:
        counts = found[module]
        killed = sum(n for fate, n in counts.items() if fate in KILLED)
        score = round(100 * killed / counts.total(), 1) if counts else 100.0
        rows.append(
            {
                "module": module,
                "covered": cover[module],
                "mutants": counts.total(),
                "killed": killed,
                "survived": counts.total() - killed,
                "score": score,
                "met": score >= SCORE and cover[module] == 100.0,
            }
        )
    return rows


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, check=False, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stdout[-3000:]}{done.stderr[-1000:]}")
    return done


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(PURE))
    parser.add_argument("--children", type=int, default=2, help="mutants tried at once")
    parser.add_argument("--survivors", action="store_true", help="show what was not noticed")
    asked = parser.parse_args()
    if strange := set(asked.modules) - set(PURE):
        parser.error(f"not in the table: {', '.join(sorted(strange))}")
    if find_spec("mutmut") is None:
        raise SystemExit("mutmut is not installed here: pip install 'mutmut>=3.8,<4'")
    with tempfile.TemporaryDirectory(prefix="tanggap-mutants-") as base:
        folder = copied(Path(base))
        configure(folder, asked.modules)
        cover = covered(folder, asked.modules)
        rows = table(asked.modules, cover, fates(folder, asked.children))
        if asked.survivors:
            told = _run(folder, "mutmut", "results").stdout
            for name in re.findall(r"^\s+(\S+): survived$", told, re.M):
                sys.stdout.write(_run(folder, "mutmut", "show", name).stdout)
    for row in rows:
        show(row)
    kept = all(row["met"] for row in rows)
    sys.stdout.write(
        f"score {SCORE:.0f} %, every branch covered: {'met' if kept else 'NOT met'}\n"
    )
    sys.exit(not kept)


if __name__ == "__main__":
    main()
