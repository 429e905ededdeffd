"""The demo: what `run` starts, with the simulator as its Telegram and a city full of people."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime, time

from starlette.applications import Starlette
from starlette.routing import Mount

from bot.clock import SystemClock
from bot.demo_city import City, settle
from bot.demo_office import SPOKEN, office_view
from bot.demo_time import Mover
from bot.install import Place, token_of
from bot.service import Service
from bot.settings import Settings
from content import Bank
from content import office as office_files
from domain import calendar
from domain.seeding import plant
from simulator import CastMember, Simulator, Stage
from storage import due, overview

ZONE = "Asia/Jakarta"
OPENING = time(9)


class Demo:
    """One demo on one (usually fresh) database."""

    def __init__(
        self,
        settings: Settings,
        place: Place,
        clock: SystemClock,
        bank: Bank,
        language: str = "id",
    ) -> None:
        """Assemble; nothing is started. The page begins in `language`."""
        self._place = place
        self._clock = clock
        self._bank = bank
        self._language = language
        self.service = Service(settings, place, clock)
        self.simulator = Simulator(token=token_of(settings), now=clock.now)
        self.mover = Mover(clock, self.simulator, self.service)

    async def run(self, sock: socket.socket, ready: Callable[[], None]) -> None:
        """Plant the city, open it on a working morning and serve it until told to stop."""
        database, program = self._place.database, self.service.program
        office = office_files.sample()
        async with database.reading() as tx:
            latest = await overview.latest_moment(tx)
            overrides = await due.holiday_overrides(tx)
        now = self._clock.now()
        self._clock.advance(opening(max(now, latest or now), overrides) - now)
        async with database.transaction() as tx:
            await plant(tx, office, at=self._clock.now())
            people = await settle(tx, office, bot_id=program.channel.bot_id, at=self._clock.now())
        city = City(database, self._place.keys, self._clock)

        async def panel() -> dict[str, object]:
            async with database.reading() as tx:
                return await office_view(program.house, tx, now=self._clock.now(), zone=ZONE)

        self.simulator.stage = Stage(
            title=self._words("demo.title"),
            language=self._language,
            cast=[
                CastMember(one.name, one.user_id, one.role, self._words(f"demo.intro_{one.role}"))
                for one in people
            ],
            scannables=city.scannables,
            office=panel,
            advance=self.mover.advance,
        )

        async def connected() -> None:
            # Telegram lets a bot write only to those who started it: who serves here did so.
            for one in people:
                phone = self.simulator.person(one.name, user_id=one.user_id)
                if one.role != "citizen":
                    await phone.send("/menu")
            # The lesson of nine o'clock is there when the page opens, below the menu.
            await program.ingest.poll(seconds=0)
            await program.worker.step()
            await self.service.runner.tick_all()
            ready()

        app = Starlette(routes=[*self.service.app.routes, Mount("/", self.simulator.app)])
        await self.service.run(sock, app=app, connected=connected, farewell=self.simulator.close)

    def _words(self, key: str) -> dict[str, str]:
        return {language: self._bank.sentence(language, key) for language in SPOKEN}


def opening(now: datetime, overrides: calendar.Overrides = calendar.NONE) -> datetime:
    """The next 09.00 of a working day in the sample city; today's if it is still to come."""
    today = calendar.local_date(now, ZONE)
    morning = calendar.at(today, OPENING, ZONE)
    if now <= morning and calendar.is_working_day(today, overrides):
        return morning
    return calendar.at(calendar.next_working_day(today, overrides), OPENING, ZONE)
