"""Whether the program can do its work, and why not."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.clock import Clock

SILENCE = 60.0  # seconds after which a part that said nothing counts as not working


@dataclass
class Part:
    """One part of the program: when it last worked, and what is wrong with it."""

    since: float
    last_good: float | None = None
    trouble: str = ""
    beats: bool = False  # must be heard of all the time; others matter only when in trouble


@dataclass
class Health:
    """What `/readyz` answers: nothing is in trouble, every expected part was heard of lately."""

    clock: Clock
    parts: dict[str, Part] = field(default_factory=dict)

    def expect(self, *names: str) -> None:
        """These parts must show signs of life from now on."""
        for name in names:
            self.parts.setdefault(name, Part(self.clock.monotonic())).beats = True

    def good(self, name: str) -> None:
        """A part has just worked."""
        part = self.parts.setdefault(name, Part(self.clock.monotonic()))
        part.last_good = self.clock.monotonic()
        part.trouble = ""

    def bad(self, name: str, trouble: str) -> None:
        """A part has failed, and this is why, in a few words."""
        self.parts.setdefault(name, Part(self.clock.monotonic())).trouble = trouble

    def report(self) -> dict[str, str]:
        """Each part with "ok" or what is wrong with it."""
        now = self.clock.monotonic()
        report = {}
        for name, part in self.parts.items():
            quiet = now - (part.since if part.last_good is None else part.last_good)
            if part.trouble:
                report[name] = part.trouble
            elif part.beats and quiet > SILENCE:
                report[name] = f"silent for {int(quiet)} s"
            elif part.last_good is None:
                report[name] = "starting"
            else:
                report[name] = "ok"
        return report

    @property
    def ready(self) -> bool:
        """Whether every part is well."""
        return all(state == "ok" for state in self.report().values())
