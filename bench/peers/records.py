"""Where the peers that store something keep it: two ORM classes, a commit per answer."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from survey import DATABASE


class Base(DeclarativeBase):
    """The tables."""


class Response(Base):
    """One questionnaire of one person."""

    __tablename__ = "response"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    submitted: Mapped[bool] = mapped_column(default=False)


class Answer(Base):
    """One answer in it; 0 means passed over."""

    __tablename__ = "answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id"))
    item: Mapped[str]
    value: Mapped[int]


engine = create_async_engine(f"sqlite+aiosqlite:///{DATABASE}", connect_args={"timeout": 30})
Session = async_sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine.sync_engine, "connect")
def _durable(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


async def create() -> None:
    """Make the tables."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


async def opened(user_id: int) -> int:
    """A new response; its id."""
    async with Session() as session:
        response = Response(user_id=user_id)
        session.add(response)
        await session.commit()
        return response.id


async def answered(response_id: int, item: str, value: int) -> None:
    """Keep one answer."""
    async with Session() as session:
        session.add(Answer(response_id=response_id, item=item, value=value))
        await session.commit()


async def submitted(response_id: int) -> None:
    """The person has sent her answers."""
    async with Session() as session:
        response = await session.get_one(Response, response_id)
        response.submitted = True
        await session.commit()
