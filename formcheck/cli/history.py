"""The commands about the history: ``history``, ``compare``, ``export``, ``import``."""

from __future__ import annotations

import contextlib
import gc
import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from formcheck.cli.console import WIDE, print_line, safe_words, user_friendly
from formcheck.cli.options import OnlyExerciseOption, lift_name
from formcheck.core.errors import HistoryError, UsageError
from formcheck.core.verdicts import word_of
from formcheck.core.words import N_, _, in_sentence, ngettext, number
from formcheck.service.user_values import parse_day

if TYPE_CHECKING:
    from formcheck.storage.history import History, SavedSet
    from formcheck.storage.history.records import AnySet
    from formcheck.storage.history.trends import Comparison, RepNumbers

HISTORY_COLUMNS = (
    "ID",
    N_("Date"),
    N_("Time"),
    N_("Lifter"),
    N_("Exercise"),
    N_("Load"),
    N_("Reps"),
    N_("Back"),
    N_("Verdict"),
    N_("Video"),
)
CHANGE = N_("Change")

RIGHT_COLUMNS = ("ID", "Load", "Reps", "Back")
LEAST_NEEDED = ("Video", "Time", "Reps", "Lifter")
"""Columns that are left out, in this order, where the rest would be broken within words."""

REPAIR = N_("formcheck history repair saves what can be read.")

USUALLY_SHOWN = 20
"""Sets that a list shows unless more are asked for."""

HISTORY_NOTE = N_("Back: rounding of the typical rep against your own neutral.")

TREND_WORDS = (
    ("rounding_deg", N_("Back rounding"), "°"),
    ("concentric_s", N_("Ascent"), " s"),
    ("depth_thighs", N_("Depth"), ""),
)


COLUMN_GAP = 2
"""Spaces between columns."""

WHOLE_UNITS = ("°", " %")
"""Units of numbers that are shown without a fraction."""


def add_history_commands(app: typer.Typer) -> None:
    """Add the commands about the history to the ``formcheck`` command."""
    history_app = typer.Typer(help="List saved sets; delete some, or repair the file.", rich_markup_mode=None)

    @history_app.callback(invoke_without_command=True)
    def history(
        context: typer.Context,
        lifter: Annotated[str | None, typer.Option("--lifter", metavar="NAME", help="Only this lifter.")] = None,
        exercise: OnlyExerciseOption = None,
        last: Annotated[
            int | None,
            typer.Option("--last", "-n", metavar="N", min=1, help="That many sets [default: 20]."),
        ] = None,
        since: Annotated[
            str | None, typer.Option("--since", metavar="DAY", help="Sets from that day on, such as 2026-03-31.")
        ] = None,
        everything: Annotated[bool, typer.Option("--all", help="All sets.")] = False,
    ) -> None:
        """List the saved sets, the newest first: the last 20 unless told otherwise."""
        if context.invoked_subcommand is None:
            with user_friendly():
                if everything and last is not None:
                    raise UsageError(_("--last shows some sets and --all every one: leave out one of them."))
                day = parse_day(since, "--since")
                limit = last if last is not None or everything or day else USUALLY_SHOWN
                with _nothing_collected():
                    _show_history(lifter, exercise, limit, datetime.fromisoformat(day) if day else None)

    @history_app.command()
    def delete(
        ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Numbers of sets, as formcheck history shows.")],
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    ) -> None:
        """Delete saved sets for good."""
        with user_friendly():
            _delete(ids, yes)

    @history_app.command()
    def repair() -> None:
        """Save what can be read of a damaged history in a new file; the old one is kept."""
        with user_friendly():
            _repair()

    app.add_typer(history_app, name="history")

    @app.command()
    def compare(
        first: Annotated[int, typer.Argument(metavar="A", help="Number of a saved set.")],
        second: Annotated[int, typer.Argument(metavar="B", help="Number of another one.")],
    ) -> None:
        """Compare two saved sets side by side: reps, rounding, depth, tempo, verdicts."""
        with user_friendly():
            _show_comparison(first, second)

    @app.command("export")
    def export_(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A new zip file.", dir_okay=False)],
    ) -> None:
        """Write the whole history, with reports and poses, to a zip file."""
        with user_friendly():
            from formcheck.storage.history import export_history, open_history

            with open_history() as kept:
                done = export_history(kept, file)
            print_line(ngettext("{n} set in {file}", "{n} sets in {file}", done.sets, file=file))
            for sentence in done.left_out:
                print_line(f"{sentence}. {_(REPAIR)}", "yellow")

    @app.command("import")
    def import_(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A zip file that export wrote.", dir_okay=False)],
    ) -> None:
        """Add what another history exported; what is here already stays once."""
        with user_friendly():
            from formcheck.storage.history import import_history, open_history

            with open_history() as kept:
                done = import_history(kept, file)
            print_line(
                _(
                    "{sets}, {renewed} renewed, {known} here already; {lifters}.",
                    sets=ngettext("{n} new set", "{n} new sets", done.added),
                    renewed=done.renewed,
                    known=done.known,
                    lifters=ngettext("{n} new lifter", "{n} new lifters", done.new_lifters),
                )
            )


