"""The least that a durable bot can do for a tap: two commits and one call. Started by `latency`.

python -m bench.bare API_URL TOKEN DATABASE_URL
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

import aiohttp

KEYBOARD = {"inline_keyboard": [[{"text": "Puas", "callback_data": "x"}]]}


def sqlite_commit(path: str) -> Callable[[str], None]:
    """A commit of one row, fully durable."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, words TEXT)")

    def commit(words: str) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare (words) VALUES (?)", (words,))
        connection.execute("COMMIT")

    return commit


def postgres_commit(url: str) -> Callable[[str], None]:
    """The same on PostgreSQL."""
    import psycopg

    connection = psycopg.connect(url)
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id SERIAL PRIMARY KEY, words TEXT)")
    connection.commit()

    def commit(words: str) -> None:
        connection.execute("INSERT INTO bare (words) VALUES (%s)", (words,))
        connection.commit()

    return commit


async def main(api: str, token: str, database: str) -> None:
    """Poll, and answer every tap by an edit."""
    is_sqlite = database.startswith("sqlite")
    commit = (
        sqlite_commit(database.split("///")[1])
        if is_sqlite
        else postgres_commit(database.replace("+psycopg", ""))
    )
    offset, n = 0, 0
    async with aiohttp.ClientSession() as session:

        async def call(method: str, **params: Any) -> Any:
            async with session.post(f"{api}/bot{token}/{method}", json=params) as answer:
                return (await answer.json())["result"]

        while True:
            for update in await call("getUpdates", offset=offset, timeout=25):
                offset = update["update_id"] + 1
                n += 1
                commit(json.dumps(update))
                commit(f"answer {n}")
                if tap := update.get("callback_query"):
                    await call(
                        "editMessageText",
                        chat_id=tap["from"]["id"],
                        message_id=tap["message"]["message_id"],
                        text=f"Pertanyaan {n}",
                        reply_markup=KEYBOARD,
                    )
                else:
                    chat = update["message"]["chat"]["id"]
                    await call("sendMessage", chat_id=chat, text="Halo", reply_markup=KEYBOARD)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
