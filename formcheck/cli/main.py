"""The ``formcheck`` command.

Heavy libraries (MediaPipe, OpenCV, PyAV) are imported inside the commands that need them, so that ``formcheck --help``
is quick and works where their system libraries are missing. Standard output carries results, standard error all else.
Exit codes: 0 analysed; 2 wrong usage or unreadable input; 3 nothing to judge; 130 stopped by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import contextlib
import enum
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from formcheck.cli.app import add_app_command
from formcheck.cli.catalogue import (
    HeightOption,
    PresetOption,
    SettingsOption,
    add_catalogue_commands,
    analysis_settings,
)
from formcheck.cli.guidance import add_guidance_commands
from formcheck.cli.history import add_history_commands
from formcheck.cli.live import add_live_command
from formcheck.core.errors import (
    Cancelled,
    FormCheckError,
    HistoryError,
    OutputError,
    SystemLibraryError,
    UsageError,
    VideoError,
)
from formcheck.vision.native_logs import quiet_native_logs

if TYPE_CHECKING:
    from formcheck.core.poses import PoseSequence
    from formcheck.judging.report import Report
    from formcheck.judging.settings import Settings
    from formcheck.motion.plate import PlateTrack
    from formcheck.storage.history import Lifter
    from formcheck.storage.report_folder import ReportFolder

NOTHING_TO_JUDGE = 3
STOPPED, TERMINATED = 130, 143

ProgressCallback = Callable[[int, "int | None"], None]


class Exercise(enum.StrEnum):
    """Choices of --exercise."""

    AUTO = "auto"
    DEADLIFT = "deadlift"
    KETTLEBELL_SWING = "kettlebell-swing"
    SQUAT = "squat"


class FetchChoice(enum.StrEnum):
    """Choices of ``models fetch``."""

    LITE = "lite"
    FULL = "full"
    HEAVY = "heavy"
    ALL = "all"


app = typer.Typer(
    name="formcheck",
    help="Checks the form of deadlifts, kettlebell swings and squats in a video, rep by rep.",
    epilog="FormCheck gives general fitness information. It is no medical device and replaces no coach or clinician.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="List and fetch pose models.", rich_markup_mode=None)
app.add_typer(models_app, name="models")


def main() -> None:
    """Entry point of the ``formcheck`` command."""
    try:
        app(prog_name="formcheck")
    except KeyboardInterrupt:
        _say("Stopped.")
        raise SystemExit(STOPPED) from None


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if show_version:
        version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def analyze(
    input_path: Annotated[
        Path, typer.Argument(metavar="INPUT", help="A video of a set, or poses.npz of an earlier report.")
    ],
    exercise: Annotated[
        Exercise, typer.Option("--exercise", "-e", help="The lift; auto recognises it.", case_sensitive=False)
    ] = Exercise.AUTO,
    variant: Annotated[
        str,
        typer.Option(
            "--variant",
            metavar="NAME",
            help="Variant of the lift, such as sumo, romanian, overhead, front; auto recognises it.",
        ),
    ] = "auto",
    load: Annotated[
        str | None, typer.Option("--load", metavar="WEIGHT", help="The weight on the bar, such as 100kg or 225lb.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for the report [default: formcheck-reports/<name>]."),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="MODEL", help="Pose model: lite, full, heavy or a .task file.")
    ] = "full",
    no_video: Annotated[bool, typer.Option("--no-video", help="Leave out annotated.mp4, which saves time.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print report.json instead of the summary.")] = False,
    save: Annotated[bool, typer.Option("--save", help="Save the set to the history.")] = False,
    lifter: Annotated[
        str | None, typer.Option("--lifter", metavar="NAME", help="Whose set it is; saves it to the history.")
    ] = None,
    notes: Annotated[str, typer.Option("--notes", metavar="TEXT", help="Notes for report and history.")] = "",
    settings: SettingsOption = None,
    preset: PresetOption = None,
    height: HeightOption = None,
    plate: Annotated[
        bool,
        typer.Option("--plate", help="Follow the near plate (450 mm) of a deadlift: bar path and velocity in metres."),
    ] = False,
) -> None:
    """Analyse a set and write a report: report.html, report.json, reps.csv, signals.csv, poses.npz, annotated.mp4."""
    with _user_friendly() as stop, quiet_native_logs():
        form = analysis_settings(settings, preset or [], height)
        request = _Request(
            input_path,
            exercise.value,
            parse_load_kg(load, form.unit_of_loads),
            out,
            model,
            not no_video,
            as_json,
            save or lifter is not None,
            lifter,
            notes,
            form,
            known_variant(exercise.value, variant),
            plate,
        )
        code = _analyze(request, stop)
    raise typer.Exit(code)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the pose models and where they are."""
    if context.invoked_subcommand is not None:
        return
    with _user_friendly():
        from formcheck.vision.models.store import list_models

        for status in list_models():
            if status.path is None:
                state = "not here yet; fetched when it is first used"
            elif status.hash_ok:
                state = f"{status.origin}, {status.path}"
            else:
                state = status.problem
            _print(f"{status.name:<6} {status.size_bytes / 1e6:5.1f} MB  {state}")


