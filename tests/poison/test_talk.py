"""Forged buttons, guessed payloads and ratings as people type them: each does what it may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from channels.telegram.codec import sign
from domain import joining
from simulator import Phone
from storage.base import Base
from storage.session import Database
from storage.tables import metadata
from tests.conversations.citizen import responses
from tests.kit import crowd
from tests.kit.office import DUKCAPIL, LOKET, LOKET_KK
from tests.kit.staff import invitation, labels
from tests.poison.cases import Case, cases
from tests.poison.ward import Ward, ward

pytestmark = pytest.mark.full

# What an effect would show in; what is written for every update is left out.
BOOKKEEPING = {"inbox", "outbox", "dialog", "ledger", "poll_cursor", "person", "address"}
REF, MAC = slice(1, 9), slice(9, 20)


async def _act(one: Ward, deed: Awaitable[Any]) -> dict[str, Any]:
    """Do something on a phone and take its update out of the queue."""
    await deed
    return one.pop()


async def _effects(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is stored, but what every update leaves behind."""
    tables: list[type[Base] | Any] = [
        table for table in metadata.sorted_tables if table.name not in BOOKKEEPING
    ]
    async with database.reading() as tx:
        return {t.name: sorted(map(tuple, await tx.execute(t.select())), key=str) for t in tables}


# --- C12: buttons ------------------------------------------------------------------


async def _screens(one: Ward, database: Database) -> dict[str, str]:
    """Somebody's buttons, old and current, and those of others: the data of each."""
    names = ("ani", "budi", "sari", "boss")
    ani, budi, sari, boss = (one.world.phone(name) for name in names)
    async with database.transaction() as tx:
        now = one.world.clock.now()
        await crowd.staff(tx, [sari.chat_id, boss.chat_id], DUKCAPIL, at=now)
    async with database.transaction() as tx:
        await joining.accept(
            tx,
            joining.digest(
                one.world.keys,
                (await joining.invite(tx, one.world.keys, "admin", None, now))[1:],
            ),
            boss.chat_id,
            now,
        )
    first: list[tuple[Phone, str]] = [(ani, f"/start {LOKET_KK}"), (budi, f"/start {LOKET}")]
    first += [(sari, "/nilai_diri"), (boss, "/umumkan")]
    for deeds in (first, [(ani, f"/start {LOKET}"), (boss, "Libur besok.")]):
        for phone, words in deeds:
            one.put(await _act(one, phone.send(words)))
        await one.come()
        await one.drain()
        if deeds is first:
            old = _button(ani)
    return {
        "current": _button(ani),
        "old": old,
        "budi's": _button(budi),
        "staff's": _button(sari),
        "admin's": _button(boss),
    }


def _button(phone: Phone) -> str:
    return [button.value for row in phone.last.keyboard for button in row][0]


def _forged(case: Case, known: dict[str, str], one: Ward, chat: int) -> str:
    if "data" in case:
        return str(case["data"])
    channel, current = one.world.program.channel, known["current"]
    other: dict[str, Callable[[], str]] = {
        "other key": lambda: sign(b"other" * 8, channel.bot_id, str(chat), current[REF], "4"),
        "other bot": lambda: sign(channel._key, 8, str(chat), current[REF], "4"),
        "other chat": lambda: sign(channel._key, channel.bot_id, "43", current[REF], "4"),
    }
    data = other[case["of"]]() if case["of"] in other else known[case["of"]]
    for what, *how in case["do"]:
        data = _changed(data, what, how[0] if how else None, known)
    return data


def _changed(data: str, what: str, how: Any, known: dict[str, str]) -> str:
    match what:
        case "cut":
            return data[:-how]
        case "bit":
            return data[:how] + chr(ord(data[how]) ^ 1) + data[how + 1 :]
        case "add":
            return data + how
        case "before":
            return str(how) + data
        case "fill":
            return data + "x" * (how - len(data))
        case "value":
            return data[:20] + how
        case "version":
            return str(how) + data[1:]
        case "ref" | "ref of":
            return data[:1] + (known[how][REF] if what == "ref of" else how) + data[9:]
        case "mac" | "mac of":
            return data[:9] + (known[how][MAC] if what == "mac of" else how) + data[20:]
        case "reverse":
            return data[::-1]
        case _:
            return str(getattr(data, what)())


async def test_forged_buttons_do_nothing_and_are_answered(database: Database) -> None:
    async with ward(database, "webhook") as one:
        known = await _screens(one, database)
        ani = one.world.phone("ani")
        before = await _effects(database)
        presses = []
        for number, case in enumerate(cases("C12")):
            data = _forged(case, known, one, ani.chat_id)
            assert data != known["current"], case["name"]
            update = await _act(one, ani.press_raw(data, ani.last.id))
            presses.append(update["callback_query"]["id"])
            one.put(update)
            if number % 8 == 7:  # no thumb is quicker than that
                one.world.clock.advance(timedelta(seconds=2))
                await one.come()
                await one.drain()
                known["current"] = _button(ani)  # an old button brings the question anew
        await one.come()
        await one.drain()
        assert await _effects(database) == before
        assert all(one.world.simulator.cloud.taps[press].answered for press in presses)
        # The genuine one still counts.
        one.put(await _act(one, ani.tap("Sangat puas")))
        await one.come()
        await one.drain()
        (row,) = await responses(one.world)
        assert row["answers"] == {"keseluruhan": 4}


# --- C13: start payloads ------------------------------------------------------------------

