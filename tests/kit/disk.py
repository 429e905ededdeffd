"""A disk so small that a test can fill it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(at: Path, size: str) -> Iterator[Path]:
    """A file system of so many bytes ("8m") in memory, mounted at a new folder.

    Raises OSError where that is not allowed: only root may mount, and not in every container.
    """
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at)]
    done = subprocess.run(mount, capture_output=True, check=False, text=True)
    if done.returncode:
        raise OSError(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


def needs_small_disk(folder: Path) -> None:
    """Skip the test where none can be mounted; fail where everything must be there."""
    try:
        with small_disk(folder / "try", "64k"):
            pass
    except OSError as error:
        if not os.environ.get("CI"):
            pytest.skip(str(error))
        raise


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is left on the disk of this folder."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as filling:
        for size in (65536, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    filling.write(bytes(size))
    try:
        yield
    finally:
        ballast.unlink()
