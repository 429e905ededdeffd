"""What stands in the way of a start is one clear sentence, and never shows a secret."""

from __future__ import annotations

import fcntl
import socket
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from sqlalchemy import make_url

from bot import install, sole
from bot.spool import Spool
from tests.bot.conftest import SECRET_PART, TOKEN, Shell

ENGLISH = {"LANG": "en_US.UTF-8"}


def test_without_a_token_it_names_the_demo(shell: Shell) -> None:
    for given in (None, ""):
        result = shell("run", TANGGAP_TELEGRAM_TOKEN=given)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert "TANGGAP_TELEGRAM_TOKEN" in result.stderr
        assert "tanggap demo" in result.stderr
    assert list(shell.folder.iterdir()) == []  # nothing was made before it was sure to start


@pytest.mark.parametrize("token", ["nonsense", f"x{TOKEN}", f"{TOKEN} and more", "123:"])
def test_a_malformed_token_is_told_and_not_shown(shell: Shell, token: str) -> None:
    result = shell("run", TANGGAP_TELEGRAM_TOKEN=token, **ENGLISH)
    assert result.exit_code == 2
    assert "is not a bot token" in result.stderr
    assert token not in result.output


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "needs TANGGAP_WEBHOOK_SECRET"),
        ({"SECRET": "two words"}, "may only have"),
        ({"SECRET": "x" * 257}, "may only have"),
        ({"SECRET": "good"}, "needs TANGGAP_PUBLIC_URL"),
        ({"SECRET": "good", "URL": "http://kota.example"}, "beginning with https://"),
        ({"SECRET": "good", "URL": "kota.example"}, "beginning with https://"),
        ({"SECRET": "good", "URL": "https://"}, "beginning with https://"),
    ],
)
def test_a_webhook_needs_a_secret_and_an_https_address(
    shell: Shell, settings: dict[str, str], told: str
) -> None:
    result = shell(
        "run",
        TANGGAP_TELEGRAM_TOKEN=TOKEN,
        TANGGAP_TELEGRAM_MODE="webhook",
        TANGGAP_WEBHOOK_SECRET=settings.get("SECRET"),
        TANGGAP_PUBLIC_URL=settings.get("URL"),
        **ENGLISH,
    )
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_setting_that_cannot_be_used_is_named_but_not_shown(shell: Shell) -> None:
    result = shell("run", TANGGAP_WEB_PORT=TOKEN, TANGGAP_LOG_LEVEL="LOUD", **ENGLISH)
    assert result.exit_code == 2
    assert "TANGGAP_WEB_PORT" in result.stderr
    assert "TANGGAP_LOG_LEVEL" in result.stderr
    assert SECRET_PART not in result.output
    assert "LOUD" not in result.output


@pytest.mark.parametrize("url", ["", "tanggap.db", "mysql://kota@localhost/x", "sqlite"])
def test_another_database_is_refused(shell: Shell, url: str) -> None:
    result = shell("reconcile", TANGGAP_DATABASE_URL=url, **ENGLISH)
    assert result.exit_code == 2
    assert "not an address of SQLite or PostgreSQL" in result.stderr


def test_an_api_address_that_is_none_is_refused(shell: Shell) -> None:
    result = shell(
        "run", TANGGAP_TELEGRAM_TOKEN=TOKEN, TANGGAP_TELEGRAM_API_URL="api.telegram.org", **ENGLISH
    )
    assert result.exit_code == 2
    assert "TANGGAP_TELEGRAM_API_URL" in result.stderr


def test_a_busy_port_is_told(shell: Shell) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = shell("run", TANGGAP_TELEGRAM_TOKEN=TOKEN, TANGGAP_WEB_PORT=str(port), **ENGLISH)
    assert result.exit_code == 2
    assert f"127.0.0.1:{port}" in result.stderr


@pytest.mark.parametrize("damage", ["no database at all" * 400, "page"])
def test_a_damaged_file_is_never_served(shell: Shell, damage: str) -> None:
    assert shell("seed").exit_code == 0
    path = shell.folder / "data" / "tanggap.db"
    if damage == "page":
        whole = bytearray(path.read_bytes())
        whole[4096 * 3 : 4096 * 40] = b"\xa5" * (4096 * 37)
        path.write_bytes(whole)
    else:
        path.write_text(damage)
    before = path.read_bytes()
    result = shell("run", TANGGAP_TELEGRAM_TOKEN=TOKEN, TANGGAP_WEB_PORT="0", **ENGLISH)
    assert result.exit_code == 2
    assert "is damaged" in result.stderr
    assert "restore the last backup" in result.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["run", "migrate"])
