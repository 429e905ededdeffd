"""G18: words that must never be seen again, looked for in everything that we write down."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bot import logs
from handlers.router import Router
from handlers.turn import Turn
from simulator.faults import KINDS
from storage.session import Database
from tests.anonymity.loot import carry_home
from tests.conversations.citizen import labels, nth, say, scan, tap
from tests.kernel.journey import Journey
from tests.kernel.journey import router as small_router
from tests.kit.doorway import HEADER, SECRET, Doorway
from tests.kit.office import small_city
from tests.kit.world import TOKEN, World

NAME = "Sesilia Burungkenari"
PHONES = ("0812-9876-5432", "+6281298765432", "081298765432")
NIK = "3171234509870001"
COMMENT = "loketnya kenarikuning"
WORDS = "rahasiakenari"
SECRETS = (TOKEN.partition(":")[2], SECRET, "k" * 32)
PERSONAL = (*NAME.split(), *PHONES, NIK, WORDS)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at its most talkative."""
    stream = io.StringIO()
    logs.configure("DEBUG", stream=stream)
    yield stream
    logs.configure("WARNING")


@pytest.fixture
async def city(database: Database, log: io.StringIO) -> AsyncIterator[World]:
    await small_city(database)
    opened = await World(database).open()
    yield opened
    await opened.close()


def seen(where: str | bytes, canaries: tuple[str, ...]) -> list[str]:
    """Which of the canaries are in a text or in the bytes of a file."""
    text = where if isinstance(where, str) else where.decode("utf-8", "replace")
    return [canary for canary in canaries if canary in text]


async def _survey(city: World, name: str) -> Any:
    """Rate and fill in everything, with a comment full of what must not be kept."""
    phone = await scan(city, name)
    await tap(city, phone, "Puas", "Mulai")
    await nth(city, phone, *(4 - n % 4 for n in range(9)))
    await tap(city, phone, *["Lewati"] * 4)
    await say(city, phone, f"{COMMENT}, HP {PHONES[0]}, NIK {NIK}")
    while "Kirim jawaban" not in labels(phone):
        await tap(city, phone, labels(phone)[0])
    await tap(city, phone, "Kirim jawaban")
    return phone


async def _chatter(city: World, phone: Any) -> None:
    """Everything a person may send that is not an answer, and what a platform may break."""
    written = await phone.send(WORDS)
    await phone.edit_text(written, f"{WORDS} {PHONES[1]}")
    await phone.send_contact(PHONES[1])
    await phone.send_photo(caption=f"{WORDS} {NIK}")
    await phone.send_location(-6.2, 106.8)
    await phone.send(f"/start {WORDS}")
    await phone.send(f"/{WORDS} {NIK}")
    await phone.press_raw(f"1{WORDS}", phone.last.id)
    await city.simulator.group(f"RT {WORDS}").send(phone, f"{WORDS} {PHONES[2]}")
    user = {"id": phone.user_id, "is_bot": False, "first_name": NAME, "username": WORDS}
    chat = {"id": phone.chat_id, "type": "private", "first_name": NAME}
    for broken in (
        {"text": {"nested": f"{WORDS} {NIK}"}},
        {"text": NIK, "from": NAME},
        {"text": WORDS, "chat": {**chat, "id": NIK}},
        {"text": WORDS, "chat": {**chat, "type": [WORDS]}},
    ):
        message = {"message_id": 5, "date": 1, "chat": chat, "from": user, **broken}
        city.simulator.updates.add("message", message, ("m", phone.chat_id))
    city.simulator.updates.add("message", {"text": f"{WORDS} {NIK}"}, ("m", phone.chat_id))
    await city.settle(patience=300)
    for kind in sorted(KINDS - {"revoked", "not_found", "blocked", "deactivated", "kicked"}):
        city.simulator.faults.add(kind=kind, chat=phone.chat_id, retry_after=2)
        await phone.send(f"{WORDS} {kind}")
        await city.settle(patience=300)
    city.simulator.revoke_token()
    await phone.send(WORDS)
    await city.program.sender.step()
    city.simulator.restore_token()
    await city.live(60)


@pytest.mark.full
async def test_nothing_personal_and_no_secret_is_in_what_we_write_down(
    city: World, log: io.StringIO
) -> None:
    phone = await _survey(city, NAME)
    await _chatter(city, phone)
    door = Doorway(city)
    assert await door.post(WORDS.encode(), [(HEADER, b"wrong" + SECRET.encode())]) == 403
    assert await door.post(f'{{"update_id": 7, "message": "{WORDS} {NIK}"}}'.encode()) == 200
    await city.settle()
    for _ in range(30):  # a conversation remembers for a quarter of an hour
        await city.advance(minutes=1)
    shown = city.program.metrics.text().decode() + str(await city.program.readiness())
    loot = await carry_home(city.database, log.getvalue())
    assert len(loot.logs.splitlines()) > 5, "there was something to log"
    assert seen(loot.logs + shown, (*SECRETS, *PERSONAL, *COMMENT.split())) == []
    kept = {name: str(rows) for name, rows in loot.tables.items()}
    assert {name: found for name in kept if (found := seen(kept[name], PERSONAL + SECRETS))} == {}
    assert [name for name in kept if "kenarikuning" in kept[name]] == ["comment"]
    for name, content in loot.files.items():
        assert (name, seen(content, (*PERSONAL, *SECRETS))) == (name, [])


async def test_a_bug_that_quotes_somebody_is_logged_without_the_quotation(
    database: Database, log: io.StringIO
) -> None:
    """Python's own errors repeat what they could not read: int("…"), a missing key, a bad byte."""

    async def stumble(turn: Turn, words: str) -> None:
        if "kunci" in words:
            raise KeyError(words)
        int(words)

    router: Router = small_router(Journey())
    router._idle = stumble
    world = await World(database, router=router).open()
    for words in (f"{WORDS} {NIK}", f"kunci \"{WORDS}\" dan '{NIK}'", f"kunci {WORDS}'s"):
        await world.phone(NAME).send(words)
        await world.settle()
    await world.close()
    written = log.getvalue()
    assert written.count("turn failed") + written.count("update failed") == 6
    assert "ValueError" in written
    assert "KeyError" in written
    assert "in stumble" in written, "where it happened is told"
    assert seen(written, PERSONAL) == []
