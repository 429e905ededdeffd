"""Looks an installation over and says what is wrong with it: the substance of `doctor`."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.clock import Clock
from bot.install import beside, webhook_of
from bot.platform import acquainted, server_time
from bot.refusals import CannotStart
from bot.secret import SecretMissing, load_keys
from bot.service import SAFE_SQLITE
from bot.settings import Settings
from bot.spool import waiting_in
from channels.result import Trouble, Unauthorised
from domain.errors import Refused
from storage.inbox import QUARANTINED, WAITING
from storage.outbox import State
from storage.overview import Overview, database_time, overview
from storage.session import Database, is_trouble

ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
PATIENCE = timedelta(minutes=5)  # longer than this nothing should wait in a queue
SKEW = timedelta(seconds=30)  # more than this and hours, deadlines and expiry go wrong
LITTLE, LESS = 2_000_000_000, 500_000_000  # bytes of free disk: worth a word, and wrong


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"  # worth knowing, nothing has to be done now
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: a sentence's key and what fills it."""

    level: Level
    key: str
    values: dict[str, str | int] = field(default_factory=dict)


def _ok(key: str, **values: str | int) -> Finding:
    return Finding(Level.OK, key, values)


def _note(key: str, **values: str | int) -> Finding:
    return Finding(Level.NOTE, key, values)


def _wrong(key: str, **values: str | int) -> Finding:
    return Finding(Level.WRONG, key, values)


async def inspect(settings: Settings, clock: Clock) -> list[Finding]:
    """Everything that can be looked at, in the order in which to put it right."""
    return [finding async for finding in _all(settings, clock)]


async def _all(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    yield _ok("doctor.python", version=platform.python_version())
    for finding in [*_zones(), *_secret(settings), *_spool(settings)]:
        yield finding
    async for finding in _database(settings, clock):
        yield finding
    async for finding in _platform(settings, clock):
        yield finding


def _zones() -> list[Finding]:
    for zone in ZONES:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, OSError):
            return [_wrong("doctor.no_zones", zone=zone)]
    return [_ok("doctor.zones")]


def _secret(settings: Settings) -> list[Finding]:
    path = settings.secret_file
    if not path.exists():
        sqlite = settings.database_url.startswith("sqlite")
        return [(_note if sqlite else _wrong)("doctor.no_secret", path=str(path))]
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return [_wrong("doctor.open_secret", path=str(path), mode=f"{mode:04o}")]
    try:
        load_keys(path, create=False)
    except SecretMissing as error:
        return [_wrong(error.key, **error.values)]
    return [_ok("doctor.secret", path=str(path))]


def _spool(settings: Settings) -> list[Finding]:
    folder = settings.spool_dir
    if folder is None:
        sqlite = settings.database_url.startswith("sqlite")
        return [] if sqlite else [_note("doctor.no_spool")]
    if not folder.is_dir():
        return [_note("doctor.spool_absent", path=str(folder))]
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return [_wrong("doctor.open_spool", path=str(folder), mode=f"{mode:04o}")]
    try:
        n = waiting_in(folder)
    except OSError as error:
        return [_wrong("doctor.spool_shut", path=str(folder), problem=error.strerror or "")]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [_wrong("doctor.spool_shut", path=str(folder), problem=os.strerror(errno.EACCES))]
    free = shutil.disk_usage(folder).free
    say = _wrong if free < LESS else _note if n or free < LITTLE else _ok
    return [say("doctor.spool", path=str(folder), n=n, free=f"{free / 1_000_000_000:.1f}")]


# --- the database -------------------------------------------------------------------------


async def _database(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    try:
        async with beside(settings) as database:
            async for finding in _inside(database, clock.now()):
                yield finding
    except CannotStart as error:
        missing = error.key == "cli.no_database"
        yield (_note if missing else _wrong)(error.key, **error.values)
    except Exception as error:
        if not is_trouble(error):
            raise
        yield _wrong("cli.trouble", problem=type(error).__name__)


async def _inside(database: Database, now: datetime) -> AsyncIterator[Finding]:
    yield _ok("doctor.database", where=database.where)
    if database.is_sqlite:
        yield _sqlite()
    if database.path is not None:
        yield _disk(database.path)
    async with database.reading() as tx:
        seen = await overview(tx, now=now)
        theirs = await database_time(tx)
    if theirs is not None and abs(theirs - now) > SKEW:
        yield _wrong("doctor.database_clock", seconds=round(abs(theirs - now).total_seconds()))
    for finding in [*_queues(seen, now), *_office(seen)]:
        yield finding


def _sqlite() -> Finding:
    # The library of this interpreter is the one that writes: nothing else is worth asking.
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < SAFE_SQLITE:
        return _note("doctor.old_sqlite", version=version, safe=".".join(map(str, SAFE_SQLITE)))
    return _ok("doctor.sqlite", version=version)


def _disk(path: Path) -> Finding:
    free = shutil.disk_usage(path.parent).free
    told = f"{free / 1_000_000_000:.1f}"
    if free < LESS:
        return _wrong("doctor.disk_full", free=told)
    return _note("doctor.disk_low", free=told) if free < LITTLE else _ok("doctor.disk", free=told)


def _queues(seen: Overview, now: datetime) -> list[Finding]:
    waiting = seen.inbox.states.get(WAITING, 0)
    ready = seen.outbox.states.get(State.READY, 0)
    found = []
    for name, n, oldest in (
        ("inbox", waiting, seen.inbox.oldest),
        ("outbox", ready, seen.outbox.oldest),
    ):
        age = now - oldest if oldest is not None else timedelta()
        minutes = int(age.total_seconds() // 60)
        say = _wrong if age > PATIENCE else _ok
        found.append(say(f"doctor.{name}", n=n, minutes=minutes))
    if uncertain := seen.outbox.states.get(State.UNCERTAIN, 0):
        found.append(_note("doctor.uncertain", n=uncertain))
    if aside := seen.inbox.states.get(QUARANTINED, 0):
        found.append(_note("doctor.quarantined", n=aside))
    return found


def _office(seen: Overview) -> list[Finding]:
    if not seen.units:
        return [_note("doctor.no_office")]
    if any(seen.sample.values()):
        return [_note("doctor.sample", units=seen.sample["units"])]
    return [_ok("doctor.office", units=seen.units)]


# --- the platform -------------------------------------------------------------------------


async def _platform(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    try:
        url, _ = webhook_of(settings)
        async with acquainted(settings) as channel:
            yield _ok("doctor.token", name=channel.username)
            there = await channel.webhook_info()
    except Unauthorised:
        yield _wrong("doctor.token_refused")
        return
    except Trouble as error:
        yield _wrong("doctor.platform_away", problem=str(error))
        return
    except Refused as error:
        yield _wrong(error.key, **error.values)
        return
    if there.url != url:
        yield _wrong("doctor.webhook_drift" if there.url else "doctor.webhook_absent")
    elif url and there.error and there.pending:
        yield _wrong("doctor.webhook_failing", problem=there.error, n=there.pending)
    elif url:
        yield _ok("doctor.webhook", n=there.pending)
    theirs = await server_time(settings)
    if theirs is not None:
        seconds = round(abs((theirs - clock.now()).total_seconds()))
        say = _wrong if seconds > SKEW.total_seconds() else _ok
        yield say("doctor.clock", seconds=seconds)
