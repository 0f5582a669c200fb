"""The ``formcheck`` command: its commands are added here, each by its module.

Heavy libraries (MediaPipe, OpenCV, PyAV) are imported inside the commands that need them, so that ``formcheck --help``
is quick and works where their system libraries are missing. Standard output carries results, standard error all else.
Exit codes: 0 analysed; 2 wrong usage or unreadable input; 3 nothing to judge; 4 some clips of a batch failed;
130 stopped by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

from typing import Annotated

import typer

from formcheck.cli.analyze import add_analyze_command
from formcheck.cli.app import add_app_command
from formcheck.cli.batch import add_batch_command
from formcheck.cli.catalogue import add_catalogue_commands
from formcheck.cli.console import STOPPED, say
from formcheck.cli.doctor import add_doctor_command
from formcheck.cli.guidance import add_guidance_commands
from formcheck.cli.history import add_history_commands
from formcheck.cli.language import translate, translated_formatter
from formcheck.cli.live import add_live_command
from formcheck.cli.models import add_models_commands
from formcheck.cli.neutral import add_neutral_command
from formcheck.cli.team import add_team_command
from formcheck.core.version import VERSION
from formcheck.core.words import ENGLISH, _, language

app = typer.Typer(
    name="formcheck",
    help="Checks the form of barbell and kettlebell lifts in a video, rep by rep.",
    epilog="FormCheck gives general fitness information. "
    "It is not a medical device and does not replace a coach or clinician.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Entry point of the ``formcheck`` command."""
    try:
        if language() == ENGLISH:
            app(prog_name="formcheck")
        else:
            command = typer.main.get_command(app)
            translate(command)
            context = command.context_class
            context.formatter_class = translated_formatter(context.formatter_class)
            command(prog_name="formcheck")
    except KeyboardInterrupt:
        say(_("Stopped."))
        raise SystemExit(STOPPED) from None


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    spoken: Annotated[
        str | None,
        typer.Option(
            "--language", metavar="LANGUAGE", help="Language of everything that is said: en or de [default: en]."
        ),
    ] = None,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if show_version:
        version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# In the order in which --help shows them.
add_analyze_command(app)
add_batch_command(app)
add_doctor_command(app)


@app.command()
def version() -> None:
    """Show the version."""
    typer.echo(f"formcheck {VERSION}")


add_models_commands(app)
add_history_commands(app)
add_neutral_command(app)
add_catalogue_commands(app)
add_guidance_commands(app)
add_app_command(app)
add_team_command(app)
add_live_command(app)
