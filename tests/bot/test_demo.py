"""The demo: one command, one address, a city that lives, and a clock that loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import SystemClock
from bot.demo import Demo, opening
from bot.install import read_settings, working
from bot.serving import listen
from content import load
from domain import calendar
from domain.reconcile import reconcile
from simulator import Phone, Stage
from storage import due
from tests.bot.conftest import TOKEN

JAKARTA = ZoneInfo("Asia/Jakarta")
BANK = load()
JOIN = "staff"
LESSON = {language: BANK.sentence(language, "demo.due_lesson") for language in ("id", "en")}
START = datetime(2025, 1, 1, tzinfo=UTC)


@given(st.integers(0, 5 * 365 * 24 * 60).map(lambda m: START + timedelta(minutes=m)))
def test_it_opens_at_nine_on_the_next_working_day(now: datetime) -> None:
    opened = opening(now)
    local = opened.astimezone(JAKARTA)
    assert opened >= now
    assert local.time() == time(9)
    assert calendar.is_working_day(local.date())
    # There is no earlier such morning that is still to come.
    day = now.astimezone(JAKARTA).date()
    while day < local.date():
        morning = datetime.combine(day, time(9), JAKARTA)
        assert morning < now or not calendar.is_working_day(day)
        day += timedelta(days=1)


class Opened:
    """A demo at work, and its phones."""

    def __init__(self, demo: Demo, address: str) -> None:
        self.demo = demo
        self.simulator = demo.simulator
        self.address = address

    def phone(self, name: str) -> Phone:
        assert self.simulator.stage is not None
        member = next(one for one in self.simulator.stage.cast if one.name == name)
        return self.simulator.person(name, user_id=member.user_id)

    @property
    def stage(self) -> Stage:
        assert self.simulator.stage is not None
        return self.simulator.stage

    async def payload(self, label: str, kind: str = "point") -> str:
        found = [one for one in await self.stage.scannables() if one.kind == kind]
        return next(one.payload for one in found if label in (one.label, one.sublabel))

    async def quiet(self) -> None:
        await self.demo.mover.quiet()


@asynccontextmanager
async def opened(
    folder: Path, through: Callable[[str], str] = lambda address: address
) -> AsyncIterator[Opened]:
    """A demo in this process, ready; `through` may put something in the bot's way to it."""
    with listen("127.0.0.1", 0) as sock:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        settings = read_settings(
            _env_file=None,
            database_url=f"sqlite:///{folder / 'tanggap.db'}",
            secret_file=folder / "secret",
            telegram_token=TOKEN,
            telegram_api_url=through(address),
        )
        ready = asyncio.Event()
        async with working(settings) as place, asyncio.TaskGroup() as group:
            demo = Demo(settings, place, SystemClock(), BANK)
            group.create_task(demo.run(sock, ready.set))
            try:
                async with asyncio.timeout(45):
                    await ready.wait()
                yield Opened(demo, address)
            finally:
                demo.service.runner.stop()


async def test_the_city_has_people_things_to_scan_and_a_first_lesson(tmp_path: Path) -> None:
    async with opened(tmp_path) as city:
        cast = city.stage.cast
        assert [one.role for one in cast] == ["citizen"] * 3 + ["staff"] * 2 + ["admin"]
        assert all(one.intro["id"] and one.intro["en"] for one in cast)
        assert {one.kind for one in await city.stage.scannables()} == {"point", "invite"}
        office = await city.stage.office()
        now = datetime.fromisoformat(office["now"])
        assert now.astimezone(JAKARTA).hour == 9
        assert office["zone"] == "WIB"
        # Rina's lesson comes at nine by itself; Yusuf's is announced for ten.
        await city.demo.service.runner.tick_all()
        await city.quiet()
        rina = city.phone("Rina")
        shown = [button.label for row in rina.last.keyboard for button in row]
        assert shown == ["A", "B", "C"], "it is the last thing on her screen"
        due_next = (await city.stage.office())["due"]
        assert (LESSON, "Yusuf") in [(one["what"], one["who"]) for one in due_next]
        # Who serves here sees what only they may do; who is a citizen has not been written to.
        assert "umumkan" in str(city.phone("Dewi").messages).lower()
        assert city.phone("Sari").messages == []


