"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "bot",
    "channels",
    "handlers",
    "talk",
    "domain",
    "storage",
    "web",
    "simulator",
    "content",
)
LONGEST = 330  # lines; a file should be small enough to hold in the head


def _files(*rooms: str) -> list[Path]:
    return [path for room in rooms or ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_only_the_session_begins_and_commits() -> None:
    allowed = {"storage/session.py"}
    found = {
        (_name(path), _called(call))
        for path in _files()
        if _name(path) not in allowed
        for call in _calls(path)
        if _called(call) in {"commit", "rollback"}
        or (_called(call) == "begin" and path.parts[-2] == "storage")
    }
    assert found == set()


def test_nobody_uses_savepoints() -> None:
    """A failed part undoes its transaction; the worker then gives each update one of its own."""
    assert [_name(p) for p in _files() for c in _calls(p) if _called(c) == "begin_nested"] == []


HELD = [path for path in _files() if "versions" not in path.parts]


@pytest.mark.parametrize("path", HELD, ids=_name)
def test_a_file_can_be_held_in_the_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


def test_no_sql_is_put_together_from_text() -> None:
    """A value that becomes SQL is an injection; only constants may be SQL text."""
    found = []
    for path in _files("storage"):
        for call in _calls(path):
            if _called(call) in {"text", "exec_driver_sql"} and call.args:
                first = call.args[0]
                if not isinstance(first, ast.Constant | ast.IfExp | ast.Name | ast.Attribute):
                    found.append(f"{_name(path)}:{call.lineno}")
    assert found == []


def _keys(path: Path) -> Iterator[tuple[str, int]]:
    for call in _calls(path):
        if _called(call) in {"say", "choice", "Refused"} and call.args:
            first = (
                call.args[-1] if _called(call) == "say" and len(call.args) == 2 else call.args[0]
            )
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, call.lineno


def test_every_sentence_that_is_said_exists() -> None:
    from content import load

    known = load().sentences["id"]
    missing = [
        f"{_name(path)}:{line} {key}"
        for path in _files("handlers", "domain", "bot")
        for key, line in _keys(path)
        if "." in key and key not in known
    ]
    assert missing == []


INDONESIAN = re.compile(
    r"\b(silakan|terima kasih|anda|bapak|ibu|maaf|tidak|sudah|belum|untuk|dengan)\b", re.I
)


def test_no_sentence_for_people_stands_in_python() -> None:
    """Sentences live in content/sentences; Python may hold words that people type."""
    found = []
    for path in _files("handlers", "domain", "bot", "channels", "web"):
        tree = ast.parse(path.read_text())
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docs
                and len(node.value.split()) >= 4
                and re.search(r"[.?!,:]", node.value)
                and INDONESIAN.search(node.value)
            ):
                found.append(f"{_name(path)}:{node.lineno} {node.value[:50]}")
    assert found == []


def _tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return done.stdout.split()


def test_the_repository_names_no_machine_and_no_registry() -> None:
    paths = re.compile(r"/(root|home|work)/|/opt/|pythonhosted|pypi\.org/simple|registry\.npm")
    found = []
    for name in _tracked():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".po", ".yaml", ".service", ""} and (
            path.is_file() and name != "tests/house/test_house_rules.py"
        ):
            text = path.read_text(errors="replace")
            found += [f"{name}: {m[0]}" for m in paths.finditer(text)]
    assert found == []


def test_versions_of_the_schema_import_nothing_of_ours() -> None:
    for path in sorted((ROOT / "storage/migrations/versions").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [n for n in names if n.split(".")[0] in ROOMS], path.name
