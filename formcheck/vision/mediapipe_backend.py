"""Pose models run by MediaPipe's own PoseLandmarker."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import ModelError
from formcheck.vision.backend import DetectedPerson, RgbImage
from formcheck.vision.mask_flexion import flexion_of_mask, no_flexion
from formcheck.vision.models.store import ModelFile
from formcheck.vision.silhouette import no_silhouette, trace_silhouette, trunk_ends
from formcheck.vision.system_libraries import helpful_import_errors


class MediaPipeBackend:
    """A `formcheck.vision.backend.PoseBackend`: bundles of every kind, several people, on every system."""

    name = "mediapipe"

    def sharing(self, detectors: int, threads: int) -> MediaPipeBackend:
        """Itself: MediaPipe chooses its threads, about one a detector, and cannot be told otherwise."""
        return self

    def open(self, model: ModelFile, *, people: int, track: bool) -> MediaPipeDetector:
        """Load a bundle; see `formcheck.vision.backend.PoseBackend.open`."""
        with helpful_import_errors():
            from mediapipe.tasks.python import BaseOptions, vision

            options = vision.PoseLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=model.read()),
                running_mode=vision.RunningMode.VIDEO if track else vision.RunningMode.IMAGE,
                num_poses=people,
                output_segmentation_masks=track,
            )
            try:
                return MediaPipeDetector(vision.PoseLandmarker.create_from_options(options), track)
            except (RuntimeError, ValueError) as error:
                reason = str(error).splitlines()[0]
                raise ModelError(f"{model.path} does not load as a pose model: {reason}") from error


class MediaPipeDetector:
    """A PoseLandmarker at work; see `formcheck.vision.backend.PoseDetector`."""

    def __init__(self, landmarker: Any, track: bool) -> None:
        self._landmarker, self._track = landmarker, track

    def detect(self, rgb: RgbImage, time_ms: int) -> list[DetectedPerson]:
        """People in a picture (H, W, 3); ``time_ms`` must rise strictly when tracking."""
        import mediapipe

        # MediaPipe reads garbage from rows with padding, without saying so.
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        if self._track:
            result = self._landmarker.detect_for_video(picture, time_ms)
        else:
            result = self._landmarker.detect(picture)
        return [_person(result, number, rgb) for number in range(len(result.pose_landmarks))]

    def close(self) -> None:
        """Free the model. Left to the garbage collector, its destructor raises when the interpreter exits."""
        self._landmarker.close()


def _person(result: Any, number: int, rgb: RgbImage) -> DetectedPerson:
    height, width = rgb.shape[:2]
    points = result.pose_landmarks[number]
    # Depth comes in the scale of the picture's width.
    image: NDArray[np.float64] = np.array([[p.x * width, p.y * height, p.z * width] for p in points])
    if result.segmentation_masks:
        mask = result.segmentation_masks[number].numpy_view().squeeze()
        contour, sharpness = trace_silhouette(mask, *trunk_ends(image))
        flexion = flexion_of_mask(mask, *trunk_ends(image))
    else:
        contour, sharpness = no_silhouette()
        flexion = no_flexion()
    return DetectedPerson(
        image_px=image,
        world_m=np.array([[p.x, p.y, p.z] for p in result.pose_world_landmarks[number]]),
        visibility=np.array([p.visibility for p in points]),
        contour_px=contour,
        contour_sharpness=sharpness,
        mask_flexion_deg=flexion,
    )
