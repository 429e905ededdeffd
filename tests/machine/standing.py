"""Where people stand in a conversation and what is noted of it, as plain dicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

Person = dict[str, Any]

_KEPT = {
    **{"rate": timedelta(days=1), "start": timedelta(days=1), "menu": timedelta(minutes=15)},
    **{"skm": timedelta(days=7), "assess": timedelta(days=14), "fix": timedelta(days=7)},
    **{"quick done": timedelta(minutes=15), "skm done": timedelta(minutes=15)},
}
_STEP_KEPT, _PROMPT_KEPT = timedelta(days=1), timedelta(minutes=15)


class Gone(Exception):
    """What a step was about is over; the person is led to the menu."""


class Standing:
    """Everybody's step, current question and notes; notes end, and with them the step."""

    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self.now = datetime.min.replace(tzinfo=UTC)

    def sweep(self, now: datetime) -> None:
        """The minute's tick: what is over is forgotten, and where one stood with it."""
        self.now = now
        for who in self.people.values():
            while who["sweep"] is not None and who["sweep"] <= now:
                over = [name for name, note in who["notes"].items() if note["until"] <= now]
                for name in over:
                    del who["notes"][name]
                if not over or who["step"].partition(".")[0] in over:
                    who["step"] = ""
                if not who["step"]:
                    who["prompt"] = None
                who["sweep"] = self._sweep_at(who)

    def _sweep_at(self, who: Person) -> datetime | None:
        ends = [note["until"] for note in who["notes"].values()]
        if who["prompt"] is not None and not who["step"]:
            ends.append(self.now + _PROMPT_KEPT)
        elif who["step"] and who["step"].partition(".")[0] not in who["notes"]:
            ends.append(self.now + _STEP_KEPT)
        return min(ends, default=None)

    def _note(self, who: Person, name: str, **what: Any) -> None:
        who["notes"][name] = {**what, "until": self.now + _KEPT[name]}

    def _noted(self, who: Person, name: str) -> dict[str, Any] | None:
        note = who["notes"].get(name)
        return note if note is not None and note["until"] > self.now else None

    def _held(self, who: Person, name: str) -> dict[str, Any]:
        note = self._noted(who, name)
        if note is None:
            raise Gone
        if name in ("skm", "assess"):  # every look at a draft keeps it longer
            note["until"] = self.now + _KEPT[name]
        return note

    def _go(self, who: Person, step: str) -> None:
        who["step"] = step
        self._show(who)
        who["prompt"] = who["row"]

    def _show(self, who: Person) -> None:
        """A step can be shown while what it is about is there."""
        journey, _, at = who["step"].partition(".")
        if journey in ("rate", "skm", "start") or (journey == "assess" and at != "intro"):
            self._held(who, journey)

    def _rest(self, who: Person, *, prompt: int | None) -> None:
        who["step"], who["prompt"] = "", prompt

    def _again(self, who: Person) -> None:
        """The current question once more, in a message of its own or in the one tapped."""
        self._go(who, who["step"] or "menu.main")

    def _home(self, who: Person) -> None:
        self._go(who, "menu.main")

    def _offer(self, who: Person, *, keep: timedelta | None = None) -> None:
        who["notes"]["menu"] = {"until": self.now + (keep or _KEPT["menu"])}
        self._go(who, "menu.offer")

    def _look(self, who: Person) -> None:
        self._note(who, "start")
        self._go(who, "start.find")
