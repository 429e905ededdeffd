"""What the phones page asks: what is shown, what is refused, and how a stream ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from simulator import CastMember, Scannable, Simulator, Stage

TOKEN = "7000000001:TEST-token_of_the_simulator"


class Page:
    """A stage of one person and a client that asks like the page."""

    def __init__(self) -> None:
        self.moved = timedelta()
        self.simulator = Simulator(token=TOKEN, now=lambda: datetime.now(UTC))
        cast = [CastMember("Siti Rahma", 501, "citizen", {"id": "Pindai QR."})]
        self.simulator.stage = Stage({"id": "Kota"}, cast, self.codes, self.office, self.advance)
        self.siti = self.simulator.person("Siti Rahma", user_id=501)
        self.address = ""
        self.session: aiohttp.ClientSession

    async def codes(self) -> Sequence[Scannable]:
        return [Scannable("Loket", "1", "p 1/x")]

    async def office(self) -> Mapping[str, Any]:
        return {"now": "2026-11-23T08:00:00+07:00", "zone": "WIB", "due": []}

    async def advance(self, step: timedelta) -> None:
        self.moved += step

    async def post(self, path: str, body: Any, **headers: str) -> int:
        url = f"{self.address}/sim/{path}"
        async with self.session.post(url, json=body, headers=headers) as answer:
            return answer.status

    async def get(self, path: str) -> aiohttp.ClientResponse:
        answer = await self.session.get(self.address + path)
        await answer.read()
        return answer


@pytest.fixture
async def page(served: Any) -> AsyncIterator[Page]:
    page = Page()
    async with served(page.simulator.app) as address, aiohttp.ClientSession() as session:
        page.address, page.session = address, session
        yield page


async def test_every_answer_is_guarded(page: Page) -> None:
    for path in ("/", "/sim/page/main.js", "/sim/page/page.css", "/sim/state", "/sim/qr/x"):
        answer = await page.get(path)
        assert answer.status == 200, path
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("/sim/page/..%2Fserver.py", "/sim/page/nope.js", "/sim/files/x"):
        assert (await page.get(path)).status == 404, path


async def test_a_person_acts(page: Page) -> None:
    assert await page.post("phones/501/start", {"payload": "loket"}) == 200
    assert page.siti.messages[-1].text == "/start loket"
    assert await page.post("phones/501/send", {"text": "halo"}) == 200
    for what in ("contact", "location", "voice", "photo", "sticker"):
        assert await page.post("phones/501/attach", {"what": what}) == 200
    assert await page.post("phones/501/tap", {"data": "x", "message_id": 1}) == 200
    assert await page.post("phones/501/block", {}) == 200
    assert page.siti.blocked
    assert await page.post("phones/501/send", {"text": "halo"}) == 409
    assert await page.post("phones/501/unblock", {}) == 200
    state = await (await page.get("/sim/state")).json()
    [siti] = state["cast"]
    assert siti["messages"][0]["text"] == "/start", "the app hides the payload"
    assert [m["attached"] for m in siti["messages"][2:]] == [
        "contact",
        "location",
        "voice",
        "photo",
        "sticker",
    ]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("phones/501/send", {"text": "x"}, {"origin": "https://evil.example"}, 403),
        ("phones/501/send", {"text": "x"}, {"content-type": "text/plain"}, 415),
        ("phones/501/send", {"text": "  "}, {}, 400),
        ("phones/501/send", [], {}, 400),
        ("phones/501/attach", {"what": "bomb"}, {}, 400),
        ("phones/501/dance", {}, {}, 404),
        ("phones/999/send", {"text": "x"}, {}, 404),
        ("advance", {"to": "next"}, {}, 409),
        ("advance", {"seconds": 5}, {"origin": "https://evil.example"}, 403),
    ],
)
async def test_what_the_page_may_not_do(
    page: Page, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    assert await page.post(path, body, **headers) == status
    assert not page.siti.started
    assert page.moved == timedelta()


async def test_time_never_runs_backwards(page: Page) -> None:
    assert await page.post("advance", {"seconds": -60}) == 200
    assert await page.post("advance", {"seconds": 3600}) == 200
    assert page.moved == timedelta(hours=1)


async def test_codes_and_files(page: Page) -> None:
    [code] = await (await page.get("/sim/scannables")).json()
    assert code["link"] == "https://t.me/TanggapDemoBot?start=p%201%2Fx"
    image = await page.get("/sim/qr/p%201")
    assert image.content_type == "image/svg+xml"
    assert b"<svg" in await image.read()
    await page.siti.start()
    for name, kind, way in (
        ("a é.html", "text/html", "attachment"),
        ("a.pdf", "application/pdf", "inline"),
    ):
        files = {"document": (name, b"<script>", kind)}
        await page.simulator.call(TOKEN, "sendDocument", {"chat_id": 501}, files)
        assert page.siti.last.document
        answer = await page.get(f"/sim/files/{page.siti.last.document.file_id}")
        assert answer.headers["content-disposition"].startswith(way)
        assert (answer.content_type == "text/html") is False


async def test_a_stream_tells_and_ends(page: Page) -> None:
    async def listen() -> list[str]:
        async with page.session.get(f"{page.address}/sim/events") as answer:
            assert answer.content_type == "text/event-stream"
            lines: list[str] = []
            async for line in answer.content:
                lines.append(line.decode())
                if line == b"event: office\n":
                    ready.set()
            return lines

    ready = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        await ready.wait()
        await page.post("phones/501/start", {})
        await page.simulator.call(TOKEN, "sendMessage", {"chat_id": 501, "text": "Halo"})
        await page.siti.press_raw("x", 2)
        tap = next(iter(page.simulator.cloud.taps))
        answer = {"callback_query_id": tap, "text": "Ya", "show_alert": True}
        await page.simulator.call(TOKEN, "answerCallbackQuery", answer)
        await page.simulator.call(TOKEN, "deleteMessage", {"chat_id": 501, "message_id": 2})
        await asyncio.sleep(0.05)
        page.simulator.close()
    lines = listening.result()
    names = [line[7:-1] for line in lines if line.startswith("event: ")]
    told = ["hello", "office", "message", "phone", "message", "toast", "answered", "message"]
    assert names == told
    data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert data[4]["message"]["text"] == "Halo"
    assert data[5] == {"user_id": 501, "text": "Ya", "alert": True, "url": None}
    assert data[7]["message"]["deleted"]
    assert page.simulator.cloud.watchers == [], "a page that left is forgotten"


async def test_the_page_is_told_of_every_kind_of_message(page: Page) -> None:
    await page.siti.start()

    async def send(method: str, files: Any = None, **params: Any) -> None:
        params = {"chat_id": 501, **params}
        status, body = await page.simulator.call(TOKEN, method, params, files)
        assert status == 200, body

    size = (4).to_bytes(4) + (3).to_bytes(4)
    await send("sendPhoto", {"photo": b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + size})
    asks = {"text": "Nomor", "request_contact": True}
    await send("sendMessage", text="a", reply_markup={"keyboard": [["Ya"], [asks]]})
    await send("sendMessage", text="b", reply_markup={"remove_keyboard": True})
    app = {"text": "Buka", "web_app": {"url": "https://a.example.id"}}
    both = [[app, {"text": "Ya", "callback_data": "y"}]]
    await send("sendMessage", text="c", reply_markup={"inline_keyboard": both})
    state = await (await page.get("/sim/state")).json()
    photo, keyboard, removed, inline = state["cast"][0]["messages"][1:]
    assert (photo["photo"]["width"], photo["photo"]["height"]) == (4, 3)
    assert keyboard["reply_rows"] == [
        [{"label": "Ya", "contact": False}],
        [{"label": "Nomor", "contact": True}],
    ]
    assert removed["reply_rows"] == []
    assert inline["rows"] == [
        [{"label": "Buka", "url": "https://a.example.id"}, {"label": "Ya", "data": "y"}]
    ]
