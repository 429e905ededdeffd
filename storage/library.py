"""Content as it was asked: immutable rows of (kind, key, version)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Tx, insert_once


class ContentVersion(Base):
    """The exact bytes of one version of one questionnaire, lesson or table."""

    __tablename__ = "content_version"
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str]
    body: Mapped[str]
    loaded_at: Mapped[datetime]


class ContentChanged(Exception):
    """The same version came with other bytes; answers would lose their meaning."""


async def keep(
    tx: Tx, kind: str, key: str, version: str, *, digest: str, body: str, at: datetime
) -> None:
    """Write a version down once. Raises ContentChanged when its bytes differ from the row's."""
    await insert_once(
        tx,
        ContentVersion,
        kind=kind,
        key=key,
        version=version,
        hash=digest,
        body=body,
        loaded_at=at,
    )
    known = await tx.scalar(
        select(ContentVersion.hash).where(
            ContentVersion.kind == kind,
            ContentVersion.key == key,
            ContentVersion.version == version,
        )
    )
    if known != digest:
        raise ContentChanged(f"{kind} {key} {version}")


async def body(tx: Tx, kind: str, key: str, version: str) -> str | None:
    """The bytes of a version; None if it never was."""
    return await tx.scalar(
        select(ContentVersion.body).where(
            ContentVersion.kind == kind,
            ContentVersion.key == key,
            ContentVersion.version == version,
        )
    )
