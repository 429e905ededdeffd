"""Expected refusals: not bugs, and never logged as such."""

from __future__ import annotations


class Refused(Exception):
    """Something may not or cannot be done, and the person deserves a sentence.

    `key` names the sentence; `values` fill its slots.
    """

    def __init__(self, key: str, /, **values: str | int) -> None:
        """Keep the sentence's key and values."""
        super().__init__(key, values)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        """The key and the values, for logs and failing tests."""
        filled = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{self.key} ({filled})" if filled else self.key