async def test_every_invitation_on_the_wall_can_be_used(tmp_path: Path) -> None:
    async with opened(tmp_path) as city:
        first = await city.payload(JOIN, "invite")
        assert await city.payload(JOIN, "invite") == first  # looking does not make new ones
        maria = city.phone("Maria")
        await maria.start(first)
        await city.quiet()
        await maria.tap("Terima")
        await city.quiet()
        second = await city.payload(JOIN, "invite")
        assert second != first
        await city.stage.advance(timedelta(hours=49))
        assert await city.payload(JOIN, "invite") not in (first, second)


@pytest.mark.full
async def test_moving_the_clock_loses_nothing_and_skips_no_lesson(tmp_path: Path) -> None:
    async with opened(tmp_path) as city:
        code = await city.payload("Poli umum")
        sari = city.phone("Sari")
        before = datetime.fromisoformat((await city.stage.office())["now"])
        await sari.start(code)  # still on its way when the clock is moved, by two hands at once
        await asyncio.gather(
            city.stage.advance(timedelta(days=3)), city.stage.advance(timedelta(days=4))
        )
        after = datetime.fromisoformat((await city.stage.office())["now"])
        assert timedelta(0) <= after - before - timedelta(days=7) < timedelta(minutes=2)
        assert city.simulator.record.lost == []
        assert any(message.from_bot for message in sari.messages)
        database = city.demo.service.program.database
        async with database.reading() as tx:
            tally = await due.tally(tx)
            assert all(check.agrees for check in await reconcile(tx))
        # Each of the two had the chance of a lesson on each working day.
        assert not any(reason == "late" for _, reason in tally)
        assert tally["handed", ""] >= 2 * working_days(before, after)


def working_days(first: datetime, last: datetime) -> int:
    """Working days whose nine o'clock lies after `first` and whose ten o'clock before `last`."""
    day, n = first.astimezone(JAKARTA).date(), 0
    while day < last.astimezone(JAKARTA).date():
        n += calendar.is_working_day(day)
        day += timedelta(days=1)
    return n


async def test_a_kept_demo_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async with opened(tmp_path) as city:
        code = await city.payload("Loket 1")
        await city.stage.advance(timedelta(days=2))
        moved = datetime.fromisoformat((await city.stage.office())["now"])
        await city.phone("Sari").start(code)
        await city.quiet()
    async with opened(tmp_path) as city:
        assert await city.payload("Loket 1") == code
        assert datetime.fromisoformat((await city.stage.office())["now"]) >= moved
        await city.phone("Budi").start(code)
        await city.quiet()
        assert any(message.from_bot for message in city.phone("Budi").messages)


async def test_the_bot_speaks_http_to_the_simulator(tmp_path: Path) -> None:
    """Everything the bot does goes through a wire, where this test listens."""
    heard = bytearray()
    target: list[int] = []

    async def pump(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, ear: bytearray
    ) -> None:
        while data := await source.read(65536):
            ear.extend(data)
            sink.write(data)
        sink.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target[0])
        async with asyncio.TaskGroup() as group:
            group.create_task(pump(reader, up_writer, heard))
            group.create_task(pump(up_reader, writer, bytearray()))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:

        def through(address: str) -> str:
            target.append(int(address.rpartition(":")[2]))
            return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        async with opened(tmp_path, through) as city:
            sari = city.phone("Sari")
            await sari.start(await city.payload("Poli umum"))
            await city.quiet()
            assert any(message.from_bot for message in sari.messages)
    for method in ("getMe", "deleteWebhook", "setMyCommands", "getUpdates", "sendMessage"):
        assert f"POST /bot{TOKEN}/{method} HTTP/1.1".encode() in heard
