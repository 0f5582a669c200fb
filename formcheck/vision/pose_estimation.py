"""From a video to the poses of the one who lifts, frame by frame and in flat memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence, VideoInfo
from formcheck.vision.backend import PoseBackend
from formcheck.vision.backend_choice import default_backend
from formcheck.vision.look_rate import fill_between
from formcheck.vision.models.store import ModelFile
from formcheck.vision.person_finder import PersonFinder, nothing_seen
from formcheck.vision.tracking import Detection, Person, choose_lifter
from formcheck.vision.video import VideoFacts, VideoReader, read_duration_s, read_frames_at
from formcheck.vision.video_parts import (
    ANALYSIS_MAX_SIDE,
    LARGE_PICTURE_PX,
    Assignment,
    Saw,
    jobs_or_default,
    part_starts,
    watch_video,
)

PEOPLE_MAX = 3
"""How many people are followed at most when more than one is in the picture."""

PREVIEW_FRAMES = 6
"""Frames spread over the video that are looked at beforehand: how many people are in it, and are there black bars?"""

SHORT_VIDEO_S = 2.0
"""A video shorter than this gets half as many of them."""

BAR_LEVEL = 24
"""Rows and columns that are never brighter than this (of 255) are bars, not picture."""

BAR_MIN = 0.04
"""Narrower bars, in shares of the side, are left alone."""

PICTURE_MIN = 0.25
"""If less than this share of a side would remain, it is a dark picture rather than bars."""

TRUNK = ("HIP", "SHOULDER")
"""Joints whose left-right line tells where somebody faces."""

Progress = Callable[[int, int | None], None]


def estimate_poses(
    path: str | Path,
    model: ModelFile,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    backend: PoseBackend | None = None,
    person: Person = Person.AUTO,
    every_frame: bool = False,
    jobs: int | None = None,
    saw: Saw | None = None,
) -> PoseSequence:
    """Poses of the lifter over a whole video.

    Parameters
    ----------
    path : video file.
    model : pose model, from `formcheck.vision.models.store.find_model`.
    progress : called with frames done and frames expected (None = unknown).
    cancelled : asked after every frame; True stops the work.
    backend : runs the model; None = `formcheck.vision.backend_choice.default_backend`.
    person : whom to follow where several people are in the picture.
    every_frame : show the model every frame; else only as many as the movement needs, see
        `formcheck.vision.look_rate`.
    jobs : how many things are done at the same time, threads of decoder and networks included; None = one a core,
        `formcheck.vision.video_parts.MOST_JOBS` at most. See there how alike the poses are.
    saw : shown frames as they are looked at, those of the first part of a video that is watched in parts.

    Raises
    ------
    VideoError : the file cannot be read. ModelError : the model does not load. Cancelled : the caller stopped it.
    """
    jobs = jobs_or_default(jobs)
    facts, task, backend = _preview(path, model, backend or default_backend(model), jobs)
    task = replace(task, every_frame=every_frame)
    watched = watch_video(task, backend, jobs, progress=progress, cancelled=cancelled, saw=saw)
    time_s = np.array(watched.time_s)
    video = VideoInfo(
        file=Path(path).name,
        width=facts.source_width,
        height=facts.source_height,
        frames=len(time_s),
        duration_s=float(time_s[-1] + (np.median(np.diff(time_s)) if len(time_s) > 1 else 0.0)),
        rotation_deg=facts.rotation_deg,
        complete=watched.complete,
    )
    corner = np.array([task.columns.start, task.rows.start], dtype=np.float32)
    scale = facts.source_width / facts.width
    for at, each in enumerate(watched.detections):
        watched.detections[at] = _placed(each, corner, scale)
    chosen, notes = choose_lifter(watched.detections, time_s, person, len(watched.looks))
    watched.detections.clear()
    left = list(chosen)
    del chosen
    seen = nothing_seen(len(time_s))
    # Each is let go once it is copied: over a long video they take as much memory as the poses do.
    while left:
        detection = left.pop()
        for name, values in seen.items():
            values[detection.frame] = getattr(detection, name)
    fill_between(time_s, watched.looks, watched.sudden, seen)
    return PoseSequence(
        time_s=time_s,
        picture_change=np.array(watched.picture_change),
        video=video,
        model=model.name,
        notes=(*watched.notes, *notes),
        **seen,
    )


def _placed(person: Detection, corner: NDArray[np.float32], scale: float) -> Detection:
    """A detection in pixels of a part of a scaled frame, in pixels of the video itself."""
    image_px = person.image_px * np.float32(scale)
    image_px[:, :2] += corner * np.float32(scale)
    return replace(person, image_px=image_px, contour_px=(person.contour_px + corner) * np.float32(scale))


def _preview(
    path: str | Path, model: ModelFile, backend: PoseBackend, jobs: int
) -> tuple[VideoFacts, Assignment, PoseBackend]:
    """A few looks over the video beforehand; also how it is to be watched, and by what.

    Following one person needs the detector only when the track is lost, following more needs it all the time, so one
    person is followed unless the preview shows more. Black bars are cut off: they make the person small for the
    detector.
    """
    with VideoReader(path, max_side=ANALYSIS_MAX_SIDE) as reader:
        facts = reader.info
    whole = Assignment(path, model, slice(0, facts.height), slice(0, facts.width))
    # Browsers record files that do not state how long they are.
    duration_s = facts.duration_s or read_duration_s(path)
    large = facts.source_width * facts.source_height > LARGE_PICTURE_PX
    starts = part_starts(duration_s, 1 if large else jobs)
    # Made for as many detectors as will be needed, so that the model is loaded only once.
    backend = backend.sharing(len(starts), jobs)
    if not duration_s:
        return facts, whole, backend
    count = PREVIEW_FRAMES if duration_s >= SHORT_VIDEO_S else PREVIEW_FRAMES // 2
    at_s = [duration_s * (i + 0.5) / count for i in range(count)]
    frames = [frame.rgb for frame in read_frames_at(path, at_s, max_side=ANALYSIS_MAX_SIDE, exact=False)]
    rows, columns = _without_bars(frames)
    with PersonFinder(model, PEOPLE_MAX, track=False, backend=backend) as finder:
        seen = [finder.find(rgb[rows, columns], index) for index, rgb in enumerate(frames)]
    ahead = sum(faces_right(people[0]) for people in seen if people)
    people = max(1, *(len(people) for people in seen))
    task = replace(whole, rows=rows, columns=columns, people=people, faces_left=ahead < 0, starts=tuple(starts))
    return facts, task, backend


def faces_right(person: Detection) -> float:
    """From -1 (facing image-left) over 0 (towards or away from the camera) to 1 (image-right)."""
    across = [person.world_m[Landmark[f"LEFT_{joint}"]] - person.world_m[Landmark[f"RIGHT_{joint}"]] for joint in TRUNK]
    return sum(float(line[2] / max(np.hypot(line[0], line[2]), 1e-9)) for line in across) / len(across)


def _without_bars(frames: Sequence[NDArray[np.uint8]]) -> tuple[slice, slice]:
    """Rows and columns between bars that are black in all frames."""
    brightest = np.max([frame.max(axis=2) for frame in frames], axis=0)
    # A percentile instead of the maximum: compression leaves a few bright specks beside the picture.
    return _inner(np.percentile(brightest, 99, axis=1)), _inner(np.percentile(brightest, 99, axis=0))


def _inner(brightness: FloatArray) -> slice:
    size = len(brightness)
    bright = np.flatnonzero(brightness > BAR_LEVEL)
    if len(bright) == 0:
        return slice(0, size)
    start, stop = int(bright[0]), int(bright[-1]) + 1
    start = start if start >= BAR_MIN * size else 0
    stop = stop if size - stop >= BAR_MIN * size else size
    return slice(start, stop) if stop - start >= PICTURE_MIN * size else slice(0, size)
