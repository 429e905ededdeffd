"""The spool's file: what was kept comes back, whatever a crash or the disk did to the rest."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import spool as module
from bot.spool import BYTES, UPDATES, Spool, SpoolFailed, waiting_in
from tests.kit.disk import filled, needs_small_disk, small_disk

THREE = [b'{"update_id": 1}', b'{"update_id": 2,\r\n "x": "\xc3\xa9"}', b"\0\n \xff not JSON"]
UPDATE = st.binary(max_size=60) | st.sampled_from(THREE)


@contextmanager
def opened(path: Path) -> Iterator[Spool]:
    spool = Spool(path)
    try:
        yield spool
    finally:
        spool.close()


async def _all(spool: Spool) -> tuple[list[bytes], int]:
    """Everything that waits, handed on batch by batch, and how much of it was damaged."""
    updates: list[bytes] = []
    damaged = 0
    while spool.waiting:
        batch = await spool.read()
        updates += batch.updates
        damaged += batch.damaged
        await spool.forget(batch)
    return updates, damaged


async def _found(path: Path) -> tuple[list[bytes], int]:
    """The same by the next process."""
    with opened(path) as spool:
        return await _all(spool)


def _file(folder: Path, updates: list[bytes]) -> tuple[Path, list[int]]:
    """A spool in which these wait, and where each of their records ends."""
    path = folder / "1.spool"
    path.unlink(missing_ok=True)

    async def fill() -> list[int]:
        with opened(path) as spool:
            ends = []
            for update in updates:
                await spool.append([update])
                ends.append(path.stat().st_size)
            return ends

    return path, asyncio.run(fill())


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property: each makes its file anew."""
    return tmp_path_factory.mktemp("spool")


# --- kept and given back --------------------------------------------------------------------


@given(st.lists(st.lists(UPDATE, max_size=4), max_size=6), st.booleans())
def test_what_is_kept_comes_back_byte_by_byte_in_order(
    ground: Path, portions: list[list[bytes]], restart: bool
) -> None:
    path = ground / "1.spool"

    async def story() -> tuple[list[bytes], int]:
        with opened(path) as spool:
            for portion in portions:
                await spool.append(portion)
            if not restart:
                return await _all(spool)
        return await _found(path)

    assert asyncio.run(story()) == ([update for portion in portions for update in portion], 0)
    assert path.stat().st_size == 0


async def test_it_is_handed_on_in_bounded_batches(tmp_path: Path) -> None:
    many = [b"%d" % n for n in range(2 * UPDATES + 1)]
    big = [b"%d" % n * (BYTES // 3) for n in range(7)]
    with opened(tmp_path / "1.spool") as spool:
        await spool.append(many)
        sizes = []
        while spool.waiting:
            batch = await spool.read()
            sizes.append(len(batch.updates))
            await spool.forget(batch)
        assert sizes == [UPDATES, UPDATES, 1]
        await spool.append(big)
        batch = await spool.read()
        assert 1 <= len(batch.updates) < len(big)
        assert (await _all(spool))[0] == big, "what is not forgotten comes again"


async def test_what_comes_while_it_is_read_is_not_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path / "1.spool") as spool:
        await spool.append([b"one"])
        batch = await spool.read()
        await asyncio.gather(spool.append([b"two"]), spool.forget(batch))
        assert spool.waiting
        assert await _all(spool) == ([b"two"], 0)
        assert not spool.waiting


async def test_something_waits_from_the_moment_it_is_brought(tmp_path: Path) -> None:
    """Or a later update could go past it while the disk is still at work."""
    with opened(tmp_path / "1.spool") as spool:
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(spool.append([b"one"]))
            await asyncio.sleep(0)
            assert spool.waiting
            assert not keeping.done()
        assert spool.waiting


async def test_callers_at_once_share_a_turn_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, all_there = [], threading.Event()

    def slow(handle: int, sync: object = os.fsync) -> None:
        all_there.wait(30)
        turns.append(handle)

    with opened(tmp_path / "1.spool") as spool:
        monkeypatch.setattr(module.os, "fsync", slow)
        async with asyncio.TaskGroup() as group:
            for n in range(40):
                group.create_task(spool.append([b"%d" % n]))
            await asyncio.sleep(0)
            all_there.set()
        assert len(turns) <= 2
        assert sorted((await _all(spool))[0]) == sorted(b"%d" % n for n in range(40))


async def test_a_caller_who_left_loses_nobody_elses(tmp_path: Path) -> None:
    with opened(tmp_path / "1.spool") as spool:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(spool.append([b"%d" % n])) for n in range(9)]
            await asyncio.sleep(0)
            tasks[4].cancel()
        kept, damaged = await _all(spool)
        assert damaged == 0
        assert {b"%d" % n for n in range(9) if n != 4} <= set(kept)
        assert not spool.waiting


