"""What all commands share: the language of their sentences, and how they end."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from content import Bank

P = ParamSpec("P")
R = TypeVar("R")

LANGUAGE_VARIABLES = ["LC_ALL", "LC_MESSAGES", "LANG"]


class Speaker:
    """Says the sentences of the catalogue in the language of whoever typed the command."""

    def __init__(self, language: str, bank: Bank | None = None) -> None:
        """Read the catalogue when first asked, not before."""
        self.language = language
        self._bank = bank

    @property
    def bank(self) -> Bank:
        """All content. Raises CannotStart when it cannot be used."""
        if self._bank is None:
            from bot.words import read_content

            self._bank = read_content()
        return self._bank

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence `key` with its slots filled."""
        return self.bank.sentence(self.language, key).format(**values)

    def print(self, key: str, /, **values: object) -> None:
        """Print a sentence."""
        typer.echo(self(key, **values))


def language_of(locale: str) -> str:
    """English where the machine is set to it, else Indonesian: "C.UTF-8" tells nothing."""
    return "en" if locale.lower().startswith("en") else "id"


_current: ContextVar[Speaker] = ContextVar("speaker")


def speak(locale: str) -> None:
    """From now on commands speak the language of this locale."""
    _current.set(Speaker(language_of(locale)))


def speaker() -> Speaker:
    """The speaker of the command that is running."""
    return _current.get()


def speaking(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose refusals become one sentence on standard error and an exit code.

    1: the answer is "something is wrong"; 2: it could not be done at all.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            code = _tell(error)
            if code is None:
                raise
        raise typer.Exit(code)

    return run


def is_outside(error: Exception) -> bool:
    """Whether the database or one of its files is at fault, and not a bug of ours."""
    from storage.session import is_trouble

    ours = isinstance(error, OSError) and not isinstance(error, BrokenPipeError)
    return ours or is_trouble(error)


def _tell(error: Exception) -> int | None:
    """Say what stopped a command; its exit code, or None for a bug."""
    from bot.refusals import Wrong
    from domain.errors import Refused

    say = speaker()
    if isinstance(error, Refused):
        if error.key == "cli.content_wrong":  # there may be no sentence to say it with
            typer.echo(str(error.values["problem"]), err=True)
            return 2
        typer.echo(say(error.key, **error.values), err=True)
        return 1 if isinstance(error, Wrong) else 2
    if is_outside(error):
        typer.echo(say("cli.trouble", problem=type(error).__name__), err=True)
        return 2
    return None
