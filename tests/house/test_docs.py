"""The documents tell the truth: what they name is there, and what is there is named."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import SecretStr

from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "content/README.md"])
PREFIX = "TANGGAP_"


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _table(page: Path, *head: str) -> list[tuple[str, ...]]:
    """The rows of the one table with these column names, cells without blanks around them."""
    lines = page.read_text().splitlines()
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
    start = rows.index(head)
    end = next((n for n in range(start, len(rows)) if not lines[n].startswith("|")), len(rows))
    return rows[start + 2 : end]


def _code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# --- settings -------------------------------------------------------------------------------


def _default(value: Any) -> str:
    return "none" if value is None else f"`{value}`"


def test_the_readme_lists_every_setting_with_its_meaning_and_default() -> None:
    fields = {
        f"`{PREFIX}{name.upper()}`": (field.description, _default(field.default))
        for name, field in Settings.model_fields.items()
    }
    listed = {
        name: (meaning, default)
        for name, meaning, default in _table(README, "Variable", "Meaning", "Default")
    }
    assert listed == fields


def test_the_example_of_settings_lists_them_all_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copied as it is, and copied with every line in force, it gives the defaults."""
    text = (ROOT / ".env.example").read_text()
    all_in_force = re.sub(rf"^#(?={PREFIX})", "", text, flags=re.M)
    names = re.findall(rf"^{PREFIX}(\w+)=", all_in_force, flags=re.M)
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)
    for name in names:
        monkeypatch.delenv(PREFIX + name, raising=False)
    monkeypatch.chdir(tmp_path)
    for written in (text, all_in_force):
        (tmp_path / ".env").write_text(written)
        read = Settings().model_dump()
        assert {name: _plain(value) for name, value in read.items()} == {
            name: _plain(field.default) for name, field in Settings.model_fields.items()
        }


def _plain(value: Any) -> Any:
    """An empty setting is one that is not set."""
    return (value.get_secret_value() if isinstance(value, SecretStr) else value) or None


def test_the_documents_name_only_settings_that_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    found = {
        (_name(page), name)
        for page in [*PAGES, *(ROOT / "deploy").iterdir()]
        for name in re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", page.read_text())
        if name not in known and name != PREFIX + "X"
    }
    assert found == set()


# --- commands -------------------------------------------------------------------------------


def _commands() -> dict[str, Any]:
    from bot.cli import app

    return typer.main.get_command(app).commands  # type: ignore[attr-defined,no-any-return]


def test_the_readme_lists_every_command() -> None:
    listed = [_code(row[0])[0] for row in _table(README, "Command", "Does")]
    assert listed == [f"tanggap {name}" for name in _commands()]


def _written_commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """(name, options) of every `tanggap …` in code, in any of the three ways to type it."""
    text = page.read_text()
    for line in [*re.findall(r"`([^`\n]+)`", text), *text.splitlines()]:
        found = re.match(
            r"(?:sudo )?(?:-u tanggap )?(?:docker compose run .*?\bbot|tanggap|"
            r"\.venv/bin/python -m bot) ([a-z]+)\b(?! =)(.*)",
            line.strip(),
        )
        if found:
            yield found[1], re.findall(r"(?<=\s)--[a-z][a-z-]*", found[2])


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_written_anywhere_can_be_typed(page: Path) -> None:
    commands = _commands()
    for name, options in _written_commands(page):
        assert name in commands, name
        known = {opt for param in commands[name].params for opt in param.opts} | {"--help"}
        assert set(options) <= known, name


def test_modules_named_as_commands_are_there() -> None:
    for page in PAGES:
        for module in re.findall(r"python -m ((?:bench|bot|tests)[\w.]*)", page.read_text()):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_tests_named_as_proof_are_there() -> None:
    """`-k` picks tests whose name contains the words; one that picks nothing proves nothing."""
    for page in PAGES:
        for path, _, words in re.findall(
            r"python -m pytest ((?:tests/)[\w/.]*)( -k (\"[^\"]+\"|\w+))?", page.read_text()
        ):
            assert (ROOT / path).exists(), path
            names = (
                " ".join(re.findall(r"def (test_\w+)", (ROOT / path).read_text())) if words else ""
            )
            for word in re.findall(r"\w+", words):
                assert word == "or" or word in names, (path, word)


def test_every_fault_of_the_matrix_has_its_line_with_a_command_or_what_it_waits_for() -> None:
    rows = _table(ROOT / "docs/faults.md", "#", "What happens", "What must hold", "Shown by")
    assert [row[0] for row in rows] == [f"F{number}" for number in range(1, 83)]
    for number, _, _, shown in rows:
        commands = [code for code in _code(shown) if code.startswith("python -m ")]
        assert commands or shown.startswith("open: waits for ") or shown == "TODO", number


