"""From a video to the poses of the one who lifts: MediaPipe's PoseLandmarker, frame by frame, in flat memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.errors import Cancelled, ModelError
from formcheck.floor_watch import FloorWatch
from formcheck.landmarks import LANDMARK_COUNT, Landmark
from formcheck.lifter import Sighting, choose_lifter
from formcheck.pose_models import ModelFile
from formcheck.poses import FLOOR_SHAPE, FloatArray, PoseSequence, VideoInfo
from formcheck.silhouette import trace_silhouette
from formcheck.system_check import helpful_import_errors
from formcheck.video import VideoReader, read_frames_at

ANALYSIS_MAX_SIDE = 960
"""The landmark network sees 256 x 256 pixels of the person; larger pictures cost time and bring nothing."""

THUMBNAIL = (32, 18)
"""Size of the thumbnails that scene changes are found in."""

PEOPLE_MAX = 3
"""How many people are followed at most when more than one is in the picture."""

GLANCES = 6
"""Frames spread over the video that are looked at beforehand to see how many people are in it."""

GLANCE_MIN_S = 2.0
"""A shorter video is not worth the look beforehand in more than half as many frames."""

SAME_PERSON_DISTANCE = 0.35
"""Two detections whose middles lie closer than this share of their size are one and the same person."""

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class _Options:
    model: ModelFile
    people: int
    video: bool


def estimate_poses(
    path: str | Path,
    model: ModelFile,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PoseSequence:
    """Poses of the lifter over a whole video.

    Parameters
    ----------
    path : video file.
    model : pose model, from `formcheck.pose_models.find_model`.
    progress : called with frames done and frames expected (None = unknown).
    cancelled : asked after every frame; True stops the work.

    Raises
    ------
    VideoError : the file cannot be read. ModelError : the model does not load. Cancelled : the caller stopped it.
    """
    people = _people_in(path, model)
    sightings: list[Sighting] = []
    time_s: list[float] = []
    changes: list[float] = []
    thumbnail: NDArray[np.float32] | None = None
    with VideoReader(path, max_side=ANALYSIS_MAX_SIDE) as reader, _landmarker(_Options(model, people, True)) as find:
        to_source = reader.info.source_width / reader.info.width
        last_ms = -1
        for index, frame in enumerate(reader):
            if cancelled is not None and cancelled():
                raise Cancelled("Stopped before the video was analysed.")
            time_s.append(frame.time_s)
            previous, thumbnail = thumbnail, _thumbnail(frame.rgb)
            changes.append(0.0 if previous is None else float(np.abs(thumbnail - previous).mean()))
            last_ms = max(last_ms + 1, round(frame.time_s * 1000))
            sightings += find(frame.rgb, index, last_ms, to_source)
            if progress is not None:
                progress(index + 1, reader.info.frames)
        complete, remarks = reader.complete, reader.notes
        facts = reader.info
    duration_s = time_s[-1] + (float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0)
    video = VideoInfo(
        file=Path(path).name,
        width=facts.source_width,
        height=facts.source_height,
        frames=len(time_s),
        duration_s=duration_s,
        rotation_deg=facts.rotation_deg,
        complete=complete,
    )
    chosen, notes = choose_lifter(sightings, np.array(time_s))
    return _sequence(chosen, np.array(time_s), np.array(changes), video, model.name, (*remarks, *notes))


def _sequence(
    chosen: Sequence[Sighting],
    time_s: FloatArray,
    changes: FloatArray,
    video: VideoInfo,
    model: str,
    notes: tuple[str, ...],
) -> PoseSequence:
    empty = _nothing(len(time_s))
    for sighting in chosen:
        for name, values in empty.items():
            values[sighting.frame] = getattr(sighting, name)
    return PoseSequence(time_s=time_s, picture_change=changes, video=video, model=model, notes=notes, **empty)


def _nothing(frames: int) -> dict[str, FloatArray]:
    contour, sharpness = trace_silhouette(np.zeros((1, 1), np.float32), np.full(2, np.nan), np.full(2, np.nan))
    return {
        "image_px": np.full((frames, LANDMARK_COUNT, 3), np.nan),
        "world_m": np.full((frames, LANDMARK_COUNT, 3), np.nan),
        "visibility": np.full((frames, LANDMARK_COUNT), np.nan),
        "contour_px": np.full((frames, *contour.shape), np.nan),
        "contour_sharpness": np.full((frames, *sharpness.shape), np.nan),
        "floor": np.full((frames, *FLOOR_SHAPE), np.nan),
        "floor_place": np.full(frames, np.nan),
    }


def _thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(rgb, THUMBNAIL, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.float32) / np.float32(255)


def _people_in(path: str | Path, model: ModelFile) -> int:
    """How many people to follow: one, unless a few glances over the video show more.

    Following one person needs the detector only when the track is lost; following more needs it all the time.
    """
    with VideoReader(path, max_side=ANALYSIS_MAX_SIDE) as reader:
        duration_s = reader.info.duration_s
    if not duration_s:
        return 1
    glances = GLANCES if duration_s >= GLANCE_MIN_S else GLANCES // 2
    at_s = [duration_s * (i + 0.5) / glances for i in range(glances)]
    most = 1
    with _landmarker(_Options(model, PEOPLE_MAX, False)) as find:
        for index, frame in enumerate(read_frames_at(path, at_s, max_side=ANALYSIS_MAX_SIDE, exact=False)):
            most = max(most, len(_distinct(find(frame.rgb, index, 0, 1.0))))
    return most


def _distinct(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Leaves out second detections of the same person."""
    kept: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda one: -one.size_px):
        if all(sighting.distance_to(other) > SAME_PERSON_DISTANCE for other in kept):
            kept.append(sighting)
    return kept


