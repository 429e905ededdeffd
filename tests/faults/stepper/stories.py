"""The ways through the program that are stepped: what people do, and what must come of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, text

from domain import announcing
from domain.announcing import Plan
from storage.session import Database
from storage.staff import Role, Staff
from talk.messages import Outbound
from talk.text import plain
from tests.kit import crowd
from tests.kit.clock import MONDAY_NINE
from tests.kit.office import DUKCAPIL, LOKET, small_city

if TYPE_CHECKING:
    from simulator import Phone
    from tests.faults.stepper.stage import Stage

SRI, DEWI = 5_000_000_101, 5_000_000_102
SUBSCRIBERS = [5_000_000_201 + n for n in range(4)]
WORDS = "Besok pelayanan tutup pukul 12.00."


@dataclass(frozen=True)
class Story:
    """A way through the program.

    `plant` fills the template, `play` lets people do what they do, `wrong` tells what did not
    come of it (read from the database, at the end).
    """

    name: str
    plant: Callable[[Database], Awaitable[None]]
    play: Callable[[Stage], Awaitable[None]]
    wrong: Callable[[Connection], list[str]]
    given: Counter[tuple[str, int]]
    starting: bool = False  # whether the start of the program is stepped, too


# --- the rating: scan, first message, tap, thanks -------------------------------------------


async def _rate(stage: Stage) -> None:
    ani = stage.person("Ani")
    await ani.start(LOKET)
    await _shown(stage, ani, "Puas")
    await ani.tap("Puas")
    await stage.until(lambda: "terima kasih" in ani.last.text.casefold())


def _rated_once(connection: Connection) -> list[str]:
    found = connection.execute(text("select count(*) from response")).scalar_one()
    return [] if found == 1 else ["a rating stands twice" if found else "lost: the rating"]


# --- the self-assessment --------------------------------------------------------------------


async def _plant_staff(database: Database) -> None:
    await small_city(database)
    async with database.transaction() as tx:
        await crowd.people(tx, [SRI])
        await tx.execute(
            insert(Role).values(person_id=SRI, role="staff", unit_id=DUKCAPIL, since=MONDAY_NINE)
        )
        await tx.execute(
            insert(Staff).values(
                person_id=SRI, name="Sri", unit_id=DUKCAPIL, position_group="pengawas"
            )
        )


LEVELS = (2, 3, 1, 2, 3, 2, 4, 2, 5)
STEPPED_FROM = 7
"""The answer from which on every await is stepped: those before take the same way."""


async def _assess(stage: Stage) -> None:
    sri = stage.person("Sri", SRI)
    await sri.send("/nilai_diri")
    await _shown(stage, sri, "Mulai")
    await sri.tap("Mulai")
    for number, level in enumerate(LEVELS, 1):
        if number == STEPPED_FROM:
            await stage.arm()
        await stage.until(lambda: sri.last.text.startswith(f"{number} dari 9"))  # noqa: B023
        await sri.tap(f"Level {level}")
    await _shown(stage, sri, "Simpan dan lihat hasil")
    await sri.tap("Simpan dan lihat hasil")
    await stage.until(lambda: "bukan penilaian resmi" in sri.last.text)


def _assessed_once(connection: Connection) -> list[str]:
    rows = connection.execute(
        text("select assessment_id, level from assessment_answer order by assessment_id, item")
    ).all()
    one = len({row[0] for row in rows}) == 1
    if one and Counter(row[1] for row in rows) == Counter(LEVELS):
        return []
    return [f"the assessment is kept as {rows}"]


# --- a batch of the sender: replies and a small announcement --------------------------------


async def _plant_announcement(database: Database) -> None:
    await small_city(database)
    async with database.transaction() as tx:
        await crowd.citizens(tx, SUBSCRIBERS, at=MONDAY_NINE)
        await crowd.people(tx, [DEWI])
        await tx.execute(
            insert(Role).values(person_id=DEWI, role="admin", unit_id=None, since=MONDAY_NINE)
        )
        await announcing.create(
            tx,
            author_id=DEWI,
            audience="citizens",
            text=WORDS,
            sender="Kota Contoh",
            sheets={"id": Outbound(plain(f"Pengumuman dari Kota Contoh\n\n{WORDS}"))},
            plan=Plan(MONDAY_NINE, "", None),
            zone="Asia/Jakarta",
            now=MONDAY_NINE,
        )


async def _announce(stage: Stage) -> None:
    stage.person("Dewi", DEWI)
    for number, key in enumerate(SUBSCRIBERS):
        stage.person(f"Warga {number}", key)
    await stage.arm()
    askers = [stage.person(name) for name in ("Ani", "Budi")]
    for one in askers:
        await one.start(LOKET)
    for one in askers:
        await _shown(stage, one, "Puas")


def _announced_once(connection: Connection) -> list[str]:
    rows = connection.execute(
        text("select state, count(*) from outbox where lane = 'broadcast' group by state")
    ).all()
    states = {state: n for state, n in rows}
    if sum(states.values()) != len(SUBSCRIBERS) or states.keys() - {"sent", "uncertain"}:
        return [f"the announcement stands at {states}"]
    return []


async def _shown(stage: Stage, phone: Phone, label: str) -> None:
    """Until a button is on the screen."""

    def seen() -> bool:
        return bool(phone.standing(label)) if phone.messages else False

    await stage.until(seen)


async def _plant_city(database: Database) -> None:
    await small_city(database)


RATING = Story("rating", _plant_city, _rate, _rated_once, Counter({(LOKET, 3): 1}), starting=True)
ASSESSMENT = Story("assessment", _plant_staff, _assess, _assessed_once, Counter())
SENDING = Story("sending", _plant_announcement, _announce, _announced_once, Counter())
STORIES = {story.name: story for story in (RATING, ASSESSMENT, SENDING)}
