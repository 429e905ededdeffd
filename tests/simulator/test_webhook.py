"""Pushing: order per chat, retries, Retry-After, expiry, the secret, and real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from simulator import Phone, Receipt, Simulator

URL = "https://kota.example.id/hook"


class Office:
    """The bot's address: it keeps what comes and answers as the test says."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.answer: Callable[[dict[str, Any]], Receipt] = lambda _: Receipt(200)

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
        assert url == URL
        update = json.loads(body)
        self.got.append(update)
        self.headers.append(headers)
        return self.answer(update)

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got]


@pytest.fixture
def office() -> Office:
    return Office()


async def push(simulator: Simulator, office: Office) -> None:
    """Deliver until nothing is due now."""
    while await simulator.webhook.step(office):
        pass


async def test_updates_are_pushed_with_the_secret_and_confirmed(
    bot: Any, simulator: Simulator, siti: Phone, office: Office
) -> None:
    await siti.send("sebelum")
    await bot("setWebhook", url=URL, secret_token="rahasia_1")
    await siti.send("sesudah")
    await push(simulator, office)
    assert office.texts == ["sebelum", "sesudah"]
    assert {h["X-Telegram-Bot-Api-Secret-Token"] for h in office.headers} == {"rahasia_1"}
    assert len(simulator.record.confirmed) == 3
    assert (await bot("getWebhookInfo"))["pending_update_count"] == 0


async def test_a_failure_is_retried_at_once_then_ever_later(
    bot: Any, simulator: Simulator, siti: Phone, office: Office, clock: Any
) -> None:
    await bot("setWebhook", url=URL)
    office.answer = lambda _: Receipt(500)
    await siti.send("halo")
    times: list[float] = []
    for _ in range(400):
        before = len(office.got)
        await simulator.webhook.step(office)
        times += [clock.passed] * (len(office.got) - before)
        if len(times) == 10:
            break
        if len(office.got) == before:
            await clock.move(1)
    gaps = [late - early for early, late in zip(times, times[1:], strict=False)]
    assert gaps == [0, 2, 4, 8, 16, 32, 60, 60, 60]
    info = await bot("getWebhookInfo")
    assert info["pending_update_count"] == 1
    assert info["last_error_message"] == "Wrong response from the webhook: 500"


async def test_retry_after_is_honoured(
    bot: Any, simulator: Simulator, siti: Phone, office: Office, clock: Any
) -> None:
    await bot("setWebhook", url=URL)
    office.answer = lambda _: Receipt(503, {"retry-after": "30"})
    await siti.send("halo")
    await push(simulator, office)
    await clock.move(29)
    await push(simulator, office)
    assert len(office.got) == 1
    office.answer = lambda _: Receipt(200)
    await clock.move(1)
    await push(simulator, office)
    assert office.texts == ["halo", "halo"]
    assert len(simulator.record.confirmed) == 2


async def test_retry_after_stands_in_place_of_ever_longer_pauses(
    bot: Any, simulator: Simulator, siti: Phone, office: Office, clock: Any
) -> None:
    await bot("setWebhook", url=URL)
    office.answer = lambda _: Receipt(503, {"retry-after": "5"})
    await siti.send("halo")
    for tries in range(1, 9):
        await push(simulator, office)
        assert len(office.got) == tries
        await clock.move(5)


async def test_one_chat_waits_in_order_and_the_others_go_on(
    bot: Any, simulator: Simulator, siti: Phone, office: Office, clock: Any
) -> None:
    budi = simulator.person("Budi")
    await bot("setWebhook", url=URL)
    office.answer = lambda u: Receipt(500 if u["message"]["chat"]["id"] == siti.chat_id else 200)
    await siti.send("S1")
    await siti.send("S2")
    await budi.send("B1")
    await budi.send("B2")
    await push(simulator, office)
    assert office.texts == ["S1", "B1", "S1", "B2"]
    office.answer = lambda _: Receipt(200)
    await clock.move(2)
    await push(simulator, office)
    assert office.texts[4:] == ["S1", "S2"]


