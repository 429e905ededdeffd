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

    def __repr__(self) -> str:
        """Say nothing."""
        return "Keys(…)"

    def key(self, purpose: str) -> bytes:
        """The 32-byte key of one purpose ("callback", "invitation", "inbox", "period")."""
        return hmac.digest(self._secret, b"tanggap/" + purpose.encode(), hashlib.sha256)

    def digest(self, purpose: str, data: bytes) -> bytes:
        """A keyed hash of `data`, 32 bytes, useless without the secret."""
        return hmac.digest(self.key(purpose), data, hashlib.sha256)
