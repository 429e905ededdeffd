"""Numbers the awaits of a running program, and the calls it makes to its database."""

from __future__ import annotations

import asyncio
import gc
import types
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

ROOT = Path(__file__).resolve().parents[3]
ROOMS = {"bot", "channels", "handlers", "domain", "storage", "web"}

Strike = Callable[[str], None]
"""What happens at the chosen point; it is told the place."""


class Awaits:
    """A task factory: each time any task is suspended, that is the next point.

    A number means the same place again as far as the program takes the same way again, which
    threads and sockets make likely and not certain; so every point comes with its place.
    """

    def __init__(self, strike: Strike, *, only: str = "") -> None:
        """Call `strike` at the point that `arm` names, among those whose place contains `only`."""
        self.count = 0
        self._points = 0
        self._only = only
        self._at = 0
        self._strike = strike

    def arm(self, at: int) -> None:
        """Count from here on, and strike at number `at`, the first being 1 (0: never)."""
        self.count, self._points, self._at = 0, 0, at

    def __call__(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **how: Any
    ) -> asyncio.Task[Any]:
        return asyncio.Task(self._counted(work), loop=loop, **how)

    async def _counted(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await self._driven(work)

    @types.coroutine
    def _driven(self, work: Coroutine[Any, Any, Any]) -> Generator[Any, None, Any]:
        thrown: BaseException | None = None
        while True:
            try:
                waits_for = work.send(None) if thrown is None else work.throw(thrown)
            except StopIteration as end:
                return end.value
            self.count += 1
            if not self._only or self._only in place(work):
                self._points += 1
                if self._points == self._at:
                    self._strike(place(work))
            try:
                yield waits_for
                thrown = None
            except BaseException as error:
                thrown = error


def place(work: Any) -> str:
    """Where suspended work stands: its two innermost lines of ours, and what those wait in."""
    ours: list[str] = []
    waits = ""
    while work is not None:
        frames = (getattr(work, f"{kind}_frame", None) for kind in ("cr", "gi", "ag"))
        if (frame := next(filter(None, frames), None)) is not None:
            code = frame.f_code
            path = Path(code.co_filename)
            waits = f"{path.stem}.{code.co_qualname}"
            inside = path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ROOMS
            if inside and path.stem != "near":  # every statement on SQLite goes through that
                room = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                ours.append(f"{room}:{code.co_qualname}:{frame.f_lineno}")
                waits = ""
        work = _inner(work)
    return " > ".join(filter(None, [*ours[-2:], waits]))


def _inner(work: Any) -> Any:
    """What suspended work waits in; the way leads through async generators, too."""
    for name in ("cr_await", "gi_yieldfrom", "ag_await"):
        if (inner := getattr(work, name, None)) is not None:
            return inner
    if type(work).__name__ in ("async_generator_asend", "async_generator_athrow"):
        return next((g for g in gc.get_referents(work) if hasattr(g, "ag_frame")), None)
    if type(work).__name__ == "coroutine_wrapper":
        return next((c for c in gc.get_referents(work) if hasattr(c, "cr_frame")), None)
    return None


class Calls:
    """Counts what is asked of a database: connect, every statement, commit; fails one of them.

    `lost` fails commits alone, and lets the chosen one come through: only its answer is lost.
    """

    def __init__(self, strike: Strike, *, lost: bool) -> None:
        """Fail the call that `arm` names."""
        self.count = 0
        self.commits = 0
        self._at = 0
        self._strike = strike
        self._lost = lost

    def arm(self, at: int) -> None:
        """Count from here on, and fail number `at`, the first being 1 (0: none)."""
        self.count, self.commits, self._at = 0, 0, at

    def watch(self, engine: AsyncEngine) -> None:
        """Count the calls of an engine that was just made."""
        dialect: Any = engine.sync_engine.dialect
        for name in ("connect", "do_execute", "do_executemany", "do_commit"):
            setattr(dialect, name, self._failing(getattr(dialect, name), name, dialect))

    def _failing(self, call: Callable[..., Any], name: str, dialect: Any) -> Callable[..., Any]:
        commit = name == "do_commit"

        def asked(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            self.commits += commit
            if (
                self._lost
                and not commit
                or (self.commits if self._lost else self.count) != self._at
            ):
                return call(*args, **kwargs)
            if self._lost:
                call(*args, **kwargs)
            self._strike(" ".join(str(args[1]).split())[:70] if "execute" in name else name)
            raise dialect.loaded_dbapi.OperationalError("the stepper's trouble")

        return asked
