"""Words that must never be seen again, in everything that the real program writes down.

    python -m bench.canaries

Citizens with telling names rate, comment with a telephone number and an identity number, send what
nobody asked for, and meet every fault there is, while the log is at its most talkative, with a
spool. Twenty minutes later (by the program's clock) the canaries are looked for in its logs, its
figures, its pages, its spool, and the whole database; of the comments only what the citizen agreed
to send, with the personal part masked, in the table of comments.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import create_engine, text

from bench.announce import do, first_choice
from bench.battle import TOKEN, Office, ended, grounds, quiet, show, sync_url, telegram
from bot.install import WEBHOOK_PATH
from simulator import Phone, Simulator
from simulator.faults import KINDS
from storage.tables import metadata

CITIZENS = 6
NAME = "Sesilia Burungkenari"
NUMBERS = ("0812-9876-5432", "+6281298765432", "081298765432")
NIK = "3171234509870001"
WORDS = "rahasiakenari"
COMMENT = "kenarikuning"
WEBHOOK_SECRET = "Rahasia-pintu_0123456789-abcdefghijklmnop"
INSTALLATION = "Rahasia-kantor-0123456789-abcdefghijklmnopqrst"
SECRETS = (TOKEN.partition(":")[2], WEBHOOK_SECRET, INSTALLATION)
PERSONAL = (*NAME.split(), *NUMBERS, NIK, WORDS)
LATER = 20 * 60  # seconds that the program's clock is set ahead: conversations have forgotten
SWEPT = 150.0  # seconds to wait for the sweep, which comes every minute
UNLIKELY = {"revoked", "not_found", "blocked", "deactivated", "kicked", "drip", "hang"}


class Loud(Office):
    """The program with its secrets as canaries and its log at its loudest."""

    @property
    def environment(self) -> dict[str, str]:
        """What the program finds in its environment."""
        return super().environment | {
            "TANGGAP_LOG_LEVEL": "DEBUG",
            "TANGGAP_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "TANGGAP_SPOOL_DIR": str(self.folder / "spool"),
        }


async def citizen(office: Office, simulator: Simulator, payload: str, number: int) -> Phone:
    """Rate, fill in everything, comment, and send."""
    phone = simulator.person(f"{NAME} {number}")
    await do(office, phone, f"start {payload}", "Puas", "Mulai")
    for _ in range(9):
        await do(office, phone, first_choice(phone))
    while not phone.standing("Kirim jawaban"):
        if phone.standing("Lewati") and "saran" not in phone.last.text.casefold():
            await do(office, phone, "Lewati")
        elif COMMENT not in phone.last.text:
            await do(office, phone, f"loketnya {COMMENT}, HP {NUMBERS[0]}, NIK {NIK}")
        else:
            await do(office, phone, first_choice(phone))
    await do(office, phone, "Kirim jawaban")
    return phone


async def chatter(simulator: Simulator, phone: Phone) -> None:
    """What nobody asked for, and every fault on the way back."""
    written = await phone.send(WORDS)
    await phone.edit_text(written, f"{WORDS} {NUMBERS[1]}")
    await phone.send_contact(NUMBERS[1])
    await phone.send_photo(caption=f"{WORDS} {NIK}")
    await phone.send(f"/start {WORDS}")
    await phone.press_raw(f"1{WORDS}", phone.last.id)
    await simulator.group(f"RT {WORDS}").send(phone, f"{WORDS} {NUMBERS[2]}")
    chat = {"id": phone.chat_id, "type": "private", "first_name": NAME}
    broken = {
        "message_id": 5,
        "date": 1,
        "chat": chat,
        "from": NAME,
        "text": {"nested": [WORDS, NIK]},
    }
    simulator.updates.add("message", broken, ("m", phone.chat_id))
    for kind in sorted(KINDS - UNLIKELY):
        simulator.faults.add(kind=kind, chat=phone.chat_id, retry_after=1)
        await phone.send(f"{WORDS} {kind}")
        await asyncio.sleep(0.3)


async def pages(office: Office) -> str:
    """All that the web port shows, to the right and to the wrong."""
    shown = []
    base = f"http://127.0.0.1:{office.web_port}"
    asked = msgspec.json.encode({"update_id": 7, "message": {"text": [WORDS, NIK], "from": NAME}})
    async with httpx.AsyncClient(timeout=30) as client:
        for path in ("/healthz", "/readyz", "/metrics", "/", f"/{WORDS}", "/telegram"):
            answer = await client.get(base + path)
            shown.append(f"{answer.headers} {answer.text}")
        for secret in ("", "falsch", WEBHOOK_SECRET):
            headers = {"x-telegram-bot-api-secret-token": secret}
            for body in (asked, WORDS.encode(), b"x" * 300_000):
                answer = await client.post(base + WEBHOOK_PATH, content=body, headers=headers)
                shown.append(f"{answer.headers} {answer.text}")
    return "\n".join(shown)


def _look(office: Office, sql: str) -> int:
    engine = create_engine(sync_url(office.database_url))
    with engine.connect() as connection:
        found = int(connection.execute(text(sql)).scalar_one())
    engine.dispose()
    return found


async def forgotten(office: Office) -> None:
    """Wait until the sweep has been. Raises TimeoutError."""
    left = "select count(*) from dialog where cast(notes as text) like '%done_%'"
    async with asyncio.timeout(SWEPT):
        while await asyncio.to_thread(_look, office, left):
            await asyncio.sleep(1)


def written(office: Office, shown: str) -> Iterator[tuple[str, str]]:
    """Everything that is there in the end: where, and what."""
    yield "pages and figures", shown
    for path in sorted(office.folder.rglob("*")):
        if path.is_file() and path.name != "secret":
            yield path.name, path.read_bytes().decode("utf-8", "replace")
    engine = create_engine(sync_url(office.database_url))
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(table.select()).all()
            yield f"table {table.name}", str(rows)
    engine.dispose()


def found(office: Office, shown: str) -> list[str]:
    """Each canary that is somewhere it must not be."""
    sightings = []
    for where, what in written(office, shown):
        looked_for = [*SECRETS, *PERSONAL]
        if where != "table comment" and not where.startswith("tanggap.db"):
            looked_for.append(COMMENT)
        sightings += [f"{canary} in {where}" for canary in looked_for if canary in what]
    return sightings


async def battle(*, database_url: str, folder: Path) -> dict[str, Any]:
    """One database: live, wait, look."""
    secret = folder / "secret"
    secret.write_text(INSTALLATION)
    secret.chmod(0o600)
    async with telegram() as (simulator, port):
        office = Loud(folder, database_url, "webhook", port)
        payloads = await asyncio.to_thread(office.prepare)
        with ended(office):
            office.start()
            await office.ready()
            phones = await asyncio.gather(
                *(citizen(office, simulator, payloads[0], number) for number in range(CITIZENS))
            )
            for phone in phones:
                await chatter(simulator, phone)
            shown = await pages(office)
            simulator.revoke_token()
            await phones[0].send(WORDS)
            await asyncio.sleep(2)
            simulator.restore_token()
            await quiet(office, 120)
            office.terminate()
            office.program = ("bench.at", str(LATER))
            office.start()
            await office.ready()
            await forgotten(office)
            shown += await pages(office)
            await quiet(office, 120)
            office.terminate()
        comments = _look(office, "select count(*) from comment")
    return {
        "database": database_url.split("+")[0],
        "comments": comments,
        "log_lines": (folder / "run.log").read_text().count("\n"),
        "sightings": found(office, shown),
    }


def failed(row: dict[str, Any]) -> bool:
    """Whether a row breaks a promise."""
    return bool(row["sightings"] or row["comments"] != CITIZENS or row["log_lines"] < 20)


async def run(databases: Sequence[str]) -> list[dict[str, Any]]:
    """Each database, one after the other."""
    rows = []
    async for folder, url in grounds(databases):
        rows.append(await battle(database_url=url, folder=folder))
        show(rows[-1])
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    rows = asyncio.run(run(parser.parse_args().databases))
    bad = [row for row in rows if failed(row)]
    sys.stdout.write("FAILED\n" if bad else "no canary was seen\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
