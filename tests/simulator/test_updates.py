"""getUpdates: ids, offsets, limits, long polls, conflicts and what becomes too old."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator import Phone, Simulator


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_updates_come_again_until_they_are_confirmed(
    bot: Any, simulator: Simulator, siti: Phone, clock: Any
) -> None:
    for word in ("satu", "dua", "tiga"):
        await siti.send(word)
    first = await bot("getUpdates")
    assert texts(first) == ["satu", "dua", "tiga"]
    ids = [update["update_id"] for update in first]
    assert ids == sorted(set(ids))
    await clock.move(1)
    assert await bot("getUpdates") == first
    assert texts(await bot("getUpdates", offset=ids[1])) == ["dua", "tiga"]
    assert simulator.record.confirmed[-1] == ids[0]
    assert await bot("getUpdates", offset=ids[2] + 1) == []
    assert simulator.record.confirmed[-2:] == ids[1:]
    await clock.move(1)
    assert await bot("getUpdates") == []


async def test_a_quick_repetition_gets_one_update_only(bot: Any, siti: Phone, clock: Any) -> None:
    await clock.move(1)
    for word in ("satu", "dua"):
        await siti.send(word)
    assert len(await bot("getUpdates", offset=1)) == 2
    assert texts(await bot("getUpdates", offset=1)) == ["satu"]
    await clock.move(0.6)
    assert len(await bot("getUpdates", offset=1)) == 2


async def test_limit_and_negative_offset(bot: Any, simulator: Simulator, siti: Phone) -> None:
    for number in range(5):
        await siti.send(str(number))
    assert texts(await bot("getUpdates", limit=2)) == ["0", "1"]
    assert texts(await bot("getUpdates", offset=-2)) == ["3", "4"]
    assert len(simulator.record.confirmed) == 4, "the start and the three forgotten ones"


async def test_a_poll_waits_and_is_woken(bot: Any, siti: Phone, clock: Any) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot("getUpdates", timeout=30))
        await clock.move(29)
        assert not poll.done()
        await siti.send("halo")
    assert texts(poll.result()) == ["halo"]


async def test_a_poll_ends_empty_after_its_time(bot: Any, siti: Phone, clock: Any) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot("getUpdates", timeout=30))
        await clock.move(31)
    assert poll.result() == []


async def test_a_second_poll_puts_the_first_out(bot: Any, siti: Phone, clock: Any) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(bot.refused("getUpdates", timeout=30))
        await clock.move(1)
        second = group.create_task(bot("getUpdates", timeout=30))
        await clock.move(1)
        await siti.send("halo")
    assert first.result() == (
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running"
    )
    assert texts(second.result()) == ["halo"]


async def test_a_webhook_and_polling_exclude_each_other(bot: Any, clock: Any) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot.refused("getUpdates", timeout=30))
        await clock.move(1)
        await bot("setWebhook", url="https://kota.example.id/hook")
    assert poll.result() == "Conflict: terminated by setWebhook request"
    assert await bot.refused("getUpdates") == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    await bot("deleteWebhook")
    assert await bot("getUpdates") == []


async def test_messages_are_kept_a_day_and_taps_150_seconds(
    bot: Any, simulator: Simulator, siti: Phone, clock: Any
) -> None:
    await bot.ask(siti, "Ya")
    await siti.tap("Ya")
    await siti.send("halo")
    await clock.move(149)
    assert len(await bot("getUpdates")) == 2
    await clock.move(1)
    assert texts(await bot("getUpdates")) == ["halo"]
    await clock.move(24 * 3600)
    assert await bot("getUpdates") == []
    assert len(simulator.record.lost) == 2


async def test_only_the_kinds_asked_for_arrive(bot: Any, siti: Phone) -> None:
    await bot("getUpdates", allowed_updates=["message"])
    await siti.block()
    await siti.unblock()
    await siti.send("halo")
    assert texts(await bot("getUpdates")) == ["halo"]
    await bot("getUpdates", allowed_updates=[])
    await siti.block()
    assert "my_chat_member" in (await bot("getUpdates", offset=-1))[0]


async def test_too_big_an_update_is_dropped(bot: Any, simulator: Simulator, siti: Phone) -> None:
    simulator.inject({"update_id": 1, "message": {"text": "x" * 65536}})
    assert await bot("getUpdates") == []
    assert simulator.record.lost == [1]


async def test_poison_and_repeated_ids_are_handed_out_as_they_are(
    bot: Any, simulator: Simulator
) -> None:
    poison = {"update_id": 7, "message": {"date": "kemarin"}}
    simulator.inject(poison)
    simulator.inject(poison)
    assert await bot("getUpdates") == [poison, poison]
    await bot("getUpdates", offset=8)
    assert await bot("getUpdates", offset=9) == []


async def test_ids_may_restart_lower(bot: Any, simulator: Simulator, siti: Phone) -> None:
    await siti.send("lama")
    with pytest.raises(ValueError, match="nothing waits"):
        simulator.updates.restart_ids(5)
    old = (await bot("getUpdates"))[0]["update_id"]
    await bot("getUpdates", offset=old + 1)
    simulator.updates.restart_ids(5)
    await siti.send("baru")
    assert [u["update_id"] for u in await bot("getUpdates", offset=old + 1)] == [5]
    assert await bot("getUpdates", offset=6) == []


async def test_closing_ends_a_poll(bot: Any, simulator: Simulator, clock: Any) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot("getUpdates", timeout=30))
        await clock.move(1)
        simulator.close()
    assert poll.result() == []
    assert await bot("getUpdates", timeout=30) == []
