"""What is promised, tried in full; and what is measured. One after the other: exit 1 if any fails.

python -m bench faults       # crashes, faults, poison and kills: hours
python -m bench figures      # times, loads and sizes, beside what others would use
"""

from __future__ import annotations

import subprocess
import sys

GROUPS = {
    "faults": (
        ("every await and every call of the database", "tests.faults.stepper"),
        ("kills under load", "bench.kill --kills 250"),
        ("an announcement under kills", "bench.announce --people 1000 --kills 20"),
        ("reminders under trouble", "bench.reminders"),
        ("a thousand offices through days of trouble", "bench.due --runs 1000"),
        ("trouble with database, disk and process", "bench.trouble"),
        ("an upgrade killed at each statement", "bench.upgrade"),
        ("the database away for ten minutes", "bench.outage --seconds 600"),
        ("two hours of ordinary days with kills", "bench.soak --minutes 120"),
        ("poison", "bench.poison --mutants 20000"),
        ("whole towns at random", "bench.machine"),
        ("a storm of 429", "bench.storm"),
        ("one chat in trouble beside others", "bench.neighbours"),
        ("a revoked token", "bench.revoked"),
        ("two hundred presses at once", "bench.presses"),
        ("forged updates and buttons", "bench.forgery"),
        ("words that nobody may see again", "bench.canaries"),
    ),
    "figures": (
        ("from a tap to the edited question", "bench.latency --taps 1000"),
        ("taps beside others", "bench.inbound"),
        ("sending beside others", "bench.outbound"),
        ("an announcement to a million", "bench.outbox"),
        ("ten times the load for a minute", "bench.burst"),
        ("start, rest and an idle hour", "bench.rest"),
        ("the cost of a tap among ten million answers", "bench.growth"),
        ("what the tests of pure modules notice", "bench.mutants"),
    ),
}


def main() -> None:
    """Run each of a group in a process of its own."""
    failed = []
    for title, words in GROUPS[sys.argv[1]]:
        sys.stdout.write(f"== {title}: python -m {words}\n")
        sys.stdout.flush()
        if subprocess.run([sys.executable, "-m", *words.split()], check=False).returncode:
            failed.append(title)
    sys.stdout.write(f"not met: {', '.join(failed)}\n" if failed else "all met\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
