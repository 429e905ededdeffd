"""What citizens do, for several stories."""

from __future__ import annotations

from sqlalchemy import select

from simulator import Phone
from storage.responses import Answer, Comment, Response
from tests.kit.office import LOKET
from tests.kit.world import World

ELEMENTS = (
    "persyaratan",
    "prosedur",
    "waktu",
    "biaya",
    "produk",
    "kompetensi",
    "perilaku",
    "sarana",
    "pengaduan",
)
PROFILE = ("sex", "age", "education", "occupation")


def labels(phone: Phone) -> list[str]:
    """The buttons of the newest message, in reading order."""
    return [button.label for row in phone.last.keyboard for button in row]


async def scan(world: World, name: str = "Ani", payload: str = LOKET) -> Phone:
    """Open the bot by a QR."""
    phone = world.phone(name)
    await phone.start(payload)
    await world.settle()
    return phone


async def say(world: World, phone: Phone, *words: str) -> None:
    """Type one thing after the other."""
    for one in words:
        await phone.send(one)
        await world.settle()


async def tap(world: World, phone: Phone, *taps: str) -> None:
    """Tap one button after the other, each on the newest message."""
    for label in taps:
        await phone.tap(label, phone.last)
        await world.settle()


async def nth(world: World, phone: Phone, *numbers: int) -> None:
    """Tap the n-th button of the newest message, several times."""
    for number in numbers:
        await tap(world, phone, labels(phone)[number - 1])


async def at_summary(world: World, name: str = "Ani", *, payload: str = LOKET) -> Phone:
    """Rate, answer everything by tapping (elements 4, 3, 2, 1, 4 ...), skip the rest."""
    phone = await scan(world, name, payload)
    await tap(world, phone, "Puas", "Mulai")
    await nth(world, phone, *(4 - n % 4 for n in range(9)))
    await tap(world, phone, *["Lewati"] * 5)
    return phone


async def responses(world: World, instrument: str = "") -> list[dict[str, object]]:
    """The rows of all responses, each with its `answers` and `comment`."""
    async with world.database.reading() as tx:
        rows = await tx.execute(select(Response.__table__).order_by(Response.instrument))
        answers = (await tx.execute(select(Answer.__table__))).all()
        comments = {r.response_key: r.text for r in await tx.execute(select(Comment.__table__))}
        found = []
        for row in rows:
            if instrument in ("", row.instrument):
                given = {a.item: a.value for a in answers if a.response_key == row.key}
                found.append(
                    {**row._mapping, "answers": given, "comment": comments.get(row.key, "")}
                )
        return found
