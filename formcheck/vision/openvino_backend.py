"""Pose models run by OpenVINO: the networks of the same bundles, faster than MediaPipe's own loop.

OpenVINO runs the two networks; the steps around them are in `formcheck.vision.blazepose`. Where it is installed
(``pip install formcheck[fast]``) it is used unless MediaPipe is asked for.
"""

from __future__ import annotations

import importlib.util
import io
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from formcheck.core.errors import ModelError
from formcheck.core.landmarks import LANDMARK_COUNT
from formcheck.core.poses import FloatArray
from formcheck.vision.backend import DetectedPerson, RgbImage
from formcheck.vision.blazepose import (
    DETECTOR_SIDE,
    LANDMARKS_SIDE,
    NETWORK_LANDMARKS,
    REGION_CENTRE,
    REGION_EDGE,
    SCORE_MIN,
    PoseSmoothing,
    Region,
    find_regions,
    refined,
    region_around,
    regions_to_look_at,
    whole_picture,
)
from formcheck.vision.mask_flexion import flexion_of_mask, no_flexion
from formcheck.vision.models.bundle import DETECTOR_MEMBER, LANDMARKS_MEMBER
from formcheck.vision.models.store import ModelFile
from formcheck.vision.silhouette import MaskPlace, no_silhouette, trace_silhouette, trunk_ends

TELEMETRY = "openvino_telemetry"


def is_installed() -> bool:
    """Whether OpenVINO is there."""
    return importlib.util.find_spec("openvino") is not None


class OpenVinoBackend:
    """A `formcheck.vision.backend.PoseBackend` for bundles of BlazePose.

    Parameters
    ----------
    threads : how many the networks may use; None = one for each core.
    detectors : how many detectors work at the same time, in threads of their own, and share them.

    A model is loaded once, however many detectors are opened: that takes longer than fifty looks.
    """

    name = "openvino"

    def __init__(self, threads: int | None = None, detectors: int = 1) -> None:
        self._threads, self._detectors = threads, detectors
        self._loaded: dict[Path, tuple[Any, Any]] = {}
        self._loading = threading.Lock()

    def sharing(self, detectors: int, threads: int) -> OpenVinoBackend:
        """See `formcheck.vision.backend.PoseBackend.sharing`."""
        same = (threads, detectors) == (self._threads, self._detectors)
        return self if same else OpenVinoBackend(threads, detectors)

    def open(self, model: ModelFile, *, people: int, track: bool) -> OpenVinoDetector:
        """Load a bundle; see `formcheck.vision.backend.PoseBackend.open`."""
        with self._loading:
            if model.path not in self._loaded:
                self._loaded[model.path] = self._load(model)
        return OpenVinoDetector(*self._loaded[model.path], people=people, track=track)

    def _load(self, model: ModelFile) -> tuple[Any, Any]:
        """The two networks of a bundle, compiled."""
        openvino = _openvino()
        properties: dict[str, Any] = {"NUM_STREAMS": self._detectors, "INFERENCE_PRECISION_HINT": "f32"}
        # Pinned to a core, several analyses at once would all take the same one.
        properties["ENABLE_CPU_PINNING"] = False
        if self._threads is not None:
            properties["INFERENCE_NUM_THREADS"] = self._threads
        try:
            with _unpacked(model.read()) as folder:
                core = openvino.Core()
                detector, landmarks = (
                    core.compile_model(_for_bytes(core.read_model(folder / member), scale, offset), "CPU", properties)
                    for member, scale, offset in ((DETECTOR_MEMBER, 127.5, 127.5), (LANDMARKS_MEMBER, 255.0, 0.0))
                )
                return detector, landmarks
        except (RuntimeError, OSError, KeyError, zipfile.BadZipFile) as error:
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise ModelError(f"{model.path} does not load as a pose model: {reason}") from error


