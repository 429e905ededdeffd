"""What a person can do, and what the phone shows."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import NoSuchButton, Phone, Simulator


async def test_a_person_is_made_once(simulator: Simulator) -> None:
    siti = simulator.person("Siti", user_id=501, language="en")
    assert simulator.person("Siti") is siti
    assert (siti.user_id, siti.chat_id, siti.language) == (501, 501, "en")
    others = {simulator.person(name).user_id for name in ("A", "B", "C")}
    assert len(others) == 3


async def test_start_carries_its_payload(bot: Any, simulator: Simulator) -> None:
    budi = simulator.person("Budi Santoso")
    assert not budi.started
    await budi.start("loket-1")
    [update] = await bot("getUpdates")
    message = update["message"]
    assert message["text"] == "/start loket-1"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert message["from"]["language_code"] == "id"
    assert message["chat"]["last_name"] == "Santoso"
    assert budi.started


async def test_taps_find_the_newest_button_by_label_or_data(bot: Any, siti: Phone) -> None:
    first = await bot.ask(siti, "Ya", "Tidak")
    second = await bot.ask(siti, "Ya")
    await siti.tap("Ya")
    await siti.tap("Tidak")
    await siti.tap("Ya", siti.messages[1])
    queries = [u["callback_query"] for u in await bot("getUpdates")]
    tapped = [(q["message"]["message_id"], q["data"]) for q in queries]
    ids = first["message_id"], second["message_id"]
    assert tapped == [(ids[1], "Ya"), (ids[0], "Tidak"), (ids[0], "Ya")]
    assert len({q["id"] for q in queries}) == 3
    with pytest.raises(NoSuchButton, match=r"sees no 'Mungkin'; on the screen: \['Ya', 'Ya'"):
        await siti.tap("Mungkin")
    assert siti.standing("Tidak")


async def test_a_link_is_opened_not_sent(bot: Any, simulator: Simulator, siti: Phone) -> None:
    markup = {"inline_keyboard": [[{"text": "Hasil", "url": "https://a.example.id/x"}]]}
    await bot("sendMessage", chat_id=siti.chat_id, text="x", reply_markup=markup)
    before = len(simulator.record.issued)
    assert await siti.tap("Hasil") == "https://a.example.id/x"
    assert len(simulator.record.issued) == before


async def test_a_reply_keyboard_sends_its_label(bot: Any, siti: Phone) -> None:
    markup = {"keyboard": [[{"text": "Ya"}, "Tidak"]]}
    await bot("sendMessage", chat_id=siti.chat_id, text="x", reply_markup=markup)
    await siti.tap("Tidak")
    assert (await bot("getUpdates"))[0]["message"]["text"] == "Tidak"


async def test_a_forged_press_carries_what_it_likes(bot: Any, siti: Phone) -> None:
    await siti.press_raw("admin:broadcast", 4711)
    query = (await bot("getUpdates"))[0]["callback_query"]
    assert query["data"] == "admin:broadcast"
    assert query["message"] == {
        "chat": {**query["message"]["chat"], "id": siti.chat_id},
        "message_id": 4711,
        "date": 0,
    }


async def test_other_things_people_send(bot: Any, simulator: Simulator, siti: Phone) -> None:
    budi = simulator.person("Budi")
    await siti.send_photo("lihat")
    await siti.send_sticker("👍")
    await siti.send_contact("+62812", of=budi)
    await siti.send_location(-7.25, 112.75)
    await siti.send_voice(4)
    await siti.edit_text(await siti.send("salah"), "benar")
    updates = await bot("getUpdates")
    messages = [u.get("message") or u["edited_message"] for u in updates]
    found = [
        next((k for k in ("photo", "sticker", "contact", "location", "voice") if k in m), m)
        for m in messages
    ]
    assert found[:5] == ["photo", "sticker", "contact", "location", "voice"]
    assert messages[2]["contact"]["user_id"] == budi.user_id
    assert messages[0]["caption"] == "lihat"
    assert updates[-1]["edited_message"]["text"] == "benar"
    assert updates[-1]["edited_message"]["edit_date"]


async def test_who_blocked_can_not_write(siti: Phone) -> None:
    await siti.block()
    with pytest.raises(AssertionError, match="unblock first"):
        await siti.send("halo")


async def test_a_silent_phone_has_no_last_message(siti: Phone) -> None:
    with pytest.raises(AssertionError, match="has not written to Siti Rahma"):
        _ = siti.last


async def test_commands_by_scope_and_language(bot: Any, simulator: Simulator, siti: Phone) -> None:
    english = simulator.person("Jane", language="en")

    def command(name: str) -> list[dict[str, str]]:
        return [{"command": name, "description": "x"}]

    await bot("setMyCommands", commands=command("umum"))
    await bot("setMyCommands", commands=command("general"), language_code="en")
    assert siti.menu_commands == command("umum")
    assert english.menu_commands == command("general")
    scope = {"type": "chat", "chat_id": siti.chat_id}
    await bot("setMyCommands", commands=command("admin"), scope=scope)
    assert siti.menu_commands == command("admin")
    assert await bot("getMyCommands", scope=scope) == command("admin")
    await bot("deleteMyCommands", scope=scope)
    assert siti.menu_commands == command("umum")
    assert siti.menu_button == {"type": "commands"}


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([{"command": "Besar", "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "x" * 33, "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "x", "description": ""}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": "x", "description": "y" * 257}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": "x", "description": "y"}] * 101, "BOT_COMMANDS_TOO_MUCH"),
    ],
)
async def test_commands_that_are_refused(
    bot: Any, commands: list[dict[str, str]], words: str
) -> None:
    assert words in await bot.refused("setMyCommands", commands=commands)


async def test_what_the_bot_says_about_itself(bot: Any, simulator: Simulator) -> None:
    budi = simulator.person("Budi")
    await bot("setMyDescription", description="Nilai layanan.")
    await bot("setMyDescription", description="Rate services.", language_code="en")
    await bot("setMyShortDescription", short_description="Tanggap")
    assert budi.description == "Nilai layanan."
    assert simulator.person("Jane", language="en").description == "Rate services."
    assert "too long" in await bot.refused("setMyDescription", description="x" * 513)


async def test_the_bot_is_typing_for_five_seconds(bot: Any, siti: Phone, clock: Any) -> None:
    await bot("sendChatAction", chat_id=siti.chat_id, action="typing")
    assert siti.typing
    await clock.move(5)
    assert not siti.typing


async def test_a_menu_button_of_one_chat(bot: Any, simulator: Simulator, siti: Phone) -> None:
    app = {"type": "web_app", "text": "Buka", "web_app": {"url": "https://a.example.id"}}
    await bot("setChatMenuButton", chat_id=siti.chat_id, menu_button=app)
    assert siti.menu_button == app
    assert simulator.person("Budi").menu_button == {"type": "default"}
