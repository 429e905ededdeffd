"""The same door over loopback HTTP: three kinds of body, broken connections, real webhooks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import Simulator

TOKEN = "7000000001:TEST-token_of_the_simulator"


@pytest.fixture
def real() -> Simulator:
    """On real time: sockets do not wait for a hand-moved clock."""
    return Simulator(token=TOKEN, now=lambda: datetime.now(UTC))


async def test_json_forms_and_multipart_mean_the_same(real: Simulator, served: Any) -> None:
    siti = real.person("Siti")
    await siti.start()
    async with served(real.app) as address, aiohttp.ClientSession() as session:
        url = f"{address}/bot{TOKEN}/"
        send: dict[str, Any] = {"chat_id": siti.chat_id, "text": "Halo"}
        for body in ({"json": send}, {"data": {k: str(v) for k, v in send.items()}}):
            async with session.post(url + "sendMessage", **body) as answer:
                assert (await answer.json())["result"]["text"] == "Halo"
        async with session.get(url + "sendMessage", params=send) as answer:
            assert answer.status == 200
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("chat_id", str(siti.chat_id))
        form.add_field("document", "attach://isi")
        form.add_field("isi", b"a;b\r\n1;2\r\n", filename="rekap é.csv", content_type="text/csv")
        async with session.post(url + "sendDocument", data=form) as answer:
            document = (await answer.json())["result"]["document"]
        assert (document["file_name"], document["mime_type"]) == ("rekap é.csv", "text/csv")
        assert siti.last.document_bytes == b"a;b\r\n1;2\r\n"
        async with session.post(url + "sendTelepathy") as answer:
            assert answer.status == 404
        async with session.post(f"{address}/bot1:x/getMe") as answer:
            assert (answer.status, (await answer.json())["description"]) == (401, "Unauthorized")
        async with session.post(url + "getMe", data=b"{", headers=JSON) as answer:
            assert answer.status == 400


JSON = {"content-type": "application/json"}


async def test_connections_break_as_scripted(real: Simulator, served: Any) -> None:
    siti = real.person("Siti")
    await siti.start()
    async with served(real.app) as address, aiohttp.ClientSession() as session:
        url = f"{address}/bot{TOKEN}/sendMessage"
        send = {"chat_id": siti.chat_id, "text": "Halo"}
        for kind, accepted in (("drop_before", 0), ("drop_after", 1)):
            real.faults.add(kind=kind)
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.post(url, json=send)
            assert len(real.record.accepted) == accepted
        real.faults.add(kind="502")
        async with session.post(url, json=send) as answer:
            assert (answer.status, answer.content_type) == (502, "text/html")
        real.faults.add(kind="wrong_type")
        async with session.post(url, json=send) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
        real.faults.add(kind="drip")
        async with session.post(url, json=send) as answer:
            slow = asyncio.wait_for(answer.read(), 0.2)
            with pytest.raises(TimeoutError):
                await slow
        assert len(real.record.accepted) == 3
        async with session.post(url, json=send) as answer:
            assert answer.status == 200


async def test_a_long_poll_over_http_is_woken(real: Simulator, served: Any) -> None:
    siti = real.person("Siti")
    async with served(real.app) as address, aiohttp.ClientSession() as session:
        url = f"{address}/bot{TOKEN}/getUpdates"

        async def poll() -> Any:
            async with session.post(url, json={"timeout": 50}) as answer:
                return await answer.json()

        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(poll())
            await asyncio.sleep(0.05)
            await siti.start("x")
        [update] = waiting.result()["result"]
        assert update["message"]["text"] == "/start x"


async def test_a_webhook_over_http(real: Simulator, served: Any) -> None:
    got: list[tuple[Any, str]] = []
    whole = asyncio.Event()

    async def hook(request: Request) -> Response:
        secret = request.headers["x-telegram-bot-api-secret-token"]
        got.append((await request.json(), secret))
        if len(got) == 3:
            whole.set()
        return Response(status_code=500 if len(got) == 1 else 200)

    office = Starlette(routes=[Route("/hook", hook, methods=["POST"])])
    siti = real.person("Siti")
    async with served(real.app), served(office) as address:
        hooked = {"url": f"{address}/hook", "secret_token": "rahasia"}
        assert (await real.call(TOKEN, "setWebhook", hooked))[0] == 200
        await siti.start("x")
        await siti.send("halo")
        async with asyncio.timeout(20):
            await whole.wait()
    texts = [update["message"]["text"] for update, _ in got]
    assert texts == ["/start x", "/start x", "halo"]
    assert {secret for _, secret in got} == {"rahasia"}


async def test_without_a_stage_there_is_no_page(real: Simulator, served: Any) -> None:
    async with served(real.app) as address, aiohttp.ClientSession() as session:
        for path in ("/", "/sim/state", "/sim/events", "/sim/page/main.js", "/sim/qr/x"):
            async with session.get(address + path) as answer:
                assert answer.status == 404