# --- history -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Without looks for garbage: they take an eighth of the time, as SQLAlchemy makes much when imported."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _show_history(lifter: str | None, exercise: str | None, limit: int | None, since: datetime | None) -> None:
    from formcheck.storage.history import open_history
    from formcheck.storage.history.records import clock_words, day_words

    exercise = None if exercise is None else lift_name(exercise)
    unit = _unit_of_loads()
    with open_history() as kept:
        sets = kept.summaries(lifter=lifter, exercise=exercise, since=since, limit=limit)
        count = len(sets) if limit is None else kept.count(lifter=lifter, exercise=exercise, since=since)
        alike = len({((saved.lifter or "").casefold(), saved.exercise) for saved in sets}) == 1
        trend_lines = _trend_lines(kept, lifter, exercise, since, unit) if alike else []
    if not sets:
        if lifter is not None or exercise is not None or since is not None:
            print_line(_("No saved set matches: formcheck history shows the last ones."))
        else:
            print_line(_("No set is saved here yet: formcheck analyze set.mp4 --save keeps one."))
        return
    rows = []
    for saved in sets:
        cells = [
            str(saved.id),
            day_words(saved.when),
            clock_words(saved.when),
            saved.lifter or "–",
            _exercise_words(saved),
            _load(saved.numbers.load_kg, unit),
            str(saved.numbers.reps),
            _amount(saved.numbers.rounding_deg, "°", signed=True),
            _("damaged") if "report" in saved.damage else word_of(saved.verdict),
            saved.video_file,
        ]
        rows.append(dict(zip(HISTORY_COLUMNS, cells, strict=True)))
    left_out = _print_history(rows)
    more = _(" Left out, as the window is narrow: {columns}.", columns=", ".join(left_out)) if left_out else ""
    print_line(_(HISTORY_NOTE) + more, "dim")
    if len(sets) < count:
        print_line(
            _(
                "The last {sets} of {count:,} sets: --last N shows more of them, --all every one.",
                sets=len(sets),
                count=count,
            ),
            "dim",
        )
    for saved in sets:
        if saved.damage:
            print_line(
                _(
                    "Set {id} is damaged ({damage}): {repair}",
                    id=saved.id,
                    damage=", ".join(saved.damage),
                    repair=_(REPAIR),
                ),
                "yellow",
            )
    for line in trend_lines:
        print_line(line)


def _unit_of_loads() -> str:
    """The user's unit of loads, without reading what every lift is about where no settings are."""
    from formcheck.core.loads import LOAD_UNITS
    from formcheck.storage.config_folder import default_settings_path

    if not default_settings_path().is_file():
        return LOAD_UNITS[0]
    from formcheck.storage.settings_files import load_settings

    return load_settings().unit_of_loads


def _print_history(rows: Sequence[dict[str, str]]) -> list[str]:
    """Print the list with all columns that have room; returns the headings of the others, in small letters."""
    console = _table_console()
    lines = plain_table(HISTORY_COLUMNS, RIGHT_COLUMNS, rows, console.width)
    if lines:
        console.print(Text("\n").join(lines), soft_wrap=True)
        return []
    for count in range(len(LEAST_NEEDED) + 1):
        columns = [name for name in HISTORY_COLUMNS if name not in LEAST_NEEDED[:count]]
        table = _table(columns, right=RIGHT_COLUMNS)
        for row in rows:
            _row(table, [row[name] for name in columns])
        if console.measure(table, options=console.options.update(width=WIDE)).minimum <= console.width:
            break
    console.print(table)
    return [in_sentence(_(name)) for name in LEAST_NEEDED[:count]]


def plain_table(columns: Sequence[str], right: Sequence[str], rows: Sequence[dict[str, str]], width: int) -> list[Text]:
    """The lines of a table as `_table` draws it, where nothing has to be folded; empty elsewhere.

    Thousands of rows take seconds to be laid out by the table, which asks every cell how narrow it could be.
    """
    from formcheck.render.safe_text import safe_text, shows_symbols

    if not shows_symbols(Console().encoding):
        return []  # other lines, too, are drawn otherwise there
    cells = [[safe_text(row[name]) for name in columns] for row in rows]
    heads = [_(name) for name in columns]
    widths = [max(map(cell_len, column)) for column in zip(heads, *cells, strict=True)]
    if sum(widths) + COLUMN_GAP * (len(columns) - 1) > width:
        return []

    def line(row: Sequence[str]) -> str:
        padded = [
            set_cell_size(cell, size) if name not in right else " " * (size - cell_len(cell)) + cell
            for cell, size, name in zip(row, widths, columns, strict=True)
        ]
        return (" " * COLUMN_GAP).join(padded)

    rule = "─" * (sum(widths) + COLUMN_GAP * (len(columns) - 1))
    return [Text(line(heads), style="bold"), Text(rule), *(Text(line(row)) for row in cells)]


