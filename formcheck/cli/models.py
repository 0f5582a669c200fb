"""The command ``models``: which pose models are here, and fetching others."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from formcheck.cli.console import print_line, progress_bar, user_friendly
from formcheck.core.words import _


class FetchChoice(enum.StrEnum):
    """Choices of ``models fetch``."""

    LITE = "lite"
    FULL = "full"
    HEAVY = "heavy"
    ALL = "all"


def add_models_commands(app: typer.Typer) -> None:
    """Add ``models`` to the ``formcheck`` command."""
    models_app = typer.Typer(help="List and fetch pose models.", rich_markup_mode=None)

    @models_app.callback(invoke_without_command=True)
    def models(context: typer.Context) -> None:
        """List the pose models and where they are."""
        if context.invoked_subcommand is None:
            with user_friendly():
                _list()

    @models_app.command()
    def fetch(
        name: Annotated[FetchChoice, typer.Argument(help="Which model.", metavar="[lite|full|heavy|all]")] = (
            FetchChoice.FULL
        ),
    ) -> None:
        """Fetch a pose model, so that later analyses need no network."""
        with user_friendly():
            _fetch(name)

    app.add_typer(models_app, name="models")


def _list() -> None:
    from formcheck.vision.models.store import list_models

    for status in list_models():
        if status.path is None:
            state = _("not here yet; fetched when it is first used")
        elif status.hash_ok:
            state = f"{status.origin}, {status.path}"
        else:
            state = status.problem
        print_line(f"{status.name:<6} {status.size_bytes / 1e6:5.1f} MB  {state}")


def _fetch(name: FetchChoice) -> None:
    from formcheck.vision.models.store import fetch_model

    for each in ("lite", "full", "heavy") if name is FetchChoice.ALL else (name.value,):
        with progress_bar(_("Fetching pose model {name}", name=each), bytes_=True) as progress:
            model_file = fetch_model(each, progress)
        print_line(f"{each}: {model_file.origin}, {model_file.path}")
