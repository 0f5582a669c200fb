"""The one door: a request in, a report with its files out.

The command line, the app's worker, the live view and the Python interface all come through `run_analysis`, so whatever
one of them can do, all can. In order: the settings and the lifter are looked up, the input is opened, the folder is
prepared, the poses are found, the set is judged, the files are written, the set is saved to the history. What is wrong
with a request is found out before the long work begins.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formcheck.core.errors import Cancelled, FormCheckError, HistoryError, OutputError, UsageError, VideoError
from formcheck.core.limits import most
from formcheck.core.words import _, language, speaking
from formcheck.storage.access import acting_for
from formcheck.storage.limits_in_force import limits_in_force

if TYPE_CHECKING:
    from formcheck.core.poses import PoseSequence
    from formcheck.judging.report import Report
    from formcheck.judging.settings import Settings
    from formcheck.motion.plate import PlateTrack
    from formcheck.render.exports import Analysed, Export
    from formcheck.storage.history import Lifter, SavedSet, SetSummary
    from formcheck.storage.report_folder import ReportFolder
    from formcheck.vision.video_parts import Saw

AUTO = "auto"

VIDEO = "video"
"""Name of the export that is drawn on the video."""


class AnalysisStage(StrEnum):
    """What an analysis is doing, in this order."""

    MODEL = "model"
    WATCH = "watch"
    JUDGE = "judge"
    PLATE = "plate"
    DRAW = "draw"


StageProgress = Callable[[AnalysisStage, int, "int | None"], None]
"""Called as ``progress(stage, done, total)``; the total is None while it is not known. Every stage begins with 0."""


@dataclass(frozen=True)
class AnalysisRequest:
    """One set to analyse, and what is wanted of it: plain values, so that it can be sent to another process.

    Attributes
    ----------
    video : path of the video; None when only poses are there.
    poses : path of the `.npz` of an earlier analysis, which makes looking at the video unnecessary. Without ``video``,
        the video of that name and size beside it is used for pictures.
    title : what people call the video; empty = the name of its file.
    exercise, variant : names, or "auto".
    load_kg : the load, None when it is not known.
    lifter : whose set it is. What the history knows of the lifter is used.
    notes : the user's, for report and history.
    filmed_at : ISO date or time; empty = not known. Without an offset it is local time.
    model : name of a pose model, or the path of one.
    backend : what runs it: "openvino", "mediapipe", or "auto" for the faster one that is installed.
    every_frame : the pose model looks at every frame; else at as many as the movement needs.
    jobs : how many things the look at the video does at the same time, threads included; None = one a core, a few at
        most.
    start_s, end_s : the part of the video to judge, in seconds since its first frame; None = from the beginning, to the
        end.
    plate : follow the near plate, in lifts that have one.
    person : whom to follow where several people are in the picture: "auto", "left", "right" or "nearest".
    slow_motion : how many times slower than life the film runs; 1 = as in life.
    own_settings : False leaves out the user's settings for every analysis.
    own_history : False leaves out what the history of this machine knows of the lifter.
    neutral_back : the lifter's neutral back of another day, as the history keeps it; None = what the history knows.
    presets, settings_file, settings_toml, height_cm : what comes on top of them, in this order: names of presets, a
        settings file, the text of another, the lifter's height.
    exports : names of the formats to write (`formcheck.render.exports`); None = the usual ones that the input allows.
    folder : where they go; made if missing. None = formcheck-reports/NAME, or the same with -2, -3, ... when that one
        belongs to something else.
    source : what the folder belongs to, where neither ``video`` nor ``poses`` is what the user named.
    save : save to the history. ``set_id`` is the saved set that is judged again, None for a new one.
    move : where the recording is another lifter's set already, that set changes hands; else this one is a copy.
    keep_video : keep a copy of the annotated video with the saved set.
    full_video : the annotated video has the size of the film and all of its frames, which takes longer.
    note_path : note in the history where the video is.
    live : the set was watched as it happened.
    whole : all or nothing: when drawing the video is stopped or fails, so is the whole analysis, and nothing is saved.
        Otherwise the report without the video counts.
    account : for whom a server does this; "" where there are no accounts.
    language : in which the sentences of the report are written, and all that is told meanwhile.
    """

    video: str | None = None
    poses: str | None = None
    title: str = ""
    exercise: str = AUTO
    variant: str = AUTO
    load_kg: float | None = None
    lifter: str | None = None
    notes: str = ""
    filmed_at: str = ""
    model: str = "full"
    backend: str = AUTO
    every_frame: bool = False
    jobs: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    plate: bool = False
    person: str = AUTO
    slow_motion: float = 1.0
    own_settings: bool = True
    own_history: bool = True
    neutral_back: Mapping[str, float] | None = None
    presets: tuple[str, ...] = ()
    settings_file: str | None = None
    settings_toml: str = ""
    height_cm: float | None = None
    exports: tuple[str, ...] | None = None
    folder: str | None = None
    source: str | None = None
    save: bool = False
    set_id: int | None = None
    move: bool = False
    keep_video: bool = False
    full_video: bool = False
    note_path: bool = False
    live: bool = False
    whole: bool = False
    account: str = ""
    language: str = field(default_factory=language)

    @property
    def input(self) -> Path:
        """What the user named."""
        named = self.source or self.poses or self.video
        if named is None:
            raise UsageError(_("There is nothing to analyse: name a video or a pose file."))
        return Path(named)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> AnalysisRequest:
        """The request that `to_dict` wrote, after a way through JSON."""
        values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in told.items()}
        return cls(**values)


@dataclass(frozen=True)
class Known:
    """A set whose poses are in memory, and judged already, as after a live session.

    ``told`` are the arguments that `analyze` got besides exercise, variant and load, for judging it again.
    """

    poses: PoseSequence
    report: Report
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AnalysisResult:
    """What became of a request.

    Attributes
    ----------
    report : what was found; ``report.reps`` is empty when there was nothing to judge.
    poses : the part of the set that was judged.
    folder : where the files are; None when none were asked for.
    written : the files, in the order in which they were written.
    left_over : files of an earlier analysis that are in the folder still.
    remarks : what the user should know, sentences without their full stop.
    saved : the set in the history; None when it was not saved.
    problem : what went wrong after the set was judged, so that something is missing of what was asked for: the
        annotated video (`VideoError`, `OutputError`; `Cancelled` when it was stopped) or the history (`HistoryError`).
    """

    report: Report
    poses: PoseSequence
    folder: Path | None = None
    written: tuple[Path, ...] = ()
    left_over: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = ()
    saved: SavedSet | None = None
    problem: FormCheckError | None = None

    @property
    def nothing_to_judge(self) -> bool:
        """True when no lift or no repetition was found."""
        return self.report.exercise.name == "none" or not self.report.reps

    def sentences(self) -> list[str]:
        """All that is to be said about the result besides the report, without full stops."""
        said = list(self.remarks)
        if self.saved is not None:
            whose = _(" of {lifter}", lifter=self.saved.lifter) if self.saved.lifter else ""
            said.append(_("Saved to the history as set {id}{whose}", id=self.saved.id, whose=whose))
        return said + [_("{name} there is from an earlier analysis", name=path.name) for path in self.left_over]


def run_analysis(
    request: AnalysisRequest,
    *,
    progress: StageProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    known: Known | None = None,
    judged: Callable[[Report], None] | None = None,
    saw: Saw | None = None,
) -> AnalysisResult:
    """Analyse a set.

    Parameters
    ----------
    progress : told of every step.
    cancelled : asked after every frame; True stops the work.
    known : the set itself, when it need not be read and judged.
    judged : told of the report as soon as there is one, before the files are made.
    saw : shown frames as they are looked at.

    Raises
    ------
    FormCheckError : the input cannot be read, the model not be fetched, the files not be written, the work was stopped,
        ... What goes wrong later, when there is a report to show, is `AnalysisResult.problem` instead.
    """
    with speaking(request.language), acting_for(request.account):
        return _Run(request, progress or (lambda *_: None), cancelled, known, judged or (lambda _: None), saw).result()


def settings_of(request: AnalysisRequest) -> Settings:
    """The settings that the set is judged by, without what is known of the lifter.

    Raises
    ------
    FormCheckError : a file cannot be read or understood, or there is no such preset.
    """
    from formcheck.judging.settings import Settings, merge, parse_settings
    from formcheck.storage.settings_files import load_settings

    path = None if request.settings_file is None else Path(request.settings_file)
    form = load_settings(path, request.presets, own=request.own_settings)
    form = merge(form, parse_settings(request.settings_toml, _("these limits")))
    return merge(form, Settings(height_cm=request.height_cm))


def analysis_options(request: AnalysisRequest) -> dict[str, Any]:
    """Settings and what is known of the lifter, as arguments of `analyze` besides exercise, variant and load.

    Raises
    ------
    FormCheckError : the settings or the history cannot be used.
    """
    from formcheck.service.lifter_options import options_of_lifter, options_of_neutral

    lifter: Lifter | None = None
    # A history that cannot be used is found out before the work, not when the set is to be saved.
    if request.save or (request.lifter is not None and request.own_history):
        from formcheck.storage.history import open_history

        with open_history() as history:
            if request.save:
                history.check_writable()
            lifter = history.known_lifter(history.saves_for(request.lifter) if request.save else request.lifter)
    told = options_of_lifter(lifter if request.own_history else None, settings_of(request))
    return told if request.neutral_back is None else told | options_of_neutral(request.neutral_back)


def judge(request: AnalysisRequest, poses: PoseSequence) -> tuple[PoseSequence, Report]:
    """The part of the poses that the request is about, and what is said of it; `FormCheckError` as `run_analysis`."""
    told = analysis_options(request)
    part = _part(request, poses)
    with speaking(request.language):
        return part, _analyze(request, part, told)


def copy_remark(other: SetSummary) -> str:
    """Says that a set was saved although another lifter's set is of the same recording."""
    return _(
        "This is a copy: the same recording is set {id} of {lifter}, and stays it", id=other.id, lifter=other.lifter
    )


