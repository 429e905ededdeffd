"""The phones page in a real browser: wide and narrow, by hand and by keyboard, and by axe."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from simulator import CastMember, Scannable, Simulator, Stage
from storage import inbox
from storage.outbox import State

pytestmark = [pytest.mark.full, pytest.mark.timeout(180)]

TOKEN = "7000000001:TEST-token_of_the_simulator"
WIB = timezone(timedelta(hours=7))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}


class City:
    """A stage of three people and a clock that only moves forward when asked."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 1, 5, tzinfo=UTC)
        self.responses = 0
        self.simulator = Simulator(token=TOKEN, now=lambda: self.time)
        cast = [
            CastMember("Siti Rahma", 501, "citizen", {"id": "Pindai QR.", "en": "Scan a code."}),
            CastMember("Dewi Lestari", 502, "staff", {"id": "Buka undangan."}),
            CastMember("Agus Wijaya", 503, "admin", {"id": "Buat pengumuman."}),
        ]
        self.simulator.stage = Stage(
            {"id": "Kota Contoh", "en": "Sample City"},
            cast,
            self.codes,
            self.office,
            self.advance,
        )

    async def codes(self) -> Sequence[Scannable]:
        return [
            Scannable("Kecamatan Melati", "Loket 1", "p-melati"),
            Scannable("staff", "Puskesmas Kenanga", "i-dewi", "invite"),
        ]

    async def office(self) -> Mapping[str, Any]:
        due = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
        what = {"id": "Pelajaran", "en": "Lesson"}
        later = [{"at": due.isoformat(), "what": what, "who": "Dewi"}]
        return {
            "now": self.time.astimezone(WIB).isoformat(),
            "zone": "WIB",
            "responses": self.responses,
            "quick": 0,
            "units": [{"name": "Kecamatan Melati", "n": 3, "ikm": "87.50", "grade": "B"}],
            "outbox": {"sent": self.responses, "failed": 0},
            "inbox": {},
            "due": later if due > self.time else [],
        }

    async def advance(self, step: timedelta) -> None:
        self.time += step

    async def call(self, method: str, **params: Any) -> Any:
        files = params.pop("files", None)
        _, body = await self.simulator.call(TOKEN, method, params, files)
        answer = json.loads(body)
        assert answer["ok"], answer
        return answer["result"]

    async def live(self) -> None:
        """The scripted bot: asks after a start, thanks for a tap, repeats a text."""
        commands = [{"command": "bantuan", "description": "Cara memakai"}]
        await self.call("setMyCommands", commands=commands)
        offset = 0
        while True:
            for update in await self.call("getUpdates", offset=offset, timeout=50):
                offset = update["update_id"] + 1
                if "message" in update:
                    await self.on_message(update["message"])
                elif "callback_query" in update:
                    await self.on_tap(update["callback_query"])

    async def on_message(self, message: dict[str, Any]) -> None:
        chat = message["chat"]["id"]
        text = message.get("text", "(lain)")
        if text == "berkas":
            file = ("rekap.csv", b"a;b\n", "text/csv")
            await self.call("sendDocument", chat_id=chat, files={"document": file})
        elif text.startswith("/start"):
            rows = [
                [{"text": "Baik", "callback_data": "3"}, {"text": "Buruk", "callback_data": "1"}]
            ]
            await self.call(
                "sendMessage",
                chat_id=chat,
                text=f"Halo <img src=x> {text.removeprefix('/start ')}",
                entities=[{"type": "bold", "offset": 0, "length": 4}],
                reply_markup={"inline_keyboard": rows},
            )
        else:
            await self.call("sendMessage", chat_id=chat, text=f"Anda menulis: {text}")

    async def on_tap(self, query: dict[str, Any]) -> None:
        self.responses += 1
        alert = query["data"] == "1"
        tap = query["id"]
        await self.call(
            "answerCallbackQuery", callback_query_id=tap, text="Tercatat", show_alert=alert
        )
        message = query["message"]
        await self.call(
            "editMessageText",
            chat_id=message["chat"]["id"],
            message_id=message["message_id"],
            text=f"Terima kasih: {query['data']}",
        )


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        assert os.environ.get("CI") != "true", "CI must have chromium"  # noqa: TID251
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(browser: Browser, served: Any, size: Any) -> AsyncIterator[tuple[City, Page]]:
    """The page before a living city; whatever the browser complains about fails the test."""
    city = City()
    complaints: list[str] = []
    async with served(city.simulator.app) as address, asyncio.TaskGroup() as group:
        living = group.create_task(city.live())
        page = await browser.new_page(viewport=size)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        await page.goto(address)
        await expect(page.get_by_role("heading", name="Kota Contoh")).to_be_visible()
        await expect(page.locator(".seat:visible").first).to_be_visible()
        yield city, page
        await page.close()
        living.cancel()
        city.simulator.close()
    assert complaints == []


