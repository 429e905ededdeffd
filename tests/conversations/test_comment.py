"""A comment in free words: shown again, masked, and nowhere in the database as it was typed."""

from __future__ import annotations

import pytest

from simulator import Phone
from tests.conversations.citizen import labels, nth, responses, say, scan, tap
from tests.kit.world import World

SECRET = "3171 2345 6789 0123"


async def at_comment(world: World) -> Phone:
    ani = await scan(world)
    await tap(world, ani, "Puas", "Mulai")
    await nth(world, ani, *[3] * 9)
    await tap(world, ani, *["Lewati"] * 4)
    return ani


async def everything_in(world: World) -> str:
    """All text of all tables, as an operator with the file would find it."""
    from storage.tables import metadata

    found = []
    async with world.database.reading() as tx:
        for table in metadata.sorted_tables:
            found += [str(tuple(row)) for row in await tx.execute(table.select())]
    return "\n".join(found)


async def test_a_comment_is_shown_again_without_personal_data(city: World) -> None:
    ani = await at_comment(city)
    await say(city, ani, f"NIK saya {SECRET}, _loket_ **2** panas <b>sekali</b>")
    assert "NIK saya […], _loket_ **2** panas <b>sekali</b>" in ani.last.text
    assert "tidak disimpan" in ani.last.text
    assert labels(ani) == ["Pakai", "Tulis ulang", "Hapus"]
    everything = await everything_in(city)
    assert "loket" in everything, "the draft is there"
    assert SECRET not in everything
    await tap(city, ani, "Pakai", "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert row["comment"] == "NIK saya […], _loket_ **2** panas <b>sekali</b>"


@pytest.mark.parametrize(
    ("steps", "comment"),
    [
        (["Tulis ulang", "lebih baik", "Pakai"], "lebih baik"),
        (["Hapus"], ""),
        (["lain lagi", "Pakai"], "lain lagi"),  # written anew instead of chosen
        (["pakai"], "mula-mula"),
        (["hapus"], ""),
        (["1"], ""),  # a number is a comment of its own here
    ],
)
async def test_every_way_from_the_check(city: World, steps: list[str], comment: str) -> None:
    ani = await at_comment(city)
    await say(city, ani, "mula-mula")
    for step in steps:
        if step in labels(ani):
            await tap(city, ani, step)
        else:
            await say(city, ani, step)
    if steps == ["1"]:
        assert "Saran Bapak/Ibu:\n\n1" in ani.last.text
        await tap(city, ani, "Hapus")
    await tap(city, ani, "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert row["comment"] == comment


async def test_command_words_are_no_commands_inside_a_comment(city: World) -> None:
    ani = await at_comment(city)
    await say(city, ani, "menu")
    assert "Saran Bapak/Ibu:\n\nmenu" in ani.last.text


async def test_what_cannot_be_read_asks_again(city: World) -> None:
    ani = await at_comment(city)
    for send in (ani.send_photo, ani.send_voice, ani.send_sticker):
        await send()
        await city.settle()
        assert "hanya dapat membaca tulisan" in ani.last.text
        assert "saran atau masukan" in ani.last.text
    await say(city, ani, "\u2060\u200b")
    assert "saran atau masukan" in ani.last.text


async def test_the_longest_comment_is_shortened_and_said_so(city: World) -> None:
    ani = await at_comment(city)
    await say(city, ani, "panjang " * 500)
    assert "1000 huruf pertama" in ani.last.text
    await tap(city, ani, "Pakai", "Kirim jawaban")
    (row,) = await responses(city, "skm")
    assert 900 < len(str(row["comment"])) <= 1000


async def test_a_comment_can_be_changed_or_deleted_from_the_summary(city: World) -> None:
    ani = await at_comment(city)
    await say(city, ani, "pertama")
    await tap(city, ani, "Pakai", "14")
    assert "Jawaban sekarang: pertama" in ani.last.text
    await tap(city, ani, "Kembali")
    assert "14. Saran: pertama" in ani.last.text
    await tap(city, ani, "14", "Hapus")
    assert "14. Saran: dilewati" in ani.last.text
