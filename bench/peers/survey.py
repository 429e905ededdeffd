"""What every peer asks: the same questions, labels and pages as we do, read from the same files.

Plain data, so that each peer makes its library's keyboards of it. A page is asked in one message
that is edited: its text, and rows of (label, callback data). Runs in the peers' environment.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

Rows = list[list[tuple[str, str]]]
CONTENT = Path(__file__).resolve().parents[2] / "content" / "instruments"

TOKEN, API = os.environ["BOT_TOKEN"], os.environ["BOT_API"]
PORT, SECRET = int(os.environ.get("BOT_PORT", "0")), os.environ.get("BOT_SECRET", "")
DATABASE = os.environ.get("BOT_DATABASE", "")
PATH = "/telegram"
URL = f"https://bot.example{PATH}"  # what the platform is told; the stub posts to the port


class Page(NamedTuple):
    """One thing that is asked: its key, and what is shown."""

    key: str
    text: str
    rows: Rows


def _pages(name: str) -> list[Page]:
    instrument: dict[str, Any] = tomllib.loads((CONTENT / f"{name}.toml").read_text())
    items = instrument["items"]
    pages = []
    for number, item in enumerate(items, 1):
        key = item["key"]
        text = f"{number} dari {len(items)}\n\n{item['text']['id']}"
        if "note" in item:
            text += f"\n\n{item['note']['id']}"
        rows = [[(o["label"]["id"], f"{key}:{o['value']}")] for o in item["options"]]
        if item.get("optional"):
            rows.append([("Lewati", f"{key}:0")])
        pages.append(Page(key, text, rows))
    return pages


QUICK = _pages("quick")[0]
INVITE = Page(
    "begin",
    "Terima kasih, penilaian Bapak/Ibu sudah kami terima.\n\nBersediakah Bapak/Ibu menjawab"
    " 9 pertanyaan lagi (sekitar 2 menit)?",
    [[("Mulai", "begin:1")]],
)
COMMENT = Page(
    "comment", "Apa saran atau masukan Bapak/Ibu? Ketik, atau lewati.", [[("Lewati", "comment:0")]]
)
ASKED = [*_pages("skm"), *_pages("profile"), COMMENT]
SEND: Rows = [[("Kirim jawaban", "send:1")]]
PAGES = [QUICK, INVITE, *ASKED]
AT = {page.key: place for place, page in enumerate(PAGES)}
THANKS = "Terima kasih. Jawaban Bapak/Ibu sudah kami terima."


def after(key: str) -> Page | None:
    """The page that follows; None: the summary."""
    place = AT[key] + 1
    return PAGES[place] if place < len(PAGES) else None


def summary(answers: dict[str, int]) -> str:
    """All answers before they are submitted."""
    lines = [f"{n}. {page.key}: {answers.get(page.key) or '–'}" for n, page in enumerate(ASKED, 1)]
    return "Periksa jawaban Bapak/Ibu:\n" + "\n".join(lines)
