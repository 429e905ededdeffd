"""What a person said (Inbound) and what we say back (Outbound), on any channel."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from talk.text import Text


class Kind(StrEnum):
    """What sort of thing a person did."""

    TEXT = "text"  # typed words
    PRESS = "press"  # tapped a button of ours
    START = "start"  # opened the bot by a link or a QR; `argument` is its payload
    COMMAND = "command"  # "/privasi"; `text` is "privasi", `argument` the rest
    BLOCKED = "blocked"  # the person shut us out
    UNBLOCKED = "unblocked"
    OTHER = "other"  # a photo, a voice, a sticker: `text` names the sort
    EDITED = "edited"  # changed a message sent earlier
    GROUP = "group"  # spoke to us in a group; we are for private chats
    UNKNOWN = "unknown"  # nothing a conversation is about; stored and counted


class Press(msgspec.Struct, frozen=True):
    """A tapped button whose signature was right for this person.

    It is a claim, not a right: whoever handles it asks again whether it may be done.
    """

    ref: str  # the reference of the message that carried the button
    value: str


class Inbound(msgspec.Struct, frozen=True):
    """One thing one person did, read from one update."""

    channel: str
    bot_id: int
    chat: str  # the platform's key of the private chat
    kind: Kind
    text: str = ""
    argument: str = ""
    press: Press | None = None  # None on a PRESS: a button we did not sign for this person
    message: str = ""  # the platform's id of the message that was tapped
    query: str = ""  # what to name when answering the tap
    language: str = ""  # the language of the person's app, two letters


class Choice(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """Something the person can choose; `also` are further words that mean the same.

    A `value` that begins with ``!`` stands by itself for as long as its message stands
    (accepting an invitation to a training); any other belongs to the current step.
    """

    label: str
    value: str
    also: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """A file handed to the person."""

    name: str
    media_type: str
    data: bytes


class Outbound(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is said: text, rows of choices below it, perhaps a file."""

    text: Text
    rows: tuple[tuple[Choice, ...], ...] = ()
    document: Document | None = None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All choices in reading order; the n-th is also chosen by typing n."""
        return tuple(choice for row in self.rows for choice in row)


class Lane(StrEnum):
    """Which queue a message waits in; earlier lanes go first."""

    INTERACTIVE = "interactive"
    SECURITY = "security"
    REMINDER = "reminder"
    BROADCAST = "broadcast"


class Policy(StrEnum):
    """What may happen when nobody knows whether a message arrived."""

    A = "A"  # repeating has no effect (an edit): repeat freely
    B = "B"  # a reply: one resend after 10 s, marked with its reference
    C = "C"  # a nudge: never resent; the next occurrence covers
    D = "D"  # a broadcast: never resent by itself; listed as uncertain
    E = "E"  # an emergency: one resend


class Parcel(msgspec.Struct, frozen=True):
    """One message on its way to one address, with the cause that makes it unique."""

    cause: str
    address_id: int
    body: Outbound | None
    lane: Lane = Lane.INTERACTIVE
    policy: Policy = Policy.B
    edits: str = ""  # "" a new message; "123" that message; "@ref" the message of that outbox row
    strip: bool = False  # take the buttons off the edited message and change nothing else
    not_before: datetime | None = None
    expires_at: datetime | None = None


def encode(body: Outbound) -> str:
    """The body as it stands in the outbox."""
    return msgspec.json.encode(body).decode()


def decode(body: str) -> Outbound:
    """The body read back. Raises msgspec.ValidationError on anything else."""
    return msgspec.json.decode(body, type=Outbound)
