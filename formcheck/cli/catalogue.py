"""The commands about what is judged and how to change it: ``checks``, ``explain``, ``presets``."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from formcheck.core.errors import UsageError

if TYPE_CHECKING:
    from formcheck.judging.settings import Settings

UserFriendly = Callable[[], contextlib.AbstractContextManager[object]]
"""Turns errors raised on purpose into one line and an exit code, as every command does."""

SettingsOption = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Limits and more of your own, in TOML.")
]
PresetOption = Annotated[
    list[str] | None, typer.Option("--preset", metavar="NAME", help="Use a preset; may be given again.")
]
HeightOption = Annotated[
    str | None,
    typer.Option("--height", metavar="HEIGHT", help="The lifter's height, such as 178cm, for velocity in m/s."),
]
"""Options of every command that judges; `analysis_settings` takes what they give."""

WIDE = 1000
"""Columns of a window that has room for everything."""

CM_PER_FOOT, CM_PER_INCH = 30.48, 2.54


def add_catalogue_commands(app: typer.Typer, user_friendly: UserFriendly) -> None:
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
        replace: Annotated[bool, typer.Option("--replace", help="Write over your preset of that name.")] = False,
    ) -> None:
        """Keep a settings file as a preset of your own."""
        with user_friendly():
            from formcheck.storage.settings_files import save_preset

            path = save_preset(name, source, replace=replace)
            _print(Text(f"Saved as {path}. Use it with formcheck analyze --preset {name}"))

    app.add_typer(presets_app, name="presets")


def analysis_settings(path: Path | None, presets: list[str], height: str | None) -> Settings:
    """Settings for one analysis: the user's own, those presets, that file, that height; later ones win.

    Raises
    ------
    FormCheckError : one of them cannot be read or understood.
    """
    from formcheck.judging.settings import Settings, merge
    from formcheck.storage.settings_files import load_settings

    return merge(load_settings(path, presets), Settings(height_cm=parse_height_cm(height)))


def parse_height_cm(text: str | None) -> float | None:
    """Centimetres from what people write: 178, 178cm, 1.78m, 5'10. `UsageError` for anything else."""
    if text is None:
        return None
    from formcheck.judging.settings import HEIGHT_RANGE_CM

    number = r"(\d+(?:[.,]\d+)?)"
    if match := re.fullmatch(rf"\s*{number}\s*(cm|m)?\s*", text, re.IGNORECASE):
        height_cm = float(match[1].replace(",", ".")) * (100.0 if (match[2] or "").lower() == "m" else 1.0)
    elif match := re.fullmatch(rf"""\s*(\d)\s*(?:'|ft)\s*(?:{number}\s*(?:"|''|in)?)?\s*""", text, re.IGNORECASE):
        height_cm = int(match[1]) * CM_PER_FOOT + float((match[2] or "0").replace(",", ".")) * CM_PER_INCH
    else:
        raise UsageError(f"--height {text!r} is not a height: write it like 178cm, 1.78m or 5'10.")
    lowest, highest = HEIGHT_RANGE_CM
    if not lowest <= height_cm <= highest:
        raise UsageError(f"--height {text!r} must lie between {lowest:g} and {highest:g} cm.")
    return round(height_cm, 1)


def _show_checks(exercise: str | None) -> None:
    from formcheck.render.catalogue import checks_of, limit_words, view_words

    entries = checks_of(exercise)
    for lift in dict.fromkeys(lift.name for lift, _ in entries):
        part = [(each, check) for each, check in entries if each.name == lift]
        table = Table(box=None, padding=(0, 1), header_style="bold", pad_edge=False)
        for heading in ("Check", "Watch", "Fault", "Film from", "Limits"):
            table.add_column(heading, overflow="fold")
        for _, check in part:
            name = Text.assemble((_safe(check.title), ""), "\n", (check.id, "dim"))
            watch, fault = limit_words(check)
            table.add_row(name, _text(watch), _text(fault), _text(view_words(check)), _text(check.confidence))
        console = Console()
        if console.measure(table, options=console.options.update(width=WIDE)).maximum > console.width:
            # Where something has to be folded: a broken id cannot be copied.
            table.columns[0].width = max(len(check.id) for _, check in part)
        _print(Text(f"{part[0][0].title} ({lift})", style="bold underline"))
        _print(table)
        _print(Text(""))
        if part[0][0].variants:
            _print(Text("Variants, and how they are recognised; analyze --variant names one", style="bold"))
            _print(_pairs((each.name, each.recognised_by) for each in part[0][0].variants))
            _print(Text(""))
    _print(Text("Limits: how well they are backed. formcheck explain CHECK tells more.", style="dim"))


def _show_explanation(name: str) -> None:
    from formcheck.render.catalogue import explanation, find_checks, full_name

    for index, (lift, check) in enumerate(find_checks(name)):
        if index:
            _print(Text(""))
        title = Text.assemble((_safe(f"{lift.title}: {check.title}"), "bold"), "  ", (full_name(lift, check), "dim"))
        _print(title)
        _print(_pairs(explanation(lift, check)))


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """Headings at the left, what they say at the right."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for heading, text in rows:
        grid.add_row(heading, _text(text))
    return grid


def _show_presets() -> None:
    from formcheck.storage.settings_files import default_settings_path, list_presets

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for preset in list_presets():
        grid.add_row(preset.name, _text(preset.title if preset.path is None else f"{preset.title} ({preset.path})"))
    _print(grid)
    own = default_settings_path()
    state = "" if own.is_file() else " (not there yet)"
    _print(Text(f"\nYour own settings, for every analysis: {own}{state}", style="dim"), wrap=False)


def _text(words: str) -> Text:
    return Text(_safe(words))


def _safe(words: str) -> str:
    from formcheck.render.terminal import safe_text, shows_symbols

    return safe_text(words, shows_symbols(Console().encoding))


def _print(line: RenderableType, wrap: bool = True) -> None:
    Console(highlight=False).print(line, soft_wrap=not wrap)
