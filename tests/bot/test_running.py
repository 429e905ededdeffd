"""`run` meets the world: a network that is away, a refused token, webhooks, a stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.install import WEBHOOK_PATH
from bot.run import ASKED_PAUSE, Runner
from bot.serving import listen
from simulator import Phone, Simulator
from storage import outbox
from storage.outbox import State
from tests.bot.conftest import SECRET_PART, TOKEN, Shell
from tests.bot.living import Living, living, telegram_at, until

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def both(folder: Path, simulator: Simulator, **given: object) -> AsyncIterator[Living]:
    """The simulator and a program on it."""
    with listen("127.0.0.1", 0) as sock:
        async with telegram_at(sock, simulator):
            address = f"http://127.0.0.1:{sock.getsockname()[1]}"
            async with living(folder, address, web_port=0, **given) as one:
                yield one


async def answered(phone: Phone) -> bool:
    return any(message.from_bot for message in phone.messages)


async def test_it_waits_for_the_network_with_its_port_open_and_red(
    tmp_path: Path, telegram: Simulator
) -> None:
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
    async with living(tmp_path, f"http://127.0.0.1:{port}", web_port=0) as one:

        async def away() -> str:
            return (await one.parts()).get("platform", "")

        assert "does not answer" in await until(away)
        assert (await one.ask("/healthz")) == (200, {"status": "alive"})
        status, told = await one.ask("/readyz")
        assert (status, told["status"]) == (503, "not ready")
        assert SECRET_PART not in str(told)
        with listen("127.0.0.1", port) as sock:
            async with telegram_at(sock, telegram):
                await until(one.ready)
                phone = telegram.person("Ani")
                await phone.start()
                await until(lambda: answered(phone))
                assert set((await one.parts()).values()) == {"ok"}
                one.service.runner.stop()


async def test_a_refused_token_is_red_and_heals_without_a_restart(
    tmp_path: Path, telegram: Simulator
) -> None:
    telegram.revoke_token()
    async with both(tmp_path, telegram) as one:

        async def refused() -> bool:
            return "refused (401)" in (await one.parts()).get("platform", "")

        await until(refused)
        telegram.restore_token()
        await until(one.ready)
        telegram.revoke_token()  # the owner pressed "Revoke" while we run

        async def refused_again() -> bool:
            return "refused (401)" in (await one.parts())["poll"]

        telegram.updates.close()  # the long poll under way comes to its end
        await until(refused_again)
        assert (await one.ask("/healthz"))[0] == 200
        telegram.restore_token()
        await until(one.ready)


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
async def test_told_to_wait_for_hours_it_asks_again_after_a_minute(
    tmp_path: Path, telegram: Simulator, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    pauses: list[float] = []

    async def shorter(_: Runner, seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0.01)

    monkeypatch.setattr(Runner, "_pause", shorter)
    for wait in (20, 3_600, 10_072):
        telegram.faults.add(kind="429", method=method, retry_after=wait, times=1)
    async with both(tmp_path, telegram) as one:
        await until(one.ready)
        phone = telegram.person("Ani")
        await phone.start()
        await until(lambda: answered(phone))
    assert pauses == [20, ASKED_PAUSE, ASKED_PAUSE]


async def test_polling_takes_a_webhook_off_and_hangs_the_menu_out(
    tmp_path: Path, telegram: Simulator
) -> None:
    telegram.webhook.set("https://old.example/hook", "s", 40)
    async with both(tmp_path, telegram) as one:
        await until(one.ready)
        assert telegram.webhook.url == ""
        phone, visitor = telegram.person("Ani"), telegram.person("Ann", language="en")
        names = [entry["command"] for entry in phone.menu_commands]
        assert "nilai" in names
        assert "umumkan" not in names  # what only some may do is not offered to everybody
        assert names == [entry["command"] for entry in visitor.menu_commands]
        assert phone.menu_commands != visitor.menu_commands  # described in each one's language
        assert phone.menu_button == {"type": "commands"}


async def test_a_webhook_is_set_guarded_used_and_watched(
    tmp_path: Path, telegram: Simulator
) -> None:
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    given = {
        "telegram_mode": "webhook",
        "webhook_secret": "hush-hush",
        "public_url": url + "/",
        "web_port": port,
    }
    with listen("127.0.0.1", 0) as sock:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with telegram_at(sock, telegram), living(tmp_path, address, **given) as one:
            await until(one.ready)
            assert telegram.webhook.url == url + WEBHOOK_PATH
            assert telegram.webhook.secret == "hush-hush"
            async with asyncio.TaskGroup() as group:
                pushing = group.create_task(telegram.run())
                phone = telegram.person("Ani")
                await phone.start()
                await until(lambda: answered(phone))
                pushing.cancel()
            for headers in ({}, {"x-telegram-bot-api-secret-token": "hush"}):
                assert await one.post(WEBHOOK_PATH, b"{}", headers) == 403
            telegram.webhook.set("https://thief.example/hook", "s", 40)
            await one.service.runner.tick_all()
            assert "another address" in (await one.parts())["webhook"]
            assert (await one.ask("/readyz"))[0] == 503
            telegram.webhook.set(url + WEBHOOK_PATH, "hush-hush", 40)
            await one.service.runner.tick_all()
            assert await one.ready()


async def test_a_stop_lets_calls_end_and_writes_down_how(
    tmp_path: Path, telegram: Simulator
) -> None:
    telegram.faults.add(kind="delay_after", method="sendMessage", seconds=1.0)
    async with both(tmp_path, telegram) as one:
        await until(one.ready)
        phone = telegram.person("Ani")
        await phone.start()
        await until(lambda: answered(phone))  # accepted there, not yet answered to us
        database = one.service.program.database
        async with database.reading() as tx:
            assert await outbox.states(tx) == {State.SENDING: 1}
        one.service.runner.stop()

        async def settled() -> bool:
            async with database.reading() as tx:
                return await outbox.states(tx) == {State.SENT: 1}

        await until(settled)


# --- as a process ----------------------------------------------------------------------------


def environment(shell: Shell, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANGGAP")}
    set_ = {name: value for name, value in shell.env.items() if value is not None}
    return {**kept, **set_, "PYTHONPATH": str(ROOT), "LANG": "en_US.UTF-8", **more}


def test_a_running_bot_stands_beside_commands_and_stops_at_a_word(
    connected: Shell, telegram: Simulator
) -> None:
    """The log at its loudest never shows the token; a second process is refused."""
    env = environment(connected, TANGGAP_LOG_LEVEL="DEBUG", TANGGAP_WEB_PORT="0")
    command = [sys.executable, "-m", "bot", "run"]
    with (connected.folder / "log").open("w") as log:
        first = subprocess.Popen(command, cwd=connected.folder, env=env, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not telegram.cloud.commands:
                assert time.monotonic() < deadline
                assert first.poll() is None
                time.sleep(0.05)
            second = subprocess.run(
                command, cwd=connected.folder, env=env, capture_output=True, text=True, check=False
            )
            assert second.returncode == 2
            assert "in use by a running bot" in second.stderr
            assert connected("migrate").exit_code == 2
            assert connected("seed").exit_code == 0
            assert connected("invite", "--role", "admin").exit_code == 0
            assert connected.data("reconcile")["agrees"] is True
            started = time.monotonic()
            first.send_signal(signal.SIGTERM)
            assert first.wait(timeout=30) == 0
            assert time.monotonic() - started < 10
        finally:
            first.kill()
            first.wait()
    written = (connected.folder / "log").read_text()
    assert SECRET_PART not in written
    assert TOKEN not in written
    events = [json.loads(line) for line in written.splitlines()]
    assert events
    assert all(datetime.fromisoformat(event["timestamp"]).tzinfo == UTC for event in events)