def test_two_processes_never_work_on_one_database(shell: Shell, command: str) -> None:
    assert shell("seed").exit_code == 0
    with (shell.folder / "data" / "tanggap.db.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = shell(command, TANGGAP_TELEGRAM_TOKEN=TOKEN, TANGGAP_WEB_PORT="0", **ENGLISH)
    assert result.exit_code == 2
    assert "in use by a running bot" in result.stderr


def test_another_name_of_a_database_is_not_another_database(shell: Shell) -> None:
    assert shell("seed").exit_code == 0
    (shell.folder / "linked.db").symlink_to(shell.folder / "data" / "tanggap.db")
    with (shell.folder / "data" / "tanggap.db.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = shell("migrate", TANGGAP_DATABASE_URL="sqlite:///linked.db", **ENGLISH)
    assert result.exit_code == 2
    assert "in use by a running bot" in result.stderr


def _run(shell: Shell, database: str) -> Result:
    return shell(
        "run",
        TANGGAP_DATABASE_URL=database,
        TANGGAP_TELEGRAM_TOKEN=TOKEN,
        TANGGAP_WEB_PORT="0",
        **ENGLISH,
    )


def test_a_second_process_on_postgresql_says_that_it_waits_and_then_refuses(
    shell: Shell, empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "PATIENCE", 0.2)
    monkeypatch.setattr(sole, "AGAIN", 0.05)
    address = make_url(empty_postgres).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False)) as first:
        first.execute("SELECT pg_advisory_lock(7241)")
        result = _run(shell, empty_postgres)
        assert result.exit_code == 2
        assert "another process holds the database: waiting for its end" in result.stderr
        assert "in use by a running bot" in result.stderr
        assert "waiting" not in shell("migrate", TANGGAP_DATABASE_URL=empty_postgres).output


def test_a_file_that_cannot_be_opened_is_no_bug(shell: Shell) -> None:
    (shell.folder / "data" / "tanggap.db.lock").mkdir(parents=True)
    result = shell("migrate", **ENGLISH)
    assert result.exit_code == 2
    assert "IsADirectoryError" in result.stderr
    assert "tanggap doctor" in result.stderr
    assert "Traceback" not in result.output


def test_commands_that_read_say_when_there_is_nothing_to_read(shell: Shell) -> None:
    for command in ("points", "results", "reconcile"):
        result = shell(command, **ENGLISH)
        assert result.exit_code == 2
        assert "There is no database" in result.stderr
    assert not (shell.folder / "data" / "tanggap.db").exists()


def test_postgresql_behind_is_refused_and_migrate_is_named(
    shell: Shell, empty_postgres: str
) -> None:
    shell.env["TANGGAP_DATABASE_URL"] = empty_postgres
    for command in ("run", "reconcile", "seed"):
        result = shell(command, TANGGAP_TELEGRAM_TOKEN=TOKEN, TANGGAP_WEB_PORT="0", **ENGLISH)
        assert result.exit_code == 2
        assert "tanggap migrate" in result.stderr
    first = shell.data("migrate")
    assert first["changed"] is True
    assert shell.data("migrate") == {"changed": False, "revision": first["revision"]}
    assert shell("reconcile").exit_code == 0


def test_postgresql_needs_its_secret(shell: Shell, postgres_url: str) -> None:
    """A new secret beside an old database would make every button and invitation invalid."""
    result = _run(shell, postgres_url)
    assert result.exit_code == 2
    assert "secret file data/secret is missing" in result.stderr
    assert not Path("data/secret").exists()


def test_a_database_that_is_away_is_told_without_its_password(shell: Shell) -> None:
    result = shell(
        "reconcile", TANGGAP_DATABASE_URL="postgresql://kota:geheim@127.0.0.1:9/x", **ENGLISH
    )
    assert result.exit_code == 2
    assert "cannot be reached" in result.stderr
    assert "geheim" not in result.output


def test_a_database_of_a_newer_program_is_left_alone(shell: Shell) -> None:
    import sqlite3

    assert shell("seed").exit_code == 0
    with sqlite3.connect(shell.folder / "data" / "tanggap.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in ("run", "migrate", "seed", "reconcile"):
        result = shell(command, TANGGAP_TELEGRAM_TOKEN=TOKEN, TANGGAP_WEB_PORT="0", **ENGLISH)
        assert result.exit_code == 2
        assert "newer version" in result.stderr


def test_a_spool_that_cannot_be_is_told(shell: Shell) -> None:
    (shell.folder / "spool").write_text("a file")
    given = {"TANGGAP_TELEGRAM_TOKEN": TOKEN, "TANGGAP_WEB_PORT": "0", **ENGLISH}
    result = shell("run", TANGGAP_SPOOL_DIR="spool", **given)
    assert result.exit_code == 2
    assert "TANGGAP_SPOOL_DIR" in result.stderr
    assert "cannot be opened: File exists" in result.stderr


def test_two_processes_never_share_a_spool(shell: Shell) -> None:
    """On PostgreSQL a restart of the server takes the lock of the database from a process."""
    spool = Spool(shell.folder / "spool" / f"{TOKEN.partition(':')[0]}.spool")
    given = {"TANGGAP_TELEGRAM_TOKEN": TOKEN, "TANGGAP_WEB_PORT": "0", **ENGLISH}
    result = shell("run", TANGGAP_SPOOL_DIR="spool", **given)
    spool.close()
    assert result.exit_code == 2
    assert "in use by a running bot" in result.stderr


def test_without_a_spool_a_start_does_not_wait_for_the_database(shell: Shell) -> None:
    result = shell(
        "run",
        TANGGAP_TELEGRAM_TOKEN=TOKEN,
        TANGGAP_WEB_PORT="0",
        TANGGAP_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none",
        **ENGLISH,
    )
    assert result.exit_code == 2
    assert "cannot be reached" in result.stderr
