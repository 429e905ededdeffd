"""Logs: one JSON object a line, UTC, and never a token or what somebody wrote in any of them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

# A bot token wherever it stands: in an address, an exception's text, a repr.
_TOKEN = re.compile(r"\d{5,16}:[A-Za-z0-9_-]{20,}")
_HIDDEN = "[token]"
# PostgreSQL tells the values of a row that broke a rule; they are somebody's.
_DETAIL = re.compile(r"DETAIL: .*?(?=\n\[SQL|\n\nThe above exception|\Z)", re.S)

# Python's errors repeat what they could not use: int("…"), a missing key. It may be somebody's.
_QUOTED = re.compile(r"""["'].*["']""")
_IN_GROUP = re.compile(r"^ *\| ")


def redact(words: str) -> str:
    """The same words without anything that looks like a bot token, and without a row's values."""
    return _DETAIL.sub("DETAIL: [hidden]", _TOKEN.sub(_HIDDEN, words))


def traceback(written: str) -> str:
    """The same traceback: its frames, which are our own code, and errors that quote nothing."""
    lines = redact(written).split("\n")
    return "\n".join(
        line if _IN_GROUP.sub("", line).startswith("  ") else _QUOTED.sub("'…'", line)
        for line in lines
    )


def _redact_event(
    _: Any, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    hidden = {name: redact(v) if isinstance(v, str) else v for name, v in event.items()}
    if isinstance(trace := event.get("exception"), str):
        hidden["exception"] = traceback(trace)
    return hidden


class Redacting(logging.Formatter):
    """Formats a record of any library as JSON with its tokens hidden."""

    def __init__(self, render: Callable[[structlog.typing.EventDict], str]) -> None:
        """Use `render` for the finished event."""
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        """One line for one record."""
        said = record.getMessage()
        event: structlog.typing.EventDict = {
            # A message about an error may repeat it: asyncio's do, of a task nobody asked.
            "event": traceback(said) if record.exc_info else redact(said),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info:
            event["exception"] = traceback(self.formatException(record.exc_info))
        return _TOKEN.sub(_HIDDEN, self._render(event))


class Lines:
    """Writes a line for each event; a full disk or a reader that is gone stops nobody else."""

    def __init__(self, stream: Any) -> None:
        """Write to `stream`, each line at once."""
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write one line, or leave it out."""
        with suppress(OSError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


def configure(level: str = "INFO", *, stream: Any = None) -> None:
    """Send our own and all libraries' logs to `stream` (standard error) at `level`."""
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    json = structlog.processors.JSONRenderer()

    def render(event: structlog.typing.EventDict) -> str:
        return str(json(None, "", stamp(None, "", event)))

    handler = logging.StreamHandler(stream)
    handler.setFormatter(Redacting(render))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # These write addresses, and a Bot API address contains the token.
    quiet = ["httpx", "httpcore", "aiohttp", "telegram", "asyncio", "apscheduler"]
    quiet += ["alembic.runtime.plugins"]  # tells at every start which parts it has
    # These write every statement with its values: who asked, and what was answered.
    quiet += ["aiosqlite", "sqlalchemy", "psycopg"]
    for name in quiet:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            stamp,
            _redact_event,
            json,
        ],
        logger_factory=lambda *_: Lines(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
