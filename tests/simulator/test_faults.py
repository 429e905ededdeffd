"""Scripted faults, the flood limit, and the record that tells accepted from answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator import Dropped, Limits, Phone, Simulator
from simulator.record import Accepted, read

TOKEN = "7000000001:TEST-token_of_the_simulator"


async def test_a_dropped_call_may_have_been_accepted(
    bot: Any, simulator: Simulator, siti: Phone
) -> None:
    send = {"chat_id": siti.chat_id, "text": "Halo"}
    simulator.faults.add(kind="drop_before", method="sendMessage")
    with pytest.raises(Dropped) as before:
        await bot("sendMessage", **send)
    assert not before.value.accepted
    assert simulator.record.accepted == []
    simulator.faults.add(kind="drop_after", method="sendmessage")
    with pytest.raises(Dropped) as after:
        await bot("sendMessage", **send)
    assert after.value.accepted
    assert [entry.text for entry in simulator.record.accepted] == ["Halo"]
    assert siti.last.text == "Halo"
    assert simulator.record.answered == []
    await bot("sendMessage", **send)
    assert [entry.method for entry in simulator.record.answered] == ["sendMessage"]


@pytest.mark.parametrize(
    ("kind", "status", "accepted"),
    [("502", 502, 0), ("502_after", 502, 1), ("504", 504, 0)],
)
async def test_a_bad_gateway_is_html(
    bot: Any, simulator: Simulator, siti: Phone, kind: str, status: int, accepted: int
) -> None:
    simulator.faults.add(kind=kind)
    got, body = await bot.raw("sendMessage", chat_id=siti.chat_id, text="Halo")
    assert got == status
    assert body.startswith(b"<html>")
    assert len(simulator.record.accepted) == accepted


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("blocked", 403, "Forbidden: bot was blocked by the user"),
        ("deactivated", 403, "Forbidden: user is deactivated"),
        ("kicked", 403, "Forbidden: bot was kicked from the supergroup chat"),
        ("revoked", 401, "Unauthorized"),
        ("not_found", 404, "Not Found"),
        ("chat_not_found", 400, "Bad Request: chat not found"),
        ("400", 400, "Bad Request: REQUEST_INVALID"),
        ("500", 500, "Internal Server Error: restart"),
    ],
)
async def test_refusals(
    bot: Any, simulator: Simulator, siti: Phone, kind: str, status: int, words: str
) -> None:
    simulator.faults.add(kind=kind)
    got, body = await bot.raw("sendMessage", chat_id=siti.chat_id, text="Halo")
    assert (got, json.loads(body)["description"]) == (status, words)
    assert simulator.record.accepted == []


async def test_too_many_requests_with_and_without_how_long(
    bot: Any, simulator: Simulator, siti: Phone
) -> None:
    send = {"chat_id": siti.chat_id, "text": "Halo"}
    simulator.faults.add(kind="429", retry_after=17)
    _, body = await bot.raw("sendMessage", **send)
    answer = json.loads(body)
    assert answer["description"] == "Too Many Requests: retry after 17"
    assert answer["parameters"] == {"retry_after": 17}
    simulator.faults.add(kind="429")
    assert "parameters" not in json.loads((await bot.raw("sendMessage", **send))[1])


async def test_a_group_moves(bot: Any, simulator: Simulator) -> None:
    group = simulator.group("RT 05")
    simulator.faults.add(kind="migrate", chat=group.chat_id, to=-1009)
    _, body = await bot.raw("sendMessage", chat_id=group.chat_id, text="Halo")
    assert json.loads(body)["parameters"] == {"migrate_to_chat_id": -1009}


async def test_each_third_call_of_one_chat(bot: Any, simulator: Simulator, siti: Phone) -> None:
    other = simulator.person("Budi")
    await other.start()
    fault = simulator.faults.add(kind="429", chat=siti.chat_id, every=3, times=2)
    statuses = []
    for _ in range(9):
        await bot("sendMessage", chat_id=other.chat_id, text="x")
        statuses.append((await bot.raw("sendMessage", chat_id=siti.chat_id, text="x"))[0])
    assert statuses == [200, 200, 429, 200, 200, 429, 200, 200, 200]
    assert fault.hits == 2


async def test_a_late_answer_takes_its_time(
    bot: Any, simulator: Simulator, siti: Phone, clock: Any
) -> None:
    for kind, accepted_early in (("delay", 0), ("delay_after", 1)):
        before = len(simulator.record.accepted)
        simulator.faults.add(kind=kind, seconds=20)
        async with asyncio.TaskGroup() as group:
            call = group.create_task(bot("sendMessage", chat_id=siti.chat_id, text="x"))
            await clock.move(19)
            assert not call.done()
            assert len(simulator.record.accepted) - before == accepted_early
            await clock.move(2)
        assert call.result()["text"] == "x"


async def test_a_hanging_call_is_never_accepted(
    bot: Any, simulator: Simulator, siti: Phone, clock: Any
) -> None:
    async def hang() -> None:
        with pytest.raises(Dropped):
            await bot("sendMessage", chat_id=siti.chat_id, text="x")

    simulator.faults.add(kind="hang", seconds=60)
    async with asyncio.TaskGroup() as group:
        group.create_task(hang())
        await clock.move(61)
    assert simulator.record.accepted == []


async def test_a_spoiled_answer_was_accepted(bot: Any, simulator: Simulator, siti: Phone) -> None:
    simulator.faults.add(kind="truncated")
    status, body = await bot.raw("sendMessage", chat_id=siti.chat_id, text="x")
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert len(simulator.record.accepted) == 1


def test_an_unknown_fault_is_an_error(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="unknown fault 'meteor'"):
        simulator.faults.add(kind="meteor")


async def test_a_revoked_token(bot: Any, simulator: Simulator) -> None:
    simulator.revoke_token()
    assert await bot.refused("getMe") == "Unauthorized"
    simulator.restore_token()
    assert (await bot("getMe"))["id"] == 7000000001


async def test_the_door_knows_its_tokens_and_methods(bot: Any, simulator: Simulator) -> None:
    assert (await simulator.call("1:wrong", "getMe", {}))[0] == 401
    assert (await simulator.call("nonsense", "getMe", {}))[0] == 404
    status, body = await bot.raw("sendTelepathy")
    assert status == 404
    assert json.loads(body) == {"ok": False, "error_code": 404, "description": "Not Found"}


async def test_the_flood_limit(make: Callable[..., Simulator], clock: Any) -> None:
    simulator = make(limits=Limits(global_per_s=3, chat_per_s=1))
    phones = [simulator.person(name) for name in ("A", "B", "C", "D")]
    for phone in phones:
        await phone.start()

    async def send(phone: Phone) -> dict[str, Any]:
        params = {"chat_id": phone.chat_id, "text": "x"}
        answer: dict[str, Any] = json.loads(
            (await simulator.call(TOKEN, "sendMessage", params))[1]
        )
        return answer

    assert (await send(phones[0]))["ok"]
    again = await send(phones[0])
    assert again["parameters"] == {"retry_after": 1}
    assert (await send(phones[1]))["ok"]
    assert (await send(phones[2]))["ok"]
    assert not (await send(phones[3]))["ok"], "the fourth in one second"
    await clock.move(1)
    assert (await send(phones[3]))["ok"]
    assert (await send(phones[0]))["ok"]


async def test_the_record_is_a_file_for_another_process(
    make: Callable[..., Simulator], tmp_path: Path
) -> None:
    path = tmp_path / "record.jsonl"
    simulator = make(record_to=path)
    phone = simulator.person("Siti")
    await phone.start("abc")
    send = {"chat_id": phone.chat_id, "text": "Halo"}
    simulator.faults.add(kind="drop_after")
    with pytest.raises(Dropped):
        await simulator.call(TOKEN, "sendMessage", send)
    await simulator.call(TOKEN, "getUpdates", {})
    assert read(path) == simulator.record.entries
    kinds = [type(entry).__name__ for entry in read(path)]
    assert kinds == ["Issued", "Accepted", "Handed"]
    with path.open("ab") as file:
        file.write(b'{"kind":"acc')
    assert isinstance(read(path)[1], Accepted), "a line that a kill cut short is left out"
    simulator.record.close()


async def test_uploads_stand_in_the_record_by_name_and_size(
    bot: Any, simulator: Simulator, siti: Phone
) -> None:
    await bot("sendDocument", chat_id=siti.chat_id, files={"document": ("a.csv", b"12")})
    params = simulator.record.answered[-1].params
    assert params["document"] == {"file_name": "a.csv", "size": 2}
