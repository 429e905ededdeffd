"""The bank as shipped, and a copy of its files that a test may spoil."""

import shutil
from importlib.resources import files
from pathlib import Path

import pytest

import content

FOLDERS = ("sentences", "instruments", "competences", "lessons")


@pytest.fixture(scope="session")
def bank() -> content.Bank:
    return content.load()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    source = Path(str(files("content")))
    for folder in FOLDERS:
        shutil.copytree(source / folder, tmp_path / folder)
    shutil.copy(source / "groups.toml", tmp_path)
    return tmp_path