async def serious(page: Page) -> list[str]:
    """What axe calls serious or critical."""
    result = await Axe().run(page)
    found = result.response["violations"]
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


async def test_a_citizen_scans_rates_and_the_office_sees_it(browser: Browser, served: Any) -> None:
    async with opened(browser, served, WIDE) as (city, page):
        siti = page.get_by_role("region", name="Ponsel Siti Rahma, Warga")
        dewi = page.get_by_role("region", name="Ponsel Dewi Lestari, Pegawai")
        await expect(dewi).to_be_visible()
        await siti.get_by_role("button", name="Pindai QR").click()
        await expect(page.get_by_alt_text("Kode QR Kecamatan Melati")).to_be_visible()
        assert await serious(page) == []
        await page.get_by_role("button", name="Kecamatan Melati").click()
        log = siti.get_by_role("log")
        await expect(log).to_contain_text("Halo <img src=x> p-melati")
        await expect(log).to_contain_text("08.05")
        await expect(log.locator("strong")).to_have_text("Halo")
        await expect(log.locator(".from-person")).to_contain_text("/start")
        await expect(log.locator(".from-person")).not_to_contain_text("p-melati")
        await siti.get_by_role("button", name="Baik").click()
        await expect(siti.get_by_role("status")).to_have_text("Tercatat")
        await expect(log).to_contain_text("Terima kasih: 3")
        await expect(log).to_contain_text("diedit")
        await expect(siti.get_by_role("button", name="Baik")).to_have_count(0)
        office = page.get_by_role("complementary", name="Yang terlihat di kantor")
        await expect(office.locator(".figure").first).to_have_text("1Respons")
        await expect(office).to_contain_text("87,50")
        await siti.get_by_label("Tulis pesan").fill("berkas")
        await siti.get_by_label("Tulis pesan").press("Enter")
        link = siti.get_by_role("link", name="Buka berkas rekap.csv")
        async with page.expect_download() as download:
            await link.click()
        assert (await (await download.value).path()).read_bytes() == b"a;b\n"
        assert await serious(page) == []


async def test_the_clock_moves_to_what_is_due(browser: Browser, served: Any) -> None:
    async with opened(browser, served, WIDE) as (city, page):
        clock = page.get_by_role("region", name="Waktu kantor")
        await expect(clock).to_contain_text("08.05 WIB")
        await clock.get_by_role("button", name="+1 jam").click()
        await expect(clock).to_contain_text("09.05 WIB")
        await clock.get_by_role("button", name="Ke jadwal berikutnya").click()
        await expect(clock).to_contain_text("Selasa, 24 November 2026")
        await expect(clock).to_contain_text("08.00 WIB")
        assert city.time == datetime(2026, 11, 24, 1, 0, 1, tzinfo=UTC)
        await expect(clock.get_by_role("button", name="Ke jadwal berikutnya")).to_be_disabled()
        await clock.get_by_role("button", name="+1 hari").click()
        await expect(clock).to_contain_text("Rabu, 25 November 2026")


