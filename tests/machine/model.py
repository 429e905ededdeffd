"""What the service should be in, as plain dicts: where each person stands and what was answered.

Written from what people are promised, not from the handlers: it takes the updates in the order in
which they are handled and says what must then be stored. It knows no words and no tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.kit.office import KK, KTP, LOKET, LOKET_KK
from tests.kit.world import BANK
from tests.machine.standing import Gone, Person, Standing

ZONE = ZoneInfo("Asia/Jakarta")
PLACES = {LOKET: (KTP, 1), LOKET_KK: (KK, 4)}  # start payload → service, point
_ELEMENTS = [item.key for item in BANK.instruments["skm"].items]
_PROFILE = [item.key for item in BANK.instruments["profile"].items]
PAGES = {
    "skm": [*_ELEMENTS, *_PROFILE, "comment", "summary"],
    "assess": [*(item.key for item in BANK.instruments["assess"].items), "summary"],
}
_INVITED = timedelta(days=7)


class Model(Standing):
    """Everybody and everything; `handle` is the only way in."""

    def __init__(self, staff: Collection[int]) -> None:
        super().__init__()
        self.staff = staff
        self.ratings: list[dict[str, Any]] = []
        self.assessments: list[tuple[int, dict[str, int]]] = []
        self.lessons: dict[tuple[int, date], int] = {}  # person and day → the answer that counts

    # --- what must be stored ---------------------------------------------------------------

    def quick(self) -> Counter[tuple[int, int, str]]:
        """Quick ratings by point, value and local day."""
        return Counter(
            (one["point"], one["value"], one["day"].isoformat())
            for one in self.ratings
            if one["instrument"] == "quick"
        )

    def surveys(self) -> Counter[tuple[int, str, tuple[tuple[str, int], ...]]]:
        """Surveys by point, local day and answers."""
        return Counter(
            (one["point"], one["day"].isoformat(), tuple(sorted(one["answers"].items())))
            for one in self.ratings
            if one["instrument"] == "skm"
        )

    # --- what happens ------------------------------------------------------------------------

    def handle(self, chat: int, update_row: int, did: tuple[str, Any], now: datetime) -> None:
        """One update of a person. `did` is ("scan", payload), ("command", name), ("thing", None)
        or ("press", (row of the update that made the button, value)).
        """
        self.now = now
        who = self.people.setdefault(chat, {"chat": chat, "step": "", "prompt": None, "notes": {}})
        what, how = did
        who["row"] = update_row
        try:
            match what:
                case "scan":
                    self._arrive(who, PLACES[how])
                case "command":
                    self._command(who, how)
                case "press":
                    self._press(who, *how)
                case _:
                    self._again(who)
        except Gone:
            self._home(who)
        who["sweep"] = self._sweep_at(who)

    # --- ways in -------------------------------------------------------------------------------

    def _command(self, who: Person, name: str) -> None:
        match name:
            case "lanjut":
                self._resume(who)
            case "menu":
                self._go(who, "menu.main")
            case "batal":
                journey = who["step"].partition(".")[0]
                if journey in ("", "menu") and self._noted(who, "skm"):
                    journey = "skm"
                for name in (journey, "rate", "start"):
                    who["notes"].pop(name, None)
                self._offer(who, keep=timedelta(days=1))
            case "nilai_diri" | "belajar" if who["chat"] not in self.staff:
                self._again(who)
            case "nilai_diri":
                self._go(who, "assess.resume" if self._noted(who, "assess") else "assess.intro")
            case "belajar":
                self._go(who, "learn.home")

    def _press(self, who: Person, made_by: int, value: str) -> None:
        if value.startswith("!"):
            self._chosen(who, made_by, value[1:])
            return
        if not who["step"] or made_by != who["prompt"]:
            self._again(who)
            return
        self._show(who)
        journey, _, at = who["step"].partition(".")
        if journey in ("skm", "assess"):
            self._questionnaire(who, journey, at, value)
        elif journey == "rate":
            self._rate(who, int(value))
        elif journey == "fix":
            self._correct(who, at, value)
        elif journey == "learn" and value == "now" and self._lesson_open(who):
            self._rest(who, prompt=who["row"])
        else:
            self._again(who)

    def _chosen(self, who: Person, made_by: int, value: str) -> None:
        name, _, argument = value.partition(":")
        match name:
            case "mulai":
                self._begin(who, argument)
            case "nanti":
                self._offer(who)
            case "ubah":
                quick, skm = self._noted(who, "quick done"), self._noted(who, "skm done")
                if quick or skm:
                    step = "which" if quick and skm else "quick" if quick else "summary"
                    self._go(who, f"fix.{step}")
                else:
                    self._offer(who)
            case "lesson":
                day, _, choice = argument.partition(":")
                given = date(int(day[:4]), int(day[4:6]), int(day[6:]))
                self.lessons.setdefault((who["chat"], given), int(choice))
                if made_by == who["prompt"]:
                    who["prompt"] = None
            case _:
                self._command(who, name)

    # --- rating --------------------------------------------------------------------------------

    def _arrive(self, who: Person, place: tuple[int, int]) -> None:
        self._note(who, "rate", place=place)
        if self._noted(who, "skm"):
            self._go(who, "skm.resume")
        else:
            self._welcome(who)

    def _welcome(self, who: Person) -> None:
        place = self._held(who, "rate")["place"]
        done = self._today(who, place[0])
        if "quick" not in done:
            self._go(who, "rate.quick")
        else:
            del who["notes"]["rate"]
            self._offer(who)

    def _rate(self, who: Person, value: int) -> None:
        place = self._held(who, "rate")["place"]
        self._store(who, "quick", place, value=value)
        del who["notes"]["rate"]
        self._offer(who)

    def _store(self, who: Person, instrument: str, place: tuple[int, int], **said: Any) -> None:
        """Once per visit: one person, one service, one local day, one instrument."""
        if instrument in self._today(who, place[0]):
            return
        day = self.now.astimezone(ZONE).date()
        one = {"who": who["chat"], "service": place[0], "point": place[1], "day": day}
        self.ratings.append({**one, "instrument": instrument, **said})
        self._note(who, f"{instrument} done", rating=self.ratings[-1])

    def _today(self, who: Person, service: int) -> set[str]:
        day = self.now.astimezone(ZONE).date()
        visit = (who["chat"], service, day)
        return {
            one["instrument"]
            for one in self.ratings
            if (one["who"], one["service"], one["day"]) == visit
        }

    def _begin(self, who: Person, argument: str) -> None:
        service, point, _, day = argument.split(":")
        place = (int(service), int(point))
        invited = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
        old = self._noted(who, "skm")
        if self.now.date() - invited > _INVITED:
            self._offer(who)
        elif old and old["place"][0] == place[0]:
            self._proceed(who, "skm")
        elif old:
            self._note(who, "rate", place=place)
            self._go(who, "skm.resume")
        elif "skm" in self._today(who, place[0]):
            who["notes"].pop("rate", None)
            self._offer(who)
        else:
            self._draft(who, "skm", place=place)

    def _resume(self, who: Person) -> None:
        if self._noted(who, "skm"):
            who["notes"].pop("rate", None)
            self._proceed(who, "skm")
        else:
            self._look(who)

    # --- questionnaires ------------------------------------------------------------------------

    def _draft(self, who: Person, name: str, **more: Any) -> None:
        first = PAGES[name][0]
        self._note(who, name, at=first, answers={}, edit=False, **more)
        self._proceed(who, name)

    def _proceed(self, who: Person, name: str) -> None:
        at = self._held(who, name)["at"]
        self._go(who, f"{name}.{at if at in ('comment', 'summary') else 'item'}")

    def _turn_to(self, who: Person, name: str, page: str, *, edit: bool = False) -> None:
        self._held(who, name).update(at=page, edit=edit)
        self._proceed(who, name)

    def _move(self, who: Person, name: str, by: int) -> None:
        draft = self._held(who, name)
        page = PAGES[name][max(0, PAGES[name].index(draft["at"]) + by)]
        self._turn_to(who, name, "summary" if draft["edit"] else page)

    def _questionnaire(self, who: Person, name: str, at: str, value: str) -> None:
        if at == "intro":
            self._draft(who, name)
            return
        draft = self._held(who, name)
        match at, value:
            case "item", "_later":
                if not draft["answers"]:
                    del who["notes"][name]
                self._offer(who)
            case "item", "_more":
                self._proceed(who, name)
            case (("item" | "comment"), "_back"):
                self._move(who, name, -1)
            case "comment", _:
                self._move(who, name, 1)
            case "item", _:
                draft["answers"][draft["at"]] = None if value == "_skip" else int(value)
                self._move(who, name, 1)
            case "summary", ("_send" | "finish"):
                self._finish(who, name, draft)
            case "summary", "change":
                self._go(who, "assess.which")
            case "which", "_back":
                self._turn_to(who, name, "summary")
            case (("summary" | "which"), _):
                self._turn_to(who, name, value, edit=True)
            case "resume", ("_go" | "resume"):
                who["notes"].pop("rate", None)
                self._proceed(who, name)
            case "resume", "anew":
                self._draft(who, name)
            case "resume", _:
                del who["notes"][name]
                if self._noted(who, "rate"):
                    self._welcome(who)
                else:
                    self._look(who)

    def _finish(self, who: Person, name: str, draft: dict[str, Any]) -> None:
        del who["notes"][name]
        answers = {key: value for key, value in draft["answers"].items() if value is not None}
        if name == "assess":
            self.assessments.append((who["chat"], answers))
        else:
            self._store(who, "skm", draft["place"], answers=answers)
        self._offer(who)

    def _correct(self, who: Person, at: str, value: str) -> None:
        quick, skm = self._noted(who, "quick done"), self._noted(who, "skm done")
        match at, value:
            case "which", "_done" if skm:
                self._offer(who)
            case "which", _:
                self._go(who, "fix.quick" if value == "quick" else "fix.summary")
            case "quick", _ if quick:
                if value != "_done":
                    quick["rating"]["value"] = int(value)
                self._offer(who)
            case "summary", "_done" if skm:
                who["notes"].pop("fix", None)
                self._offer(who)
            case "summary", _ if skm:
                self._note(who, "fix", page=value)
                self._go(who, "fix.comment" if value == "comment" else "fix.item")
            case "item", _ if skm and self._noted(who, "fix"):
                answers, page = skm["rating"]["answers"], who["notes"]["fix"]["page"]
                if value == "_skip":
                    answers.pop(page, None)
                elif value != "_back":
                    answers[page] = int(value)
                self._go(who, "fix.summary")
            case "comment", _ if skm:
                self._go(who, "fix.summary")
            case _:  # too late: the choices that were shown are not there any more
                self._again(who)

    # --- learning ------------------------------------------------------------------------------

    def _lesson_open(self, who: Person) -> bool:
        return (who["chat"], self.now.astimezone(ZONE).date()) not in self.lessons
