"""What a person sees of the kernel: answers in order, buttons that are kind, nothing lost."""

from __future__ import annotations

from bot.worker import BATCH
from storage import inbox, ledger, outbox
from tests.kernel.journey import Journey, asked
from tests.kit.world import World


async def _answers(world: World) -> int:
    async with world.database.reading() as tx:
        return await ledger.total(tx, "kernel.answer")


async def test_a_conversation_is_one_message_that_is_edited(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await world.settle()
    await ani.send("/mulai")
    await world.settle()
    question = ani.last
    assert question.text == "q.first?"
    await ani.tap("Ya")
    await world.settle()
    assert ani.last.id == question.id
    assert ani.last.text == "q.second?"
    await ani.tap("Tidak")
    await world.settle()
    assert ani.last.id == question.id
    assert ani.last.text.startswith("selesai")
    assert "yes" in ani.last.text
    assert "no" in ani.last.text


async def test_a_typed_label_or_number_is_the_same_as_a_tap(world: World) -> None:
    (ani,) = await asked(world, "Ani")
    first = ani.last
    await ani.send("  YA ")
    await world.settle()
    assert ani.last.text == "q.second?"
    assert ani.last.id != first.id
    assert not first.keyboard, "the answered question keeps no buttons"
    await ani.send("2")
    await world.settle()
    assert "'no'" in ani.last.text


async def test_an_old_button_changes_nothing_and_shows_what_is_current(world: World) -> None:
    (ani,) = await asked(world, "Ani")
    question = ani.last
    old = question.keyboard[0][0].value
    await ani.tap("Ya")
    await world.settle()
    await ani.press_raw(old, question.id)
    await world.settle()
    assert await _answers(world) == 1
    assert ani.last.text == "q.second?"
    assert "Tombol itu sudah lama" in ani.toasts[-1].text


async def test_a_button_pressed_on_another_phone_does_nothing(world: World) -> None:
    ani, eve = world.phone("Ani"), world.phone("Eve")
    await ani.start()
    await eve.start()
    await ani.send("/mulai")
    await world.settle()
    await eve.press_raw(ani.last.keyboard[0][0].value, eve.last.id)
    await world.settle()
    assert await _answers(world) == 0
    assert eve.last.text == "menu"


async def test_a_bug_is_tried_once_more_and_then_told(world: World, journey: Journey) -> None:
    ani, budi = await asked(world, "Ani", "Budi")
    journey.fail = 2
    await ani.tap("Ya")
    await world.settle()
    assert await _answers(world) == 0
    assert "gangguan" in ani.last.text
    async with world.database.reading() as tx:
        assert (await inbox.states(tx))[inbox.QUARANTINED] == 1
    await budi.tap("Ya")
    await world.settle()
    assert budi.last.text == "q.second?"


async def test_a_bug_that_passes_is_not_noticed(world: World, journey: Journey) -> None:
    (ani,) = await asked(world, "Ani")
    journey.fail = 1
    await ani.tap("Ya")
    await world.settle()
    assert ani.last.text == "q.second?"
    await ani.send("tidak")
    await world.settle()
    assert await _answers(world) == 2
    assert "'yes', 'no'" in ani.last.text


async def test_what_was_said_is_forgotten_when_it_is_done(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await ani.send("NIK saya 3171234567890123")
    await world.settle()
    async with world.database.reading() as tx:
        rows = (await tx.exec_driver_sql("select state, chat, raw from inbox")).all()
        bodies = (await tx.exec_driver_sql("select body from outbox")).all()
    assert rows
    assert all(row == (inbox.DONE, "", b"") for row in map(tuple, rows))
    assert all(body is None for (body,) in bodies)


async def test_a_person_who_blocks_us_is_left_alone_until_she_returns(world: World) -> None:
    ani = world.phone("Ani")
    await ani.start()
    await world.settle()
    await ani.block()
    await world.settle()
    await ani.unblock()
    await ani.send("/mulai")
    await world.settle()
    assert ani.last.text == "q.first?"


async def test_in_a_group_we_say_once_where_to_find_us(world: World) -> None:
    group = world.simulator.group("Warga RT 5")
    await group.send(world.phone("Ani"), "halo")
    await group.send(world.phone("Budi"), "/mulai")
    await world.settle()
    assert sum("percakapan pribadi" in m.text for m in group.messages) == 1


async def test_every_row_ends_in_a_named_state(world: World) -> None:
    for name in ("Ani", "Budi", "Cici"):
        phone = world.phone(name)
        await phone.start("x")
        await phone.send("/mulai")
    await world.settle()
    async with world.database.reading() as tx:
        states = await outbox.states(tx)
    assert set(states) <= {state.value for state in outbox.State}
    assert states["sent"] == sum(states.values())


async def test_a_long_queue_behind_a_bug_holds_up_nobody_else(
    world: World, journey: Journey
) -> None:
    ani, budi = await asked(world, "Ani", "Budi")
    journey.fail = 1
    for _ in range(BATCH + 1):
        await ani.send("ya")
    await world.program.ingest.poll(seconds=0)
    await world.program.worker.step()
    await budi.send("ya")
    await world.program.ingest.poll(seconds=0)
    assert await world.program.worker.step()
    assert await _answers(world) == 1


async def test_a_refusal_where_the_question_is_gone_leads_home(
    world: World, journey: Journey
) -> None:
    (ani,) = await asked(world, "Ani")
    journey.gone = True
    await ani.send("/tolak")
    await world.settle()
    assert [m.text for m in ani.messages if m.from_bot][-2:] == ["menu", ani.last.text]
    assert "petugas" in ani.last.text
    async with world.database.reading() as tx:
        assert inbox.QUARANTINED not in await inbox.states(tx)
