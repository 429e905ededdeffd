"""Once per visit: a keyed hash that stops a second answer and leads back to nobody.

A visit is one person, one service, one local day. Its hash cannot be computed without the key of
its period (one local day), a random number that stands in the database only wrapped by the
installation's secret and is destroyed when the period is over. From then on nobody, not even with
both in hand, can test whether somebody answered.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.keys import Keys
from storage import responses
from storage.base import Tx

_SIZE = 32
_NONCE = 16


class KeyDamaged(Exception):
    """A period's key does not fit the installation's secret: another secret, or a changed row."""


@dataclass(frozen=True)
class Visit:
    """One person at one service on one local day.

    `who` names the chat itself: somebody who had herself erased and comes back on the same day
    is a new person with a new address, and yet the same visitor.
    """

    who: str
    service_id: int
    day: date


def period_of(day: date) -> str:
    """The period in which a visit counts: its local date, ISO."""
    return day.isoformat()


async def answer_once(tx: Tx, keys: Keys, visit: Visit, instrument: str) -> bool:
    """Mark the visit as answered; False when it was already. In the submission's transaction."""
    period = period_of(visit.day)
    wrapped = await responses.wrapped_key(tx, period)
    if wrapped is None:
        fresh = wrap(keys, period, secrets.token_bytes(_SIZE))
        wrapped = await responses.keep_wrapped_key(tx, period, fresh)
    mark = _mark(unwrap(keys, period, wrapped), visit, instrument)
    return await responses.spend(tx, mark, period)


async def answered(tx: Tx, keys: Keys, visit: Visit, instruments: Sequence[str]) -> set[str]:
    """Which of these instruments were answered for the visit. Writes nothing."""
    period = period_of(visit.day)
    wrapped = await responses.wrapped_key(tx, period)
    if wrapped is None:
        return set()
    key = unwrap(keys, period, wrapped)
    marks = {_mark(key, visit, instrument): instrument for instrument in instruments}
    return {marks[mark] for mark in await responses.spent(tx, list(marks))}


def _mark(key: bytes, visit: Visit, instrument: str) -> bytes:
    what = f"{visit.who}|{visit.service_id}|{visit.day.isoformat()}|{instrument}"
    return hmac.digest(key, what.encode(), hashlib.sha256)


# --- the key at rest -----------------------------------------------------------------------


def wrap(keys: Keys, period: str, key: bytes) -> bytes:
    """The key of a period as it may stand in the database: nonce, cipher text, tag.

    One block of a keystream that is used for nothing else (a fresh nonce each time), then a tag
    over all of it: encrypt, then authenticate, with a key of its own for each.
    """
    nonce = secrets.token_bytes(_NONCE)
    hidden = _masked(keys, period, nonce, key)
    return nonce + hidden + _tag(keys, period, nonce + hidden)


def unwrap(keys: Keys, period: str, wrapped: bytes) -> bytes:
    """The key again. Raises KeyDamaged when it was not wrapped by this secret for this period."""
    body, tag = wrapped[:-_SIZE], wrapped[-_SIZE:]
    if len(body) != _NONCE + _SIZE or not hmac.compare_digest(tag, _tag(keys, period, body)):
        raise KeyDamaged(f"the key of period {period} does not fit the installation's secret")
    return _masked(keys, period, body[:_NONCE], body[_NONCE:])


def _masked(keys: Keys, period: str, nonce: bytes, block: bytes) -> bytes:
    stream = keys.digest("period/stream", period.encode() + b"|" + nonce)
    return bytes(a ^ b for a, b in zip(block, stream, strict=True))


def _tag(keys: Keys, period: str, body: bytes) -> bytes:
    return keys.digest("period/tag", period.encode() + b"|" + body)
