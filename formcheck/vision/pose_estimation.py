"""From a video to the poses of the one who lifts, frame by frame and in flat memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import Cancelled
from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence, VideoInfo
from formcheck.vision.backend import PoseBackend
from formcheck.vision.look_rate import LookRate, fill_between
from formcheck.vision.models.store import ModelFile
from formcheck.vision.person_finder import PersonFinder, nothing_seen
from formcheck.vision.prefetch import prefetched
from formcheck.vision.tracking import Detection, Person, choose_lifter
from formcheck.vision.video import Frame, VideoReader, read_duration_s, read_frames_at

ANALYSIS_MAX_SIDE = 960
"""The landmark network sees 256 x 256 pixels of the person; larger pictures cost time and bring nothing."""

DECODED_AHEAD = 3
"""Pictures that wait for the model at most: enough to even out slow ones, and little memory."""

THUMBNAIL = (32, 18)
"""Size of the thumbnails that scene changes are found in."""

PEOPLE_MAX = 3
"""How many people are followed at most when more than one is in the picture."""

GLANCES = 6
"""Frames spread over the video that are looked at beforehand: how many people are in it, and are there black bars?"""

SHORT_VIDEO_S = 2.0
"""A video shorter than this gets half as many glances."""

BAR_LEVEL = 24
"""Rows and columns that are never brighter than this (of 255) are bars, not picture."""

BAR_MIN = 0.04
"""Narrower bars, in shares of the side, are left alone."""

PICTURE_MIN = 0.25
"""If less than this share of a side would remain, it is a dark picture rather than bars."""

TRUNK = ("HIP", "SHOULDER")
"""Joints whose left-right line tells where somebody faces."""

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class _Preview:
    """What the look beforehand has shown: the number of people, the part of the frames that holds a picture, and
    whether the lifter faces image-left."""

    people: int
    rows: slice
    columns: slice
    faces_left: bool = False


def estimate_poses(
    path: str | Path,
    model: ModelFile,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    backend: PoseBackend | None = None,
    person: Person = Person.AUTO,
    every_frame: bool = False,
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

    Raises
    ------
    VideoError : the file cannot be read. ModelError : the model does not load. Cancelled : the caller stopped it.
    """
    glance = _preview(path, model, backend)
    detections: list[Detection] = []
    times: list[float] = []
    changes: list[float] = []
    rate = LookRate()
    thumbnail: NDArray[np.float32] | None = None
    with ExitStack() as stack:
        reader = stack.enter_context(VideoReader(path, max_side=ANALYSIS_MAX_SIDE))
        # The model is shown every lifter facing image-right, so that a mirrored video gets the mirrored answer.
        finder = stack.enter_context(
            PersonFinder(model, glance.people, track=True, mirrored=glance.faces_left, backend=backend)
        )
        facts = reader.info
        scale = facts.source_width / facts.width
        corner = np.array([glance.columns.start, glance.rows.start], dtype=np.float32)
        time_ms = -1
        frames = stack.enter_context(closing(prefetched(reader, DECODED_AHEAD)))
        for index, (frame, is_last) in enumerate(_with_last(frames)):
            if cancelled is not None and cancelled():
                raise Cancelled("Stopped before the video was analysed.")
            times.append(frame.time_s)
            previous, thumbnail = thumbnail, _thumbnail(frame.rgb)
            changes.append(0.0 if previous is None else float(np.abs(thumbnail - previous).mean()))
            time_ms = max(time_ms + 1, round(frame.time_s * 1000))
            if rate.wants(frame.time_s, changes[-1]) or is_last or every_frame:
                people = finder.find(frame.rgb[glance.rows, glance.columns], index, time_ms)
                rate.saw(frame.time_s, people)
                detections += [_placed(person, corner, scale) for person in people]
            if progress is not None:
                progress(index + 1, facts.frames)
        complete, remarks = reader.complete, reader.notes
    time_s = np.array(times)
    video = VideoInfo(
        file=Path(path).name,
        width=facts.source_width,
        height=facts.source_height,
        frames=len(time_s),
        duration_s=float(time_s[-1] + (np.median(np.diff(time_s)) if len(time_s) > 1 else 0.0)),
        rotation_deg=facts.rotation_deg,
        complete=complete,
    )
    chosen, notes = choose_lifter(detections, time_s, person, len(rate.looks))
    seen = nothing_seen(len(time_s))
    for detection in chosen:
        for name, values in seen.items():
            values[detection.frame] = getattr(detection, name)
    fill_between(time_s, rate.looks, rate.sudden, seen)
    return PoseSequence(
        time_s=time_s,
        picture_change=np.array(changes),
        video=video,
        model=model.name,
        notes=(*remarks, *notes),
        **seen,
    )


def _with_last(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame, and whether it is the last one."""
    waiting: Frame | None = None
    for frame in frames:
        if waiting is not None:
            yield waiting, False
        waiting = frame
    if waiting is not None:
        yield waiting, True


def _placed(person: Detection, corner: NDArray[np.float32], scale: float) -> Detection:
    """A detection in pixels of a part of a scaled frame, in pixels of the video itself."""
    image_px = person.image_px * np.float32(scale)
    image_px[:, :2] += corner * np.float32(scale)
    return replace(person, image_px=image_px, contour_px=(person.contour_px + corner) * np.float32(scale))


def _thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(rgb, THUMBNAIL, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.float32) / np.float32(255)


def _preview(path: str | Path, model: ModelFile, backend: PoseBackend | None) -> _Preview:
    """A few looks over the video beforehand.

    Following one person needs the detector only when the track is lost, following more needs it all the time, so one
    person is followed unless a glance shows more. Black bars are cut off: they make the person small for the detector.
    """
    with VideoReader(path, max_side=ANALYSIS_MAX_SIDE) as reader:
        facts = reader.info
    whole = _Preview(1, slice(0, facts.height), slice(0, facts.width))
    # Browsers record files that do not state how long they are.
    duration_s = facts.duration_s or read_duration_s(path)
    if not duration_s:
        return whole
    glances = GLANCES if duration_s >= SHORT_VIDEO_S else GLANCES // 2
    at_s = [duration_s * (i + 0.5) / glances for i in range(glances)]
    frames = [frame.rgb for frame in read_frames_at(path, at_s, max_side=ANALYSIS_MAX_SIDE, exact=False)]
    rows, columns = _without_bars(frames)
    with PersonFinder(model, PEOPLE_MAX, track=False, backend=backend) as finder:
        seen = [finder.find(rgb[rows, columns], index) for index, rgb in enumerate(frames)]
    ahead = sum(faces_right(people[0]) for people in seen if people)
    return _Preview(max(1, *(len(people) for people in seen)), rows, columns, faces_left=ahead < 0)


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