async def test_one_phone_at_a_time_on_a_narrow_screen(browser: Browser, served: Any) -> None:
    async with opened(browser, served, NARROW) as (city, page):
        people = page.get_by_role("navigation", name="Tampilkan ponsel")
        await expect(page.locator(".seat:visible")).to_have_count(1)
        siti = page.get_by_role("region", name="Ponsel Siti Rahma, Warga")
        await siti.get_by_role("button", name="Mulai").click()
        await siti.get_by_role("button", name="Buruk").click()
        alert = siti.get_by_role("alertdialog", name="Tercatat")
        await alert.get_by_role("button", name="OK").click()
        await expect(alert).to_be_hidden()
        assert await serious(page) == []
        await people.get_by_role("button", name="Agus Wijaya").click()
        await expect(siti).to_be_hidden()
        await city.call("sendMessage", chat_id=501, text="Pengumuman")
        await expect(people.get_by_role("button", name="Siti Rahma")).to_contain_text("1")
        await people.get_by_role("button", name="Kantor").click()
        await expect(page.get_by_role("complementary")).to_be_visible()
        assert await serious(page) == []
        await page.get_by_role("button", name="English").click()
        await expect(
            page.get_by_role("complementary", name="What the office sees")
        ).to_be_visible()
        await page.get_by_role("button", name="Siti Rahma").click()
        siti = page.get_by_role("region", name="Phone of Siti Rahma, Citizen")
        await expect(siti).to_contain_text("Scan a code.")
        await expect(siti.get_by_role("log")).to_contain_text("Pengumuman")
        wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, "nothing sticks out sideways"


async def test_the_page_says_everything_in_both_languages(browser: Browser, served: Any) -> None:
    """The tables of words have the same keys, and every state of a queue has a word."""
    async with opened(browser, served, WIDE) as (_, page):
        tables = await page.evaluate("import('/sim/page/words.js').then((page) => page.WORDS)")
        assert shape(tables["id"]) == shape(tables["en"])
        states = {*State, inbox.WAITING, inbox.DONE, inbox.QUARANTINED}
        assert set(tables["en"]["states"]) == {str(state) for state in states}


def shape(table: Any) -> Any:
    """The keys of a table of words, and the slots of each sentence."""
    if isinstance(table, str):
        assert table
        return sorted(re.findall(r"\{\w+\}", table))
    return {key: shape(value) for key, value in table.items()}


async def test_the_page_in_english(browser: Browser, served: Any) -> None:
    async with opened(browser, served, WIDE) as (_, page):
        await page.get_by_role("button", name="English").click()
        await expect(page).to_have_title("Sample City")
        await expect(page.get_by_role("heading", name="Sample City")).to_be_visible()
        office = page.get_by_role("complementary", name="What the office sees")
        await expect(office).to_contain_text("Lesson")
        await expect(office).to_contain_text("08:00")
        siti = page.get_by_role("region", name="Phone of Siti Rahma, Citizen")
        await siti.get_by_role("button", name="Scan QR").click()
        await expect(page.get_by_alt_text("QR code of Civil servant's invitation")).to_be_visible()
        await page.keyboard.press("Escape")
        # Who has chosen is asked again neither by a reload nor by the language of the demo.
        await page.reload()
        await expect(page.get_by_role("heading", name="Sample City")).to_be_visible()


async def test_the_page_begins_in_the_language_of_the_demo(browser: Browser, served: Any) -> None:
    city = City()
    assert city.simulator.stage is not None
    city.simulator.stage = replace(city.simulator.stage, language="en")
    async with served(city.simulator.app) as address:
        page = await browser.new_page(viewport=WIDE)
        await page.goto(address)
        await expect(page.get_by_role("heading", name="Sample City")).to_be_visible()
        await page.get_by_role("button", name="Indonesia").click()
        await page.reload()
        await expect(page.get_by_role("heading", name="Kota Contoh")).to_be_visible()
        await page.close()
        city.simulator.close()