def filmed_at(path: Path) -> str:
    """When a video was last changed, for `AnalysisRequest.filmed_at`; empty when that is not known.

    Phones and copies that keep times make this the moment when filming ended.
    """
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
    except (OSError, OverflowError, ValueError):
        return ""


def asked_for(request: AnalysisRequest) -> dict[str, Any]:
    """What was asked for, by name, for the report."""
    told: dict[str, Any] = {"exercise": request.exercise, "model": Path(request.model).name}
    told |= {} if request.person == AUTO else {"person": request.person}
    told |= {} if request.slow_motion == 1.0 else {"slow_motion": request.slow_motion}
    return {**told, "live": True} if request.live else told


def settings_to_save(request: AnalysisRequest) -> dict[str, Any]:
    """What was asked for, with the part of the video, for the history: enough to judge the saved poses again."""
    part = {name: at_s for name in ("start_s", "end_s") if (at_s := getattr(request, name)) is not None}
    return asked_for(request) | part


class _Run:
    """One analysis under way."""

    def __init__(
        self,
        request: AnalysisRequest,
        progress: StageProgress,
        cancelled: Callable[[], bool] | None,
        known: Known | None,
        judged: Callable[[Report], None],
        saw: Saw | None,
    ) -> None:
        self.request = request
        self.saw = saw
        self.judged = judged
        self.progress = progress
        self.cancelled = cancelled
        self.limits = limits_in_force()
        self.end_s = time.monotonic() + self.limits.analysis_s
        self.known = known
        self.video = None if request.video is None else Path(request.video)
        self.remarks: list[str] = []
        self.saved: SavedSet | None = None
        self.problem: FormCheckError | None = None

    def result(self) -> AnalysisResult:
        """Do it, step by step."""
        _check_times(self.request)
        _check_film(self.request)
        if self.known is None:
            settings_of(self.request)  # wrong ones are told of before a wrong input
            _check_variant(self.request)
            poses = self._open_input()
            told = analysis_options(self.request)
        else:
            poses, told = self.known.poses, dict(self.known.told)
        exports = self._exports()
        with self._folder(poses, exports) as folder:
            if poses is None:
                poses = self._find_poses()
            part, report = self._judged(poses, told)
            self.judged(report)
            analysed = self._analysed(report, part, poses)
            self._write([each for each in exports if not each.from_video], analysed, folder)
            self.progress(AnalysisStage.JUDGE, 1, 1)
            if not self.request.whole:
                self._save(analysed)
            self._draw([each for each in exports if each.from_video], analysed, folder)
            if self.request.whole:
                self._save(analysed)
            self._keep_video(folder)
            return AnalysisResult(
                report,
                part,
                folder=None if folder is None else folder.path,
                written=() if folder is None else tuple(folder.written),
                left_over=() if folder is None else folder.left_over,
                remarks=tuple(self.remarks),
                saved=self.saved,
                problem=self.problem,
            )

    def _stopped(self) -> bool:
        """Whether somebody stopped the work; `UsageError` when it takes longer than it may."""
        if time.monotonic() > self.end_s:
            raise UsageError(
                _(
                    "{name} takes longer than the most, {most}: cut the set out of it.",
                    name=self.request.input.name,
                    most=most(self.limits, "analysis_s"),
                )
            )
        return self.cancelled is not None and self.cancelled()

    # --- before the work -------------------------------------------------------------------------------------------

    def _open_input(self) -> PoseSequence | None:
        """The poses, where they are there already; unreadable input is found out here."""
        request = self.request
        if request.poses is None:
            from formcheck.vision.video import VideoReader

            # A file that is not a video is found out before a model is fetched for it.
            VideoReader(self.video or request.input, max_side=64).close()
            return None
        from formcheck.storage.pose_files import load_poses

        path = Path(request.poses)
        poses = load_poses(path)
        if self.video is None:
            self.video = _video_beside(path, poses)
        if self.video is None and request.exports is not None and VIDEO in request.exports:
            source = Path(poses.video.file).name or _("the video")
            self.remarks.append(
                _(
                    "annotated.mp4 needs the video: analyse {source} itself, or put it beside {name}",
                    source=source,
                    name=path.name,
                )
            )
        return poses

    def _exports(self) -> list[Export]:
        from formcheck.render.exports import find_exports, usual_exports

        names = usual_exports() if self.request.exports is None else self.request.exports
        return [each for each in find_exports(names) if self.video is not None or not each.from_video]

    @contextlib.contextmanager
    def _folder(self, poses: PoseSequence | None, exports: Sequence[Export]) -> Iterator[ReportFolder | None]:
        """The folder for the files; None where there are none."""
        if not exports:
            yield None
            return
        from formcheck.storage.report_folder import default_folder_name, open_report_folder

        request = self.request
        out = None if request.folder is None else Path(request.folder)
        name = default_folder_name(request.input, poses.video.file if poses is not None else "")
        with open_report_folder(request.input, out, [each.file for each in exports], name) as folder:
            yield folder

    # --- the work --------------------------------------------------------------------------------------------------

    def _find_poses(self) -> PoseSequence:
        from formcheck.vision import pose_estimation
        from formcheck.vision.backend_choice import backend_named
        from formcheck.vision.models import store
        from formcheck.vision.tracking import person_named

        request = self.request
        backend = backend_named(request.backend)
        self.progress(AnalysisStage.MODEL, 0, None)
        model_file = store.find_model(request.model, progress=self._of(AnalysisStage.MODEL))
        self.progress(AnalysisStage.WATCH, 0, None)
        poses = pose_estimation.estimate_poses(
            self.video or request.input,
            model_file,
            progress=self._of(AnalysisStage.WATCH),
            cancelled=self._stopped,
            person=person_named(request.person),
            backend=backend,
            every_frame=request.every_frame,
            jobs=request.jobs,
            saw=self.saw,
        )
        if not request.title:
            return poses
        return dataclasses.replace(poses, video=dataclasses.replace(poses.video, file=request.title))

    def _judged(self, poses: PoseSequence, told: dict[str, Any]) -> tuple[PoseSequence, Report]:
        self.progress(AnalysisStage.JUDGE, 0, 1)
        if self.known is not None:
            part, report = poses, self.known.report
        else:
            part = _part(self.request, poses)
            report = _analyze(self.request, part, told)
        if self.request.plate:
            track = self._plate(part, report)
            if track is not None:
                report = _analyze(self.request, part, {**told, "plate": track})
        return part, report

    def _plate(self, poses: PoseSequence, report: Report) -> PlateTrack | None:
        """The path of the near plate; None, with a remark, where none can be followed."""
        from formcheck.exercises import EXERCISES, exercise_named, listed

        lift = exercise_named(report.exercise.name)
        has_plate = lift is not None and lift.path.has_plate
        if not has_plate or not report.reps or self.video is None or report.set_level is None:
            lifts = listed(each.noun for each in EXERCISES if each.path.has_plate)
            self.remarks.append(_("No plate was followed: that needs the video of a {lifts}", lifts=lifts))
            return None
        from formcheck.vision.plate_detection import watch_plate

        height_m = report.set_level.body_height_m
        self.progress(AnalysisStage.PLATE, 0, None)
        track = watch_plate(
            self.video,
            poses,
            [(rep.start_s, rep.end_s) for rep in report.reps],
            report.view.forward,
            height_m=height_m if height_m > 0 else None,
            cancelled=self._stopped,
        )
        if track.reason:
            self.remarks.append(_("No plate was followed: {reason}", reason=track.reason))
            return None
        return track

    # --- the results -----------------------------------------------------------------------------------------------

    def _analysed(self, report: Report, part: PoseSequence, poses: PoseSequence) -> Analysed:
        from formcheck.render.exports import Analysed

        told = asked_for(self.request)
        if part is not poses:
            told["part"] = _("{start:.1f} to {end:.1f} s", start=part.time_s[0], end=part.time_s[-1])
        return Analysed(
            report,
            part,
            poses,
            self.video,
            lifter=self.request.lifter or "",
            notes=self.request.notes,
            settings=told,
            progress=self._of(AnalysisStage.DRAW),
            cancelled=self._stopped,
            jobs=self.request.jobs,
            full_video=self.request.full_video,
        )

    def _write(self, exports: Sequence[Export], analysed: Analysed, folder: ReportFolder | None) -> None:
        for export in exports:
            assert folder is not None
            folder.write(export.file, functools.partial(export.make, analysed))

    def _draw(self, exports: Sequence[Export], analysed: Analysed, folder: ReportFolder | None) -> None:
        """Write what goes through the video; without it the report is worth having, unless all or nothing counts."""
        for export in exports:
            self.progress(AnalysisStage.DRAW, 0, None)
            try:
                self._write([export], analysed, folder)
            except (KeyboardInterrupt, Cancelled):
                # Somebody who did not come by the flag wants to leave, not to see what there is.
                if self.request.whole or self.cancelled is None or not self.cancelled():
                    raise
                assert folder is not None
                self.problem = Cancelled(_("Stopped. The report without the video is in {path}", path=folder.path))
                return
            except (OutputError, VideoError, UsageError) as error:  # the last one where the time is up
                if self.request.whole:
                    raise
                self.problem = error

    def _save(self, analysed: Analysed) -> None:
        """Save to the history, when asked to."""
        request = self.request
        if not request.save:
            return
        if not analysed.report.reps:
            self.remarks.append(_("Nothing was saved to the history, as no repetition was found"))
            return
        from formcheck.storage.history import open_history

        told = settings_to_save(request)
        try:
            with open_history() as history:
                if request.set_id is not None:
                    self.saved = history.change_set(
                        request.set_id,
                        lifter=request.lifter,
                        load_kg=request.load_kg,
                        notes=request.notes or None,
                        report=analysed.report.to_dict(),
                        settings=told,
                    )
                    return
                other = history.set_of_another(analysed.all_poses, request.lifter)
                if other is not None:
                    self.remarks.append(
                        _("Set {id} was {lifter}'s until now", id=other.id, lifter=other.lifter)
                        if request.move
                        else copy_remark(other)
                    )
                noted = request.note_path and request.video is not None
                self.saved = history.save_set(
                    analysed.report.to_dict(),
                    analysed.all_poses,
                    lifter=request.lifter,
                    notes=request.notes,
                    filmed_at=datetime.fromisoformat(request.filmed_at) if request.filmed_at else None,
                    video_path=Path(request.video or "").resolve() if noted else "",
                    settings=told,
                    other_lifter="move" if request.move else "copy",
                )
        except HistoryError as error:
            self.problem = error

    def _keep_video(self, folder: ReportFolder | None) -> None:
        """Keep the annotated video with the saved set, when asked to."""
        if not self.request.keep_video or self.saved is None or folder is None:
            return
        from formcheck.storage.history import open_history
        from formcheck.storage.report_folder import ANNOTATED_MP4

        path = folder.path / ANNOTATED_MP4
        if path not in folder.written:
            return
        try:
            with open_history() as history:
                history.keep_video(self.saved.id, path)
        except HistoryError as error:
            self.problem = error

    def _of(self, stage: AnalysisStage) -> Callable[[int, int | None], None]:
        return functools.partial(self.progress, stage)