def _trend_lines(
    kept: History, lifter: str | None, exercise: str | None, since: datetime | None, unit_of_loads: str
) -> list[str]:
    """How one lifter's one exercise went over the sessions; nothing where several are mixed."""
    kinds = [kind for kind in kept.kinds(lifter=lifter) if exercise in (None, kind[1])]
    if len(kinds) != 1:
        return []
    from formcheck.storage.history.trends import sessions, trend

    course = sessions(kept.summaries(lifter=lifter, exercise=exercise, since=since))
    if len(course) < 2:
        return []
    lines = ["", _("Over {n} sessions", n=len(course))]
    for name, title, unit in TREND_WORDS:
        points = trend(course, name).points
        if len(points) > 1:
            first, last = points[0][1], points[-1][1]
            found = trend(course, name)
            pace = _(", {change} a week", change=_amount(found.per_week, unit, signed=True)) if found.clear else ""
            lines.append(f"  {_(title)}: {_amount(first, unit)} -> {_amount(last, unit)}{pace}")
    tonnage = [each.tonnage_kg for each in course if math.isfinite(each.tonnage_kg)]
    if len(tonnage) > 1:
        start, end = (_load(each, unit_of_loads) for each in (tonnage[0], tonnage[-1]))
        lines.append(_("  Estimated tonnage (load x reps): {start} -> {end}", start=start, end=end))
    return lines if len(lines) > 2 else []


def _delete(ids: Sequence[int], yes: bool) -> None:
    from formcheck.storage.history import open_history
    from formcheck.storage.history.records import clock_words, day_words

    with open_history() as kept:
        # All are looked up before any is deleted: a wrong number deletes nothing.
        chosen = [kept.set(set_id) for set_id in dict.fromkeys(ids)]
        if not yes:
            for saved in chosen:
                when = f"{day_words(saved.when)} {clock_words(saved.when)}"
                print_line(f"{saved.id}  {when}  {_exercise_words(saved)}  {saved.video_file}")
            try:
                typer.confirm(
                    ngettext("Delete {n} set for good?", "Delete {n} sets for good?", len(chosen)), abort=True, err=True
                )
            except typer.Abort as error:
                raise HistoryError(_("Nothing was deleted.")) from error
        for saved in chosen:
            kept.delete_set(saved.id)
    print_line(ngettext("Deleted {n} set.", "Deleted {n} sets.", len(chosen)))


def _repair() -> None:
    from formcheck.storage.history.repair import repair_history

    done = repair_history()
    if done.kept is None:
        print_line(_("Nothing is damaged in {path}: it is as it was.", path=done.path))
        return
    for sentence in done.problems:
        print_line(f"{sentence}.", "yellow")
    print_line(
        _(
            "{sets} and {lifters} are in {path}",
            sets=ngettext("{n} set", "{n} sets", done.sets),
            lifters=ngettext("{n} lifter", "{n} lifters", done.lifters),
            path=done.path,
        )
    )
    print_line(_("The file as it was is kept: {kept}", kept=done.kept))


# --- compare -------------------------------------------------------------------------------------------------------


def _show_comparison(first_id: int, second_id: int) -> None:
    from formcheck.storage.history import open_history
    from formcheck.storage.history.trends import compare

    with open_history() as kept:
        first, second = kept.set(first_id), kept.set(second_id)
    for saved in (first, second):
        if saved.unreadable:
            raise HistoryError(
                _("Set {id} cannot be compared: its report cannot be read. {repair}", id=saved.id, repair=_(REPAIR))
            )
    compared = compare(first, second)
    if first.exercise != second.exercise:
        print_line(_("These are different lifts: compare their numbers with care."), "yellow")
    _print_table(_sets_table(first, second, compared))
    print_line("")
    _print_table(_checks_table(first, second, compared))
    print_line("")
    _print_table(_reps_table(first, second, compared))
    print_line(_("Back: rounding against the lifter's own neutral. Up: seconds from lift-off to lockout."), "dim")