@pytest.mark.parametrize("width", [320, 390, 900, 1280])
async def test_with_many_phones_the_page_never_scrolls_sideways(
    browser: Browser, served: Any, width: int
) -> None:
    city = City()
    stage = city.simulator.stage
    assert stage is not None
    more = [CastMember(f"Warga {n}", 600 + n, "citizen", {"id": "Pindai QR."}) for n in range(4)]
    title = {"id": "Tanggap: Kota Tanjung Contoh Raya"}
    city.simulator.stage = replace(stage, title=title, cast=[*stage.cast, *more])
    async with served(city.simulator.app) as address:
        page = await browser.new_page(viewport={"width": width, "height": 800})
        await page.goto(address)
        chips = page.get_by_role("navigation", name="Tampilkan ponsel").get_by_role("button")
        await expect(chips.first).to_be_visible()
        if width > 899:
            while await chips.and_(page.locator("[aria-pressed=false]:visible")).count():
                await chips.and_(page.locator("[aria-pressed=false]:visible")).first.click()
            # The row of phones scrolls in itself, as far as whoever was chosen last.
            last = page.get_by_role("region", name="Ponsel Warga 3, Warga")
            await expect(last).to_be_in_viewport(ratio=0.9)
        assert await page.evaluate(TOO_WIDE) == [], "nothing is cut off, only phones may scroll"
        await page.close()
        city.simulator.close()


TOO_WIDE = """[...document.querySelectorAll("html, body, body *")]
    .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.tagName} ${one.className}`)
    .filter((name) => !["DIV phones", "SPAN unseen"].includes(name))"""


async def test_everything_by_keyboard(browser: Browser, served: Any) -> None:
    async with opened(browser, served, NARROW) as (city, page):
        press = page.keyboard.press
        siti = page.get_by_role("region", name="Ponsel Siti Rahma, Warga")

        async def tab_to(name: str) -> None:
            for _ in range(40):
                await press("Tab")
                label = await page.evaluate(
                    "document.activeElement.ariaLabel ?? document.activeElement.textContent"
                )
                if label.strip() == name:
                    outline = "getComputedStyle(document.activeElement).outlineStyle"
                    assert await page.evaluate(outline) == "solid", f"{name}: focus is not seen"
                    return
            raise AssertionError(f"{name} can't be reached by Tab")

        await tab_to("Pindai QR")
        await press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        await press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await press("Enter")
        await expect(siti.get_by_role("log")).to_contain_text("Halo")
        await tab_to("Baik")
        await press("Enter")
        await expect(siti.get_by_role("log")).to_contain_text("Terima kasih: 3")
        await tab_to("Menu perintah")
        await press("Enter")
        await press("Enter")
        await expect(siti.get_by_role("log")).to_contain_text("Anda menulis: /bantuan")
        await expect(siti.get_by_label("Tulis pesan")).to_be_focused()
        await page.keyboard.type("halo")
        await press("Enter")
        await expect(siti.get_by_role("log")).to_contain_text("Anda menulis: halo")
        await expect(siti.get_by_label("Tulis pesan")).to_have_value("")
        await tab_to("Kirim yang lain")
        await press("Enter")
        await press("Escape")
        await expect(siti.get_by_role("button", name="Kirim yang lain")).to_be_focused()
        for _ in range(40):
            await press("Shift+Tab")
            if await siti.get_by_role("button", name="Lainnya").evaluate(
                "node => node === document.activeElement"
            ):
                break
        await press("Enter")
        await press("Enter")
        await expect(siti).to_contain_text("bot diblokir")
        assert city.simulator.person("Siti Rahma").blocked
        await tab_to("Buka blokir")
        await press("Enter")
        await expect(siti.get_by_label("Tulis pesan")).to_be_visible()
        assert not city.simulator.person("Siti Rahma").blocked
