"""What is typed answers the question on the screen, never one that nobody has seen as yet."""

from __future__ import annotations

from datetime import timedelta

from simulator import Phone
from tests.conversations.citizen import labels, responses, say, scan, tap
from tests.kit.world import World


async def _begun(city: World) -> Phone:
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    assert "1 dari 9" in ani.last.text
    return ani


async def _together(city: World) -> None:
    """Everything comes in before anything is handled."""
    while await city.program.ingest.poll(seconds=0):
        city.clock.advance(timedelta(milliseconds=50))
    await city.settle()


async def test_an_answer_typed_again_and_again_during_a_restart_counts_once(city: World) -> None:
    ani = await _begun(city)
    for _ in range(3):
        await ani.send("1")
        city.clock.advance(timedelta(seconds=40))
    await city.crash()
    await city.settle()
    assert "2 dari 9" in ani.last.text
    assert "sebelum pertanyaan ini tampil" in ani.last.text
    await say(city, ani, "3")
    assert "3 dari 9" in ani.last.text
    assert "sebelum" not in ani.last.text


async def test_a_heap_of_numbers_submits_nothing(city: World) -> None:
    ani = await _begun(city)
    for _ in range(25):
        await ani.send("1")
    await _together(city)
    assert "2 dari 9" in ani.last.text
    assert not await responses(city, "skm")


async def test_a_question_that_must_wait_cannot_be_answered_by_typing(city: World) -> None:
    ani = await _begun(city)
    city.simulator.faults.add(kind="429", method="sendMessage", retry_after=20)
    await ani.send("3")
    await city.settle(patience=0)
    city.clock.advance(timedelta(seconds=10))
    await ani.send("3")
    await city.live(60)
    assert "2 dari 9" in ani.last.text


async def test_a_question_that_never_came_cannot_be_answered_by_typing(city: World) -> None:
    ani = await _begun(city)
    for method in ("sendMessage", "editMessageText", "editMessageReplyMarkup"):
        city.simulator.faults.add(kind="502", method=method, times=10_000)
    await ani.send("3")
    for _ in range(12):
        await city.advance(minutes=1)
    city.simulator.faults.clear()
    await ani.send("3")
    await city.live(60)
    assert "2 dari 9" in ani.last.text


async def test_words_for_a_comment_that_was_not_asked_for_are_no_comment(city: World) -> None:
    ani = await _begun(city)
    for _ in range(12):  # nine answers, three pages passed over; the fourth leads to the comment
        await tap(city, ani, _ways(ani)[0])
    await ani.tap(_ways(ani)[0], ani.last)
    await ani.send("pelayanannya baik sekali")
    await _together(city)
    assert "sebelum pertanyaan ini tampil" in ani.last.text
    await say(city, ani, "pelayanannya baik sekali")
    assert "pelayanannya baik sekali" in ani.last.text


def _ways(phone: Phone) -> list[str]:
    """What leads on from here: an answer, or passing over where that is offered."""
    listed = labels(phone)
    return [label for label in listed if "Lewati" in label] or listed
