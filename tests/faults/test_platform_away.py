"""F18, F19, F27–F30: Telegram hangs, drips, cannot be found, is away, or does not know us."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.install import WEBHOOK_PATH
from bot.run import LONGEST_PAUSE, Runner
from bot.serving import listen
from channels.result import Conflict, Ending, Unauthorised
from channels.telegram import Telegram
from channels.telegram.request import TOTAL_TIMEOUT, AiohttpRequest
from simulator import Phone, Simulator
from storage import inbox, outbox
from storage.outbox import State
from storage.session import Database
from talk.messages import Lane, Outbound, Parcel, Policy
from talk.reference import reference
from talk.text import plain
from tests.bot.conftest import TOKEN as LIVING_TOKEN
from tests.bot.living import living, telegram_at, until
from tests.kit.crowd import receivers
from tests.kit.world import TOKEN, World

QUICKER = 8  # times quicker than the real time-out of 20 s
BODY = Outbound(plain("kabar"))


async def _put(world: World, phones: list[Phone], words: str = "kabar", **fields: Any) -> None:
    parcels = [
        Parcel(f"test:{words}:{p.chat_id}", p.chat_id, Outbound(plain(words)), **fields)
        for p in phones
    ]
    async with world.database.transaction() as tx:
        await outbox.put(tx, parcels, at=world.clock.now())


def _copies(phone: Phone, words: str = "kabar") -> int:
    return sum(words in message.text for message in phone.messages)


async def _states(world: World) -> dict[str, int]:
    async with world.database.reading() as tx:
        return await outbox.states(tx)


# --- F18, F19: hanging and dripping, over real HTTP -------------------------------------------


@asynccontextmanager
async def _wired(database: Database, connections: int) -> AsyncIterator[World]:
    """A world that speaks HTTP to its simulator, all waiting of both shortened."""
    with listen("127.0.0.1", 0) as sock:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        client = AiohttpRequest(connections, timeout=TOTAL_TIMEOUT / QUICKER)
        world = World(database, wire=(address, client))
        world.simulator.sleep = lambda seconds: asyncio.sleep(seconds / QUICKER)
        async with telegram_at(sock, world.simulator):
            yield await world.open()
            await world.close()


@pytest.mark.full
@pytest.mark.enable_socket
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_call_that_hangs_or_drips_ends_by_itself_and_delays_no_other_chat(
    database: Database,
) -> None:
    async with _wired(database, connections=4) as world:
        hung, dripped, *others = await receivers(world, 12)
        world.simulator.faults.add(kind="hang", chat=hung.chat_id, seconds=24)
        world.simulator.faults.add(kind="drip", chat=dripped.chat_id)
        await _put(world, [hung, dripped, *others])
        sender, stopping = world.program.sender, asyncio.Event()
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(sender.run(stopping))
            while sum(map(_copies, others)) < len(others):
                await asyncio.sleep(0.01)
            assert len(sender._flying) >= 2, "those two are still waited for"
            while (await _states(world)).get(State.UNCERTAIN, 0) < 2:
                await asyncio.sleep(0.05)
            stopping.set()
            sender.wake()
        assert await _states(world) == {State.SENT: len(others), State.UNCERTAIN: 2}
        assert (_copies(hung), _copies(dripped)) == (0, 1)
        await world.live(15)
        assert (_copies(hung), _copies(dripped)) == (1, 2), "each is resent once"
        assert await _states(world) == {State.SENT: len(others) + 2}


# --- F30: no name, no trust -------------------------------------------------------------------


def _telegram(api_url: str) -> Telegram:
    return Telegram(
        token=TOKEN, key=b"k" * 32, api_url=api_url, request=AiohttpRequest(2, timeout=5)
    )


class Names:
    """The machine's way to look names up, out of order until it is mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken = True
        look_up = asyncio.BaseEventLoop.getaddrinfo

        async def getaddrinfo(loop: Any, host: Any, *rest: Any, **more: Any) -> Any:
            if str(host).endswith(".test"):
                if self.broken:
                    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in resolution")
                host = "127.0.0.1"
            return await look_up(loop, host, *rest, **more)

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


