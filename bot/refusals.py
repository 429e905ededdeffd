"""Why a command cannot do what was asked: sentences of the catalogue, and an exit code."""

from __future__ import annotations

from domain.errors import Refused


class CannotStart(Refused):
    """Settings or surroundings that somebody must put right first (exit code 2)."""


class Wrong(Refused):
    """The work was done and the answer is "something is wrong" (exit code 1)."""