def _check_times(request: AnalysisRequest) -> None:
    start_s, end_s = request.start_s or 0.0, request.end_s
    if end_s is not None and not start_s < end_s:
        raise UsageError(
            _(
                "The part to judge cannot begin at {start:g} s and end at {end:g} s: choose other times.",
                start=start_s,
                end=end_s,
            )
        )
    if request.filmed_at:
        try:
            datetime.fromisoformat(request.filmed_at)
        except ValueError as error:
            raise UsageError(_("{day!r} is not a day: write it like 2026-03-31.", day=request.filmed_at)) from error


def _check_film(request: AnalysisRequest) -> None:
    """What is told of the film would otherwise be refused only after the poses were found."""
    if request.slow_motion != 1.0:
        from formcheck.judging.film_speed import check_slow_motion

        check_slow_motion(request.slow_motion)
    if request.person != AUTO:
        from formcheck.vision.tracking import person_named

        person_named(request.person)


def _check_variant(request: AnalysisRequest) -> None:
    if request.variant != AUTO:
        from formcheck.judging.analysis import exercise_of_variant

        exercise_of_variant(request.exercise, request.variant)


def _analyze(request: AnalysisRequest, poses: PoseSequence, told: Mapping[str, Any]) -> Report:
    from formcheck.judging import analysis

    more = dict(told) if request.variant == AUTO else {**told, "variant": request.variant}
    return analysis.analyze(poses, request.exercise, load_kg=request.load_kg, slow_motion=request.slow_motion, **more)


def _part(request: AnalysisRequest, poses: PoseSequence) -> PoseSequence:
    if request.start_s is None and request.end_s is None:
        return poses
    low, high = request.start_s or 0.0, request.end_s if request.end_s is not None else math.inf
    part = poses.part((poses.time_s >= low) & (poses.time_s <= high))
    if len(part) < 2:
        raise UsageError(_("No part of the video is between these times: choose others."))
    return part


def _video_beside(path: Path, poses: PoseSequence) -> Path | None:
    """The video that the poses come from, if it is in the same folder."""
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
