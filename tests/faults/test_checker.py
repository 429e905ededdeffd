"""The checker sees what is wrong: each single alteration turns it red."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.record import Accepted, Confirmed
from storage.session import Database
from tests.kit import office
from tests.kit.checker import findings
from tests.kit.world import World


async def _rated(world: World) -> None:
    """Two citizens rate, one of them while an answer gets lost."""
    await office.small_city(world.database)
    for name, label in (("Ani", "Puas"), ("Budi", "Tidak puas")):
        phone = world.phone(name)
        if name == "Budi":
            world.simulator.faults.add(method="sendMessage", kind="drop_after")
        await phone.start(office.LOKET)
        await world.settle()
        await phone.tap(label)
        await world.settle()


def _url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


async def test_what_went_well_is_found_well(world: World) -> None:
    await _rated(world)
    assert findings(world.simulator.record.entries, _url(world.database), exact=True) == []


ALTERED = [
    ("delete from inbox where id = 1", "confirmed but not stored"),
    ("update inbox set state = 'waiting' where id = 1", "still wait"),
    ("update inbox set state = 'odd' where id = 1", "no named state"),
    ("update outbox set state = 'odd' where id = 1", "no named state"),
    ("update outbox set state = 'ready' where id = 1", "still ready"),
    ("update outbox set message = '99' where id = 1", "Telegram never took"),
    ("update answer set value = 2 where value = 3", "lost rating"),
    ("delete from answer where value = 3", "lost rating"),
    ("update outbox set state = 'cancelled', attempts = 1, message = ''", "belong to no row"),
    (
        "insert into answer (response_key, item, value) select response_key, 'x', 3 from answer",
        "from nowhere or twice",
    ),
    (
        "insert into inbox select 99, channel, bot_id, update_id, :x, sort, chat, raw,"
        " received_at, state, attempts, next_try_at, error from inbox where id = 1",
        "is stored 2 times",
    ),
    ("update ledger set n = n + 1 where name = 'outbox.put'", "reconcile: outbox"),
]


@pytest.mark.parametrize(("statement", "words"), ALTERED)
async def test_an_altered_row_is_found(world: World, statement: str, words: str) -> None:
    await _rated(world)
    async with world.database.transaction() as tx:
        if ":x" in statement:
            blob = "x'00'" if world.database.is_sqlite else "'\\x00'::bytea"
            statement = statement.replace(":x", blob)
        await tx.exec_driver_sql(statement)
    found = findings(world.simulator.record.entries, _url(world.database), exact=True)
    assert any(words in one for one in found), found


async def test_what_telegram_saw_and_the_rows_do_not_know_is_found(world: World) -> None:
    await _rated(world)
    entries: list[Any] = list(world.simulator.record.entries)
    entries += [Confirmed("", [7]), Accepted("", "sendMessage", 1, 999, "halo")]
    entries += [Accepted("", "sendMessage", 1, n, "halo") for n in (1000, 1001)]
    entries += [Accepted("", "sendMessage", 1, n, "Pengumuman dari X\n\nY") for n in (1002, 1003)]
    found = findings(entries, _url(world.database), exact=True)
    for words in ("confirmed but not stored: updates [7]", "belong to no row", "2 times"):
        assert any(words in one for one in found), (words, found)


async def test_a_secret_in_a_log_is_found(world: World, tmp_path: Any) -> None:
    await _rated(world)
    log = tmp_path / "run.log"
    log.write_text("url=/bot7:AAsecret/getMe")
    entries = world.simulator.record.entries
    found = findings(entries, _url(world.database), logs=[log], canaries=["AAsecret"])
    assert found == ["run.log holds 'AAsecret'"]
