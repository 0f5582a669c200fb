"""Poses and reports made by hand: a lifter whose landmarks and back stand where the test wants them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from formcheck.core.landmarks import LANDMARK_COUNT, Landmark
from formcheck.core.poses import CONTOUR_STATIONS, PoseSequence, VideoInfo, contour_stations, expected_shapes
from formcheck.core.verdicts import Verdict, ViewName
from formcheck.exercises.framework.check import Finding
from formcheck.judging.report import ExerciseChoice, Report, RepReport, Tracking
from formcheck.motion.signals import no_signals
from formcheck.motion.view import View
from formcheck.storage.report_folder import INSTANTS
from tests.helpers.make_videos import write_video

WIDTH, HEIGHT, FPS = 480, 360, 25

# A lifter who faces right, seen from the right; shares of the picture.
JOINTS = {
    "EYE": (0.53, 0.22),
    "EAR": (0.51, 0.23),
    "SHOULDER": (0.50, 0.33),
    "ELBOW": (0.52, 0.45),
    "WRIST": (0.54, 0.56),
    "HIP": (0.48, 0.56),
    "KNEE": (0.51, 0.72),
    "ANKLE": (0.48, 0.87),
    "HEEL": (0.46, 0.90),
    "FOOT_INDEX": (0.54, 0.91),
}
BACK_X = 0.42
"""Where the edge of the back is seen, as a share of the width."""


def make_poses(frames: int = 25, width: int = WIDTH, height: int = HEIGHT, seen: bool = True) -> PoseSequence:
    """A lifter who stands still; the dorsal edge is a vertical line at `BACK_X`."""
    image = np.zeros((frames, LANDMARK_COUNT, 3))
    image[:, :, :2] = np.array([0.52, 0.2]) * (width, height)
    for joint, place in JOINTS.items():
        for side in ("LEFT", "RIGHT"):
            image[:, Landmark[f"{side}_{joint}"], :2] = np.array(place) * (width, height)
    contour = np.full((frames, 2, CONTOUR_STATIONS, 2), np.nan)
    hip_y, shoulder_y = JOINTS["HIP"][1], JOINTS["SHOULDER"][1]
    contour[:, 0, :, 0] = BACK_X * width
    contour[:, 0, :, 1] = (hip_y + contour_stations() * (shoulder_y - hip_y)) * height
    contour[:, 1] = contour[:, 0] + (0.2 * width, 0)
    if not seen:
        image[:], contour[:] = np.nan, np.nan
    # Whatever else a sequence holds does not matter here and is not measured.
    arrays: dict[str, Any] = {name: np.full(shape, np.nan) for name, shape in expected_shapes(frames).items()}
    arrays |= {
        "time_s": np.arange(frames) / FPS,
        "image_px": image,
        "world_m": np.where(np.isnan(image), np.nan, 0.1),
        "visibility": np.where(np.isnan(image[:, :, 0]), np.nan, 0.9),
        "contour_px": contour,
        "contour_sharpness": np.where(np.isnan(contour[..., 0]), np.nan, 0.2),
        "picture_change": np.zeros(frames),
    }
    return PoseSequence(
        **arrays,
        video=VideoInfo("set.mp4", width, height, frames, frames / FPS),
        model="made up",
    )


def make_finding(check: str = "back-rounding", verdict: Verdict | str = Verdict.FAULT, **changes: object) -> Finding:
    finding = Finding(
        check=check,
        title="Back rounding",
        verdict=Verdict(verdict),
        value=34.0,
        limit=30.0,
        unit="deg",
        at_s=0.4,
        reason="",
        cue="Chest proud, squeeze your armpits.",
        rep=1,
    )
    return replace(finding, **changes)  # type: ignore[arg-type]


def make_rep(index: int = 1, findings: tuple[Finding, ...] | None = None, **measures: float) -> RepReport:
    values = {"back_rounding_deg": 34.0, "hip_flexion_bottom_deg": 95.4, "knee_flexion_bottom_deg": 61.0}
    start_s = 0.2 * index
    # The named instants follow each other in the order in which they are declared.
    instants: dict[str, Any] = {name: start_s + 0.04 * place for place, name in enumerate(INSTANTS)}
    return RepReport(
        index=index,
        partial=False,
        measures=values | measures,
        findings=(make_finding(),) if findings is None else findings,
        **(instants | {"end_s": start_s + 0.2}),
    )


def make_report(poses: PoseSequence, rounding_deg: float = 34.0, **changes: object) -> Report:
    """A deadlift with one rounded repetition, seen from the right; the same rounding in every frame."""
    signals = no_signals(poses.time_s)
    signals = replace(
        signals,
        back_judged=np.ones(len(poses)),
        forward=np.ones(len(poses)),
        back_rounding_deg=np.full(len(poses), rounding_deg),
        **{name: np.full(len(poses), 10.0) for name in ("elbow_flexion_deg", "hip_flexion_deg", "shank_lean_deg")},
    )
    report = Report(
        video=poses.video,
        exercise=ExerciseChoice("deadlift", "auto", 0.93),
        view=View(ViewName.SIDE_RIGHT, 3.0, 1),
        sagittal_ok=True,
        tracking=Tracking(len(poses), 1.0, ()),
        reps=(make_rep(),),
        findings=(make_finding(),),
        verdict=Verdict.FAULT,
        summary="1 deadlift rep: back rounding.",
        advice=("Chest proud, squeeze your armpits.",),
        model=poses.model,
        signals=signals,
    )
    return replace(report, **changes)  # type: ignore[arg-type]


def nothing_to_judge(poses: PoseSequence) -> Report:
    """The report on a video without a lift in it."""
    return make_report(
        poses,
        math.nan,
        exercise=ExerciseChoice("none", "auto", 0.1),
        view=View(ViewName.UNKNOWN, math.nan, 1),
        sagittal_ok=False,
        reps=(),
        findings=(),
        verdict=Verdict.NOT_JUDGED,
        summary="No deadlift, kettlebell swing or squat was recognised, so nothing was judged.",
        advice=(),
        signals=None,
    )


def make_clip(path: Path, frames: int = 25, width: int = WIDTH, height: int = HEIGHT) -> Path:
    """A grey video with the size and the times of `make_poses`."""
    picture = np.full((height, width, 3), 90, np.uint8)
    return write_video(path, [picture] * frames, [index / FPS for index in range(frames)])
