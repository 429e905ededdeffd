"""The parameters of one call, whichever way they came: JSON, a form or Python values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from simulator.strict import bad_request

# What was uploaded under a field name: bytes, or (file name, bytes), or (file name, bytes, type).
Upload = bytes | tuple[str, bytes] | tuple[str, bytes, str]


class Params:
    """Reads values strictly; a form sends everything as text and nested values as JSON."""

    def __init__(self, values: Mapping[str, Any], files: Mapping[str, Upload] | None = None):
        self.values = {key: value for key, value in values.items() if value is not None}
        self.files = dict(files or {})

    def text(self, name: str) -> str | None:
        """A text; numbers are taken as their digits, as Telegram does."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return str(value)
        raise bad_request(f'field "{name}" must be of type String')

    def integer(self, name: str) -> int | None:
        """A whole number."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad_request(f'invalid parameter "{name}" specified') from None

    def boolean(self, name: str) -> bool:
        """True for true, "true", "yes" and 1."""
        return str(self.values.get(name, "")).lower() in {"true", "yes", "1"}

    def json(self, name: str, what: str) -> Any:
        """A nested value; `what` names it in the error."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise bad_request(f"can't parse {what} JSON object") from None

    def upload(self, name: str) -> tuple[str, bytes, str] | None:
        """The file of a field: sent under that name or attached under another one."""
        value = self.values.get(name)
        key = name
        if isinstance(value, str) and value.startswith("attach://"):
            key = value.removeprefix("attach://")
        found = self.files.get(key)
        if found is None:
            return None
        if isinstance(found, bytes):
            return key, found, "application/octet-stream"
        if len(found) == 2:
            return found[0], found[1], "application/octet-stream"
        return found

    @property
    def attached(self) -> set[str]:
        """The names of uploads that another field refers to."""
        mark = "attach://"
        texts = (value for value in self.values.values() if isinstance(value, str))
        return {text.removeprefix(mark) for text in texts if text.startswith(mark)}

    def chat(self) -> int | str | None:
        """The chat as given, for faults and the record; never raises."""
        value = self.values.get("chat_id")
        if isinstance(value, bool) or not isinstance(value, int | str):
            return None
        try:
            return int(value)
        except ValueError:
            return value