# --- make -----------------------------------------------------------------------------------


def test_the_readme_lists_every_make_target_that_explains_itself() -> None:
    explained = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), flags=re.M)
    listed = [_code(row[0])[0] for row in _table(README, "`make`", "Does")]
    assert listed == [f"make {target}" for target in explained]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_make_target_written_anywhere_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([\w./-]+):(?!=)", (ROOT / "Makefile").read_text(), flags=re.M))
    written = re.findall(r"(?:^|`|sudo )make ([\w./-]+)", page.read_text(), flags=re.M)
    assert set(written) <= targets


# --- pages, paths, words --------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


ROOMS = "bot|channels|handlers|talk|domain|storage|web|simulator|content|tests|bench|deploy|docs"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_named_in_code_are_there(page: Path) -> None:
    """`storage/inbox.py`, `tests/kernel/test_pace.py::test_…`; <…> and * stand for anything."""
    missing = []
    for path in re.findall(rf"`((?:{ROOMS})/[^`\s]*)`", page.read_text()):
        name, _, test = path.partition("::")
        found = list(ROOT.glob(re.sub(r"<[^>]*>|…", "*", name.rstrip("/"))))
        if not found or (test and f"def {test}(" not in found[0].read_text()):
            missing.append(path)
    assert missing == []


def test_every_word_of_the_glossary_is_a_word_of_the_code() -> None:
    """Its second column names classes, functions, columns or values as they are written."""
    source = "\n".join(
        path.read_text()
        for room in ("bot", "channels", "handlers", "talk", "domain", "storage", "content")
        for path in [*(ROOT / room).rglob("*.py"), *(ROOT / room).rglob("*.toml")]
        if "migrations" not in path.parts
    )
    rows = _table(ROOT / "docs/words.md", "Indonesian", "In code", "Meaning", "Not this")
    assert len(rows) > 30
    unknown = [
        word
        for row in rows
        for word in _code(row[1])
        if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", source)
    ]
    assert unknown == []


def test_every_room_is_on_the_map_and_in_the_image() -> None:
    """A room that is not copied into the image would be missed only when it starts."""
    rooms = {path.parent.name for path in ROOT.glob("*/py.typed")}
    image = re.findall(r"^COPY (\w+)/ ", (ROOT / "deploy/Dockerfile").read_text(), flags=re.M)
    assert set(image) == rooms
    architecture = (ROOT / "docs/architecture.md").read_text()
    assert [room for room in sorted(rooms) if f"{room}/" not in architecture] == []


def test_decisions_are_numbered_once_and_have_their_four_parts() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [page.name[:4] for page in pages]
    assert numbers == sorted(set(numbers))
    for page in pages:
        heads = re.findall(r"^#+ (.*)", page.read_text(), flags=re.M)
        assert heads[0].startswith(page.name[:4])
        assert heads[1:] == ["Context", "Decision", "Consequences", "Alternatives"], page.name


def test_pictures_are_whole_and_say_what_they_show() -> None:
    for picture in (ROOT / "docs").rglob("*.svg"):
        root = ET.parse(picture).getroot()  # noqa: S314 - our own file
        space = "{http://www.w3.org/2000/svg}"
        assert root.findtext(f"{space}title"), picture.name
        assert root.findtext(f"{space}desc"), picture.name


# --- deploy ---------------------------------------------------------------------------------


def test_secret_files_become_settings(tmp_path: Path) -> None:
    """The container's entry, with a stand-in for Python that tells what it was given."""
    secrets, bin_ = tmp_path / "secrets", tmp_path / "bin"
    secrets.mkdir()
    bin_.mkdir()
    (secrets / "TANGGAP_TELEGRAM_TOKEN").write_text('1:a "$b" c\n')
    (secrets / "PGPASSWORD").write_text("p w\n")
    (secrets / "installation").write_text("stays a file")
    stand_in = bin_ / "python"
    stand_in.write_text('#!/bin/sh\necho "$*"\necho "$TANGGAP_TELEGRAM_TOKEN"\necho "$PGPASSWORD"')
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "deploy/entrypoint"), "invite", "--role", "admin"],
        env={"SECRETS": str(secrets), "PATH": f"{bin_}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["-m bot invite --role admin", '1:a "$b" c', "p w"]


def test_the_service_starts_what_the_makefile_starts() -> None:
    unit = (ROOT / "deploy/tanggap.service").read_text()
    started = re.search(r"^ExecStart=\S*/\.venv/bin/python (.*)$", unit, flags=re.M)
    assert started is not None
    assert f"$(BIN)/python {started[1]}" in (ROOT / "Makefile").read_text()
