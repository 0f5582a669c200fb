"""The command ``batch``: many clips in, a report for each and a summary of all out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from formcheck.cli.console import STOPPED, AlreadySaid, print_line, printable, say, user_friendly
from formcheck.cli.options import (
    AUTO,
    BackendOption,
    EveryFrameOption,
    ExerciseOption,
    ExportOption,
    LoadOption,
    ModelOption,
    NotesOption,
    PresetOption,
    SettingsOption,
    VariantOption,
    chosen_exports,
    known_person,
    known_variant,
    lift_or_auto,
)
from formcheck.core.errors import UsageError
from formcheck.core.words import _, ngettext
from formcheck.service.user_values import parse_load_kg

if TYPE_CHECKING:
    from formcheck.batch.run import BatchRequest, BatchResult, Progress, Workers
    from formcheck.service.pipeline import AnalysisRequest

SOME_FAILED = 4
"""Exit code when clips could not be analysed."""

DEFAULT_OUT = "formcheck-batch"


def add_batch_command(app: typer.Typer) -> None:
    """Add ``batch`` to the ``formcheck`` command."""

    @app.command()
    def batch(
        inputs: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="INPUTS...",
                help="Videos, folders of videos, patterns, a manifest (.csv with the columns file, lifter, exercise, "
                "variant, load, date, notes), or URLs of these such as s3://bucket/folder.",
            ),
        ] = None,
        out: Annotated[
            str, typer.Option("--out", "-o", metavar="DIR", help="Folder or URL for reports and summary.")
        ] = DEFAULT_OUT,
        jobs: Annotated[
            int | None,
            typer.Option(
                "--jobs", "-j", metavar="N", min=1, help="Clips at a time [default: what the machine carries]."
            ),
        ] = None,
        watch: Annotated[
            str | None,
            typer.Option(
                "--watch",
                metavar="FOLDER",
                help="Analyse what is put into this folder, until Ctrl-C; INPUTS may be a manifest.",
            ),
        ] = None,
        cluster: Annotated[
            bool, typer.Option("--cluster", help="Use Dask: a cluster on this machine, or that of --scheduler.")
        ] = False,
        scheduler: Annotated[
            str | None,
            typer.Option("--scheduler", metavar="ADDRESS", help="Use this Dask cluster, such as tcp://10.0.0.1:8786."),
        ] = None,
        exercise: ExerciseOption = AUTO,
        variant: VariantOption = "auto",
        load: LoadOption = None,
        lifter: Annotated[
            str | None,
            typer.Option("--lifter", metavar="NAME", help="Whose sets they are, where a manifest does not say."),
        ] = None,
        notes: NotesOption = "",
        save: Annotated[
            bool,
            typer.Option(
                "--save", help="Save the sets to the history, for the lifters that --lifter or a manifest name."
            ),
        ] = False,
        model: ModelOption = "full",
        backend: BackendOption = AUTO,
        every_frame: EveryFrameOption = False,
        video: Annotated[bool, typer.Option("--video", help="Draw annotated.mp4 too, which takes time.")] = False,
        plate: Annotated[bool, typer.Option("--plate", help="Follow the near plate (450 mm) of deadlifts.")] = False,
        person: Annotated[
            str, typer.Option("--person", metavar="WHO", help="Whom to follow: auto, left, right or nearest.")
        ] = AUTO,
        settings: SettingsOption = None,
        preset: PresetOption = None,
        export: ExportOption = None,
    ) -> None:
        """Analyse many clips: a report for each, and a summary of all as a page, CSV and Parquet.

        What is done is not done again: the same command goes on where it was stopped, and tries again what failed.
        """
        with user_friendly() as stop:
            from formcheck.batch.run import BatchRequest
            from formcheck.service.pipeline import AnalysisRequest, settings_of

            if not inputs and watch is None:
                raise UsageError(
                    _("There is nothing to analyse: name videos, a folder, a manifest, or --watch a folder.")
                )
            lift = lift_or_auto(exercise)
            request = AnalysisRequest(
                exercise=lift,
                variant=known_variant(lift, variant),
                lifter=lifter,
                notes=notes,
                model=model,
                backend=backend,
                every_frame=every_frame,
                plate=plate,
                person=known_person(person),
                settings_file=None if settings is None else str(settings),
                presets=tuple(preset or ()),
                exports=chosen_exports(export, video=video),
            )
            request = _with_load(request, load, settings_of(request).unit_of_loads)
            wanted = BatchRequest(tuple(inputs or ()), out, request, jobs or _usual_jobs(), save)
            workers = _workers(wanted, scheduler, cluster or scheduler is not None)
            code = _run(wanted, workers, watch, stop.is_set)
        raise typer.Exit(code)


def _with_load(request: AnalysisRequest, load: str | None, unit: str) -> AnalysisRequest:
    from dataclasses import replace

    return replace(request, load_kg=parse_load_kg(load, unit))


def _usual_jobs() -> int:
    from formcheck.batch.machine import usual_jobs

    return usual_jobs()


def _workers(batch: BatchRequest, scheduler: str | None, cluster: bool) -> Workers:
    if cluster:
        from formcheck.batch.cluster import DaskWorkers

        return DaskWorkers(scheduler, batch.jobs)
    from formcheck.batch.run import ProcessWorkers

    return ProcessWorkers(batch.jobs)


def _run(batch: BatchRequest, workers: Workers, watch: str | None, stopped: Callable[[], bool]) -> int:
    from formcheck.batch import run

    with _progress_shown() as show:
        if watch is not None:
            say(_("Watching {folder}; Ctrl-C ends it ...", folder=printable(watch)))

            def wait(seconds: float) -> None:
                end_s = time.monotonic() + seconds
                while time.monotonic() < end_s and not stopped():
                    time.sleep(0.1)

            with contextlib.suppress(KeyboardInterrupt):
                run.watch_folder(batch, watch, workers, progress=show, stopped=stopped, wait=wait)
            result = None
        else:
            result = run.run_batch(batch, workers, progress=show, stopped=stopped)
    if result is None:
        print_line(_("The summary is in {out}", out=batch.out))
        return 0
    return _told(result, batch.out)


def _told(result: BatchResult, out: str) -> int:
    """Say what became of it; returns the exit code."""
    from formcheck.batch.summary import INDEX_HTML

    for outcome in result.failures:
        say(f"{printable(outcome.source)}: {printable(outcome.reason)}")
    new = len(result.outcomes) - result.skipped - len(result.failures)
    before = _(", {n} were done before", n=result.skipped) if result.skipped else ""
    failed = _(", {n} could not be analysed (failures.csv)", n=len(result.failures)) if result.failures else ""
    print_line(ngettext("{n} clip analysed{rest}.", "{n} clips analysed{rest}.", new, rest=before + failed))
    if result.saved:
        print_line(_("Saved to the history as {sets}.", sets=_numbered(result.saved)))
    others = [name for name in result.written if name != INDEX_HTML]
    print_line(
        _(
            "{page} shows the sets; beside it {others}.",
            page=f"{out.rstrip('/')}/{INDEX_HTML}",
            others=", ".join(others),
        )
    )
    if result.stopped:
        say(_("Stopped. The same command goes on where it was."))
        raise AlreadySaid(STOPPED)
    return SOME_FAILED if result.failures else 0


@contextlib.contextmanager
def _progress_shown() -> Iterator[Callable[[Progress], None]]:
    """A line with rate and time left on a terminal; elsewhere a line for every clip that ends."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True, highlight=False)
    told: list[object] = []

    def line_for_each(state: Progress) -> None:
        if state.last is not None and state.last not in told:
            told[:] = [state.last]
            say(f"[{state.ended}/{state.total}] {_ended(state)} ({_rate(state)})")

    if not console.is_terminal:
        yield line_for_each
        return
    columns = [
        TextColumn("{task.fields[count]}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[words]}", markup=False),
    ]
    with Bars(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=None, count="", words="")

        def show(state: Progress) -> None:
            if state.last is not None and state.last not in told:
                told[:] = [state.last]
                if state.last.status != "done":
                    say(_ended(state))
            # Clips under way count with their share, so that the line moves with long ones too.
            under_way = sum(share for _, share in state.running.values()) / 2
            bars.update(
                task,
                total=max(state.total, 1),
                completed=state.ended + min(under_way, max(0, state.total - state.ended)),
                count=f"{state.ended}/{state.total}",
                words=_rate(state) + (_(", {n} failed", n=state.failed) if state.failed else ""),
            )

        yield show