# --- crashes and rot ------------------------------------------------------------------------


@pytest.mark.parametrize("last", [*THREE, b"", b"x" * 200])
def test_a_tail_torn_at_any_byte_is_counted_and_the_rest_handed_on(
    tmp_path: Path, last: bytes
) -> None:
    path, ends = _file(tmp_path, [*THREE, last])
    whole = path.read_bytes()
    for cut in range(ends[-2], ends[-1] + 1):
        path.write_bytes(whole[:cut])
        updates, damaged = asyncio.run(_found(path))
        # The break at its end may be missing: the record itself is whole, and proves it.
        complete = cut >= ends[-1] - 1
        assert updates == [*THREE, *([last] if complete else [])], cut
        assert damaged == (not complete and cut > ends[-2] + 1), cut
        assert path.stat().st_size == 0


@given(st.lists(UPDATE, min_size=1, max_size=5), st.data())
def test_a_file_cut_anywhere_gives_all_that_stands_before_and_after(
    ground: Path, updates: list[bytes], data: st.DataObject
) -> None:
    """After the crash the next process goes on writing behind the torn record."""
    path, ends = _file(ground, updates)
    cut = data.draw(st.integers(0, ends[-1]))
    path.write_bytes(path.read_bytes()[:cut])

    async def story() -> list[bytes]:
        with opened(path) as spool:
            await spool.append([b"after"])
            return (await _all(spool))[0]

    before = [update for update, end in zip(updates, ends, strict=True) if end - 1 <= cut]
    assert asyncio.run(story()) == [*before, b"after"]


@given(st.lists(UPDATE, min_size=1, max_size=6), st.data())
def test_damage_costs_only_the_records_it_touches(
    ground: Path, updates: list[bytes], data: st.DataObject
) -> None:
    """Other bytes, more or fewer, line breaks and whole records' beginnings among them."""
    path, ends = _file(ground, updates)
    starts = [0, *ends[:-1]]
    first = data.draw(st.integers(0, len(updates) - 1))
    last = data.draw(st.integers(first, len(updates) - 1))
    begin = data.draw(st.integers(starts[first], ends[first] - 1))
    stop = data.draw(st.integers(max(begin, starts[last]), ends[last]))
    rot = data.draw(st.binary(max_size=80) | st.text("\n 1af=", max_size=80).map(str.encode))
    whole = path.read_bytes()
    path.write_bytes(whole[:begin] + rot + whole[stop:])
    found, _ = asyncio.run(_found(path))
    assert found[:first] == updates[:first]
    assert found[len(found) - (len(updates) - last - 1) :] == updates[last + 1 :]
    assert len(found) <= len(updates)


@pytest.mark.parametrize("place", range(4))
def test_damage_is_counted(tmp_path: Path, place: int) -> None:
    path, ends = _file(tmp_path, [*THREE, b"four"])
    whole = bytearray(path.read_bytes())
    whole[ends[place] - 4] ^= 1
    path.write_bytes(whole)
    updates, damaged = asyncio.run(_found(path))
    assert updates == [u for n, u in enumerate([*THREE, b"four"]) if n != place]
    assert damaged == 1


# --- the disk -------------------------------------------------------------------------------


async def test_a_full_disk_acknowledges_nothing_and_loses_nothing(tmp_path: Path) -> None:
    needs_small_disk(tmp_path)
    with small_disk(tmp_path / "small", "64k") as disk, opened(disk / "1.spool") as spool:
        kept: list[bytes] = []
        refused: list[str] = []
        for n in range(200):
            update = b"%d " % n * 200
            try:
                await spool.append([update])
            except SpoolFailed as error:
                refused.append(str(error))
            else:
                kept.append(update)
        assert len(kept) > 10
        assert len(refused) > 10
        assert set(refused) == {os.strerror(28)}
        assert await _all(spool) == (kept, 0), "and no half record of the refused ones"
        await spool.append([b"room again"])
        assert await _all(spool) == ([b"room again"], 0)


async def test_a_full_disk_opens_what_is_there(tmp_path: Path) -> None:
    needs_small_disk(tmp_path)
    with small_disk(tmp_path / "small", "64k") as disk:
        with opened(disk / "1.spool") as spool:
            await spool.append([b"kept"])
        with filled(disk):
            assert await _found(disk / "1.spool") == ([b"kept"], 0)


