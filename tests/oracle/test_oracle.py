"""What the library sends and what the simulator says, judged by a third party (aiogram)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import telegram
from telegram.request import BaseRequest, RequestData

from simulator import Simulator

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-oracle" / "bin" / "python"
TOKEN = "7000000001:TEST-token_of_the_simulator"

Judge = Callable[[Path], "subprocess.CompletedProcess[str]"]


class Wire(BaseRequest):
    """The library's transport, straight into the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    @property
    def read_timeout(self) -> float:
        return 5

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        data = request_data.json_parameters if request_data else {}
        files = request_data.multipart_data if request_data and request_data.multipart_data else {}
        token, name = url.rpartition("/bot")[2].split("/")
        return await self.simulator.call(token, name, data, files)


@pytest.fixture
def judge() -> Judge:
    if not PYTHON.exists():
        assert os.environ.get("CI") != "true", "CI must have .venv-oracle"  # noqa: TID251
        pytest.skip("no .venv-oracle beside pyproject.toml (requirements/oracle.txt)")

    def run(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PYTHON, Path(__file__).with_name("check.py"), path],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


async def life(path: Path) -> None:
    """Every method by way of the library, and every kind of update."""
    simulator = Simulator(token=TOKEN, now=lambda: datetime.now(UTC), record_to=path)
    bot = telegram.Bot(TOKEN, request=Wire(simulator), get_updates_request=Wire(simulator))
    siti = simulator.person("Siti Rahma")
    await siti.start("loket-1")
    button = telegram.InlineKeyboardButton
    keyboard = telegram.InlineKeyboardMarkup(
        [[button("Ya", callback_data="y")], [button("Hasil", url="https://a.example.id")]]
    )
    bold = telegram.MessageEntity("bold", 0, 4)
    async with bot:
        sent = await bot.send_message(
            siti.chat_id, "Halo!", entities=[bold], reply_markup=keyboard
        )
        await siti.tap("Ya")
        [_, update] = await bot.get_updates(offset=0, limit=10)
        assert update.callback_query
        await bot.answer_callback_query(update.callback_query.id, "Baik", show_alert=True)
        await bot.edit_message_text("Terima kasih", siti.chat_id, sent.message_id)
        await bot.edit_message_reply_markup(siti.chat_id, sent.message_id, reply_markup=keyboard)
        await bot.send_document(siti.chat_id, b"a;b", filename="a.csv", caption="Rekap")
        await bot.send_chat_action(siti.chat_id, "typing")
        await bot.get_chat(siti.chat_id)
        commands = [telegram.BotCommand("bantuan", "Cara memakai")]
        scope = telegram.BotCommandScopeAllPrivateChats()
        await bot.set_my_commands(commands, scope=scope, language_code="id")
        assert len(await bot.get_my_commands(scope, "id")) == 1
        await bot.delete_my_commands(scope, "id")
        await bot.set_chat_menu_button(siti.chat_id, telegram.MenuButtonCommands())
        await bot.set_my_description("Nilai layanan.")
        await bot.set_my_short_description("Tanggap")
        await bot.delete_message(siti.chat_id, sent.message_id)
        url = "https://a.example.id/hook"
        await bot.set_webhook(url, secret_token="s", allowed_updates=["message"])  # noqa: S106
        assert (await bot.get_webhook_info()).url == url
        await bot.delete_webhook()
    await everything_else(simulator)
    simulator.record.close()


async def everything_else(simulator: Simulator) -> None:
    siti = simulator.person("Siti Rahma")
    await siti.press_raw("palsu", 4711)
    await siti.edit_text(await siti.send("lihat https://a.id /bantuan"), "lain")
    await siti.send("balas", reply_to=1)
    await siti.send_photo("foto")
    await siti.send_sticker()
    await siti.send_contact("+62812")
    await siti.send_location(-7.25, 112.75)
    await siti.send_voice()
    await siti.block()
    await siti.unblock()
    group = simulator.group("RT 05")
    await group.add_bot(siti)
    await group.send(siti, "/nilai@TanggapDemoBot")


async def test_the_third_party_agrees(judge: Judge, tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    await life(path)
    verdict = judge(path)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


OBJECTIONS: list[tuple[dict[str, Any], str]] = [
    ({"method": "sendTelepathy", "params": {}}, "unknown method"),
    ({"method": "getMe", "params": {"shout": True}}, "GetMe has no parameter shout"),
    ({"method": "sendMessage", "params": {"chat_id": 1}}, "Field required"),
    ({"method": "getMe", "params": {}, "result": {"id": 1, "age": 3}}, "User"),
    (
        {
            "method": "sendMessage",
            "params": {
                "chat_id": 1,
                "text": "x",
                "reply_markup": '{"inline_keyboard":[[{"text":"a","colour":"red"}]]}',
            },
        },
        "has no field colour",
    ),
]


def test_the_third_party_objects(judge: Judge, tmp_path: Path) -> None:
    """To each of these, asked in one go: to load the third party takes seconds."""
    path = tmp_path / "record.jsonl"
    lines = []
    for entry, _ in OBJECTIONS:
        answer = {"ok": True, "result": entry.get("result", True)}
        lines.append(json.dumps({"kind": "answered", "status": 200, "answer": answer, **entry}))
    path.write_text("\n".join(lines))
    verdict = judge(path)
    assert verdict.returncode == 1
    for number, (_, words) in enumerate(OBJECTIONS, 1):
        said = verdict.stdout.partition(f"{path}:{number}: ")[2].partition(f"{path}:")[0]
        assert words in said, (number, verdict.stdout + verdict.stderr)
