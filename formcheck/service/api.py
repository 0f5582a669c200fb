"""The way in for Python programs: a video file in, a report out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from formcheck.judging.analysis import AUTO, analyze
from formcheck.judging.report import Report
from formcheck.vision.models.store import find_model


def analyze_video(
    path: str | Path,
    exercise: str = AUTO,
    *,
    variant: str = AUTO,
    load_kg: float | None = None,
    model: str | Path = "full",
    progress: Callable[[int, int | None], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Analyse the lift in a video.

    Parameters
    ----------
    path : the video.
    exercise : "auto", or the name of a lift in `formcheck.exercises.EXERCISES`.
    variant : "auto", or a variant of the lift such as "sumo", "overhead" or "front".
    load_kg : the load, for the advice.
    model : "lite", "full", "heavy" or the path of a pose model; fetched when it is not here yet.
    progress : called with frames done and frames expected (None = unknown).
    cancelled : asked after every frame; True stops the work.

    Raises
    ------
    FormCheckError : the file cannot be read, the model cannot be fetched, or the work was stopped.
    """
    # MediaPipe and OpenCV take a second to load, and `import formcheck` must work where their libraries are missing.
    from formcheck.vision.pose_estimation import estimate_poses

    poses = estimate_poses(path, find_model(model), progress=progress, cancelled=cancelled)
    return analyze(poses, exercise, variant=variant, load_kg=load_kg)