async def test_a_tap_may_overtake_a_text(
    bot: Any, simulator: Simulator, siti: Phone, office: Office
) -> None:
    await bot.ask(siti, "Ya")
    await bot("setWebhook", url=URL)
    office.answer = lambda u: Receipt(500 if "message" in u else 200)
    await siti.send("halo")
    await siti.tap("Ya")
    await push(simulator, office)
    assert [u["callback_query"]["data"] for u in office.got if "callback_query" in u] == ["Ya"]
    assert (await bot("getWebhookInfo"))["pending_update_count"] == 1


async def test_a_tap_is_given_up_when_its_next_try_would_be_too_late(
    bot: Any, simulator: Simulator, siti: Phone, office: Office, clock: Any
) -> None:
    await bot.ask(siti, "Ya")
    await bot("setWebhook", url=URL)
    office.answer = lambda _: Receipt(503, {"retry-after": "200"})
    await siti.tap("Ya")
    await push(simulator, office)
    assert len(office.got) == 1
    assert len(simulator.record.lost) == 1
    await clock.move(300)
    await push(simulator, office)
    assert len(office.got) == 1


async def test_a_lost_connection_is_a_failure(
    bot: Any, simulator: Simulator, siti: Phone, clock: Any
) -> None:
    async def broken(_: str, __: bytes, ___: Mapping[str, str]) -> Receipt:
        raise ConnectionResetError

    await bot("setWebhook", url=URL)
    await siti.send("halo")
    assert await simulator.webhook.step(broken) == 1
    info = await bot("getWebhookInfo")
    assert info["last_error_message"] == "Connection failed: ConnectionResetError"


async def test_too_many_failing_chats_hold_up_everyone(
    bot: Any, simulator: Simulator, office: Office
) -> None:
    await bot("setWebhook", url=URL, max_connections=1)
    office.answer = lambda u: Receipt(500 if u["message"]["text"] == "racun" else 200)
    for number in range(3):
        await simulator.person(f"Racun {number}").send("racun")
    await push(simulator, office)
    await simulator.person("Sehat").send("halo")
    await push(simulator, office)
    assert "halo" not in office.texts


async def test_the_loop_delivers_and_retries_by_itself(
    bot: Any, make: Callable[..., Simulator], office: Office, clock: Any
) -> None:
    simulator = make(poster=office)
    siti = simulator.person("Siti")
    refusals = iter([500, 500])
    office.answer = lambda _: Receipt(next(refusals, 200))
    params = {"url": URL}
    async with asyncio.TaskGroup() as group:
        running = group.create_task(simulator.run())
        await clock.move(0)
        await simulator.call("7000000001:TEST-token_of_the_simulator", "setWebhook", params)
        await siti.send("halo")
        await clock.move(0)
        assert office.texts == ["halo", "halo"]
        await clock.move(2)
        assert office.texts == ["halo"] * 3
        await siti.send("lagi")
        await clock.move(0)
        assert office.texts[3:] == ["lagi"]
        running.cancel()
    assert len(simulator.record.confirmed) == 2


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"url": "http://kota.example.id/hook"}, "An HTTPS URL must be provided for webhook"),
        ({"url": URL, "secret_token": "ra ha"}, "secret token contains unallowed characters"),
        ({"url": URL, "max_connections": 101}, "max_connections must be between"),
        ({"url": URL, "allowed_updates": "nope"}, "can't parse allowed updates"),
    ],
)
async def test_webhooks_that_are_refused(bot: Any, params: dict[str, Any], words: str) -> None:
    assert words in await bot.refused("setWebhook", **params)


async def test_a_webhook_may_be_local_and_may_drop_what_waits(
    bot: Any, simulator: Simulator, siti: Phone
) -> None:
    await siti.send("lama")
    await bot("setWebhook", url="http://127.0.0.1:8080/hook", drop_pending_updates=True)
    info = await bot("getWebhookInfo")
    assert (info["pending_update_count"], info["max_connections"]) == (0, 40)
    assert len(simulator.record.lost) == 1
    _, body = await bot.raw("deleteWebhook")
    assert json.loads(body)["description"] == "Webhook was deleted"
    assert (await bot("getWebhookInfo"))["url"] == ""
