"""Finding people in pictures, whatever backend runs the pose model: a picture in, the people in it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import LANDMARK_COUNT, Landmark, mirrored_indices
from formcheck.core.poses import CONTOUR_SHAPE, FLOOR_SHAPE, MASK_FLEXION_SHAPE
from formcheck.vision.backend import DetectedPerson, PoseBackend, RgbImage
from formcheck.vision.backend_choice import default_backend
from formcheck.vision.floor import FloorWatch
from formcheck.vision.models.store import ModelFile
from formcheck.vision.silhouette import trunk_ends
from formcheck.vision.tracking import Detection

SAME_PERSON_DISTANCE = 0.35
"""Two detections whose middles are closer than this share of their size are one and the same person."""

UPSIDE_DOWN_FRAMES = 3
"""A track that stands on its head for this many frames is started again: once in a while the detector takes a crouching
body for one that hangs upside down, and the track would keep it so."""


class PersonFinder:
    """Finds people in pictures; a context manager.

    Parameters
    ----------
    model : pose model file.
    people : how many are looked for at most.
    track : True for the frames of one video in order, with masks; False for single pictures, without.
    mirrored : look at the mirror image. A pose model does not see both the same way (hips shift by up to a tenth of the
        trunk), so whoever shows it all lifters facing one way gets the same answer for a video and its mirror image.
        What is found is given for the picture itself all the same.
    backend : runs the model; None = `default_backend`.
    floor : watch over the floor whose places are known already; None = a new one.

    Attributes
    ----------
    floor : where people have stood.

    Raises
    ------
    ModelError : the model does not load. SystemLibraryError : a library that the backend needs is missing.
    """

    def __init__(
        self,
        model: ModelFile,
        people: int,
        track: bool,
        mirrored: bool = False,
        backend: PoseBackend | None = None,
        floor: FloorWatch | None = None,
    ) -> None:
        self._model, self._people, self._track, self._mirrored = model, people, track, mirrored
        self._backend = backend or default_backend(model)
        self.floor = floor or FloorWatch()
        self._upside_down = 0
        self._detector = self._backend.open(model, people=people, track=track)

    def __enter__(self) -> PersonFinder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the model."""
        self._detector.close()

    def find(self, rgb: RgbImage, index: int, time_ms: int = 0) -> list[Detection]:
        """People in a picture (H, W, 3), in its pixels, the largest first.

        Frames of a video must come in order with strictly rising ``time_ms``; ``index`` is passed on.
        """
        if self._mirrored:
            rgb = rgb[:, ::-1]
        people = self._detector.detect(rgb, time_ms)
        found = distinct([self._detection(person, rgb, index) for person in people])
        if self._track and self._people == 1:
            self._watch_for_headstands(found)
        return [mirror_image(person, rgb.shape[1]) for person in found] if self._mirrored else found

    def _watch_for_headstands(self, found: Sequence[Detection]) -> None:
        self._upside_down = self._upside_down + 1 if any(_on_the_head(person) for person in found) else 0
        if self._upside_down >= UPSIDE_DOWN_FRAMES:
            self._detector.close()
            self._detector = self._backend.open(self._model, people=self._people, track=self._track)
            self._upside_down = 0

    def _detection(self, person: DetectedPerson, rgb: RgbImage, index: int) -> Detection:
        floor, place = self.floor.look(rgb, person.image_px)
        # Single precision is a hundredth of a pixel and halves what a long video keeps in memory.
        return Detection(
            frame=index,
            image_px=person.image_px.astype(np.float32),
            world_m=person.world_m.astype(np.float32),
            visibility=person.visibility.astype(np.float32),
            contour_px=person.contour_px.astype(np.float32),
            contour_sharpness=person.contour_sharpness.astype(np.float32),
            mask_flexion_deg=person.mask_flexion_deg.astype(np.float32),
            floor=floor,
            floor_place=place,
        )


def distinct(detections: Sequence[Detection]) -> list[Detection]:
    """The detections by falling size, without second detections of the same person."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda one: -one.size_px):
        if all(detection.distance_to(other) > SAME_PERSON_DISTANCE for other in kept):
            kept.append(detection)
    return kept


def mirror_image(person: Detection, width: int) -> Detection:
    """The same person as the mirror image of a picture of that width (pixels) shows them."""
    twins = mirrored_indices()
    image, world = person.image_px[twins].copy(), person.world_m[twins].copy()
    image[:, 0] = width - image[:, 0]
    world[:, 0] = -world[:, 0]
    contour = person.contour_px[::-1].copy()
    contour[..., 0] = width - contour[..., 0]
    return replace(
        person,
        image_px=image,
        world_m=world,
        visibility=person.visibility[twins],
        contour_px=contour,
        contour_sharpness=person.contour_sharpness[::-1],
        mask_flexion_deg=person.mask_flexion_deg[::-1],
    )


def nothing_seen(frames: int) -> dict[str, NDArray[np.float32]]:
    """The arrays of `Detection` for that many frames without anybody in them."""
    shapes: dict[str, tuple[int, ...]] = {
        "image_px": (LANDMARK_COUNT, 3),
        "world_m": (LANDMARK_COUNT, 3),
        "visibility": (LANDMARK_COUNT,),
        "contour_px": CONTOUR_SHAPE,
        "contour_sharpness": CONTOUR_SHAPE[:2],
        "mask_flexion_deg": MASK_FLEXION_SHAPE,
        "floor": FLOOR_SHAPE,
        "floor_place": (),
    }
    return {name: np.full((frames, *shape), np.nan, dtype=np.float32) for name, shape in shapes.items()}


def _on_the_head(person: Detection) -> bool:
    hip, shoulder = trunk_ends(person.image_px.astype(np.float64))
    knee = person.image_px[[Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE], 1].mean()
    # A deep hinge brings the shoulders to the height of the hips, never the knees above the hips as well.
    return bool(shoulder[1] > hip[1] and shoulder[1] > knee and hip[1] < shoulder[1] - 0.15 * person.size_px)
