"""Undoing a stop late: the step it left must still fit what was answered meanwhile."""

from __future__ import annotations

from simulator import Phone
from storage import inbox
from tests.conversations.citizen import labels, nth, say, scan, tap
from tests.kit.world import World


async def _stopped(city: World) -> tuple[Phone, str, int]:
    """Somebody in the middle of a questionnaire who said stop, and the button to undo it."""
    ani = await scan(city)
    await tap(city, ani, "Puas", "Mulai")
    await say(city, ani, "STOP")
    return ani, ani.last.keyboard[0][0].value, ani.last.id


async def test_undoing_at_once_goes_back_to_the_question(city: World) -> None:
    ani, undo, message = await _stopped(city)
    await ani.press_raw(undo, message)
    await city.settle()
    assert "1 dari 9" in ani.last.text


async def test_a_late_undo_after_going_on_loses_nothing(city: World) -> None:
    """A slow phone sends the tap although its button is gone by then."""
    ani, undo, message = await _stopped(city)
    await say(city, ani, "/lanjut")
    await nth(city, ani, *[1] * 9)
    await tap(city, ani, *["Lewati"] * 4)
    await say(city, ani, "/menu")
    await ani.press_raw(undo, message)
    await city.settle()
    async with city.database.reading() as tx:
        assert inbox.QUARANTINED not in await inbox.states(tx)
    assert labels(ani)
    await say(city, ani, "/lanjut")
    await tap(city, ani, "Lewati")
    assert "Kirim jawaban" in labels(ani)


async def test_only_who_was_answering_is_told_what_becomes_of_answers(city: World) -> None:
    ani, _, _ = await _stopped(city)
    assert "Jawaban yang belum dikirim tidak dihitung" in ani.last.text
    await say(city, ani, "/hapus", "STOP")
    assert "kami berhenti" in ani.last.text
    assert "Jawaban" not in ani.last.text
    await say(city, ani, "/nilai", "/batal")
    assert "Baik, dibatalkan." in ani.last.text
    assert "Jawaban" not in ani.last.text
