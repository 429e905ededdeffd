"""The command line: `tanggap`, also `python -m bot`. Heavy things are imported when used."""

from typing import Annotated

import typer

from bot.commands.common import LANGUAGE_VARIABLES, speak
from bot.commands.demo import demo
from bot.commands.doctor import doctor
from bot.commands.ikm import ikm
from bot.commands.invite import invite
from bot.commands.migrate import migrate
from bot.commands.points import points
from bot.commands.reconcile import reconcile
from bot.commands.results import results
from bot.commands.run import run
from bot.commands.seed import seed

app = typer.Typer(
    name="tanggap",
    no_args_is_help=True,
    add_completion=False,
    # Rich help and tracebacks cost a third of a second, and a traceback could show a token.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def tanggap(
    lang: Annotated[str, typer.Option(envvar=LANGUAGE_VARIABLES, hidden=True)] = "id",
) -> None:
    """A chatbot for local government: citizens rate, civil servants learn, admins announce."""
    speak(lang)


for command in (
    demo,
    run,
    migrate,
    seed,
    points,
    invite,
    results,
    ikm,
    reconcile,
    doctor,
):
    app.command()(command)


def main() -> None:
    """Run the command line."""
    app(prog_name="tanggap")
