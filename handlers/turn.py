"""One turn of a conversation: who said what, where we stand, and what we say back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from content import Bank
from domain.keys import Keys
from storage.base import Tx
from storage.dialogs import Standing
from storage.people import Caller
from storage.roles import Held, held_by
from talk.messages import Choice, Inbound, Kind, Outbound, Parcel, Policy
from talk.reference import reference
from talk.text import Text, fill, flat


@dataclass(frozen=True)
class House:
    """What every turn may use and nothing changes: words and questions, keys, our address."""

    bank: Bank
    keys: Keys
    link: Callable[[str], str]  # start payload → the full link that opens the bot with it
    zone: str = "Asia/Jakarta"  # for people who belong to no unit

    def say(self, language: str, key: str, **values: str | int | Text) -> Text:
        """The sentence `key` in `language`, with its slots filled; values are never markup."""
        return fill(self.bank.sentence(language, key), **values)


@dataclass
class Turn:
    """One inbound of one person, inside one transaction.

    Journeys read `inbound` and `caller`, change `dialog` through `go`, `note` and `drop`, and
    answer with `prompt` (a message whose buttons are the current ones) or `tell`.
    """

    house: House
    tx: Tx
    now: datetime
    inbound: Inbound
    inbox_id: int
    received_at: datetime  # when the update was stored; it may have waited since
    caller: Caller
    dialog: Standing
    parcels: list[Parcel] = field(default_factory=list)
    toast: str = ""  # shown briefly as the answer to a tap
    moved: bool = False
    discreet: bool = False  # the current message is to be covered, not only disarmed
    _roles: list[Held] | None = None

    # --- words -----------------------------------------------------------------------------

    def say(self, key: str, **values: str | int | Text) -> Text:
        """The sentence `key` in the person's language."""
        return self.house.say(self.caller.language, key, **values)

    def choice(self, key: str, value: str, *also: str, **values: str | int | Text) -> Choice:
        """A choice labelled with the sentence `key`; `also` are words that mean the same."""
        return Choice(flat(self.say(key, **values)), value, also)

    def local(self, words: Any) -> Any:
        """From a mapping by language, the person's language or else Indonesian."""
        return words.get(self.caller.language) or words["id"]

    # --- who ------------------------------------------------------------------------------

    async def roles(self) -> list[Held]:
        """The roles in force now, read once in every turn and never remembered longer."""
        if self._roles is None:
            self._roles = await held_by(self.tx, self.caller.person_id)
        return self._roles

    @property
    def visitor(self) -> str:
        """By what a visit is counted: the chat, which outlives an erasure."""
        return f"{self.inbound.channel}:{self.caller.key}"

    async def may(self, role: str) -> bool:
        """Whether the person holds `role` now; "" is everybody."""
        return not role or any(held.role == role for held in await self.roles())

    # --- where we stand -------------------------------------------------------------------

    def go(self, step: str) -> None:
        """Move to a step; the router shows it when the turn is over."""
        self.dialog.step = step
        self.moved = True

    def rest(self) -> None:
        """Be at no step: what is typed next is read as a fresh wish."""
        self.dialog.step = ""
        self.moved = False

    def note(self, name: str, *, keep: timedelta = timedelta(days=7)) -> dict[str, Any]:
        """The notes of a journey, made if absent, kept for `keep` from now on."""
        entry: dict[str, Any] = self.dialog.notes.setdefault(name, {})
        entry["until"] = (self.now + keep).timestamp()
        return entry

    def noted(self, name: str) -> dict[str, Any] | None:
        """The notes of a journey if there are any whose time is not over."""
        entry: dict[str, Any] | None = self.dialog.notes.get(name)
        if entry is None or entry["until"] <= self.now.timestamp():
            return None
        return entry

    def drop(self, name: str) -> None:
        """Forget the notes of a journey."""
        self.dialog.notes.pop(name, None)

    # --- what we say ----------------------------------------------------------------------

    def prompt(self, text: Text, rows: Sequence[Sequence[Choice]] = ()) -> None:
        """Say something whose choices are from now on the current ones.

        A tap edits the message that was tapped; anything else gets a new message, and the old
        one loses its buttons (and its words, if its step is discreet).
        """
        self.prompt_body(Outbound(text, tuple(tuple(row) for row in rows)))

    def prompt_body(self, body: Outbound) -> None:
        """The same for a body made by a step's `show`."""
        tapped = self.inbound.message if self.inbound.kind is Kind.PRESS else ""
        if self.dialog.target and not self._on_current:
            self.put_away()
        ref = self._post(body, edits=tapped)
        self.dialog.prompt = ref
        self.dialog.target = tapped or "@" + ref
        if not body.rows:
            self.dialog.prompt = self.dialog.target = ""

    @property
    def _on_current(self) -> bool:
        """Whether the current message was tapped; its platform id may not be known as yet."""
        press = self.inbound.press
        if self.inbound.kind is not Kind.PRESS or not self.dialog.target:
            return False
        named = press is not None and press.ref == self.dialog.prompt
        return named or self.inbound.message == self.dialog.target

    def put_away(self) -> None:
        """Take the buttons off the current message, and the words of a discreet one."""
        if self.dialog.target:
            covered = Outbound(self.say("turn.below")) if self.discreet else None
            self._post(covered, edits=self.dialog.target, strip=covered is None)
        self.dialog.prompt = self.dialog.target = ""

    def tell(self, text: Text, rows: Sequence[Sequence[Choice]] = ()) -> str:
        """Say something in a message of its own and leave the current choices; its reference."""
        return self._post(Outbound(text, tuple(tuple(row) for row in rows)))

    def send(self, body: Outbound) -> str:
        """Say a whole body (a file, say) in a message of its own; its reference."""
        return self._post(body)

    def amend(self, text: Text, rows: Sequence[Sequence[Choice]] = ()) -> None:
        """Change the tapped message (one that stands by itself); else say it anew."""
        tapped = self.inbound.message if self.inbound.kind is Kind.PRESS else ""
        self._post(Outbound(text, tuple(tuple(row) for row in rows)), edits=tapped)
        if self._on_current:
            self.dialog.prompt = self.dialog.target = ""

    def disarm(self, target: str) -> None:
        """Take the buttons off a message that is named as in an edit."""
        self._post(None, edits=target, strip=True)

    def _post(self, body: Outbound | None, *, edits: str = "", strip: bool = False) -> str:
        cause = f"in:{self.inbox_id}:{len(self.parcels)}"
        self.parcels.append(
            Parcel(
                cause=cause,
                address_id=self.caller.address_id,
                body=body,
                policy=Policy.A if edits else Policy.B,
                edits=edits,
                strip=strip,
            )
        )
        return reference(cause)