@models_app.command()
def fetch(
    name: Annotated[FetchChoice, typer.Argument(help="Which model.", metavar="[lite|full|heavy|all]")] = (
        FetchChoice.FULL
    ),
) -> None:
    """Fetch a pose model, so that later analyses need no network."""
    with _user_friendly():
        from formcheck.vision.models.store import fetch_model

        for each in ("lite", "full", "heavy") if name is FetchChoice.ALL else (name.value,):
            with _stage(f"Fetching pose model {each}", bytes_=True) as progress:
                model_file = fetch_model(each, progress)
            _print(f"{each}: {model_file.origin}, {model_file.path}")


@app.command()
def doctor() -> None:
    """Check this machine: versions, system libraries, codecs, pose models, camera."""
    with _user_friendly():
        from formcheck.service.doctor import check_system

        marks = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("•", "dim")}
        results = check_system()
        width = max(len(result.name) for result in results)
        for result in results:
            mark, style = marks[result.ok]
            _print(f"{mark} ", style, end="")
            _print(f"{result.name:<{width}}  {result.detail}")
            if result.remedy:
                _print(f"  {'':<{width}}  -> {result.remedy}", "yellow")
        wrong = sum(result.ok is False for result in results)
        _print(f"\n{wrong} to repair: see the lines with ->." if wrong else "\nAll that is needed is here.")
    raise typer.Exit(2 if wrong else 0)


@app.command()
def version() -> None:
    """Show the version."""
    from importlib import metadata

    try:
        number = metadata.version("formcheck")
    except metadata.PackageNotFoundError:
        number = "unknown"
    typer.echo(f"formcheck {number}")


# --- analyze -------------------------------------------------------------------------------------------------------


def parse_load_kg(text: str | None, unit: str = "kg") -> float | None:
    """Kilograms from what people write: 100, 100kg, 102.5 kg, 225lb; ``unit`` is that of a bare number.

    Raises
    ------
    UsageError : it is no weight.
    """
    if text is None:
        return None
    from formcheck.judging.settings import HEAVIEST_LOAD_KG, KG_PER_LB

    match = re.fullmatch(r"\s*(\d+(?:[.,]\d{1,2})?)\s*(kgs?|lbs?)?\s*", text, re.IGNORECASE)
    if match is None:
        raise UsageError(f"--load {text!r} is not a weight: write it like 100kg or 225lb.")
    load_kg = float(match[1].replace(",", "."))
    if (match[2] or unit).lower().startswith("lb"):
        load_kg *= KG_PER_LB
    if not 0 < load_kg <= HEAVIEST_LOAD_KG:
        raise UsageError(f"--load {text!r} is not a weight that anybody lifts: write it like 100kg or 225lb.")
    return round(load_kg, 3)


def known_variant(exercise: str, name: str) -> str:
    """A variant's name as FormCheck writes it.

    Raises
    ------
    UsageError : the lift has no such variant.
    """
    name = name.strip().lower()
    if name != "auto":
        from formcheck.judging.analysis import exercise_of_variant

        exercise_of_variant(exercise, name)
    return name


