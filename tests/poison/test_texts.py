"""What people type, however it is made: kept readable, shown as typed, and nobody named in it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import timedelta

import pytest

from domain.errors import Refused
from domain.joining import clean_name
from domain.privacy_mask import mask
from simulator.strict import units
from storage.inbox import DONE
from storage.session import Database
from storage.tables import metadata
from talk.clean import MARKS, clean
from talk.messages import Document, Outbound
from talk.reference import reference
from talk.text import Span, fill, plain
from tests.conversations.citizen import nth, scan, tap
from tests.kit import crowd
from tests.kit.office import DUKCAPIL, small_city
from tests.kit.world import World
from tests.poison.cases import cases, pieced
from tests.poison.ward import Ward, ward

REF = reference("in:1:1")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


# --- C6, C7: length and Unicode ------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("C07"), ids=lambda case: case["name"])
def test_unicode_comes_out_as_readable_text(case: dict[str, str]) -> None:
    kept = clean(case["typed"])
    assert kept == case["kept"]
    assert clean(kept) == kept
    marks = "".join("m" if unicodedata.category(c)[0] == "M" else "." for c in kept)
    assert max(map(len, marks.split(".")), default=0) <= MARKS
    kept.encode()


def test_what_is_typed_is_kept_up_to_its_length() -> None:
    typed = [case for case in cases("C06") if "typed" in case]
    assert {c["name"]: len(mask(pieced(c["typed"]).decode()).text) for c in typed} == {
        c["name"]: c["kept"] for c in typed
    }


@only_sqlite
async def test_what_is_said_fits_into_a_message(database: Database) -> None:
    """By the real adapter, to a Telegram that refuses a character too many."""
    world, chat = await _started(database)
    for case in cases("C06"):
        if "said" in case or "caption" in case:
            words = pieced(case.get("said") or case["caption"]).decode()
            file = Document("a.pdf", "application/pdf", b"x") if "caption" in case else None
            body = Outbound(plain(words), document=file)
        elif "bold" in case:
            spans = ((Span(str(n), "b"), Span(" ")) for n in range(case["bold"]))
            body = Outbound(tuple(span for pair in spans for span in pair))
        else:
            continue
        result = await world.program.channel.send(str(chat), body, ref=REF)
        assert result.message, (case["name"], result)
        shown = world.phone("Ani").last
        size = len(shown.entities) if "bold" in case else units(shown.text)
        assert size == case["expected"], case["name"]
    await world.close()


async def _started(database: Database) -> tuple[World, int]:
    world = await World(database).open()
    ani = world.phone("Ani")
    await ani.start()
    await world.settle()
    return world, ani.chat_id


# --- everything typed, through the whole kernel ------------------------------------------------


@pytest.mark.full
@pytest.mark.timeout(900)
@only_sqlite
async def test_whatever_is_typed_is_answered(database: Database) -> None:
    """Half a surrogate pair is no JSON: that alone is set aside."""
    typed = [(name, case) for name in ("C07", "C08", "C09", "C15") for case in cases(name)]
    async with ward(database, "polling") as one:
        sent = {}
        for number, (name, case) in enumerate(typed):
            phone = one.world.phone(f"{name} {number}")
            await phone.send("x")
            update = one.pop()
            update["message"] |= {"text": case["typed"], "entities": []}
            sent[one.put(update)] = (phone, case)
        await one.come()
        await one.drain()
        rows = await one.rows(list(sent))
    for number, (phone, case) in sent.items():
        if any(0xD800 <= ord(character) <= 0xDFFF for character in case["typed"]):
            assert rows[number].error.startswith("unreadable")
        else:
            assert rows[number].state == DONE, case["name"]
            assert any(m.from_bot for m in phone.messages), f"{case['name']} was not answered"
    refused = [a for a in one.world.simulator.record.answered if a.status == 400]
    assert refused == []


@only_sqlite
async def test_lists_of_entities_of_any_length_are_read(database: Database) -> None:
    async with ward(database, "polling") as one:
        ids = []
        for case in (case for case in cases("C06") if "entities" in case):
            await one.world.phone(case["name"]).send("a" * 600)
            update = one.pop()
            update["message"]["entities"] = [
                {"type": "bold", "offset": n, "length": 1} for n in range(case["entities"])
            ]
            ids.append(one.put(update))
        await one.come()
        await one.drain()
        assert {row.state for row in (await one.rows(ids)).values()} == {DONE}


# --- C8: names ------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("C08"), ids=lambda case: case["name"])
def test_a_name_is_kept_readable_or_asked_for_again(case: dict[str, str]) -> None:
    try:
        kept = clean_name(case["typed"])
    except Refused:
        assert case["kept"] is None
        return
    assert kept == case["kept"]
    assert clean_name(kept) == kept


@only_sqlite
async def test_a_profile_s_name_is_read_by_nobody(database: Database) -> None:
    """Whatever a citizen calls herself, it stands in no message and in no table."""
    async with ward(database, "polling") as one:
        canary = "Kenari Kuning "
        for number, case in enumerate(cases("C08")):
            await one.world.phone(f"warga {number}").send("halo")
            update = one.pop()
            name = {"first_name": canary + case["typed"], "last_name": canary}
            update["message"]["from"] |= name
            update["message"]["chat"] |= name
            one.put(update)
        await one.come()
        await one.drain()
        said = "".join(entry.text for entry in one.world.simulator.record.accepted)
        assert "Kenari" not in said + await _everything_in(one)


async def _everything_in(one: Ward) -> str:
    found = []
    async with one.world.database.reading() as tx:
        for table in metadata.sorted_tables:
            found += [str(tuple(row)) for row in await tx.execute(table.select())]
    return "\n".join(found)


@only_sqlite
async def test_a_servant_s_name_is_shown_as_it_was_typed(database: Database) -> None:
    """C8 and C9 in the one place where a typed name is shown: no letter of it is a format."""
    kept = [c for case in cases("C08") if (c := _as_name(case["typed"])) is not None]
    kept += [c for case in cases("C09") if (c := _as_name(case["typed"])) is not None]
    async with ward(database, "polling") as one:
        phones = [one.world.phone(f"pegawai {number}") for number in range(len(kept))]
        async with database.transaction() as tx:
            ids = [phone.chat_id for phone in phones]
            await crowd.staff(tx, ids, DUKCAPIL, at=one.world.clock.now())
        for deed in ("/profil", "Betulkan nama", ""):
            for phone, name in zip(phones, kept, strict=True):
                if deed == "Betulkan nama":
                    await phone.tap(deed)
                else:
                    await phone.send(deed or name)
                one.put(one.pop())
            await one.come()
            await one.drain()
        for phone, name in zip(phones, kept, strict=True):
            assert f"\nNama: {name}\n" in phone.last.text
            place = units(phone.last.text.partition("\nNama: ")[0])
            assert [e for e in phone.last.entities if e["offset"] + e["length"] > place] == []


def _as_name(typed: str) -> str | None:
    """What a typed name would be kept as; what means something else there is left out."""
    try:
        kept = clean_name(typed)
    except Refused:
        return None
    return None if kept.startswith("/") else kept


# --- C9: formats and links ------------------------------------------------------------------


@only_sqlite
async def test_nothing_typed_becomes_a_format(database: Database) -> None:
    world, chat = await _started(database)
    for case in cases("C09"):
        body = Outbound(fill("Kata Anda: **{words}**, _ya_", words=case["typed"]))
        await world.program.channel.send(str(chat), body, ref=REF)
        shown = world.phone("Ani").last
        assert shown.text == f"Kata Anda: {case['typed']}, ya"
        size = units(case["typed"])
        assert shown.entities == [
            {"type": "bold", "offset": 11, "length": size},
            {"type": "italic", "offset": 11 + size + 2, "length": 2},
        ]
    await world.close()


@pytest.mark.full
@pytest.mark.timeout(900)
@only_sqlite
async def test_a_comment_is_shown_again_as_it_was_typed(database: Database) -> None:
    """Every fourth of them, all the way: typed, masked, stored as a draft, shown."""
    await small_city(database)
    world = await World(database).open()
    ani = await scan(world)
    await tap(world, ani, "Puas", "Mulai")
    await nth(world, ani, *[3] * 9)
    await tap(world, ani, *["Lewati"] * 4)
    for case in cases("C09")[::4]:
        kept = mask(case["typed"]).text
        if not kept or case["typed"].startswith("/"):
            continue
        world.clock.advance(timedelta(seconds=6))
        await ani.send(case["typed"])
        await world.settle()
        head = "Saran Bapak/Ibu:\n\n"
        assert ani.last.text.startswith(f"{head}{kept}\n\n"), case["name"]
        upto = units(head + kept)
        assert [e for e in ani.last.entities if e["offset"] < upto] == []
    await world.close()


# --- C15: personal data ------------------------------------------------------------------


def _digits(words: str) -> str:
    found = (unicodedata.digit(character, None) for character in words)
    return "".join(str(digit) for digit in found if digit is not None)


def _got_through(typed: str, secrets: list[str]) -> bool:
    kept = mask(typed).text
    numbers = [_digits(secret) for secret in secrets if len(_digits(secret)) >= 9]
    return any(secret in kept for secret in secrets) or any(
        number[:9] in _digits(kept) for number in numbers
    )


def test_personal_data_is_masked_and_plain_words_are_not() -> None:
    """At least 99 of 100 numbers and addresses go, at most 2 of 100 plain texts are touched."""
    found = [case for case in cases("C15") if case["sort"] != "plain"]
    plain_ones = [case["typed"] for case in cases("C15") if case["sort"] == "plain"]
    sorts = Counter(case["sort"] for case in found)
    missed = [c["name"] for c in found if _got_through(c["typed"], c["secret"])]
    touched = [typed for typed in plain_ones if mask(typed).text != typed]
    assert min(sorts["nik"], sorts["phone"], sorts["email"]) >= 40
    assert len(missed) <= len(found) // 100, missed
    assert len(touched) <= len(plain_ones) * 2 // 100, touched


@only_sqlite
async def test_a_shared_contact_is_kept_nowhere(database: Database) -> None:
    async with ward(database, "polling") as one:
        ani, budi = one.world.phone("Ani"), one.world.phone("Budi")
        for owner in (ani, budi):
            await ani.send_contact("+6281299990000", of=owner)
            one.put(one.pop())
        await one.come()
        await one.drain()
        assert not re.search("99990000|Budi", await _everything_in(one))
        assert "hanya dapat membaca tulisan" in ani.last.text
