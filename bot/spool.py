"""Updates on disk while the database is away: kept before they are confirmed, handed on in order.

One file, one record on each line:

    line break, checksum, blank, update in base64, line break

Both breaks belong to the record. Whatever becomes of its bytes (cut off anywhere by a crash, other
bytes in their place), the records before and after it stand on lines of their own and are read.
Base64 has no line break, and gives every update back byte by byte: the inbox knows it by a hash.

The file grows until all of it is committed to the inbox, and is emptied then. Where the reading
stands is kept in memory only: after a crash all is handed on again, and the inbox takes nothing
twice. It holds personal data in the clear: mode 0600, and never in a backup.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from binascii import Error, a2b_base64, b2a_base64
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar
from zlib import crc32

R = TypeVar("R")

UPDATES = 200  # in one batch that is handed on, at the most: twice what a poll brings
BYTES = 1024 * 1024  # of the file in one batch: it ends with the record that reaches this


class SpoolFailed(ConnectionError):
    """The spool could not be written or read; nothing was acknowledged.

    For whoever asks it is the same as a database that cannot be reached: try again later.
    """

    def __init__(self, error: OSError) -> None:
        """Say what the system said, without a path."""
        super().__init__(error.strerror or type(error).__name__)


class Batch(NamedTuple):
    """What comes next in the spool."""

    updates: list[bytes]
    damaged: int  # lines that are no record: torn by a crash, or rotten
    end: int  # bytes from the start of the file to where the next batch begins
    last: bool  # nothing stood behind it
    opening: int  # which file: one that was taken away or cut off is followed by another


class Spool:
    """The file of one bot. One process holds it, and in it one thread touches it."""

    def __init__(self, path: Path) -> None:
        """Open it; it and its folder are made if they are not there. Raises OSError.

        BlockingIOError when another process holds it.
        """
        self._path = path
        self._unwritten: deque[tuple[bytes, Future[None]]] = deque()
        self._under_way = 0
        self._openings = 0
        self._file = self._open()
        self._thread = ThreadPoolExecutor(1, "spool")

    @property
    def waiting(self) -> bool:
        """Whether anything is in it or on its way into it: then nothing may go past it."""
        return self.size > 0 or self._under_way > 0

    async def append(self, updates: Sequence[bytes]) -> None:
        """Keep `updates`, in this order; they are on disk when this returns. Raises SpoolFailed.

        Calls that come while the disk is at work share its next turn.
        """
        kept: Future[None] = Future()
        self._unwritten.append((b"".join(map(_record, updates)), kept))
        self._under_way += 1
        try:
            self._thread.submit(self._write_all)
            await asyncio.wrap_future(kept)
        finally:
            self._under_way -= 1

    async def read(self) -> Batch:
        """What comes next. Raises SpoolFailed."""
        return await self._in_thread(self._read)

    async def forget(self, batch: Batch) -> None:
        """`batch` is safe elsewhere; with the last one the file is emptied. Raises SpoolFailed."""
        await self._in_thread(lambda: self._forget(batch))

    def close(self) -> None:
        """Let go of it when what is being written is written. What waits in it stays."""
        self._thread.shutdown()
        os.close(self._file)

    async def _in_thread(self, work: Callable[[], R]) -> R:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except OSError as error:
            raise SpoolFailed(error) from error

    # --- in the thread, but for the first opening ------------------------------------------

    def _open(self) -> int:
        folder = self._path.parent
        new = [where for where in (folder, *folder.parents) if not where.exists()]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for where in (folder, *(made.parent for made in new)):
                _sync(where)  # after a power cut, what has no name on disk is not there
            self.size = os.fstat(file).st_size
        except OSError:
            os.close(file)
            raise
        self._position = 0
        self._openings += 1
        return file

    def _write_all(self) -> None:
        taken = []
        while self._unwritten:
            records, kept = self._unwritten.popleft()
            if kept.set_running_or_notify_cancel():
                taken.append((records, kept))
        if not taken:
            return  # an earlier turn took it along
        try:
            self._write(b"".join(records for records, _ in taken))
        except OSError as error:
            for _, kept in taken:
                kept.set_exception(SpoolFailed(error))
        else:
            for _, kept in taken:
                kept.set_result(None)

    def _write(self, records: bytes) -> None:
        if not self._in_place():  # somebody took it away, and what waited in it
            gone, self._file = self._file, self._open()
            os.close(gone)
        self._take_stock()
        try:
            left = memoryview(records)
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError:
            # Nobody was told that these are kept; half of one would only be counted as damage.
            os.ftruncate(self._file, self.size)
            raise
        finally:
            self.size = os.fstat(self._file).st_size

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), os.stat(self._path))
        except FileNotFoundError:
            return False

    def _take_stock(self) -> None:
        """Begin anew with what is there when somebody else has cut the file off or added to it."""
        size = os.fstat(self._file).st_size
        if size != self.size:
            self.size, self._position = size, 0
            self._openings += 1

    def _read(self) -> Batch:
        self._take_stock()
        updates: list[bytes] = []
        damaged, end = 0, self._position
        with open(self._file, "rb", closefd=False) as file:
            file.seek(end)
            for line in file:
                end += len(line)
                if line == b"\n":
                    continue
                update = _update(line)
                if update is None:
                    damaged += 1
                else:
                    updates.append(update)
                if len(updates) == UPDATES or end - self._position >= BYTES:
                    break
        return Batch(updates, damaged, end, last=end >= self.size, opening=self._openings)

    def _forget(self, batch: Batch) -> None:
        if batch.opening != self._openings:
            return  # what stands in this file was never in that batch
        if batch.end < self.size:
            self._position = batch.end
            return
        os.ftruncate(self._file, 0)
        # It is empty from here on, whether that reaches the disk or not.
        self._position = self.size = 0
        os.fsync(self._file)


def waiting_in(folder: Path) -> int:
    """How many updates wait in a folder, told beside the program. Raises OSError."""
    found = 0
    for path in folder.glob("*.spool"):
        with path.open("rb") as file:
            found += sum(_update(line) is not None for line in file)
    return found


def _record(update: bytes) -> bytes:
    coded = b2a_base64(update, newline=False)
    return b"\n%08x %b\n" % (crc32(coded), coded)


def _update(line: bytes) -> bytes | None:
    """The update on a line; None when it is no whole record."""
    checksum, blank, coded = line.removesuffix(b"\n").partition(b" ")
    if not blank or checksum != b"%08x" % crc32(coded):
        return None
    try:
        return a2b_base64(coded, strict_mode=True)
    except Error:
        return None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