@dataclass(frozen=True)
class _Request:
    input_path: Path
    exercise: str
    load_kg: float | None
    out: Path | None
    model: str
    with_video: bool
    as_json: bool
    save: bool = False
    lifter: str | None = None
    notes: str = ""
    form: Settings | None = None
    variant: str = "auto"
    plate: bool = False

    def settings(self) -> dict[str, str]:
        """What was asked for, by name, for the report and the history."""
        return {"exercise": self.exercise, "model": Path(self.model).name}


class _Stop(Protocol):
    """Says whether the user wants to stop."""

    def is_set(self) -> bool: ...


def _analyze(request: _Request, stop: _Stop) -> int:
    from formcheck.storage import report_folder

    remarks: list[str] = []
    poses, video_path = _open_input(request, remarks)
    lifter = _known_lifter(request)
    names = [
        report_folder.REPORT_HTML,
        report_folder.REPORT_JSON,
        report_folder.REPS_CSV,
        report_folder.SIGNALS_CSV,
        report_folder.POSES_NPZ,
    ]
    if video_path is not None and request.with_video:
        names.append(report_folder.ANNOTATED_MP4)
    name = report_folder.default_folder_name(request.input_path, poses.video.file if poses is not None else "")
    with report_folder.open_report_folder(request.input_path, request.out, names, name) as folder:
        if poses is None:
            poses = _find_poses(request, stop)
        report = _judge(poses, request, lifter)
        if request.plate:
            report = _with_plate(report, poses, request, lifter, video_path, remarks, stop)
        folder.write_text(report_folder.REPORT_HTML, _page(report, poses, video_path, request))
        folder.write_text(report_folder.REPORT_JSON, report_folder.report_json(report))
        folder.write_text(report_folder.REPS_CSV, report_folder.reps_csv(report.reps))
        folder.write_text(report_folder.SIGNALS_CSV, report_folder.signals_csv(report.signals, poses.time_s))
        folder.write_poses(poses)
        problem: FormCheckError | None = None
        if request.save:
            try:
                remarks.append(_save(report, poses, request))
            except HistoryError as error:
                problem = error  # the report itself is worth showing all the same
        if report_folder.ANNOTATED_MP4 in names and video_path is not None:
            try:
                _draw_video(video_path, poses, report, folder, stop)
            except (KeyboardInterrupt, Cancelled):
                _say(f"Stopped. The report without the video is in {folder.path}")
                raise _AlreadySaid(STOPPED) from None
            except (OutputError, VideoError) as error:
                problem = error
        remarks += [f"{path.name} there is from an earlier analysis" for path in folder.left_over]
        _show(report, folder, remarks, request.as_json)
    if problem is not None:
        raise problem
    nothing = report.exercise.name == "none" or not report.reps
    return NOTHING_TO_JUDGE if nothing else 0


def _open_input(request: _Request, remarks: list[str]) -> tuple[PoseSequence | None, Path | None]:
    """Poses, if the input holds some, and the video, if there is one; unreadable input is found out here."""
    path = request.input_path
    if path.suffix.lower() != ".npz":
        from formcheck.vision.video import VideoReader

        VideoReader(path, max_side=64).close()
        return None, path
    from formcheck.storage.pose_files import load_poses

    poses = load_poses(path)
    video_path = _video_beside(path, poses)
    if request.with_video and video_path is None:
        source = Path(poses.video.file).name or "the video"
        remarks.append(f"annotated.mp4 needs the video: analyse {source} itself, or put it beside {path.name}")
    return poses, video_path


def _video_beside(path: Path, poses: PoseSequence) -> Path | None:
    """The video that the poses come from, if it lies in the same folder."""
    # Only the last part of the name: a pose file from elsewhere must not choose what is read here.
    name = Path(poses.video.file.replace("\\", "/")).name
    video_path = path.parent / name
    if not name or not video_path.is_file():
        return None
    from formcheck.vision.video import VideoReader

    try:
        with VideoReader(video_path, max_side=None) as reader:
            size = reader.info.width, reader.info.height
    except VideoError:
        return None
    return video_path if size == (poses.video.width, poses.video.height) else None


