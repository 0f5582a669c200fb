"""What the benchmarks measure against: labelled clips and recorded landmark tracks, read where they are."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scores import Instants, labelled_reps
from formcheck.core.landmarks import LANDMARK_COUNT, left_right
from formcheck.core.poses import CONTOUR_STATIONS, FLOOR_SHAPE, FloatArray, PoseSequence, VideoInfo

CLIPS_VARIABLE = "FORMCHECK_CLIPS"
TRACKS_VARIABLE = "FORMCHECK_TRACKS"

SAME_LIFTER = {
    "bichraix, three clips": ("bichraix__bad005.mp4", "bichraix__bad006.mp4", "bichraix__good004.mp4"),
    "tby66": ("tby66__",),
    "jeff-j-chen": ("jeff-j-chen__bad.mp4", "jeff-j-chen__good.mp4", "jeff-j-chen__heellift.mp4"),
    "mattiolato98, good": ("mattiolato98__Good",),
    "mattiolato98, bad": ("mattiolato98__Bad",),
    "ulisses-coach": ("ulisses-coach__",),
}
"""Beginnings of the names of clips that show one and the same lifter, so that nobody counts several times."""

TRUNK_LENGTH_M = 0.5
"""Recorded tracks have no landmarks in metres; their pixels are scaled so that the trunk gets this usual length."""


@dataclass(frozen=True)
class LabelledClip:
    """One clip and what people saw in it; ``exercise`` is "none" for other movements, ``reps`` bottom and top each.

    ``kind`` is the movement in words and ``faults`` are free words; what they mean in terms of checks is in
    `benchmarks.reviewed`.
    """

    path: Path
    lifter: str
    role: str
    exercise: str
    reps: tuple[Instants, ...]
    spine: str | None
    view: str
    faults: tuple[str, ...] = ()
    kind: str = ""
    slow_motion: bool = False

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True)
class Track:
    """A recorded landmark track and what is known of it: bottoms or tops, whichever were written down."""

    file: str
    exercise: str
    count: int
    bottoms_s: tuple[float, ...] = ()
    tops_s: tuple[float, ...] = ()


TRACKS = (
    Track("swing-4reps", "kettlebell-swing", 4, bottoms_s=(0.67, 2.1, 3.5, 4.9), tops_s=(1.4, 2.75, 4.2)),
    Track(
        "swing-20s",
        "kettlebell-swing",
        10,
        tops_s=(2.9, 4.4, 5.9, 7.4, 9.0, 10.5, 12.1, 13.7, 15.3, 16.9),
    ),
    Track("pistol-squat", "squat", 5, bottoms_s=(6.5, 11.2, 15.0, 19.9, 27.5)),
)


def folder_of(kind: str, given: Path | None = None) -> Path:
    """Folder with the clips or the tracks: as given, from the environment, or ``shared/`` beside the checkout."""
    variable = {"clips": CLIPS_VARIABLE, "tracks": TRACKS_VARIABLE}[kind]
    from_environment = os.environ.get(variable)
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / kind
    return given or (Path(from_environment).expanduser() if from_environment else beside)


def read_clips(folder: Path) -> tuple[LabelledClip, ...]:
    """All clips that ``labels.json`` describes and that are there; empty where the folder has no labels."""
    labels = folder / "labels.json"
    if not labels.is_file():
        return ()
    entries = json.loads(labels.read_text(encoding="utf-8"))
    return tuple(_clip(folder, entry) for entry in entries if (folder / entry["file"]).is_file())


def _clip(folder: Path, entry: dict[str, Any]) -> LabelledClip:
    exercise = exercise_name(entry["exercise"]) if entry["role"] == "lift" else "none"
    return LabelledClip(
        path=folder / entry["file"],
        lifter=lifter_of(entry["file"]),
        role=entry["role"],
        exercise=exercise,
        reps=tuple(labelled_reps(entry["bottoms_s"], entry["tops_s"])) if exercise != "none" else (),
        spine=entry["spine"],
        view=entry["view"] or "",
        faults=tuple(entry.get("faults_by_eye", ())),
        kind=entry["exercise"],
        slow_motion="slow motion" in f"{entry.get('editing')} {entry.get('notes')}",
    )


def exercise_name(description: str) -> str:
    """FormCheck's name of a lift that a label describes in words, such as "back squat (barbell)"."""
    what = description.split("(")[0]
    for word, name in (("deadlift", "deadlift"), ("swing", "kettlebell-swing"), ("squat", "squat")):
        if word in what:
            return name
    raise ValueError(f"labels.json names a lift that is not known here: {description!r}")


def lifter_of(file: str) -> str:
    """Name of the group of clips that show the same lifter; the clip's own name when it is the only one."""
    for lifter, beginnings in SAME_LIFTER.items():
        if file.startswith(beginnings):
            return lifter
    return Path(file).stem


def read_track(path: Path) -> PoseSequence:
    """Poses of a ``.posetrack.json`` file (33 BlazePose points a frame in pixels).

    There is no mask, so contours are NaN. Landmarks in metres were not recorded: the pixels and the model's depth stand
    in for them, scaled by the length of the trunk. The tracks differ in their unit of depth (pixels, or widths of the
    square that was cut out); it is told by its size.
    """
    recorded = json.loads(path.read_text(encoding="utf-8"))
    about, frames = recorded["metadata"], recorded["frames"]
    count = len(frames)
    image_px = np.full((count, LANDMARK_COUNT, 3), np.nan)
    visibility = np.full((count, LANDMARK_COUNT), np.nan)
    for index, frame in enumerate(frames):
        if len(frame["keypoints"]) == LANDMARK_COUNT:
            image_px[index] = [(point["x"], point["y"], point["z"]) for point in frame["keypoints"]]
            visibility[index] = [point["score"] for point in frame["keypoints"]]
    if np.nanmedian(np.abs(image_px[:, :, 2])) < 2.0:
        image_px[:, :, 2] *= about["cropRegion"]["width"]
    time_s = np.array([frame["videoTime"] for frame in frames], dtype=np.float64)
    return PoseSequence(
        time_s=time_s,
        image_px=image_px,
        world_m=_in_metres(image_px),
        visibility=visibility,
        contour_px=np.full((count, 2, CONTOUR_STATIONS, 2), np.nan),
        contour_sharpness=np.full((count, 2, CONTOUR_STATIONS), np.nan),
        floor=np.full((count, *FLOOR_SHAPE), np.nan),
        floor_place=np.full(count, np.nan),
        picture_change=np.zeros(count),
        video=VideoInfo(path.name, about["videoWidth"], about["videoHeight"], count, float(time_s[-1])),
        model=about["model"],
    )


def _in_metres(image_px: FloatArray) -> FloatArray:
    def middle(joint: str) -> FloatArray:
        left, right = left_right(joint)
        return np.asarray((image_px[:, left] + image_px[:, right]) / 2.0)

    trunk_px = np.nanpercentile(np.linalg.norm((middle("SHOULDER") - middle("HIP"))[:, :2], axis=1), 75)
    return np.asarray((image_px - middle("HIP")[:, None]) * (TRUNK_LENGTH_M / trunk_px))
