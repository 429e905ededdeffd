"""Saying something final with choices that stand by themselves, and staying answerable.

After such a message nothing is asked, yet a typed number or label still chooses what it offers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from handlers.turn import Turn
from talk.messages import Choice, Outbound, decode, encode
from talk.text import Text

STEP = "menu.offer"


def offer(
    turn: Turn,
    text: Text,
    *rows: Sequence[Choice | None],
    keep: timedelta = timedelta(minutes=15),
) -> None:
    """Say `text`; every choice is a standing one ("!command"), and None is left out.

    For `keep` a typed number or label chooses too.
    """
    kept = tuple(tuple(choice for choice in row if choice is not None) for row in rows)
    body = Outbound(text, tuple(row for row in kept if row))
    turn.note("menu", keep=keep)["body"] = encode(body)
    turn.go(STEP)


def offered(turn: Turn) -> Outbound | None:
    """What was offered last, for as long as it is remembered."""
    noted = turn.noted("menu")
    return None if noted is None else decode(noted["body"])
