"""What the kernel says about a process, from /proc: memory, processor time, wake-ups, files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024.0  # kB as /proc tells them, to MiB


@dataclass(frozen=True)
class Reading:
    """One process at one moment."""

    rss: float  # MiB
    pss: float  # MiB, shared pages divided among those who share them
    cpu: float  # seconds, of all its threads since it began
    woken: int  # how often one of its threads had slept and was given the processor again
    files: int  # open file descriptors
    threads: int


def reading(pid: int) -> Reading:
    """Read one process. Raises OSError when it is gone."""
    home = Path("/proc") / str(pid)
    memory = _fields(home / "smaps_rollup")
    stat = (home / "stat").read_text().rpartition(")")[2].split()
    ticks = int(stat[11]) + int(stat[12])
    threads = [_fields(task / "status") for task in (home / "task").iterdir()]
    return Reading(
        rss=memory["Rss"] / _MIB,
        pss=memory["Pss"] / _MIB,
        cpu=ticks / os.sysconf("SC_CLK_TCK"),
        woken=sum(thread["voluntary_ctxt_switches"] for thread in threads),
        files=len(list((home / "fd").iterdir())),
        threads=len(threads),
    )


def _fields(path: Path) -> dict[str, int]:
    """The lines "name: number unit" of a file."""
    found = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if words and words[0].isdecimal():
            found[name] = int(words[0])
    return found


def family(pid: int) -> list[float]:
    """Processor seconds, to the nanosecond, of a process and of all its children that live."""
    children = (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text().split()
    spent = []
    for member in [str(pid), *children]:
        try:
            spent.append(int((Path("/proc") / member / "schedstat").read_text().split()[0]) / 1e9)
        except OSError:  # gone since
            continue
    return spent
