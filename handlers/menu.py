"""The menu, help, giving up, and what to do with words nobody asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from handlers import find, survey
from handlers.aside import ANSWERING
from handlers.greeting import greeting
from handlers.offer import STEP as OFFER
from handlers.offer import offer, offered
from handlers.steps import Command, Heard, Step
from handlers.turn import Turn
from talk.messages import Outbound
from talk.text import Text, joined, plain

_GREETED = """
halo hallo hello hai hi hey pagi siang sore malam selamat permisi assalamualaikum
assalamu alaikum salam tabik tabe good morning afternoon evening p tes test ping
pak bu bapak ibu min admin kak
"""
_GREETINGS = frozenset(_GREETED.split())


@dataclass(frozen=True)
class Entry:
    """A line of the menu: the command it runs, the sentence on its button, who sees it."""

    command: str
    label: str
    role: str = ""


ENTRIES = [
    Entry("nilai_diri", "join.button_assess", "staff"),
    Entry("belajar", "join.button_learn", "staff"),
    Entry("pelatihan", "training.button_mine", "staff"),
    Entry("umumkan", "announce.new", "admin"),
    Entry("pengumuman", "announcements.all", "admin"),
    Entry("buat_pelatihan", "train.new", "admin"),
    Entry("pelatihan_admin", "train.attendance", "admin"),
    Entry("nilai", "menu.button_rate"),
    Entry("hasil", "menu.button_results"),
    Entry("langganan", "menu.button_announcements"),
    Entry("privasi", "menu.button_privacy"),
    Entry("bahasa", "menu.button_language"),
    Entry("bantuan", "menu.button_help"),
]
"""In the order they are shown; a journey adds its own line here."""


async def show(turn: Turn) -> None:
    """Lead to the menu."""
    turn.go("menu.main")


async def _main(turn: Turn) -> Outbound:
    text = joined(
        turn.say("menu.greeting", greeting=greeting(turn)), plain("\n\n"), turn.say("menu.choose")
    )
    return await _listed(turn, text)


async def _listed(turn: Turn, text: Text) -> Outbound:
    rows = []
    if await survey.alive(turn) is not None:
        rows.append((turn.choice("menu.button_resume", "!lanjut"),))
    for entry in ENTRIES:
        if await turn.may(entry.role):
            rows.append((turn.choice(entry.label, "!" + entry.command),))
    return Outbound(text, tuple(rows))


async def _offered(turn: Turn) -> Outbound:
    return offered(turn) or await _main(turn)


async def _lost(turn: Turn) -> Outbound:
    return await _listed(turn, turn.say("menu.not_understood"))


async def _words(turn: Turn, heard: Heard) -> None:
    await idle(turn, heard.text)


async def idle(turn: Turn, words: str) -> None:
    """Words when nothing is asked: a greeting, a service, or not understood; never silence."""
    said = "".join(c if c.isalnum() else " " for c in words.casefold()).split()
    if said and _GREETINGS.issuperset(said):
        turn.go("menu.main")
        return
    hits = await find.resembling(turn, words)
    if hits:
        find.look(turn, hits=hits)
    else:
        turn.go("menu.lost")


async def _menu(turn: Turn, _: str) -> None:
    await show(turn)


async def _help(turn: Turn, _: str) -> None:
    rows = [turn.choice("menu.button_rate", "!nilai")], [turn.choice("common.menu", "!menu")]
    total = len(turn.house.bank.instruments["skm"].items)
    offer(turn, turn.say("menu.help", total=total), *rows, keep=timedelta(days=1))


async def _cancel(turn: Turn, _: str) -> None:
    """Give up what is being done here, and forget what was answered so far."""
    journey = turn.dialog.step.partition(".")[0]
    if journey in ("", "menu") and turn.noted("skm") is not None:
        journey = "skm"
    for name in (journey, "rate", "start"):
        turn.drop(name)
    if journey in ("", "menu"):
        said = turn.say("menu.nothing_to_cancel")
    elif journey in ANSWERING:
        said = turn.say("menu.cancelled")
    else:
        said = turn.say("menu.left")
    offer(turn, said, [turn.choice("common.menu", "!menu")], keep=timedelta(days=1))


STEPS = (
    Step("menu.main", _main, _words, free=True, numbered=True, resting=True),
    Step("menu.lost", _lost, _words, free=True, numbered=True, resting=True),
    Step(OFFER, _offered, _words, free=True, numbered=True, resting=True),
)
COMMANDS = (
    Command("menu", _menu),
    Command("bantuan", _help, also=("help", "tolong")),
    Command("batal", _cancel, also=("cancel",)),
)
BUTTONS = ()
