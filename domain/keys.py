"""The installation's secret, and the separate keys that follow from it."""

from __future__ import annotations

import hashlib
import hmac


class Keys:
    """One secret, one key per purpose: knowing one of them tells nothing about another."""

    def __init__(self, secret: bytes) -> None:
        """Hold the secret. Raises ValueError when it is shorter than 32 bytes."""
        if len(secret) < 32:
            raise ValueError("the installation's secret must have at least 32 bytes")
        self._secret = secret
        self._keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        """Say nothing."""
        return "Keys(…)"

    def key(self, purpose: str) -> bytes:
        """The 32-byte key of one purpose ("callback", "invitation", "inbox", "period")."""
        key = self._keys.get(purpose)
        if key is None:
            named = b"tanggap/" + purpose.encode()
            key = self._keys[purpose] = hmac.digest(self._secret, named, hashlib.sha256)
        return key

    def digest(self, purpose: str, data: bytes) -> bytes:
        """A keyed hash of `data`, 32 bytes, useless without the secret."""
        return hmac.digest(self.key(purpose), data, hashlib.sha256)