def _ended(state: Progress) -> str:
    """The clip that ended last, in words."""
    last = state.last
    assert last is not None
    if last.summary is None:
        return f"{printable(Path(last.source).name)}: {printable(last.reason)}"
    return f"{printable(Path(last.source).name)}: {printable(last.summary.headline)}"


def _rate(state: Progress) -> str:
    left_s = state.left_s
    if left_s is None:
        return _("time left not known yet")
    hours, minutes = divmod(round(left_s / 60), 60)
    left = (
        _("{hours} h {minutes:02} min", hours=hours, minutes=minutes)
        if hours
        else _("{minutes} min", minutes=minutes)
        if left_s >= 60
        else f"{left_s:.0f} s"
    )
    return _("{rate:.1f} clips a minute, {left} left", rate=state.per_minute, left=left)


def _numbered(sets: Sequence[int]) -> str:
    """Numbers of sets in words, such as "sets 12 to 15, 17"."""
    rows: list[list[int]] = []
    for number in sorted(set(sets)):
        if rows and number == rows[-1][-1] + 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    words = [
        _("{least} to {most}", least=row[0], most=row[-1]) if len(row) > 2 else f" {_('and')} ".join(map(str, row))
        for row in rows
    ]
    return ngettext("set {numbers}", "sets {numbers}", len(set(sets)), numbers=", ".join(words))
