"""The example names every setting with its default, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.install import read_settings
from bot.settings import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"


def _named() -> dict[str, str]:
    return dict(re.findall(r"^#(TANGGAP_\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


def test_the_example_names_every_setting_with_its_default() -> None:
    defaults = {
        f"TANGGAP_{name.upper()}": "" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert _named() == defaults


def test_the_example_as_it_stands_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _named():
        monkeypatch.delenv(name, raising=False)
    uncommented = re.sub(r"^#(TANGGAP_\w+=.)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(uncommented)
    monkeypatch.chdir(tmp_path)
    assert read_settings() == read_settings(_env_file=None)


def test_a_secret_shows_itself_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGGAP_TELEGRAM_TOKEN", "123456:hidden-from-all-logs")
    monkeypatch.setenv("TANGGAP_WEBHOOK_SECRET", "hush-hush")
    settings = read_settings(_env_file=None)
    assert "hidden-from" not in repr(settings)
    assert "hush" not in repr(settings)
