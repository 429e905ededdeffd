"""The benches beside others in their shortest form: they still run, and they would notice."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bench import inbound, outbound, outbox, paired
from storage.session import Database

pytestmark = [pytest.mark.full, pytest.mark.timeout(300), pytest.mark.enable_socket]


async def _length(reader: asyncio.StreamReader) -> int:
    """Read one request's head; the length of its body, 0 when nobody asks any more."""
    length = 0
    while (line := await reader.readline()).strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return length


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is measured here is no result to keep."""
    monkeypatch.setattr(paired, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def _present(names: list[str]) -> list[str]:
    if not paired.ready_made():
        if os.environ.get("CI") == "true":
            pytest.fail("the peers' environment is missing: make .venv-peers/ready")
        pytest.skip("the peers' environment is not there: make .venv-peers/ready")
    return names


async def test_every_bot_makes_the_whole_journey(results: Path) -> None:
    names = _present(["tanggap", "bare_ptb", "naive_ptb", "aiogram_fsm"])
    rows = await inbound.run(names, rounds=1, seconds=1.5, citizens=4)
    assert [row["bot"] for row in rows] == names
    assert all(row["taps/s"] > 0 and row["p99 idle"] > 0 for row in rows), rows
    assert len(os.listdir(results)) == 1


async def test_every_sender_sends_what_was_asked() -> None:
    names = _present([*outbound.CONTESTANTS])
    rows = await outbound.run(names, rounds=1, paced=0, messages=100)
    rows += await outbound.run(["tanggap"], rounds=0, paced=2, messages=None, rate=50)
    assert [row["bot"] for row in rows] == [*names, "tanggap"]
    assert all(row["messages/s"] > 0 for row in rows), rows


async def test_an_announcement_to_many_leaves_nobody_out(database: Database) -> None:
    row = await outbox.battle(database, 12_000)
    assert not outbox.wrong(row), row


async def test_a_bot_that_says_nothing_is_noticed() -> None:
    """A bot that takes updates and stays silent."""

    writers: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while length := await _length(reader):
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    silent = await asyncio.start_server(take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"
    with paired.workshop() as base:
        stub = paired.Stub(base, 0.0)
        few = {"citizens": 3, "payloads": [], "warm": 0.1, "seconds": 0.2, "patience": 0.2}
        told = await stub.order("load", url=url, secret="s", pid=os.getpid(), **few)
        stub.close()
    silent.close()
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    assert (told["taps"], told["unanswered"]) == (0, 3)
