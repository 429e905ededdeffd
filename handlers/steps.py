"""The three things a person can reach: a step, a command, a button that stands by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from handlers.turn import Turn
from talk.messages import Choice, Outbound


@dataclass(frozen=True)
class Heard:
    """What a person answered: the value of a choice (tapped or typed), or words."""

    value: str = ""
    text: str = ""


@dataclass(frozen=True)
class Step:
    """A question: `show` says it (repeatable at any time), `take` reads the answer.

    The name begins with the name of the journey's notes ("skm.item" → notes "skm"). With
    `free`, words that match no choice are an answer too; with `numbered`, a number is a choice
    nevertheless. The message of a `discreet` one is covered once the conversation goes on below
    it, because it tells what was asked or answered. At a `resting` one nothing is asked: words
    may also answer a newer message that stands by itself. `role` is asked for on every arrival.
    """

    name: str
    show: Callable[[Turn], Awaitable[Outbound]]
    take: Callable[[Turn, Heard], Awaitable[None]]
    free: bool = False
    numbered: bool = False
    discreet: bool = False
    resting: bool = False
    role: str = ""


@dataclass(frozen=True)
class Command:
    """Something typed after a slash, also offered in menus as the choice ``!name``."""

    name: str
    run: Callable[[Turn, str], Awaitable[None]]
    also: tuple[str, ...] = ()
    role: str = ""
    listed: bool = True  # in the command menu; its description is the sentence command.<name>


@dataclass(frozen=True)
class Button:
    """A choice ``!name:argument`` that stands as long as its message (an invitation)."""

    name: str
    run: Callable[[Turn, str], Awaitable[None]]
    role: str = ""


class Gone(Exception):
    """What a step was about is not there any more; the person is led to the menu."""


def match(choices: Iterable[Choice], typed: str, *, numbers: bool = True) -> str | None:
    """The value meant by typed words: the number of a choice, its label, or a word for it."""
    listed = list(choices)
    wanted = _folded(typed)
    number = typed.strip().rstrip(".)")  # "2." is a number, "-2" and "4.5" are not
    if numbers and number.isdecimal() and len(number) < 4 and 0 < int(number) <= len(listed):
        return listed[int(number) - 1].value
    for choice in listed:
        if wanted in {_folded(word) for word in (choice.label, *choice.also)}:
            return choice.value
    return None


def _folded(words: str) -> str:
    """Letters and digits alone, so that case, dots and ticks make no difference."""
    kept = "".join(c if c.isalnum() else " " for c in words.casefold())
    return " ".join(kept.split())[:200]