async def test_without_a_name_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch)
    telegram = _telegram("https://api.telegram.test")
    for request in telegram._requests():
        await request.initialize()
    result = await telegram.send("42", BODY, ref=reference("x"))
    await telegram.stop()
    assert result.ending is Ending.NOT_SENT


@pytest.mark.enable_socket
async def test_a_certificate_that_nobody_vouches_for_gets_no_word_of_us(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def listen_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(tmp_path))
    server = await asyncio.start_server(listen_in, "127.0.0.1", 0, ssl=context)
    async with server:
        telegram = _telegram(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for request in telegram._requests():
            await request.initialize()
        result = await telegram.send("42", BODY, ref=reference("x"))
        await telegram.stop()
    assert result.ending is Ending.NOT_SENT
    assert heard in ([], [b""])


def _certificate(folder: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        assert not os.environ.get("CI"), "openssl is missing"
        pytest.skip("openssl is not on this machine")
    certificate, key = folder / "certificate", folder / "key"
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-x509"]
    made += ["-subj", "/CN=127.0.0.1", "-days", "2", "-out", certificate, "-keyout", key]
    subprocess.run(["openssl", "req", *made], check=True, capture_output=True)
    return certificate, key


@pytest.mark.full
@pytest.mark.enable_socket
async def test_it_waits_for_names_to_be_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, telegram = Names(monkeypatch), _simulator()
    with listen("127.0.0.1", 0) as sock:
        address = f"http://api.telegram.test:{sock.getsockname()[1]}"
        async with (
            telegram_at(sock, telegram),
            living(tmp_path, address, web_port=0) as one,
        ):

            async def away() -> str:
                return (await one.parts()).get("platform", "")

            assert "does not answer" in await until(away)
            assert (await one.ask("/healthz"))[0] == 200
            names.broken = False
            await until(one.ready)


# --- F27: the token is revoked ----------------------------------------------------------------

NEW_TOKEN = "7000000001:AAanother-token-that-opens-nothing"


async def test_a_revoked_token_loses_nothing_and_a_new_one_goes_on(world: World) -> None:
    ani, budi = world.phone("Ani"), world.phone("Budi")
    await ani.start()
    await world.program.ingest.poll(seconds=0)
    world.simulator.revoke_token()
    await budi.start()
    with pytest.raises(Unauthorised):
        await world.program.ingest.poll(seconds=0)
    await world.program.worker.step()
    await world._detached()
    await world.program.sender.step()
    assert "401" in (await world.program.readiness())["token"]
    assert await _states(world) == {State.READY: 1}
    for _ in range(20):  # an hour and a half would lose the reply; five minutes do not
        world.clock.advance(timedelta(seconds=16))
        await world.program.sender.step()
    refused = [e for e in world.simulator.record.answered if e.status == 401]
    assert len(refused) <= 30, "it asks again every quarter of a minute, and not more"
    world.simulator.restore_token(NEW_TOKEN)
    world.token = NEW_TOKEN
    await world.crash()
    await world.settle()
    assert [len(p.messages) for p in (ani, budi)] == [2, 2]
    assert (await world.program.readiness())["token"] == "ok"


@pytest.mark.full
@pytest.mark.enable_socket
async def test_a_webhook_notices_a_revoked_token_although_nobody_writes(tmp_path: Path) -> None:
    telegram = _simulator()
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
    given = {
        "telegram_mode": "webhook",
        "webhook_secret": "hush-hush",
        "public_url": f"http://127.0.0.1:{port}",
        "web_port": port,
    }
    with listen("127.0.0.1", 0) as sock:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with telegram_at(sock, telegram), living(tmp_path, address, **given) as one:
            await until(one.ready)
            assert telegram.webhook.url.endswith(WEBHOOK_PATH)
            telegram.revoke_token()
            (watch,) = (tick for tick in one.service.runner._ticks if tick.name == "webhook")
            assert watch.seconds <= 60
            await watch.run()
            status, told = await one.ask("/readyz")
            assert (status, told["parts"]["webhook"]) == (503, "the token is refused (401)")
            telegram.restore_token()
            await watch.run()
            assert await one.ready()


# --- F28: somebody else takes our updates -----------------------------------------------------


def _simulator() -> Simulator:
    return Simulator(token=LIVING_TOKEN, now=lambda: datetime.now(UTC))


@pytest.mark.full
@pytest.mark.enable_socket
async def test_a_foreign_webhook_is_told_and_asked_about_ever_more_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def shorter(_: Runner, seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0.01)

    telegram = _simulator()
    with listen("127.0.0.1", 0) as sock:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with telegram_at(sock, telegram), living(tmp_path, address, web_port=0) as one:
            await until(one.ready)
            monkeypatch.setattr(Runner, "_pause", shorter)
            telegram.updates.webhook_was_set()
            telegram.webhook.set("https://thief.example/hook", "s", 40)

            async def told() -> bool:
                return len(pauses) >= 9 and "another program" in (await one.parts())["poll"]

            await until(told)
            assert (await one.ask("/readyz"))[0] == 503
            assert pauses[:8] == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]
            telegram.webhook.remove()
            await until(one.ready)


async def test_a_second_poller_is_told_and_costs_no_update(world: World) -> None:
    world.simulator.faults.add(kind="409", method="getUpdates", times=3)
    ani = world.phone("Ani")
    await ani.start()
    for _ in range(3):
        with pytest.raises(Conflict):
            await world.program.ingest.poll(seconds=0)
    await world.settle()
    assert len(ani.messages) == 2
    async with world.database.reading() as tx:
        assert await inbox.states(tx) == {inbox.DONE: 1}


# --- F29: ten minutes away --------------------------------------------------------------------

AWAY = 600  # seconds


async def test_after_ten_minutes_away_it_goes_on_and_sends_nothing_late(world: World) -> None:
    phones = await receivers(world, 6)
    now = world.clock.now()
    world.request.refuse = 10**9
    late = {"expires_at": now + timedelta(minutes=5)}
    in_time = {"expires_at": now + timedelta(days=3)}
    reminder, news = (
        {"lane": Lane.REMINDER, "policy": Policy.C},
        {"lane": Lane.BROADCAST, "policy": Policy.D},
    )
    await _put(world, phones[:3], "telat", **reminder, **late)
    await _put(world, phones[3:], "telat", **news, **late)
    await _put(world, phones[3:], "jawaban")  # a reply lives ten minutes
    await _put(world, phones, "masih", **news, **in_time)
    tries = []
    for _ in range(AWAY // 5 + 2):
        await world.program.sender.step()
        world.clock.advance(timedelta(seconds=5))
        tries.append(10**9 - world.request.refuse)
    assert tries[-1] - tries[-30] >= len(phones), "each is tried at least every half minute"
    rows = 15
    assert tries[-1] <= rows * (AWAY / (0.8 * LONGEST_PAUSE) + 8), "and not much more often"
    world.request.refuse = 0
    await world.tick()
    back = world.clock.now()
    await world.live(1.3 * LONGEST_PAUSE)
    assert [_copies(p, "masih") for p in phones] == [1] * 6
    assert [_copies(p, "telat") + _copies(p, "jawaban") for p in phones] == [0] * 6
    assert await _states(world) == {State.SENT: 6, State.EXPIRED: 9}
    last = max(datetime.fromisoformat(e.at) for e in world.simulator.record.accepted)
    assert last - back <= timedelta(seconds=1.2 * LONGEST_PAUSE)
