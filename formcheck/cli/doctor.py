"""The command ``doctor``: what this machine has, and what it lacks."""

from __future__ import annotations

import typer

from formcheck.cli.console import print_line, user_friendly
from formcheck.core.words import _

MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("•", "dim")}


def add_doctor_command(app: typer.Typer) -> None:
    """Add ``doctor`` to the ``formcheck`` command."""

    @app.command()
    def doctor() -> None:
        """Check this machine: versions, system libraries, codecs, pose models, camera."""
        with user_friendly():
            wrong = _check()
        raise typer.Exit(2 if wrong else 0)


def _check() -> int:
    """Print what was found; returns how much is to be repaired."""
    from formcheck.service.doctor import check_system

    results = check_system()
    width = max(len(result.name) for result in results)
    for result in results:
        mark, style = MARKS[result.ok]
        print_line(f"{mark} ", style, end="")
        print_line(f"{result.name:<{width}}  {result.detail}")
        if result.remedy:
            print_line(f"  {'':<{width}}  -> {result.remedy}", "yellow")
    wrong = sum(result.ok is False for result in results)
    print_line(
        _("\n{n} to fix: see the lines with ->.", n=wrong) if wrong else _("\nEverything FormCheck needs is here.")
    )
    return wrong