class OpenVinoDetector:
    """The two networks at work; see `formcheck.vision.backend.PoseDetector`."""

    def __init__(self, detector: Any, landmarks: Any, *, people: int, track: bool) -> None:
        self._detector, self._landmarks = detector.create_infer_request(), landmarks.create_infer_request()
        self._people, self._track = people, track
        self._regions: list[Region] = []
        self._smoothing = PoseSmoothing()

    def detect(self, rgb: RgbImage, time_ms: int) -> list[DetectedPerson]:
        """People in a picture (H, W, 3); ``time_ms`` must rise strictly when tracking."""
        rgb = np.ascontiguousarray(rgb)
        regions = self._regions
        if len(regions) < self._people:
            regions = regions_to_look_at(regions, self._detected(rgb), self._people)
        seen = [(region, self._look(rgb, region)) for region in regions]
        found = [(region, outputs) for region, outputs in seen if outputs["score"] > SCORE_MIN]
        people, following = [], []
        for region, outputs in found:
            person, ahead = self._person(rgb, region, outputs, time_ms / 1000)
            people.append(person)
            following.append(ahead)
        if self._track:
            self._regions = [region.snapped() for region in following]
            if not people:
                self._smoothing = PoseSmoothing()
        return people

    def close(self) -> None:
        """Free the networks."""
        del self._detector, self._landmarks

    def _detected(self, rgb: RgbImage) -> list[Region]:
        looked_at = whole_picture(rgb)
        outputs = self._detector.infer([looked_at.crop(rgb, DETECTOR_SIDE, cv2.BORDER_CONSTANT)[None]])
        boxes, scores = outputs[0][0], outputs[1][0, :, 0]
        return find_regions(boxes, scores, looked_at)

    def _look(self, rgb: RgbImage, region: Region) -> dict[str, Any]:
        outputs = self._landmarks.infer([region.crop(rgb, LANDMARKS_SIDE, cv2.BORDER_REPLICATE)[None]])
        return {
            "landmarks": outputs[0].reshape(NETWORK_LANDMARKS, 5).astype(np.float64),
            "score": float(outputs[1].ravel()[0]),
            "mask": outputs[2][0, :, :, 0],
            "heatmaps": outputs[3][0],
            "world": outputs[4].reshape(NETWORK_LANDMARKS, 3)[:LANDMARK_COUNT].astype(np.float64),
        }

    def _person(
        self, rgb: RgbImage, region: Region, outputs: dict[str, Any], time_s: float
    ) -> tuple[DetectedPerson, Region]:
        """The person in a region, and where to look for them in the next frame."""
        network = outputs["landmarks"]
        points = region.to_picture(refined(network[:, :2] / LANDMARKS_SIDE, outputs["heatmaps"]))
        depth = network[:, 2] / LANDMARKS_SIDE * region.side_px
        image = np.column_stack([points, depth])[:LANDMARK_COUNT]
        world = outputs["world"].copy()
        world[:, :2] = world[:, :2] @ region.turn.T
        visibility: FloatArray = 1.0 / (1.0 + np.exp(-network[:LANDMARK_COUNT, 3]))
        ahead = region_around(points[REGION_CENTRE], points[REGION_EDGE])
        if self._track and self._people == 1:
            image, world, visibility = self._smoothing(image, world, visibility, ahead.side_px, time_s)
        if self._track:
            height, width = rgb.shape[:2]
            place = MaskPlace(cv2.invertAffineTransform(region.to_picture_matrix(LANDMARKS_SIDE)), width, height)
            mask = _probabilities(outputs["mask"])
            contour, sharpness = trace_silhouette(mask, *trunk_ends(image), place)
            flexion = flexion_of_mask(mask, *trunk_ends(image), place)
        else:
            contour, sharpness = no_silhouette()
            flexion = no_flexion()
        return DetectedPerson(image, world, visibility, contour, sharpness, flexion), ahead


def _probabilities(logits: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + cv2.exp(-logits)), dtype=np.float32)


def _for_bytes(model: Any, scale: float, offset: float) -> Any:
    """The network with an input of bytes, which OpenVINO then scales."""
    openvino = _openvino()
    steps = openvino.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(openvino.Type.u8)
    prepared = steps.input().preprocess().convert_element_type(openvino.Type.f32)
    if offset:
        prepared = prepared.mean(offset)
    prepared.scale(scale)
    return steps.build()


@contextmanager
def _unpacked(bundle: bytes) -> Iterator[Path]:
    """The networks of a bundle as files: OpenVINO reads this kind from files only."""
    with tempfile.TemporaryDirectory(prefix="formcheck-", ignore_cleanup_errors=True) as folder:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            for member in (DETECTOR_MEMBER, LANDMARKS_MEMBER):
                archive.extract(member, folder)
        yield Path(folder)


def preload() -> None:
    """Load the library where it is installed, before it is needed."""
    if is_installed():
        _openvino()


def _openvino() -> Any:
    """OpenVINO without the package that counts its use: FormCheck sends nothing anywhere."""
    known = TELEMETRY in sys.modules
    if not known:
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]
    try:
        import openvino
        import openvino.preprocess
    finally:
        if not known:
            del sys.modules[TELEMETRY]
    return openvino