async def test_a_disk_that_fails_to_write_through_acknowledges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    with opened(tmp_path / "1.spool") as spool:
        await spool.append([b"kept"])
        with monkeypatch.context() as patched:
            patched.setattr(module.os, "fsync", broken)
            with pytest.raises(SpoolFailed, match="Input/output error"):
                await spool.append([b"refused"])
        assert await _all(spool) == ([b"kept"], 0)


TAKEN_AWAY = {
    "removed": Path.unlink,
    "moved": lambda path: path.rename(path.with_name("moved")),
    "moved, and another put there": lambda path: (
        path.rename(path.with_name("moved")),
        path.touch(0o600),
    ),
    "cut off": lambda path: os.truncate(path, 0),
}


@pytest.mark.parametrize("take_away", TAKEN_AWAY.values(), ids=TAKEN_AWAY)
@pytest.mark.parametrize("handed_on", [False, True])
async def test_a_file_taken_away_under_us_is_made_anew(
    tmp_path: Path, take_away: Callable[[Path], object], handed_on: bool
) -> None:
    """What went with it is gone; what comes next stands where it is looked for."""
    path = tmp_path / "1.spool"
    with opened(path) as spool:
        await spool.append([b"%d, taken away by somebody" % n for n in range(UPDATES + 1)])
        if handed_on:
            await spool.forget(await spool.read())
        take_away(path)
        await spool.append([b"kept"])
        assert waiting_in(tmp_path) == 1
        assert await _all(spool) == ([b"kept"], 0)
        assert path.stat().st_size == 0


@pytest.mark.parametrize("left", [0, 100])
@pytest.mark.parametrize("reading", [False, True])
async def test_a_file_cut_off_under_us_comes_to_its_end(
    tmp_path: Path, left: int, reading: bool
) -> None:
    """Nothing is brought meanwhile: whoever hands on must not look for the rest for ever."""
    path = tmp_path / "1.spool"
    with opened(path) as spool:
        await spool.append([b"%d" % n for n in range(2 * UPDATES + 1)])
        await spool.forget(await spool.read())
        batch = await spool.read() if reading else None
        os.truncate(path, left)
        if batch is not None:
            await spool.forget(batch)
        async with asyncio.timeout(10):
            updates, _ = await _all(spool)
        assert updates == [b"%d" % n for n in range(len(updates))]
        assert bool(updates) == bool(left)


async def test_a_file_removed_while_it_is_handed_on_takes_nothing_new_along(
    tmp_path: Path,
) -> None:
    path = tmp_path / "1.spool"
    with opened(path) as spool:
        await spool.append([b"handed on, and longer than what follows"])
        batch = await spool.read()
        path.unlink()
        await spool.append([b"kept"])
        await spool.forget(batch)
        assert await _all(spool) == ([b"kept"], 0)


async def test_a_disk_that_fails_while_it_is_emptied_costs_nothing_that_comes_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, "UPDATES", 1)
    with opened(tmp_path / "1.spool") as spool:
        await spool.append([b"handed on", b"handed on, too"])
        await spool.forget(await spool.read())
        last = await spool.read()
        with monkeypatch.context() as patched:
            patched.setattr(module.os, "fsync", broken)
            with pytest.raises(SpoolFailed):
                await spool.forget(last)
        assert not spool.waiting, "or it would be looked for without end"
        await spool.append([b"kept"])
        assert await _all(spool) == ([b"kept"], 0)


async def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(tmp_path / "deep" / "spool" / "1.spool") as spool:
            await spool.append([b"personal"])
    finally:
        os.umask(before)
    modes = [
        stat.S_IMODE((tmp_path / "deep" / "spool" / name).stat().st_mode)
        for name in ("1.spool", ".")
    ]
    assert modes == [0o600, 0o700]


def test_a_second_process_does_not_get_it(tmp_path: Path) -> None:
    with opened(tmp_path / "1.spool"):
        with pytest.raises(BlockingIOError):
            Spool(tmp_path / "1.spool")
        with opened(tmp_path / "2.spool"):
            pass  # another bot has a file of its own
    with opened(tmp_path / "1.spool"):
        pass


def test_somebody_beside_can_count_what_waits(tmp_path: Path) -> None:
    assert waiting_in(tmp_path) == 0
    path, ends = _file(tmp_path, THREE)
    assert waiting_in(tmp_path) == 3
    path.write_bytes(path.read_bytes()[: ends[-1] - 5])
    assert waiting_in(tmp_path) == 2
