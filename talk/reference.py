"""The short reference of a message: what a resend shows and what a button names."""

from __future__ import annotations

import base64
import hashlib


def reference(cause: str) -> str:
    """Eight letters and digits that follow from the cause, so that a repeat has the same."""
    digest = hashlib.blake2b(cause.encode(), digest_size=5).digest()
    return base64.b32encode(digest).decode()