def _find_poses(request: _Request, stop: _Stop) -> PoseSequence:
    from formcheck.vision import pose_estimation
    from formcheck.vision.models import store

    with _stage("Looking for the pose model", bytes_=True, announce=False) as progress:
        model_file = store.find_model(request.model, progress=progress)
    with _stage(f"Watching {_printable(request.input_path.name)}") as progress:
        return pose_estimation.estimate_poses(request.input_path, model_file, progress=progress, cancelled=stop.is_set)


def _judge(poses: PoseSequence, request: _Request, lifter: Lifter | None, plate: PlateTrack | None = None) -> Report:
    from formcheck.judging import analysis
    from formcheck.service.lifter_options import options_of_lifter

    more = options_of_lifter(lifter, request.form)
    if request.variant != "auto":
        more["variant"] = request.variant
    if plate is not None:
        more["plate"] = plate
    return analysis.analyze(poses, request.exercise, load_kg=request.load_kg, **more)


def _with_plate(
    report: Report,
    poses: PoseSequence,
    request: _Request,
    lifter: Lifter | None,
    video_path: Path | None,
    remarks: list[str],
    stop: _Stop,
) -> Report:
    """The report with the bar's path from the near plate; as it is, with a remark, where none can be followed."""
    if report.exercise.name != "deadlift" or not report.reps or video_path is None or report.set_level is None:
        remarks.append("--plate needs the video of a deadlift: no plate was followed")
        return report
    from formcheck.vision.plate_detection import watch_plate

    height_m = report.set_level.body_height_m
    with _stage("Following the plate"):
        track = watch_plate(
            video_path,
            poses,
            [(rep.start_s, rep.end_s) for rep in report.reps],
            report.view.forward,
            height_m=height_m if height_m > 0 else None,
            cancelled=stop.is_set,
        )
    if track.reason:
        remarks.append(f"--plate: {track.reason}, so no plate was followed")
        return report
    return _judge(poses, request, lifter, track)


def _page(report: Report, poses: PoseSequence, video_path: Path | None, request: _Request) -> str:
    """The text of report.html; pictures are left out where the video cannot be read."""
    from formcheck.render.html.report import KeyPicture, html_report, key_pictures

    pictures: tuple[KeyPicture, ...] = ()
    if video_path is not None:
        with contextlib.suppress(VideoError):
            pictures = key_pictures(video_path, poses, report)
    return html_report(report, pictures, lifter=request.lifter or "", notes=request.notes, settings=request.settings())


def _known_lifter(request: _Request) -> Lifter | None:
    """The lifter, if the history knows one of that name; a history that cannot be used is found out before the work."""
    if not request.save:
        return None
    from formcheck.storage.history import open_history

    with open_history() as history:
        return history.known_lifter(request.lifter)


def _save(report: Report, poses: PoseSequence, request: _Request) -> str:
    from formcheck.cli.history import save_analysis

    return save_analysis(
        report, poses, request.input_path, lifter=request.lifter, notes=request.notes, settings=request.settings()
    )


def _draw_video(video_path: Path, poses: PoseSequence, report: Report, folder: ReportFolder, stop: _Stop) -> None:
    from formcheck.render import annotated_video
    from formcheck.storage.report_folder import ANNOTATED_MP4

    with _stage("Drawing annotated.mp4") as progress:
        folder.write(
            ANNOTATED_MP4,
            lambda path: annotated_video.write_annotated_video(
                video_path, poses, report, path, progress=progress, cancelled=stop.is_set
            ),
        )


def _show(report: Report, folder: ReportFolder, remarks: list[str], as_json: bool) -> None:
    from formcheck.render.terminal import print_summary
    from formcheck.storage.report_folder import report_json

    if not as_json:
        print_summary(Console(highlight=False), report, folder.path, folder.written, remarks)
        return
    # JSON is UTF-8 whatever the terminal's encoding is.
    sys.stdout.flush()
    sys.stdout.buffer.write(report_json(report).encode("utf-8", "replace"))
    sys.stdout.flush()
    _say(f"Report in {folder.path}")
    for remark in remarks:
        _say(f"{remark}.")


