"""One bit that tips over in an SQLite file: refused in a sentence, or harmless; never a crash."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter

import pytest

from tests.bot.conftest import Shell

PAGE = 4096
ENGLISH = {"LANG": "en_US.UTF-8"}


@pytest.mark.full
def test_a_file_with_a_wrong_bit_is_refused_or_sound(shell: Shell) -> None:
    """In the head of the file and of its pages, where it matters most."""
    assert shell("seed").exit_code == 0
    path = shell.folder / "data" / "tanggap.db"
    whole, chance, ends = path.read_bytes(), random.Random(1), Counter[str]()
    for number in range(24):
        at = chance.randrange(100)
        if number % 2:
            at = chance.randrange(1, len(whole) // PAGE) * PAGE + chance.randrange(12)
        wrong = bytearray(whole)
        wrong[at] ^= 1 << chance.randrange(8)
        path.write_bytes(wrong)
        result = shell("reconcile", **ENGLISH)
        ends["refused" if result.exit_code else "sound"] += 1
        assert (result.exit_code == 0) is _sound(path), (at, result.stderr)
        if result.exit_code:
            assert result.exit_code == 2
            assert "is damaged" in result.stderr or "cannot be reached" in result.stderr
    assert ends["refused"] > 5
    assert ends["sound"] > 2


def _sound(path: object) -> bool:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
