"""The command ``analyze``: a video or saved poses in, a report out."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from formcheck.cli.console import (
    NOTHING_TO_JUDGE,
    STOPPED,
    AlreadySaid,
    print_utf8,
    printable,
    progress_bar,
    say,
    user_friendly,
)
from formcheck.cli.options import (
    AUTO,
    ExerciseOption,
    HeightOption,
    PresetOption,
    SettingsOption,
    analysis_settings,
    known_variant,
    lift_or_auto,
    parse_load_kg,
)
from formcheck.core.errors import Cancelled, FormCheckError, HistoryError, OutputError, VideoError
from formcheck.vision.native_logs import quiet_native_logs

if TYPE_CHECKING:
    from formcheck.core.poses import PoseSequence
    from formcheck.judging.report import Report
    from formcheck.judging.settings import Settings
    from formcheck.motion.plate import PlateTrack
    from formcheck.storage.history import Lifter
    from formcheck.storage.report_folder import ReportFolder


def add_analyze_command(app: typer.Typer) -> None:
    """Add ``analyze`` to the ``formcheck`` command."""

    @app.command()
    def analyze(
        input_path: Annotated[
            Path, typer.Argument(metavar="INPUT", help="A video of a set, or poses.npz of an earlier report.")
        ],
        exercise: ExerciseOption = AUTO,
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
            typer.Option(
                "--out", "-o", metavar="DIR", help="Folder for the report [default: formcheck-reports/<name>]."
            ),
        ] = None,
        model: Annotated[
            str, typer.Option("--model", "-m", metavar="MODEL", help="Pose model: lite, full, heavy or a .task file.")
        ] = "full",
        no_video: Annotated[
            bool, typer.Option("--no-video", help="Leave out annotated.mp4, which saves time.")
        ] = False,
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
            typer.Option(
                "--plate", help="Follow the near plate (450 mm) of a deadlift: bar path and velocity in metres."
            ),
        ] = False,
    ) -> None:
        """Analyse a set and write a report: report.html, report.json, CSV tables, poses.npz, annotated.mp4."""
        with user_friendly() as stop, quiet_native_logs():
            form = analysis_settings(settings, preset or [], height)
            lift = lift_or_auto(exercise)
            request = _Request(
                input_path,
                lift,
                parse_load_kg(load, form.unit_of_loads),
                out,
                model,
                not no_video,
                as_json,
                save or lifter is not None,
                lifter,
                notes,
                form,
                known_variant(lift, variant),
                plate,
            )
            code = _analyze(request, stop)
        raise typer.Exit(code)


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


def _analyze(request: _Request, stop: threading.Event) -> int:
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
                say(f"Stopped. The report without the video is in {folder.path}")
                raise AlreadySaid(STOPPED) from None
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


def _find_poses(request: _Request, stop: threading.Event) -> PoseSequence:
    from formcheck.vision import pose_estimation
    from formcheck.vision.models import store

    with progress_bar("Looking for the pose model", bytes_=True, announce=False) as progress:
        model_file = store.find_model(request.model, progress=progress)
    with progress_bar(f"Watching {printable(request.input_path.name)}") as progress:
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
    stop: threading.Event,
) -> Report:
    """The report with the bar's path from the near plate; as it is, with a remark, where none can be followed."""
    from formcheck.exercises import EXERCISES, exercise_named, listed

    lift = exercise_named(report.exercise.name)
    has_plate = lift is not None and lift.path.has_plate
    if not has_plate or not report.reps or video_path is None or report.set_level is None:
        lifts = listed(each.noun for each in EXERCISES if each.path.has_plate)
        remarks.append(f"--plate needs the video of a {lifts}: no plate was followed")
        return report
    from formcheck.vision.plate_detection import watch_plate

    height_m = report.set_level.body_height_m
    with progress_bar("Following the plate"):
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


def _draw_video(
    video_path: Path, poses: PoseSequence, report: Report, folder: ReportFolder, stop: threading.Event
) -> None:
    from formcheck.render import annotated_video
    from formcheck.storage.report_folder import ANNOTATED_MP4

    with progress_bar("Drawing annotated.mp4") as progress:
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
    print_utf8(report_json(report))
    say(f"Report in {folder.path}")
    for remark in remarks:
        say(f"{remark}.")