SAID = {
    "quick": "puaskah Bapak/Ibu",
    "which": "Bapak/Ibu berada di Meja pelayanan",
    "closed": "sudah tidak dipakai",
    "hello": "dapat menilai layanan yang baru diterima",
    "wrong": "kode QR itu tidak kami kenali",
    "offer": "Undangan sebagai pegawai",
    "offer admin": "Undangan sebagai admin",
    "unknown": "undangan ini tidak kami kenal",
    "used": "undangan ini sudah dipakai",
    "used by you": "sudah Bapak/Ibu pakai",
    "expired": "48 jam",
}


def _payload(case: Case, invitations: dict[str, str]) -> str:
    if "payload" in case:
        return str(case["payload"])
    payload = invitations[case["of"]]
    if "cut" in case:
        return payload[: case["cut"]]
    if "bit" in case:
        at = case["bit"]
        return payload[:at] + chr(ord(payload[at]) ^ 1) + payload[at + 1 :]
    if "case" in case:
        return "i" + str(getattr(payload[1:], case["case"])())
    if "first" in case:
        return str(case["first"]) + payload[1:]
    return payload * case.get("times", 1) + case.get("add", "")


async def test_start_payloads_lead_where_they_may(database: Database) -> None:
    async with ward(database, "polling") as one:
        world = one.world
        old = await invitation(world, "staff", DUKCAPIL)
        world.clock.advance(timedelta(hours=49))
        invitations = {"expired": old, "used": await invitation(world, "staff", DUKCAPIL)}
        owner = world.phone("owner")
        for deed in (lambda: owner.start(invitations["used"]), lambda: owner.tap("Terima")):
            one.put(await _act(one, deed()))
            await one.come()
            await one.drain()
        for role in ("staff", "admin"):
            invitations[role] = await invitation(world, role, DUKCAPIL)
        before = await _effects(database)
        led = {}
        for number, case in enumerate(cases("C13")):
            phone = owner if case.get("who") == "owner" else world.phone(f"warga {number}")
            update = await _act(one, phone.send("/start"))
            update["message"]["text"] = f"/start {_payload(case, invitations)}"
            one.put(update)
            led[case["name"]] = (phone, case["expected"])
        await one.come()
        await one.drain()
        wrong = {
            name: phone.last.text[:60]
            for name, (phone, expected) in led.items()
            if not any(m.from_bot and SAID[expected] in m.text for m in phone.messages)
        }
        assert wrong == {}
        assert await _effects(database) == before, "to open is not to accept"
        assert "Terima" not in labels(owner)


# --- C14: ratings ------------------------------------------------------------------

ACTS: dict[str, Callable[[Phone], Awaitable[Any]]] = {
    "voice": lambda phone: phone.send_voice(),
    "sticker": lambda phone: phone.send_sticker(),
    "photo": lambda phone: phone.send_photo(),
    "photo 4": lambda phone: phone.send_photo("4"),
    "contact": lambda phone: phone.send_contact("+6281234567890"),
    "location": lambda phone: phone.send_location(-7.8, 110.4),
    "menu": lambda phone: phone.send("/menu"),
    "BERHENTI": lambda phone: phone.send("BERHENTI"),
}
FILE = {"file_id": "AgAC", "file_unique_id": "AQAD"}
OTHER = {
    "dice": {"emoji": "🎲", "value": 4},
    "poll": {"id": "1", "question": "q", "options": []},
    "document": FILE,
    "video note": FILE,
    "animation": FILE,
    "audio": FILE,
    "story": {"chat": {"id": 9, "type": "private"}, "id": 4},
}


async def _instead(one: Ward, phone: Phone, act: str) -> dict[str, Any]:
    """Something that is no answer, or comes after one."""
    act = act.removesuffix(" after")
    if act in ACTS:
        return await _act(one, ACTS[act](phone))
    update = await _act(one, phone.send("2"))
    message = update.pop("message")
    if act == "typed":
        return update | {"message": message}
    if act == "edited":
        return update | {"edited_message": message | {"edit_date": message["date"] + 1}}
    if act == "tapped":
        return await _act(one, phone.press_raw(_button(phone), phone.last.id))
    if act == "reaction":
        reaction = {"type": "emoji", "emoji": "👍"}
        known = {"chat": message["chat"], "user": message["from"], "message_id": 1, "date": 1}
        return update | {
            "message_reaction": known | {"old_reaction": [], "new_reaction": [reaction]}
        }
    del message["text"]
    return update | {"message": message | {act.replace(" ", "_"): OTHER[act]}}


async def test_ratings_as_people_type_them(database: Database) -> None:
    """A number from 1 to 4 or a label counts; nothing else does, and nothing changes it later."""
    async with ward(database, "polling") as one:
        known = [(one.world.phone(f"warga {n}"), case) for n, case in enumerate(cases("C14"))]
        for phone, _ in known:
            one.put(await _act(one, phone.start(LOKET)))
        await one.come()
        await one.drain()
        for phone, case in known:
            update = await _act(one, phone.send("x"))
            if "typed" in case:
                update["message"]["text"] = case["typed"]
            else:
                update = await _instead(one, phone, case["act"])
            one.put(update)
        await one.come()
        await one.drain()
        for phone, case in known:
            if "typed" in case and "act" in case:
                one.put(await _instead(one, phone, case["act"]))
        await one.come()
        await one.drain()
        for phone, case in known:
            thanked = any("Terima kasih, penilaian" in message.text for message in phone.messages)
            assert thanked == (case["expected"] is not None), case["name"]
        stored = Counter(row["answers"]["keseluruhan"] for row in await responses(one.world))  # type: ignore[index]
        due = Counter(case["expected"] for _, case in known if case["expected"] is not None)
        assert stored == due