def _sets_table(first: SavedSet, second: SavedSet, compared: Comparison) -> Table:
    from formcheck.storage.history.records import day_words
    from formcheck.storage.history.trends import QUANTITIES

    unit_of_loads = _unit_of_loads()
    table = _table(("", _("Set {id}", id=first.id), _("Set {id}", id=second.id), CHANGE), right=(CHANGE,))
    for title, words in (
        (_("Date"), lambda saved: day_words(saved.when)),
        (_("Lifter"), lambda saved: saved.lifter or "–"),
        (_("Exercise"), _exercise_words),
        (_("Verdict"), lambda saved: word_of(saved.verdict)),
    ):
        _row(table, [title, words(first), words(second), ""])
    for quantity in QUANTITIES:
        one, two = (float(getattr(numbers, quantity.name)) for numbers in compared.numbers)
        if not (math.isfinite(one) or math.isfinite(two)):
            continue
        unit = _unit(quantity.unit)
        words = partial(_load, unit=unit_of_loads) if quantity.unit == "kg" else partial(_amount, unit=unit)
        if unit in WHOLE_UNITS:  # the change is that of the numbers beside it
            one, two = (round(each) if math.isfinite(each) else each for each in (one, two))
        change = words(two - one, signed=True) if math.isfinite(two - one) else ""
        if change and not re.search("[1-9]", change):
            change = _("same")
        elif change:
            change = f"{change} {_(compared.judged(quantity))}".rstrip()
        _row(table, [_(quantity.title), words(one), words(two), change])
    return table


def _checks_table(first: SavedSet, second: SavedSet, compared: Comparison) -> Table:
    table = _table((N_("Check"), _("Set {id}", id=first.id), _("Set {id}", id=second.id)))
    for check in compared.checks:
        # The unit stands in words in each report; here it would crowd out the number.
        unit = "°" if check.unit == "deg" else ""
        if set(check.verdicts) != {"not-measured"}:
            pairs = zip(check.verdicts, check.values, strict=True)
            cells = [
                word_of(word) + (f" ({_amount(value, unit)})" if math.isfinite(value) else "") for word, value in pairs
            ]
            _row(table, [check.title, *cells])
    return table


def _reps_table(first: SavedSet, second: SavedSet, compared: Comparison) -> Table:
    depth = any(rep is not None and math.isfinite(rep.depth_thighs) for pair in compared.reps for rep in pair)
    names = [_("Verdict"), _("Back"), *([_("Depth")] if depth else []), _("Up")]
    table = _table((N_("Rep"), *(f"{name} {saved.id}" for saved in (first, second) for name in names)), right=("Rep",))
    for index, pair in enumerate(compared.reps, start=1):
        _row(table, [str(index), *(cell for rep in pair for cell in _rep_cells(rep, depth))])
    return table


def _rep_cells(rep: RepNumbers | None, depth: bool) -> list[str]:
    if rep is None:
        return [""] * (4 if depth else 3)
    cells = [word_of(rep.verdict), _amount(rep.rounding_deg, "°", signed=True)]
    return [*cells, *([_amount(rep.depth_thighs, "")] if depth else []), _amount(rep.concentric_s, " s")]


# --- words ---------------------------------------------------------------------------------------------------------


def _exercise_words(saved: AnySet) -> str:
    return f"{saved.exercise}, {saved.variant}" if saved.variant else saved.exercise


def _unit(unit: str) -> str:
    return {"deg": "°", "": "", "%": " %"}.get(unit, f" {unit}")


def _amount(value: float, unit: str, signed: bool = False) -> str:
    """A number with its unit, rounded to what can be told apart; "–" for NaN."""
    if not math.isfinite(value):
        return "–"
    digits = 0 if unit in WHOLE_UNITS else 2
    text = number(float(value), f"{'+' if signed else ''}.{digits}f")
    text = "0" if round(float(value), digits) == 0 and digits == 0 else text
    if unit == "" and re.fullmatch(r"[+-]?\d+[.,]00", text):
        text = text[:-3]
    return f"{text.replace('-', '−')}{unit}"


def _load(load_kg: float, unit: str, signed: bool = False) -> str:
    """A load in the user's unit; "–" for NaN."""
    from formcheck.core.loads import load_words

    return load_words(load_kg, unit, signed=signed) if math.isfinite(load_kg) else "–"


def _table(columns: Sequence[str], right: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        # Dates and numbers stay whole; where room is short, names are folded.
        whole = column in right or column in ("Date", "Time", "Verdict")
        table.add_column(_(column), justify="right" if column in right else "left", overflow="fold", no_wrap=whole)
    return table


def _row(table: Table, cells: Sequence[str]) -> None:
    texts = [safe_words(cell) for cell in cells]
    table.add_row(*texts)
    for column, text in zip(table.columns, texts, strict=True):
        if column.no_wrap:  # else the table takes a number and its unit for words that may be parted
            column.min_width = max(column.min_width or 0, text.cell_len)


def _print_table(table: Table) -> None:
    _table_console().print(table)


def _table_console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)
