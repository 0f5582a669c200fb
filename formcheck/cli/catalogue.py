"""The commands about what is judged and how to change it: ``checks``, ``explain``, ``presets``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from formcheck.cli.console import WIDE, print_block, print_line, safe, safe_words, user_friendly
from formcheck.core.words import _


def add_catalogue_commands(app: typer.Typer) -> None:
    """Add the commands about checks and presets to the ``formcheck`` command."""

    @app.command()
    def checks(
        exercise: Annotated[
            str | None, typer.Argument(metavar="[EXERCISE]", help="Only this lift.", show_default=False)
        ] = None,
    ) -> None:
        """List what is checked: limits, the view it takes, how sure the limits are."""
        with user_friendly():
            _show_checks(exercise)

    @app.command()
    def explain(
        check: Annotated[str, typer.Argument(metavar="CHECK", help="Such as back-rounding or squat/depth.")],
    ) -> None:
        """Explain a check: why it matters, how it is measured, where its limits come from."""
        with user_friendly():
            _show_explanation(check)

    presets_app = typer.Typer(help="List presets of limits; show and save some.", rich_markup_mode=None)

    @presets_app.callback(invoke_without_command=True)
    def presets(context: typer.Context) -> None:
        """List the presets that analyze --preset knows."""
        if context.invoked_subcommand is None:
            with user_friendly():
                _show_presets()

    @presets_app.command()
    def show(name: Annotated[str, typer.Argument(metavar="NAME", help="Which preset.")]) -> None:
        """Print a preset, as a beginning for one of your own."""
        with user_friendly():
            from formcheck.storage.settings_files import preset_text

            typer.echo(preset_text(name).rstrip("\n"))

    @presets_app.command()
    def save(
        name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.")],
        source: Annotated[Path, typer.Option("--from", metavar="FILE", help="A settings file (TOML).")],
        replace: Annotated[bool, typer.Option("--replace", help="Replace your preset of that name.")] = False,
    ) -> None:
        """Keep a settings file as a preset of your own."""
        with user_friendly():
            from formcheck.storage.settings_files import save_preset

            path = save_preset(name, source, replace=replace)
            print_block(Text(_("Saved as {path}. Use it with formcheck analyze --preset {name}", path=path, name=name)))

    app.add_typer(presets_app, name="presets")


def _show_checks(exercise: str | None) -> None:
    from formcheck.render.catalogue import checks_of, limit_words, view_words

    entries = checks_of(exercise)
    for lift in dict.fromkeys(lift.name for lift, _check in entries):
        part = [(each, check) for each, check in entries if each.name == lift]
        table = Table(box=None, padding=(0, 1), header_style="bold", pad_edge=False)
        for heading in (_("Check"), _("Watch"), _("Fault"), _("Film from"), _("Limits")):
            table.add_column(heading, overflow="fold")
        for _lift, check in part:
            name = Text.assemble((safe(check.title), ""), "\n", (check.id, "dim"))
            watch, fault = limit_words(check)
            table.add_row(
                name, safe_words(watch), safe_words(fault), safe_words(view_words(check)), safe_words(check.confidence)
            )
        console = Console()
        if console.measure(table, options=console.options.update(width=WIDE)).maximum > console.width:
            # Where something has to be folded: a broken id cannot be copied.
            table.columns[0].width = max(len(check.id) for _, check in part)
        print_block(Text(f"{part[0][0].title} ({lift})", style="bold underline"))
        print_block(table)
        print_block(Text(""))
        if part[0][0].variants:
            print_block(Text(_("Variants, and how they are recognised; analyze --variant names one"), style="bold"))
            print_block(_pairs((each.name, each.recognised_by) for each in part[0][0].variants))
            print_block(Text(""))
    print_block(Text(_("Limits: how well they are supported. formcheck explain CHECK tells you more."), style="dim"))


def _show_explanation(name: str) -> None:
    from formcheck.render.catalogue import explanation, find_checks, full_name

    for index, (lift, check) in enumerate(find_checks(name)):
        if index:
            print_block(Text(""))
        title = Text.assemble((safe(f"{lift.title}: {check.title}"), "bold"), "  ", (full_name(lift, check), "dim"))
        print_block(title)
        print_block(_pairs(explanation(lift, check)))


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """Headings at the left, what they say at the right."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for heading, text in rows:
        grid.add_row(heading, safe_words(text))
    return grid


def _show_presets() -> None:
    from formcheck.storage.settings_files import default_settings_path, list_presets

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for preset in list_presets():
        grid.add_row(
            preset.name, safe_words(preset.title if preset.path is None else f"{preset.title} ({preset.path})")
        )
    print_block(grid)
    own = default_settings_path()
    state = "" if own.is_file() else _(" (not there yet)")
    print_line(_("\nYour own settings, for every analysis: {own}{state}", own=own, state=state), "dim")
