"""What the simulated Telegram saw, read out of its record for the checker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from content import load
from simulator.record import Accepted, Answered, Confirmed, Entry, Issued, Lost
from talk.text import flat, plain

_BANK = load()
LABELS = {
    label: option.value
    for option in _BANK.instruments["quick"].items[0].options
    for label in option.label.values()
}
"""The four labels of the quick rating in every language, and what each is stored as."""


def _beginnings(key: str) -> tuple[str, ...]:
    """How the sentence begins, in every language, up to its first empty line or slot."""
    found = (flat(plain(_BANK.sentence(lang, key))).split("\n")[0] for lang in _BANK.languages)
    return tuple(words.replace("*", "").split("{")[0] for words in found)


THANKS = _beginnings("rate.thanks")
RECEIPT = _beginnings("skm.receipt")
ANNOUNCED = _beginnings("announce.sheet_staff")


@dataclass(frozen=True)
class Told:
    """What Telegram knows: who gave what, what reached a phone, what the program was told."""

    issued: dict[int, int]  # update id → how many different updates had it
    lost: set[int]
    confirmed: set[int]
    sent: set[int]  # ids of new messages that stand on a phone
    answered: set[int]  # those of them whose id was told to the program
    anew: int  # edits that were refused, so that their words may have been sent anew
    thanked: int
    receipts: int
    copies: Counter[tuple[int, str]]  # announcements by chat and words
    rated: Counter[tuple[str, int]]  # (start payload, value): each question once, unless lost
    tapped: int  # such questions at all: one lost after it was handed over may count, too


def told(entries: Iterable[Entry]) -> Told:
    """Read the record."""
    known = list(entries)
    accepted = [e for e in known if isinstance(e, Accepted)]
    new = {e.message_id for e in accepted if e.method in ("sendMessage", "sendDocument")}
    answers = [e for e in known if isinstance(e, Answered)]
    bytes_of: dict[int, set[bytes]] = {}
    for entry in known:
        if isinstance(entry, Issued):
            raw = msgspec.json.encode(entry.update)
            bytes_of.setdefault(int(entry.update["update_id"]), set()).add(raw)
    lost = {i for e in known if isinstance(e, Lost) for i in e.update_ids}
    return Told(
        issued={update_id: len(ones) for update_id, ones in bytes_of.items()},
        lost=lost,
        confirmed={i for e in known if isinstance(e, Confirmed) for i in e.update_ids},
        sent=new,
        answered={i for e in answers if (i := _new_id(e)) is not None},
        anew=sum(e.method.startswith("edit") and e.status == 400 for e in answers),
        thanked=_shown(accepted, THANKS),
        receipts=_shown(accepted, RECEIPT),
        copies=Counter(
            (e.chat_id, e.text)
            for e in accepted
            if e.method == "sendMessage" and e.text.startswith(ANNOUNCED)
        ),
        rated=Counter(_ratings(known, lost)),
        tapped=sum(1 for _ in _ratings(known, set())),
    )


def _new_id(entry: Answered) -> int | None:
    """The id of a new message, as far as the answer arrived in a form that can be read."""
    if entry.method not in ("sendMessage", "sendDocument") or entry.status != 200:
        return None
    result = entry.answer.get("result") if isinstance(entry.answer, dict) else None
    return result.get("message_id") if isinstance(result, dict) else None


def _shown(accepted: Iterable[Accepted], beginnings: tuple[str, ...]) -> int:
    """On how many messages words with such a beginning stood at any time."""
    return len({e.message_id for e in accepted if e.text.startswith(beginnings)})


def _ratings(entries: Iterable[Entry], lost: set[int]) -> Iterator[tuple[str, int]]:
    """What citizens tapped first each time they were asked for the quick rating.

    One message may ask more than once: it is edited, and its buttons then bear another reference.
    """
    payloads: dict[int, str] = {}
    tapped: set[tuple[int, int, str]] = set()
    for entry in entries:
        if not isinstance(entry, Issued):
            continue
        if words := _words(entry.update):
            chat, said = words
            if said.startswith("/start "):
                payloads[chat] = said.removeprefix("/start ")
        elif (press := _press(entry.update)) is not None:
            chat, message, label = press
            if label in LABELS and entry.update["update_id"] not in lost:
                asked = (chat, message, entry.update["callback_query"]["data"][1:9])
                if asked not in tapped:
                    yield payloads.get(chat, ""), LABELS[label]
                tapped.add(asked)


def _words(update: Mapping[str, Any]) -> tuple[int, str] | None:
    try:
        return int(update["message"]["chat"]["id"]), str(update["message"]["text"])
    except (KeyError, TypeError, ValueError):
        return None


def _press(update: Mapping[str, Any]) -> tuple[int, int, str] | None:
    """Chat, message and label of a tap on a keyboard that offers all four labels."""
    try:
        query = update["callback_query"]
        message = query["message"]
        buttons = [b for row in message["reply_markup"]["inline_keyboard"] for b in row]
        labels = {str(b["text"]) for b in buttons}
        label = next(str(b["text"]) for b in buttons if b["callback_data"] == query["data"])
        chat, number = int(message["chat"]["id"]), int(message["message_id"])
    except (KeyError, TypeError, ValueError, StopIteration):
        return None
    return (chat, number, label) if len(labels & LABELS.keys()) == 4 else None
