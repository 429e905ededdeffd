"""The command line as a whole: help, languages, sentences."""

from __future__ import annotations

import ast
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli import app
from content import load
from tests.bot.conftest import Shell

COMMANDS = (
    "demo", "run", "migrate", "seed", "points", "invite", "results", "ikm", "reconcile", "doctor",
)  # fmt: skip
PRINTING = ("migrate", "seed", "points", "invite", "results", "ikm", "reconcile", "doctor")
HEAVY = {
    "aiohttp",
    "alembic",
    "apscheduler",
    "babel",
    "content.bank",
    "msgspec",
    "pydantic",
    "pydantic_settings",
    "rich",
    "sqlalchemy",
    "starlette",
    "structlog",
    "telegram",
    "uvicorn",
}
ROOT = Path(__file__).resolve().parents[2]
OURS = ("cli.", "doctor.", "demo.")


def test_every_promised_command_is_there() -> None:
    assert {info.callback.__name__ for info in app.registered_commands if info.callback} == set(
        COMMANDS
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(shell: Shell, command: str) -> None:
    result = shell(command, "--help")
    assert result.exit_code == 0
    assert f"tanggap {command}" in result.output or f" {command} " in result.output
    assert ("--json" in result.output) == (command in PRINTING)


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys\nfrom bot.cli import main\nsys.argv = ['tanggap', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print('\\n', *sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "bot.cli" in loaded
    assert HEAVY & loaded == set()


def test_without_a_command_it_shows_what_there_is(shell: Shell) -> None:
    output = shell().output
    assert all(command in output for command in COMMANDS)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ({"LANG": "C.UTF-8"}, "id"),
        ({"LANG": ""}, "id"),
        ({"LANG": "id_ID.UTF-8"}, "id"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "id_ID.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "id_ID.UTF-8"}, "id"),
    ],
)
def test_sentences_come_in_the_language_of_the_machine(
    shell: Shell, locale: dict[str, str], language: str
) -> None:
    told = shell("run", **locale).stderr
    assert told == load().sentences[language]["cli.no_token"] + "\n"


def _written() -> Iterator[str]:
    """Every string in the code that is, or begins, the key of a sentence of ours."""
    for room in ("bot", "domain"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_sentence_is_said_somewhere_and_every_said_one_exists() -> None:
    known = {key for key in load().sentences["id"] if key.startswith(OURS)}
    written = {word for word in _written() if word.startswith(OURS) and " " not in word}
    beginnings = tuple(word for word in written if word.endswith("_") or word.endswith("."))
    missing = {w for w in written - set(beginnings) if w not in known}
    unsaid = {k for k in known - written if not (beginnings and k.startswith(beginnings))}
    assert missing == set()
    assert unsaid == set()


def test_both_languages_have_the_same_slots() -> None:
    tables = load().sentences

    def slots(sentence: str) -> set[str | None]:
        return {name for _, name, *_ in string.Formatter().parse(sentence) if name}

    for key in (key for key in tables["id"] if key.startswith(OURS)):
        assert slots(tables["id"][key]) == slots(tables["en"][key]), key
