"""A full disk ends in a sentence: nothing half written stays, and no log stops the program."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot import logs
from bot.secret import load_keys
from tests.bot.conftest import Shell
from tests.kit.disk import filled, needs_small_disk, small_disk

ENGLISH = {"LANG": "en_US.UTF-8"}


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.mktemp("small")
    needs_small_disk(base)
    with small_disk(base / "disk", "1m") as mounted:
        yield mounted


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for handle in (os.open("/dev/full", os.O_WRONLY), writer):
        target = os.fdopen(handle, "w")
        logs.configure("INFO", stream=target)
        try:
            structlog.get_logger().error("somebody stands before a full disk")
            logging.getLogger("library").error("and so does a library")
        finally:
            logs.configure("WARNING", stream=sys.__stderr__)
            with pytest.raises(OSError):  # noqa: PT011 - full, or nobody reads
                target.close()


def test_a_log_goes_on_when_there_is_space_again(disk: Path) -> None:
    path = disk / "log"
    with path.open("w") as stream:
        logs.configure("INFO", stream=stream)
        try:
            with filled(disk):
                structlog.get_logger().info("lost")
            structlog.get_logger().info("kept")
        finally:
            logs.configure("WARNING", stream=sys.__stderr__)
    assert '"kept"' in path.read_text().splitlines()[-1]


def test_half_a_secret_does_not_stay(disk: Path) -> None:
    path = disk / "secret"
    with filled(disk), pytest.raises(OSError, match="No space"):
        load_keys(path, create=True)
    assert not path.exists()
    load_keys(path, create=True)
    assert path.read_bytes().strip()


def test_sheets_that_find_no_space_leave_nothing_half_written(
    connected: Shell, disk: Path
) -> None:
    connected("seed")
    one, *others = [point["key"] for point in connected.data("points")]
    assert connected("points", "--point", one, "--svg", disk).exit_code == 0
    whole = (disk / f"{one}.svg").read_text()
    with filled(disk):
        result = connected("points", "--svg", disk, **ENGLISH)
        assert result.exit_code == 2
        assert "No space left on device" in result.stderr
        assert {path.name for path in disk.iterdir()} == {f"{one}.svg", "ballast"}
        assert (disk / f"{one}.svg").read_text() == whole
    assert connected("points", "--svg", disk).exit_code == 0
    assert len(list(disk.iterdir())) == 1 + len(others)
