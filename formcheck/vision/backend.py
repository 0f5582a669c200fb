"""The seam between pose models and the rest: pictures in, the people in them out.

A backend runs the networks of a pose model with one library or another. Everything that holds for all of them (mirror
images, second detections of one person, people upside down, the floor around the feet) is in
`formcheck.vision.person_finder`. To plug in another pose model: one module with a `PoseBackend`, and one record in
`formcheck.motion.calibration` that says how its landmarks and masks differ from the body.

`formcheck.vision.fake_backend` has one for tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray
from formcheck.vision.models.store import ModelFile

RgbImage = NDArray[np.uint8]


@dataclass(frozen=True)
class DetectedPerson:
    """One person in one picture, as a pose model sees them; K = 33 landmarks, S silhouette stations, single or double
    precision.

    Attributes
    ----------
    image_px : (K, 3) x right, y down in pixels of the picture, z in the same scale with smaller = nearer.
    world_m : (K, 3) metres, origin between the hips, axes as in ``image_px``.
    visibility : (K,) 0..1, the model's own score.
    contour_px : (2, S, 2) edges of the person's mask in pixels of the picture, see
        `formcheck.vision.silhouette.trace_silhouette`; all NaN where no mask was asked for.
    contour_sharpness : (2, S) 0..1, the mask's fall at those edges.
    mask_flexion_deg : (2, 2) flexion of the spine as the mask shows it, see
        `formcheck.vision.mask_flexion.flexion_of_mask`; NaN where no mask was asked for.
    """

    image_px: FloatArray
    world_m: FloatArray
    visibility: FloatArray
    contour_px: FloatArray
    contour_sharpness: FloatArray
    mask_flexion_deg: FloatArray


class PoseDetector(Protocol):
    """An opened pose model. It may keep a track of people from picture to picture."""

    def detect(self, rgb: RgbImage, time_ms: int) -> Sequence[DetectedPerson]:
        """People in a picture (H, W, 3), whose rows need not be contiguous, in any order; one person may come twice.

        For the frames of a video ``time_ms`` rises strictly; for single pictures it says nothing.
        """
        ...

    def close(self) -> None:
        """Free the model; nothing is detected after that."""
        ...


class PoseBackend(Protocol):
    """A way of running pose models.

    Attributes
    ----------
    name : for messages and benchmarks.
    """

    @property
    def name(self) -> str: ...

    def sharing(self, detectors: int, threads: int) -> PoseBackend:
        """The same backend for that many detectors at work at the same time, with that many threads in all."""
        ...

    def open(self, model: ModelFile, *, people: int, track: bool) -> PoseDetector:
        """Load a model.

        Parameters
        ----------
        model : pose model file.
        people : how many are looked for at most.
        track : True for the frames of one video in order, with masks; False for single pictures, without.

        Raises
        ------
        ModelError : the model does not load. SystemLibraryError : a library that is needed is missing.
        """
        ...
