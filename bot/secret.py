"""The file with the installation's secret."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from domain.errors import Refused
from domain.keys import Keys


class SecretMissing(Refused):
    """The secret file is not there or cannot be used."""


def load_keys(path: Path, *, create: bool) -> Keys:
    """Read the installation's secret; with `create`, make it (mode 0600) if absent.

    On PostgreSQL it must be there already, shared by all who use that database: another secret
    would make every button and invitation invalid. Raises SecretMissing.
    """
    if not path.exists():
        if not create:
            raise SecretMissing("cli.secret_missing", path=str(path))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(made, "w") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError:  # the disk is full: half a secret would stand in the way of the next start
            path.unlink()
            raise
    try:
        return Keys(path.read_bytes().strip())
    except (OSError, ValueError) as error:
        raise SecretMissing("cli.secret_unfit", path=str(path), problem=str(error)) from None
