"""All measured figures, one after the other: `make bench`. Exit 1 when one is not met."""

from __future__ import annotations

import subprocess
import sys

BENCHES = (
    ("from a tap to the edited question", ["bench.latency", "--taps", "1000"]),
    ("kills under load", ["bench.kill", "--kills", "50"]),
    ("an announcement under kills", ["bench.announce", "--people", "1000", "--kills", "20"]),
    ("reminders under trouble", ["bench.reminders"]),
)


def main() -> None:
    """Run each in a process of its own."""
    failed = []
    for title, words in BENCHES:
        sys.stdout.write(f"== {title}: python -m {' '.join(words)}\n")
        sys.stdout.flush()
        if subprocess.run([sys.executable, "-m", *words], check=False).returncode:
            failed.append(title)
    sys.stdout.write(f"not met: {', '.join(failed)}\n" if failed else "all met\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