# --- talking to people ---------------------------------------------------------------------------------------------


class _AlreadySaid(Exception):
    """Ends a command with that exit code; the user has been told why."""

    def __init__(self, exit_code: int) -> None:
        super().__init__()
        self.exit_code = exit_code


@contextlib.contextmanager
def _user_friendly() -> Iterator[threading.Event]:
    """Errors raised on purpose become one line and an exit code, and so does Ctrl-C; yields the event it sets."""
    stop = threading.Event()
    received: list[int] = []
    try:
        with _stop_signals(stop, received):
            yield stop
    except _AlreadySaid as end:
        code = end.exit_code
    except (KeyboardInterrupt, Cancelled):
        _say("Stopped.")
        code = STOPPED
    except SystemLibraryError as error:
        _say(f"{error} (formcheck doctor shows more)")
        code = error.exit_code
    except FormCheckError as error:
        _say(str(error))
        code = error.exit_code
    except MemoryError:
        _say("There is not enough memory for this: close other programs, or use a smaller video.")
        code = 2
    except BrokenPipeError:
        raise  # whoever read our output has gone; nobody is left to tell
    except (ImportError, OSError) as error:
        _say(_what_is_missing(error))
        code = 2
    else:
        return
    raise typer.Exit(TERMINATED if code == STOPPED and signal.SIGTERM in received else code)


def _what_is_missing(error: ImportError | OSError) -> str:
    from formcheck.vision.system_libraries import system_library_hint

    hint = system_library_hint(error)
    if hint is not None:
        return f"{hint} (formcheck doctor shows more)"
    if isinstance(error, ImportError):
        return f"FormCheck is not installed completely ({error}): run pip install --force-reinstall formcheck"
    return f"Something could not be read or written: {error}"


@contextlib.contextmanager
def _stop_signals(stop: threading.Event, received: list[int]) -> Iterator[None]:
    """Ctrl-C and SIGTERM interrupt the block cleanly; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, _frame: object) -> None:
        received.append(number)
        # Native code may swallow the exception; the flag is asked after every frame.
        stop.set()
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _stage(description: str, *, bytes_: bool = False, announce: bool = True) -> Iterator[ProgressCallback]:
    """A progress bar with the time left on a terminal, one plain line elsewhere; all on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        if announce:
            _say(f"{description} ...")
        yield lambda _done, _total: None
        return
    columns: list[Any] = [TextColumn("{task.description}", markup=False), BarColumn(bar_width=24)]
    columns += [DownloadColumn()] if bytes_ else [TaskProgressColumn()]
    columns.append(TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        # A stage that has nothing to do shows no bar.
        task = bars.add_task(description, total=None, visible=announce)

        def advance(done: int, total: int | None) -> None:
            # The frame count in a header is an estimate; a bar beyond its end would look broken.
            bars.update(task, completed=done, total=None if total is None else max(done, total), visible=True)

        yield advance


def _print(line: str, style: str = "", end: str = "\n") -> None:
    """A line on standard output, never broken, so that paths and commands can be copied from it."""
    from formcheck.render.terminal import safe_text, shows_symbols

    console = Console(highlight=False)
    breaks, text = line.startswith("\n"), safe_text(line.lstrip("\n"), shows_symbols(console.encoding))
    console.print(Text("\n" * breaks + text, style=style), soft_wrap=True, end=end)


def _say(message: str) -> None:
    """One line on standard error."""
    Console(stderr=True, highlight=False).print(Text(_printable(message)), soft_wrap=True)


def _printable(text: str) -> str:
    """Without control characters: file names and messages of other programs end up here."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in text)


add_history_commands(app, _user_friendly)
add_catalogue_commands(app, _user_friendly)
add_guidance_commands(app, _user_friendly)
add_app_command(app, _user_friendly)
add_live_command(app, _user_friendly)
