"""The way in for Python programs: a video file in, a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from formcheck.judging.report import Report
from formcheck.judging.settings import Settings, check_limits
from formcheck.service.pipeline import AUTO, AnalysisRequest, AnalysisStage, run_analysis


def analyze_video(
    path: str | Path,
    exercise: str = AUTO,
    *,
    variant: str = AUTO,
    load_kg: float | None = None,
    model: str | Path = "full",
    backend: str = AUTO,
    every_frame: bool = False,
    jobs: int | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    plate: bool = False,
    person: str = AUTO,
    slow_motion: float = 1.0,
    settings: Settings | str | Path | None = None,
    presets: Sequence[str] = (),
    own_settings: bool = False,
    height_cm: float | None = None,
    lifter: str | None = None,
    notes: str = "",
    filmed_at: str = "",
    out: str | Path | None = None,
    exports: Sequence[str] | None = None,
    save: bool = False,
    keep_video: bool = False,
    full_video: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Analyse the lift in a video.

    Without ``out``, ``exports`` and ``save`` nothing is written anywhere. `formcheck.run_analysis` takes the same as an
    `AnalysisRequest` and also gives the poses, the files and what is to be remarked; its progress tells the stage.

    Parameters
    ----------
    path : the video, or the poses (`.npz`) of an earlier analysis.
    exercise : "auto", or the name of a lift in `formcheck.exercises.EXERCISES`.
    variant : "auto", or a variant of the lift such as "sumo", "overhead" or "front".
    load_kg : the load in kilograms, for the advice.
    model : "lite", "full", "heavy" or the path of a pose model; fetched when it is not here yet.
    backend : what runs it: "openvino", "mediapipe", or "auto" for the faster one that is installed.
    every_frame : the pose model looks at every frame; else at as many as the movement needs.
    jobs : how many things the look at the video does at the same time, threads included; None = one a core, a few at
        most.
    start_s, end_s : the part of the video to judge, in seconds since its first frame; None = from the beginning, to the
        end.
    plate : follow the near plate (450 mm) of a barbell lifted from the floor, for bar path and velocity in metres.
    person : whom to follow where several people are in the picture: "auto", "left", "right" or "nearest".
    slow_motion : how many times slower than life the film runs, such as 4; 1 = as in life.
    settings : limits that differ from FormCheck's own: `Settings`, or the path of a settings file (TOML).
    presets : names of presets, on which ``settings`` come on top.
    own_settings : start from the user's settings for every analysis, as the command line does.
    height_cm : the lifter's height in centimetres, for velocity in m/s.
    lifter : whose set it is. What the history knows of the lifter is used.
    notes : for report and history.
    filmed_at : ISO date or time, for the history; empty = not known.
    out : folder for the files; None = formcheck-reports/NAME, where ``exports`` are named.
    exports : names of the formats to write: "html", "json", "reps", "signals", "poses", "trc", "pdf", "video" (the
        annotated one). None = all but "trc" and "pdf" with ``out``, nothing without.
    save : save the set to the history.
    keep_video : keep a copy of the annotated video with the saved set; needs ``save`` and the export "video".
    full_video : the annotated video has the size of the film and all of its frames; else at most 1280 pixels and 30
        frames a second.
    progress : called with frames done and frames expected (None = unknown) while poses are looked for.
    cancelled : asked after every frame; True stops the work.

    Returns
    -------
    The report; ``report.reps`` is empty when there was nothing to judge.

    Raises
    ------
    FormCheckError : the file cannot be read, the model cannot be fetched, an option makes no sense, a file or the
        history cannot be written, or the work was stopped.
    """

    def frames(stage: AnalysisStage, done: int, total: int | None) -> None:
        if progress is not None and stage == AnalysisStage.WATCH and (done or total is not None):
            progress(done, total)

    is_poses = Path(path).suffix.lower() == ".npz"
    if exports is None and out is None:
        exports = ()
    request = AnalysisRequest(
        video=None if is_poses else str(path),
        poses=str(path) if is_poses else None,
        exercise=exercise,
        variant=variant,
        load_kg=load_kg,
        lifter=lifter,
        notes=notes,
        filmed_at=filmed_at,
        model=str(model),
        backend=backend,
        every_frame=every_frame,
        jobs=jobs,
        start_s=start_s,
        end_s=end_s,
        plate=plate,
        person=person,
        slow_motion=slow_motion,
        own_settings=own_settings,
        presets=tuple(presets),
        settings_file=str(settings) if isinstance(settings, str | Path) else None,
        settings_toml=_toml(settings) if isinstance(settings, Settings) else "",
        height_cm=height_cm,
        exports=None if exports is None else tuple(exports),
        folder=None if out is None else str(out),
        save=save,
        keep_video=keep_video,
        full_video=full_video,
        note_path=not is_poses,
    )
    result = run_analysis(request, progress=frames, cancelled=cancelled)
    if result.problem is not None:
        raise result.problem
    return result.report


def _toml(settings: Settings) -> str:
    from formcheck.storage.settings_files import settings_toml

    check_limits(settings)
    return settings_toml(settings)
