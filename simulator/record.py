"""The judge's book: what the bot asked, what was accepted, what it was given.

Acceptance is kept apart from the answer: a call that is dropped after acceptance is accepted and
not answered, and only so can a doubled or lost message be proved.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import msgspec


class Answered(msgspec.Struct, frozen=True, tag_field="kind", tag="answered"):
    """A request that got an answer. `answer` is the JSON object, or the text that came instead.

    Successful `getUpdates` are `Handed` entries instead.
    """

    at: str
    method: str
    params: dict[str, Any]
    status: int
    answer: Any


class Accepted(msgspec.Struct, frozen=True, tag_field="kind", tag="accepted"):
    """A message, edit or deletion that took effect on a phone, whatever the bot learned of it."""

    at: str
    method: str
    chat_id: int
    message_id: int
    text: str


class Issued(msgspec.Struct, frozen=True, tag_field="kind", tag="issued"):
    """An update that was put in the bot's queue."""

    at: str
    update: dict[str, Any]


class Handed(msgspec.Struct, frozen=True, tag_field="kind", tag="handed"):
    """Updates that left for the bot; `way` is "poll" or "webhook". It may have died before."""

    at: str
    way: str
    update_ids: list[int]


class Confirmed(msgspec.Struct, frozen=True, tag_field="kind", tag="confirmed"):
    """Updates that the bot confirmed: they will never come again."""

    at: str
    update_ids: list[int]


class Lost(msgspec.Struct, frozen=True, tag_field="kind", tag="lost"):
    """Updates that Telegram gave up: "expired" (24 h, 150 s), "too big" (64 KiB) or "dropped"."""

    at: str
    why: str
    update_ids: list[int]


Entry = Answered | Accepted | Issued | Handed | Confirmed | Lost


class Record:
    """Everything in order, in memory and, when `path` is given, line by line in a file.

    Each line reaches the operating system before the effect's answer leaves, so a judge reads it
    after this or the other process was killed.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._file: IO[bytes] | None = path.open("ab", buffering=0) if path else None

    def add(self, entry: Entry) -> None:
        """Write one entry."""
        self.entries.append(entry)
        if self._file:
            self._file.write(msgspec.json.encode(entry) + b"\n")

    def close(self) -> None:
        """Close the file; the entries in memory stay."""
        if self._file:
            self._file.close()
            self._file = None

    @property
    def answered(self) -> list[Answered]:
        """Requests that got an answer."""
        return [entry for entry in self.entries if isinstance(entry, Answered)]

    @property
    def accepted(self) -> list[Accepted]:
        """Messages, edits and deletions that took effect."""
        return [entry for entry in self.entries if isinstance(entry, Accepted)]

    @property
    def issued(self) -> list[Issued]:
        """Updates in the order in which they arose."""
        return [entry for entry in self.entries if isinstance(entry, Issued)]

    @property
    def handed(self) -> list[int]:
        """Ids of updates in the order in which they left; an id stands as often as it left."""
        return [i for entry in self.entries if isinstance(entry, Handed) for i in entry.update_ids]

    @property
    def confirmed(self) -> list[int]:
        """Ids of updates that were confirmed."""
        return [
            i for entry in self.entries if isinstance(entry, Confirmed) for i in entry.update_ids
        ]

    @property
    def lost(self) -> list[int]:
        """Ids of updates that Telegram gave up."""
        return [i for entry in self.entries if isinstance(entry, Lost) for i in entry.update_ids]


def read(path: Path) -> list[Entry]:
    """The entries of a file; a last line that a kill cut short is left out."""
    lines = path.read_bytes().split(b"\n")
    decoder = msgspec.json.Decoder(Entry)
    return [decoder.decode(line) for line in lines[:-1] if line]
