"""People, the addresses they are reached at, and what they have agreed to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import UNORDERED, Base, Tx, insert_new, put_rows, random_id


class Person(Base):
    """Somebody, known by nothing but a random number and a language.

    There is no time and no order in it: when a citizen first came would tell which rating is hers.
    """

    __tablename__ = "person"
    __table_args__ = (UNORDERED,)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    language: Mapped[str]
    sample: Mapped[bool] = mapped_column(default=False)


class Address(Base):
    """Where a channel reaches a person; the only place with a platform's id."""

    __tablename__ = "address"
    __table_args__ = (
        UniqueConstraint("channel", "bot_id", "key"),
        Index("ix_address_person", "person_id", "active", "id"),  # all that a list of many reads
        Index(
            "ix_address_resting",
            "active",  # the one value there is: SQLite looks for it, else it reads everybody
            "person_id",
            sqlite_where=text("active is 0"),
            postgresql_where=text("active is false"),
        ),
        UNORDERED,
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    channel: Mapped[str]
    bot_id: Mapped[int]
    key: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    active: Mapped[bool] = mapped_column(default=True)


class Consent(Base):
    """What a person agreed to, provable: purpose, version of the text, channel, when.

    UU 27/2022 article 24 asks for the proof, article 40 for the withdrawal.
    """

    __tablename__ = "consent"
    __table_args__ = (UNORDERED,)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)  # "announcement" | "contact"
    version: Mapped[str]
    channel: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


_NEAR = (1 << 31) - 1


def beside(person_id: int) -> int:
    """A key for an address of this person: as random, and where the person's own key stands.

    Whoever goes through all people in order then meets their addresses in order, too: a list of a
    million is written down several times as fast.
    """
    return person_id & ~_NEAR | random_id() & _NEAR


_KNOWN = (
    select(Address.id, Address.person_id, Address.key, Person.language, Address.active)
    .join(Person, Person.id == Address.person_id)
    .where(
        Address.channel == bindparam("channel"),
        Address.bot_id == bindparam("bot_id"),
        Address.key.in_(bindparam("keys", expanding=True)),
    )
)


class Caller:
    """Who is on the other side of one address, as known before a turn."""

    __slots__ = ("active", "address_id", "key", "language", "person_id")

    def __init__(
        self, address_id: int, person_id: int, key: str, language: str, active: bool
    ) -> None:
        """Hold what the tables say."""
        self.address_id = address_id
        self.person_id = person_id
        self.key = key
        self.language = language
        self.active = active


async def callers(
    tx: Tx, channel: str, bot_id: int, newcomers: Iterable[tuple[str, str]]
) -> dict[str, Caller]:
    """The people behind these (address key, language for a newcomer), made known if new."""
    wanted = dict(newcomers)
    found = await _known(tx, channel, bot_id, wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        people = {key: random_id() for key in missing}
        await tx.execute(
            insert(Person), [{"id": people[key], "language": wanted[key]} for key in missing]
        )
        await insert_new(
            tx,
            Address,
            [
                {
                    "id": beside(person),
                    "channel": channel,
                    "bot_id": bot_id,
                    "key": key,
                    "person_id": person,
                    "active": True,
                }
                for key, person in people.items()
            ],
        )
        found |= await _known(tx, channel, bot_id, missing)
    return found


async def _known(tx: Tx, channel: str, bot_id: int, keys: Collection[str]) -> dict[str, Caller]:
    asked = {"channel": channel, "bot_id": bot_id, "keys": list(keys)}
    rows = await tx.execute(_KNOWN, asked)
    return {
        row.key: Caller(row.id, row.person_id, row.key, row.language, row.active) for row in rows
    }


async def set_language(tx: Tx, person_id: int, language: str) -> None:
    """Remember the language a person chose."""
    await tx.execute(update(Person).where(Person.id == person_id).values(language=language))


async def set_active(tx: Tx, address_id: int, active: bool) -> None:
    """Remember that an address shut us out, or let us in again."""
    await tx.execute(update(Address).where(Address.id == address_id).values(active=active))


async def addresses_of(tx: Tx, person_ids: Collection[int]) -> dict[int, int]:
    """The active address of each person who has one: person → address."""
    rows = await tx.execute(
        select(Address.person_id, Address.id).where(
            Address.person_id.in_(person_ids), Address.active.is_(True)
        )
    )
    return {person: address for person, address in rows}


async def give_consent(
    tx: Tx, person_id: int, purpose: str, *, version: str, channel: str, at: datetime
) -> None:
    """Keep the proof of an agreement; agreeing again replaces a withdrawal."""
    consent = {
        "person_id": person_id,
        "purpose": purpose,
        "version": version,
        "channel": channel,
        "given_at": at,
        "withdrawn_at": None,
    }
    await put_rows(tx, Consent, [consent])


async def withdraw_consent(tx: Tx, person_id: int, purpose: str, at: datetime) -> bool:
    """Stop what the person had agreed to; tell whether anything was in force."""
    done = await tx.execute(
        update(Consent)
        .where(
            Consent.person_id == person_id,
            Consent.purpose == purpose,
            Consent.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=at)
    )
    return done.rowcount > 0


async def restore_consent(tx: Tx, person_id: int, purpose: str) -> None:
    """Take a withdrawal back: the agreement and its proof stand as before."""
    await tx.execute(
        update(Consent)
        .where(Consent.person_id == person_id, Consent.purpose == purpose)
        .values(withdrawn_at=None)
    )


async def consents(tx: Tx, person_id: int) -> list[Consent]:
    """Everything the person ever agreed to, withdrawn or not."""
    rows = await tx.execute(select(Consent.__table__).where(Consent.person_id == person_id))
    return [Consent(**row._mapping) for row in rows]
