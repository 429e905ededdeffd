"""One installation: its settings checked, its database opened, held and brought up to date."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from bot.refusals import CannotStart
from bot.secret import load_keys
from bot.settings import Settings
from bot.sole import PATIENCE, sole
from bot.spool import Spool
from domain.keys import Keys
from domain.visits import KeyDamaged, unwrap
from storage.responses import wrapped_keys
from storage.session import Database, UnknownDatabase, is_trouble

WEBHOOK_PATH = "/telegram"

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # what Telegram accepts as secret_token
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Place:
    """A database that is ours to work on, and the installation's keys."""

    database: Database
    keys: Keys = field(repr=False)


def read_settings(**given: Any) -> Settings:
    """The settings; `given` stand above the environment. Raises CannotStart."""
    try:
        return Settings(**given)
    except ValidationError as error:
        # Never what was given: it may be a token in the wrong place.
        faults = [
            f"TANGGAP_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False)
        ]
        raise CannotStart("cli.wrong_settings", faults="\n".join(faults)) from None


def token_of(settings: Settings) -> str:
    """The bot token. Raises CannotStart when there is none; its form is the channel's to judge."""
    token = settings.telegram_token
    if token is None or not token.get_secret_value():
        raise CannotStart("cli.no_token")
    return token.get_secret_value()


def api_url_of(settings: Settings) -> str:
    """The address of the Bot API server. Raises CannotStart for what cannot be one."""
    url = urlsplit(settings.telegram_api_url)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise CannotStart("cli.unfit_api_url")
    return settings.telegram_api_url


def webhook_of(settings: Settings) -> tuple[str, str]:
    """Address and secret of the webhook; two times "" when we poll. Raises CannotStart."""
    if settings.telegram_mode == "polling":
        return "", ""
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    if not secret:
        raise CannotStart("cli.no_webhook_secret")
    if not _SECRET.fullmatch(secret):
        raise CannotStart("cli.unfit_webhook_secret")
    url = urlsplit(settings.public_url or "")
    local = url.scheme == "http" and url.hostname in _LOOPBACK
    if not url.hostname or not (url.scheme == "https" or local):
        raise CannotStart("cli.no_public_url")
    return (settings.public_url or "").rstrip("/") + WEBHOOK_PATH, secret


def open_database(settings: Settings, *, beside: bool = False) -> Database:
    """The database of the settings, not connected yet. Raises CannotStart."""
    try:
        return Database(settings.database_url, beside=beside)
    except UnknownDatabase:
        raise CannotStart("cli.unknown_database") from None
    except OSError as error:
        raise CannotStart("cli.no_folder", problem=error.strerror or str(error)) from None


def spool_of(settings: Settings, bot_id: int) -> Spool | None:
    """The spool of this bot, opened; None when the settings want none. Raises CannotStart.

    Another bot's updates must never be taken for ours, so each has a file of its own.
    """
    if settings.spool_dir is None:
        return None
    path = settings.spool_dir / f"{bot_id}.spool"
    try:
        return Spool(path)
    except BlockingIOError:
        raise CannotStart("cli.spool_taken", path=str(path)) from None
    except OSError as error:
        problem = error.strerror or str(error)
        raise CannotStart("cli.unfit_spool", path=str(path), problem=problem) from None


def keys_of(settings: Settings, database: Database, *, create: bool | None = None) -> Keys:
    """The installation's keys; on SQLite made if there are none. Raises SecretMissing."""
    may = database.is_sqlite if create is None else create
    try:
        return load_keys(settings.secret_file, create=may)
    except OSError as error:
        raise CannotStart("cli.no_folder", problem=error.strerror or str(error)) from None


async def fitting_keys(settings: Settings, database: Database) -> Keys:
    """The keys that this database was used with.

    A new secret beside a database in use would make the day's ratings fail, so none is made, and
    a foreign one is refused. Raises SecretMissing and CannotStart.
    """
    async with database.reading() as tx:
        wrapped = await wrapped_keys(tx)
    keys = keys_of(settings, database, create=database.is_sqlite and not wrapped)
    try:
        for period, key in wrapped.items():
            unwrap(keys, period, key)
    except KeyDamaged:
        raise CannotStart("cli.foreign_secret", path=str(settings.secret_file)) from None
    return keys


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Place]:
    """The installation for the one process that works on it: `run`, `demo`.

    SQLite is brought to the current schema. Raises CannotStart and AlreadyRunning.
    """
    database = open_database(settings)
    try:
        if not database.is_sqlite:
            await check_whole(database)  # the lock is kept by the server, so that has to be there
        async with sole(database, patience=PATIENCE):
            if database.is_sqlite:
                await check_whole(database)
            await bring_up_to_date(database, may=database.is_sqlite)
            yield Place(database, await fitting_keys(settings, database))
    finally:
        await database.close()


@asynccontextmanager
async def beside(settings: Settings, *, writing: bool = False) -> AsyncIterator[Database]:
    """The database for a short command, beside a process that may be at work.

    `writing` makes an SQLite database that is not there yet. Raises CannotStart.
    """
    database = open_database(settings, beside=True)
    try:
        if not writing and database.path is not None and not database.path.exists():
            raise CannotStart("cli.no_database", where=database.where)
        await check_whole(database)
        if writing and database.is_sqlite and await _is_behind(database):
            async with sole(database):
                await bring_up_to_date(database, may=True)
        else:
            await bring_up_to_date(database, may=False)
        yield database
    finally:
        await database.close()


async def check_whole(database: Database) -> None:
    """Raises CannotStart for a database that is away or damaged."""
    try:
        found = await database.check()
    except Exception as error:
        if not is_trouble(error):
            raise
        raise CannotStart(
            "cli.database_away", where=database.where, problem=type(error).__name__
        ) from None
    if found:
        raise CannotStart("cli.database_damaged", where=database.where, problem=found[:300])


async def bring_up_to_date(database: Database, *, may: bool) -> bool:
    """Upgrade the schema if it is behind; tell whether it was.

    Without `may`, one that is behind is refused. Raises CannotStart, also for one made by a
    newer program.
    """
    from storage import migrate

    standing = await migrate.standing(database)
    if standing is migrate.Standing.AHEAD:
        raise CannotStart("cli.schema_ahead", where=database.where)
    if standing is migrate.Standing.CURRENT:
        return False
    if not may:
        raise CannotStart("cli.schema_behind", where=database.where)
    await migrate.upgrade(database.url.render_as_string(hide_password=False))
    return True


async def _is_behind(database: Database) -> bool:
    from storage import migrate

    return await migrate.standing(database) is migrate.Standing.BEHIND