Find = Callable[[NDArray[np.uint8], int, int, float], list[Sighting]]


@contextmanager
def _landmarker(options: _Options) -> Iterator[Find]:
    """A function that finds people in a picture: (rgb, frame index, time in ms, scale to source) -> sightings."""
    with helpful_import_errors():
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        try:
            landmarker = vision.PoseLandmarker.create_from_options(
                vision.PoseLandmarkerOptions(
                    base_options=BaseOptions(model_asset_path=str(options.model.path)),
                    running_mode=vision.RunningMode.VIDEO if options.video else vision.RunningMode.IMAGE,
                    num_poses=options.people,
                    output_segmentation_masks=options.video,
                )
            )
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"{options.model.path} does not load as a pose model: {reason}") from error

    watch = FloorWatch()

    def find(rgb: NDArray[np.uint8], index: int, time_ms: int, to_source: float) -> list[Sighting]:
        # MediaPipe reads garbage from rows with padding, without saying so.
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        result = landmarker.detect_for_video(picture, time_ms) if options.video else landmarker.detect(picture)
        return _distinct(
            [_sighting(result, person, rgb, index, to_source, watch) for person in range(len(result.pose_landmarks))]
        )

    try:
        yield find
    finally:
        # Left to the garbage collector, its destructor raises when the interpreter exits.
        landmarker.close()


def _sighting(
    result: Any, person: int, rgb: NDArray[np.uint8], index: int, to_source: float, watch: FloorWatch
) -> Sighting:
    height, width = rgb.shape[:2]
    points = result.pose_landmarks[person]
    # Depth comes in the scale of the picture's width.
    image = np.array([[p.x * width, p.y * height, p.z * width] for p in points])
    if result.segmentation_masks:
        mask = result.segmentation_masks[person].numpy_view().squeeze()
        hip = image[[Landmark.LEFT_HIP, Landmark.RIGHT_HIP], :2].mean(axis=0)
        shoulder = image[[Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER], :2].mean(axis=0)
        contour, sharpness = trace_silhouette(mask, hip, shoulder)
    else:
        nothing = _nothing(1)
        contour, sharpness = nothing["contour_px"][0], nothing["contour_sharpness"][0]
    floor, place = watch.look(rgb, image)
    # Single precision is a hundredth of a pixel and halves what a long video keeps in memory.
    return Sighting(
        frame=index,
        image_px=(image * to_source).astype(np.float32),
        world_m=np.array([[p.x, p.y, p.z] for p in result.pose_world_landmarks[person]], dtype=np.float32),
        visibility=np.array([p.visibility for p in points], dtype=np.float32),
        contour_px=(contour * to_source).astype(np.float32),
        contour_sharpness=sharpness.astype(np.float32),
        floor=floor,
        floor_place=place,
    )
