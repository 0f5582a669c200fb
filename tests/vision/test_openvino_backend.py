"""The OpenVINO backend around stand-ins for its networks, and beside MediaPipe on a real video."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from formcheck.core.errors import ModelError
from formcheck.core.landmarks import Landmark
from formcheck.vision.backend import PoseBackend
from formcheck.vision.blazepose import REGION_MARGIN, anchors
from formcheck.vision.mediapipe_backend import MediaPipeBackend
from formcheck.vision.models.download import sha256_of
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.openvino_backend import OpenVinoBackend, OpenVinoDetector, is_installed
from formcheck.vision.person_finder import PersonFinder
from formcheck.vision.video import VideoReader

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
PICTURE = np.zeros((224, 224, 3), np.uint8)
needs_openvino = pytest.mark.skipif(not is_installed(), reason="OpenVINO is not installed")


@dataclass
class _Network:
    """Gives what a function makes of a picture, as a compiled network of OpenVINO does."""

    answer: Callable[[np.ndarray], list[np.ndarray]]
    shown: list[np.ndarray] = field(default_factory=list)

    def create_infer_request(self) -> _Network:
        return self

    def infer(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        (pictures,) = inputs
        self.shown.append(pictures[0])
        return self.answer(pictures[0])


def _detecting(*at_px: tuple[float, float]) -> _Network:
    """A detector that sees people whose hips are there, upright and with a circle of 40 pixels around them."""

    def answer(picture: np.ndarray) -> list[np.ndarray]:
        boxes, scores = (
            np.zeros((1, len(anchors()), 12), np.float32),
            np.full((1, len(anchors()), 1), -50.0, np.float32),
        )
        for number, (x, y) in enumerate(at_px):
            offset = np.array([x, y]) - anchors()[number] * 224
            boxes[0, number, :8] = [*offset, 30.0, 30.0, *offset, offset[0], offset[1] - 40.0]
            scores[0, number] = 5.0 - number
        return [boxes, scores]

    return _Network(answer)


def _seeing(score: float = 0.9, next_shift: float = 0.0, scores: list[float] | None = None) -> _Network:
    """A landmark network that sees everything in the middle of its picture, in a circle of radius 102.4."""
    left = list(scores) if scores is not None else None

    def answer(picture: np.ndarray) -> list[np.ndarray]:
        landmarks = np.zeros((39, 5), np.float32)
        landmarks[:, :2] = 128.0
        landmarks[Landmark.NOSE, :3] = [128.0, 64.0, 25.6]
        landmarks[:, 3] = 2.0
        landmarks[33, 0] += next_shift
        landmarks[34, :2] = [128.0 + next_shift, 128.0 - 102.4]
        world = np.zeros((39, 3), np.float32)
        world[Landmark.NOSE] = [0.0, -0.6, 0.1]
        mask = np.full((1, 256, 256, 1), -20.0, np.float32)
        mask[:, :, 100:156] = 20.0
        heatmaps = np.full((1, 64, 64, 39), -40.0, np.float32)
        flag = left.pop(0) if left is not None else score
        return [landmarks.reshape(1, 195), np.array([[flag]], np.float32), mask, heatmaps, world.reshape(1, 117)]

    return _Network(answer)


def _detector(detector: _Network, landmarks: _Network, people: int = 1, track: bool = False) -> OpenVinoDetector:
    return OpenVinoDetector(detector, landmarks, people=people, track=track)


def test_nobody_detected_is_nobody_seen() -> None:
    landmarks = _seeing()
    assert _detector(_detecting(), landmarks).detect(PICTURE, 0) == []
    assert landmarks.shown == []


def test_landmarks_are_in_pixels_of_the_picture() -> None:
    (person,) = _detector(_detecting((100.0, 120.0)), _seeing()).detect(PICTURE, 0)
    side = 2 * 40.0 * REGION_MARGIN
    np.testing.assert_allclose(person.image_px[Landmark.LEFT_KNEE], [100.0, 120.0, 0.0], atol=1e-4)
    nose = [100.0, 120.0 - 64 / 256 * side, 0.1 * side]
    np.testing.assert_allclose(person.image_px[Landmark.NOSE], nose, atol=1e-4)
    np.testing.assert_allclose(person.world_m[Landmark.NOSE], [0.0, -0.6, 0.1], atol=1e-6)
    assert person.visibility == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert np.isnan(person.contour_px).all()


@pytest.mark.parametrize(("score", "people"), [(0.51, 1), (0.49, 0)])
def test_a_region_without_a_person_is_nobody(score: float, people: int) -> None:
    assert len(_detector(_detecting((100.0, 120.0)), _seeing(score)).detect(PICTURE, 0)) == people


def test_no_more_people_are_looked_at_than_asked_for() -> None:
    for people in (1, 2, 3):
        found = _detector(_detecting((40.0, 60.0), (160.0, 60.0), (100.0, 170.0)), _seeing(), people).detect(PICTURE, 0)
        assert len(found) == people


def test_who_is_followed_need_not_be_detected_again() -> None:
    detecting, seeing = _detecting((100.0, 120.0)), _seeing(next_shift=10.0)
    detector = _detector(detecting, seeing, track=True)
    for time_ms in (0, 40, 80):
        assert len(detector.detect(PICTURE, time_ms)) == 1
    assert len(detecting.shown) == 1
    assert len(seeing.shown) == 3
    # The region of the next frame is where the network said.
    detector = _detector(detecting, seeing, track=False)
    for _ in range(2):
        detector.detect(PICTURE, 0)
    assert len(detecting.shown) == 3


def test_the_region_moves_with_the_person() -> None:
    detector = _detector(_detecting((100.0, 120.0)), _seeing(next_shift=25.6), track=True)
    hips = [detector.detect(PICTURE, time_ms)[0].image_px[Landmark.NOSE] for time_ms in (0, 40)]
    side = 2 * 40.0 * REGION_MARGIN
    # By a tenth of the region's side, to the nearest point of the grid, on which the side is nearly as long.
    assert hips[1][0] - hips[0][0] == pytest.approx(0.1 * side, abs=0.02 * side)


def test_who_is_lost_is_looked_for_in_the_next_frame() -> None:
    detecting, seeing = _detecting((100.0, 120.0)), _seeing(scores=[0.9, 0.2, 0.9])
    detector = _detector(detecting, seeing, track=True)
    assert [len(detector.detect(PICTURE, time_ms)) for time_ms in (0, 40, 80)] == [1, 0, 1]
    assert len(detecting.shown) == 2


def test_the_silhouette_is_traced_when_tracking() -> None:
    answer = _seeing()
    inner = answer.answer

    def upright(picture: np.ndarray) -> list[np.ndarray]:
        outputs = inner(picture)
        points = outputs[0].reshape(39, 5)
        points[[Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER], 1] = 78.0
        points[[Landmark.LEFT_HIP, Landmark.RIGHT_HIP], 1] = 158.0
        return outputs

    (person,) = _detector(_detecting((100.0, 120.0)), _Network(upright), track=True).detect(PICTURE, 0)
    scale = 2 * 40.0 * REGION_MARGIN / 256
    # The mask reaches from column 100 to 155; its value falls to one half in the middle between body and surroundings.
    assert np.nanmedian(person.contour_px[0, :, 0]) == pytest.approx(100.0 + (99.5 - 128) * scale, abs=0.2)
    assert np.nanmedian(person.contour_px[1, :, 0]) == pytest.approx(100.0 + (155.5 - 128) * scale, abs=0.2)
    assert np.nanmin(person.contour_sharpness) > 0.3


@needs_openvino
def test_a_file_that_is_no_bundle_is_a_model_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.task"
    path.write_bytes(b"no bundle")
    with pytest.raises(ModelError, match=r"mine\.task does not load as a pose model"):
        OpenVinoBackend().open(ModelFile(path, "mine.task", "custom", sha256_of(path)), people=1, track=True)


@needs_openvino
def test_nothing_that_counts_use_is_imported() -> None:
    code = (
        "import sys; from formcheck.vision import openvino_backend; openvino_backend._openvino();"
        "print([name for name in sys.modules if name.startswith(openvino_backend.TELEMETRY)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@needs_openvino
@pytest.mark.model
def test_landmarks_and_contour_are_those_of_mediapipe() -> None:
    try:
        model = find_model("full")
    except ModelError as error:
        pytest.skip(str(error))
    backends: tuple[PoseBackend, ...] = (MediaPipeBackend(), OpenVinoBackend())
    found = []
    for backend in backends:
        with VideoReader(SAMPLES / "squat-good.mp4") as reader, PersonFinder(model, 1, True, backend=backend) as finder:
            frames = enumerate(islice(reader, 25))
            found.append([finder.find(frame.rgb, index, round(frame.time_s * 1000)) for index, frame in frames])
    pairs = [(theirs[0], ours[0]) for theirs, ours in zip(*found, strict=True)]
    assert all(len(people) == 1 for people in (*found[0], *found[1]))
    for name, median, high in (("image_px", 2.0, 8.0), ("contour_px", 1.0, 3.0)):
        off = [np.linalg.norm(getattr(a, name)[..., :2] - getattr(b, name)[..., :2], axis=-1) for a, b in pairs]
        assert np.nanmedian(off) < median, name
        assert np.nanpercentile(off, 95) < high, name
    assert np.median([np.abs(a.visibility - b.visibility).max() for a, b in pairs]) < 0.05
