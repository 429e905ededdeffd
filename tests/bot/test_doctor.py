"""`doctor` finds what is wrong, says it in a sentence, and fails only then."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.spool import Spool
from simulator import Simulator
from tests.bot.conftest import SECRET_PART, Shell

ENGLISH = {"LANG": "en_US.UTF-8"}
Disk = namedtuple("Disk", "total used free")


def looked(shell: Shell, **more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and findings by what was looked at."""
    result = shell("doctor", "--json", **{**ENGLISH, **more})
    told = json.loads(result.stdout)
    assert told["wrong"] == sum(one["level"] == "wrong" for one in told["found"])
    assert result.exit_code == (1 if told["wrong"] else 0)
    return result.exit_code, {one["check"]: one for one in told["found"]}


def sql(shell: Shell, statement: str, *values: object) -> None:
    connection = sqlite3.connect(shell.folder / "data" / "tanggap.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


@pytest.fixture
def well(connected: Shell) -> Shell:
    """An installation in which nothing is wrong."""
    connected("seed")
    connected("invite", "--role", "admin")
    return connected


def test_a_sound_installation_is_told_so(well: Shell) -> None:
    code, found = looked(well)
    assert code == 0
    assert found["doctor.token"]["text"].endswith("@TanggapDemoBot")
    assert {"doctor.database", "doctor.secret", "doctor.zones", "doctor.clock"} <= found.keys()
    assert found["doctor.sample"]["level"] == "note"
    told = well("doctor").stdout
    assert "Tidak ada yang salah." in told
    assert "[perhatikan] Kota contoh masih ada (4 unit)" in told


def test_a_fresh_folder_is_missing_a_token_and_not_yet_more(shell: Shell) -> None:
    code, found = looked(shell)
    assert code == 1
    assert {key for key, one in found.items() if one["level"] == "wrong"} == {"cli.no_token"}
    assert {key for key, one in found.items() if one["level"] == "note"} == {
        "cli.no_database",
        "doctor.no_secret",
    }


def test_a_refused_token(well: Shell, telegram: Simulator) -> None:
    telegram.revoke_token()
    code, found = looked(well)
    assert code == 1
    assert found["doctor.token_refused"]["level"] == "wrong"


def test_a_platform_that_is_away(well: Shell) -> None:
    result = well("doctor", TANGGAP_TELEGRAM_API_URL="http://127.0.0.1:9", **ENGLISH)
    assert result.exit_code == 1
    assert "Telegram does not answer" in result.stdout
    assert SECRET_PART not in result.output


def test_a_webhook_somebody_else_set(well: Shell, telegram: Simulator) -> None:
    telegram.webhook.set("https://thief.example/", "s", 40)
    code, found = looked(well)
    assert code == 1
    assert "points to another address" in found["doctor.webhook_drift"]["text"]


def test_a_webhook_that_is_missing_or_ours(well: Shell, telegram: Simulator) -> None:
    ours = {
        "TANGGAP_TELEGRAM_MODE": "webhook",
        "TANGGAP_WEBHOOK_SECRET": "hush",
        "TANGGAP_PUBLIC_URL": "https://kota.example",
    }
    code, found = looked(well, **ours)
    assert (code, found["doctor.webhook_absent"]["level"]) == (1, "wrong")
    telegram.webhook.set("https://kota.example/telegram", "hush", 40)
    code, found = looked(well, **ours)
    assert (code, found["doctor.webhook"]["level"]) == (0, "ok")


def test_a_secret_that_others_can_read(well: Shell) -> None:
    os.chmod("data/secret", 0o644)
    code, found = looked(well)
    assert code == 1
    assert "chmod 600 data/secret" in found["doctor.open_secret"]["text"]


def test_a_secret_that_is_none(well: Shell) -> None:
    (well.folder / "data" / "secret").write_text("short")
    code, found = looked(well)
    assert (code, found["cli.secret_unfit"]["level"]) == (1, "wrong")


def test_a_disk_that_is_nearly_full(well: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, key, level in ((1_500, "disk_low", "note"), (100, "disk_full", "wrong")):
        usage = Disk(10**11, 10**11 - free * 10**6, free * 10**6)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        assert looked(well)[1][f"doctor.{key}"]["level"] == level


INBOX = (
    "INSERT INTO inbox (channel, bot_id, update_id, payload_hash, sort, chat, raw, received_at,"
    " state, attempts, error) VALUES ('telegram', 1, 1, x'00', '', '', x'', ?, ?, 0, '')"
)
OUTBOX = (
    "INSERT INTO outbox (cause, ref, batch, lane, policy, edits, strip, state, attempts,"
    " created_at, not_before, owner, message, error)"
    " VALUES ('in:1:0', 'R', '', 'interactive', 'B', '', 0, ?, 0, ?, ?, '', '', '')"
)


@pytest.mark.parametrize(("minutes", "level"), [(1, "ok"), (20, "wrong")])
def test_an_update_that_waits_too_long(well: Shell, minutes: int, level: str) -> None:
    at = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes)
    sql(well, INBOX, str(at), "waiting")
    found = looked(well)[1]["doctor.inbox"]
    assert (found["level"], f"for {minutes} minutes" in found["text"]) == (level, True)


def test_a_message_that_waits_too_long_unless_it_is_meant_to(well: Shell) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    sql(well, OUTBOX, "ready", str(now - timedelta(hours=9)), str(now + timedelta(hours=3)))
    assert looked(well)[1]["doctor.outbox"]["level"] == "ok"
    sql(well, "UPDATE outbox SET not_before = NULL")
    assert looked(well)[1]["doctor.outbox"]["level"] == "wrong"


def test_what_is_uncertain_or_set_aside_is_told_and_not_wrong(well: Shell) -> None:
    now = str(datetime.now(UTC).replace(tzinfo=None))
    sql(well, OUTBOX, "uncertain", now, None)
    sql(well, INBOX, now, "quarantined")
    code, found = looked(well)
    assert code == 0
    assert found["doctor.uncertain"]["text"].endswith(": 1")
    assert found["doctor.quarantined"]["text"].endswith(": 1")


def test_a_damaged_database_is_one_finding_among_the_others(well: Shell) -> None:
    (well.folder / "data" / "tanggap.db").write_text("no database" * 1000)
    code, found = looked(well)
    assert code == 1
    assert "is damaged" in found["cli.database_damaged"]["text"]
    assert found["doctor.token"]["level"] == "ok"


def test_it_looks_at_postgresql_too(connected: Shell, empty_postgres: str) -> None:
    connected.env["TANGGAP_DATABASE_URL"] = empty_postgres
    code, found = looked(connected)
    assert code == 1
    assert found["cli.schema_behind"]["level"] == "wrong"
    assert found["doctor.no_secret"]["level"] == "wrong"
    connected("migrate")
    (connected.folder / "data").mkdir()
    secret = connected.folder / "data" / "secret"
    secret.write_text("s" * 48)
    secret.chmod(0o600)
    code, found = looked(connected)
    assert code == 0
    assert "doctor.database_clock" not in found
    assert found["doctor.no_office"]["level"] == "note"
    assert found["doctor.no_spool"]["level"] == "note", "taps do not outlive a long outage"


def _spool(shell: Shell, *updates: bytes) -> None:
    spool = Spool(shell.folder / "spool" / "1.spool")
    asyncio.run(spool.append(updates))
    spool.close()


def test_it_tells_what_waits_in_the_spool(well: Shell) -> None:
    given = {"TANGGAP_SPOOL_DIR": "spool"}
    assert "doctor.no_spool" not in looked(well)[1], "a file of SQLite is not away"
    assert looked(well, **given)[1]["doctor.spool_absent"]["level"] == "note"
    _spool(well)
    found = looked(well, **given)[1]["doctor.spool"]
    assert (found["level"], "0 updates wait" in found["text"]) == ("ok", True)
    _spool(well, b"one", b"two")
    code, told = looked(well, **given)
    assert code == 0
    assert told["doctor.spool"]["level"] == "note"
    assert "2 updates wait" in told["doctor.spool"]["text"]


def test_a_spool_that_others_can_open_or_nobody_can_use(well: Shell) -> None:
    _spool(well)
    os.chmod("spool", 0o755)
    code, found = looked(well, TANGGAP_SPOOL_DIR="spool")
    assert code == 1
    assert "chmod 700 spool" in found["doctor.open_spool"]["text"]
    os.chmod("spool", 0o700)
    (well.folder / "spool" / "2.spool").mkdir()  # root may do everything, but not read a folder
    code, found = looked(well, TANGGAP_SPOOL_DIR="spool")
    assert code == 1
    assert "cannot be used" in found["doctor.spool_shut"]["text"]
