"""The command ``analyze``: a video or saved poses in, a report out."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from formcheck.cli.console import (
    NOTHING_TO_JUDGE,
    STOPPED,
    AlreadySaid,
    Stage,
    StageBars,
    print_utf8,
    printable,
    say,
    user_friendly,
)
from formcheck.cli.guidance import say_what_stops_today
from formcheck.cli.options import (
    AUTO,
    BackendOption,
    EveryFrameOption,
    ExerciseOption,
    ExportOption,
    HeightOption,
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
    parse_height_cm,
)
from formcheck.core.errors import Cancelled, UsageError
from formcheck.core.words import _
from formcheck.service.user_values import parse_day, parse_load_kg
from formcheck.vision.native_logs import quiet_native_logs

if TYPE_CHECKING:
    from formcheck.service.pipeline import AnalysisRequest, AnalysisResult


def add_analyze_command(app: typer.Typer) -> None:
    """Add ``analyze`` to the ``formcheck`` command."""

    @app.command()
    def analyze(
        input_path: Annotated[
            Path, typer.Argument(metavar="INPUT", help="A video of a set, or poses.npz of an earlier report.")
        ],
        exercise: ExerciseOption = AUTO,
        variant: VariantOption = "auto",
        load: LoadOption = None,
        out: Annotated[
            Path | None,
            typer.Option(
                "--out", "-o", metavar="DIR", help="Folder for the report [default: formcheck-reports/<name>]."
            ),
        ] = None,
        model: ModelOption = "full",
        backend: BackendOption = AUTO,
        every_frame: EveryFrameOption = False,
        jobs: Annotated[
            int | None,
            typer.Option(
                "--jobs",
                "-j",
                metavar="N",
                min=1,
                help="How much is done at the same time, as threads [default: one a core, 4 at most].",
            ),
        ] = None,
        no_video: Annotated[
            bool, typer.Option("--no-video", help="Leave out annotated.mp4, which saves time.")
        ] = False,
        full_video: Annotated[
            bool,
            typer.Option(
                "--full-video",
                help="Draw annotated.mp4 in the film's size, with all its frames, not 1280 pixels and 30 a second.",
            ),
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print report.json instead of the summary.")] = False,
        save: Annotated[bool, typer.Option("--save", help="Save the set to the history.")] = False,
        lifter: Annotated[
            str | None, typer.Option("--lifter", metavar="NAME", help="Whose set it is; saves it to the history.")
        ] = None,
        move: Annotated[
            bool, typer.Option("--move", help="A set saved for the wrong lifter goes to --lifter; else it is copied.")
        ] = False,
        keep_video: Annotated[
            bool, typer.Option("--keep-video", help="Keep the annotated video with the saved set.")
        ] = False,
        notes: NotesOption = "",
        filmed: Annotated[
            str | None,
            typer.Option("--date", metavar="DAY", help="When it was filmed, such as 2026-03-31 [default: the file's]."),
        ] = None,
        settings: SettingsOption = None,
        preset: PresetOption = None,
        height: HeightOption = None,
        plate: Annotated[
            bool,
            typer.Option(
                "--plate", help="Follow the near plate (450 mm) of a deadlift: bar path and velocity in metres."
            ),
        ] = False,
        person: Annotated[
            str,
            typer.Option(
                "--person",
                metavar="WHO",
                help="Whom to follow if several people are in the picture: auto, left, right or nearest.",
            ),
        ] = AUTO,
        slow_motion: Annotated[
            float,
            typer.Option(
                "--slow-motion", metavar="TIMES", help="How many times slower than life the film runs, such as 4."
            ),
        ] = 1.0,
        start: Annotated[
            float | None, typer.Option("--start", metavar="SECOND", min=0.0, help="Judge from this second on.")
        ] = None,
        end: Annotated[
            float | None, typer.Option("--end", metavar="SECOND", min=0.0, help="Judge up to this second.")
        ] = None,
        export: ExportOption = None,
    ) -> None:
        """Analyse a set and write a report: report.html, report.json, CSV tables, poses.npz, annotated.mp4."""
        with user_friendly() as stop, quiet_native_logs():
            from formcheck.service.pipeline import AnalysisRequest, filmed_at, settings_of

            say_what_stops_today()

            if keep_video and no_video:
                raise UsageError(_("--keep-video keeps annotated.mp4: leave out --no-video."))
            saves = save or lifter is not None
            if move and lifter is None:
                raise UsageError(_("--move moves the saved set to a lifter: name one with --lifter."))
            if keep_video and not saves:
                raise UsageError(_("--keep-video keeps the video with the saved set: add --save."))
            is_video = input_path.suffix.lower() != ".npz"
            request = AnalysisRequest(
                video=str(input_path) if is_video else None,
                poses=None if is_video else str(input_path),
                lifter=lifter,
                notes=notes,
                model=model,
                backend=backend,
                every_frame=every_frame,
                jobs=jobs,
                start_s=start,
                end_s=end,
                plate=plate,
                person=known_person(person),
                slow_motion=slow_motion,
                settings_file=None if settings is None else str(settings),
                presets=tuple(preset or ()),
                folder=None if out is None else str(out),
                save=saves,
                move=move,
                keep_video=keep_video,
                full_video=full_video,
                note_path=is_video,
            )
            # In the order in which people look for a mistake: settings give the unit of loads.
            unit = settings_of(request).unit_of_loads
            lift = lift_or_auto(exercise)
            request = replace(
                request,
                exercise=lift,
                height_cm=parse_height_cm(height),
                load_kg=parse_load_kg(load, unit),
                variant=known_variant(lift, variant),
                exports=chosen_exports(export, video=not no_video),
                filmed_at=parse_day(filmed) or (filmed_at(input_path) if is_video else ""),
            )
            code = _analyze(request, as_json, stop)
        raise typer.Exit(code)


def _analyze(request: AnalysisRequest, as_json: bool, stop: threading.Event) -> int:
    """Analyse, show what was found; returns the exit code."""
    from formcheck.service import pipeline

    words: dict[str, Stage] = {
        pipeline.AnalysisStage.MODEL: Stage(_("Looking for the pose model"), bytes_=True, announce=False),
        pipeline.AnalysisStage.WATCH: Stage(_("Watching {video}", video=printable(request.input.name))),
        pipeline.AnalysisStage.PLATE: Stage(_("Following the plate")),
        pipeline.AnalysisStage.DRAW: Stage(_("Drawing annotated.mp4")),
    }
    with StageBars(words) as bars:
        result = pipeline.run_analysis(request, progress=bars, cancelled=stop.is_set)
    if isinstance(result.problem, Cancelled):
        say(str(result.problem))
        raise AlreadySaid(STOPPED)
    _show(result, as_json)
    if result.problem is not None:
        raise result.problem
    return NOTHING_TO_JUDGE if result.nothing_to_judge else 0


def _show(result: AnalysisResult, as_json: bool) -> None:
    from formcheck.render.terminal import print_summary
    from formcheck.storage.report_folder import report_json

    assert result.folder is not None
    if not as_json:
        console = Console(highlight=False)
        print_summary(console, result.report, result.folder, result.written, result.sentences())
        return
    print_utf8(report_json(result.report))
    say(_("Report in {folder}", folder=result.folder))
    for sentence in result.sentences():
        say(f"{sentence}.")
