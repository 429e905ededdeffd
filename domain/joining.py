"""One-time invitations into a role: made at the command line, used once within 48 hours."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta

from domain.errors import Refused
from domain.keys import Keys
from storage import audit, roles, staff
from storage.base import Tx
from storage.staff import Offer
from talk.clean import clean

ROLES = ("staff", "admin")
LIFETIME = timedelta(hours=48)
WRONG_PER_HOUR = 5
NAME_LENGTH = 80

_MARK = "i"
_RANDOM_BYTES = 24  # 192 bits, 32 characters; start payloads may have 64


class Unknown(Refused):
    """No such invitation: guessed, mistyped or made elsewhere."""


class Used(Refused):
    """The invitation was used; `by` tells by whom, `role` for what."""

    def __init__(self, key: str, by: int, role: str) -> None:
        """Keep who used it."""
        super().__init__(key)
        self.by = by
        self.role = role


class Expired(Refused):
    """The 48 hours are over."""


async def invite(tx: Tx, keys: Keys, role: str, unit_id: int | None, now: datetime) -> str:
    """Make an invitation; returns the start payload, which is kept nowhere.

    Raises ValueError for a role that cannot be given this way.
    """
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    code = base64.urlsafe_b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode()
    await staff.add_invitation(
        tx, digest(keys, code), role, unit_id, at=now, expires_at=now + LIFETIME
    )
    await audit.record(
        tx, at=now, actor_id=None, action="role.invite", object=f"{role}:{unit_id or 'all'}"
    )
    return _MARK + code


def digest(keys: Keys, code: str) -> bytes:
    """What is kept of an invitation: a keyed hash of what follows the "i" of its payload."""
    return keys.digest("invitation", code.encode())


async def look(tx: Tx, mark: bytes, person_id: int, now: datetime) -> Offer:
    """What the invitation with this digest offers. Raises Unknown, Used, Expired."""
    found = await staff.invitation(tx, mark)
    if found is None:
        raise Unknown("join.unknown")
    if found.used_by is not None:
        if found.used_by == person_id:
            raise Used("join.used_by_you", found.used_by, found.role)
        raise Used("join.used", found.used_by, found.role)
    if found.expires_at <= now:
        raise Expired("join.expired")
    return found


async def accept(tx: Tx, mark: bytes, person_id: int, now: datetime) -> Offer:
    """Use the invitation up and give the role, both in this transaction.

    Raises what `look` raises; of two people at once, one gets the role and the other Used.
    """
    offer = await look(tx, mark, person_id, now)
    if not await staff.use_invitation(tx, mark, person_id, at=now):
        await look(tx, mark, person_id, now)
        raise Expired("join.expired")
    await roles.grant(tx, person_id, offer.role, offer.unit_id, at=now)
    await staff.enlist(tx, person_id, offer.unit_id)
    await audit.record(
        tx,
        at=now,
        actor_id=person_id,
        action="role.grant",
        object=f"{offer.role}:{offer.unit_id or 'all'}",
    )
    return offer


def clean_name(typed: str) -> str:
    """A person's name as typed, on one line and without anything invisible.

    Raises Refused when fewer than two letters are left, or more than 80 characters.
    """
    name = " ".join(clean(typed, 4 * NAME_LENGTH).split())
    if sum(c.isalpha() for c in name) < 2 or len(name) > NAME_LENGTH:
        raise Refused("join.name_unclear", most=NAME_LENGTH)
    return name
