"""A pose backend without a pose model, for tests of whatever works on videos.

    poses = formcheck.storage.pose_files.load_poses("a-set.npz")
    again = estimate_poses("some.mp4", ANY_MODEL, backend=FakeBackend.playing(poses))

or, to decide picture by picture who is in it::

    FakeBackend(lambda rgb, time_ms: [somebody] if rgb.mean() > 100 else [])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from formcheck.core.poses import PoseSequence
from formcheck.vision.backend import DetectedPerson, RgbImage
from formcheck.vision.models.store import ModelFile

Handler = Callable[[RgbImage, int], Sequence[DetectedPerson]]
"""From a picture (H, W, 3) and its time in milliseconds to the people in it."""

ANY_MODEL = ModelFile(Path("none.task"), "none", "custom", "")
"""Stands in for a model file where a `FakeBackend` is used, which reads none."""


@dataclass
class FakeDetector:
    """What a `FakeBackend` opened, and what it was asked; see `formcheck.vision.backend.PoseDetector`.

    Attributes
    ----------
    model, people, track : as asked for.
    shapes, times_ms : of every picture that was shown.
    closed : whether it was closed.
    """

    handler: Handler
    model: ModelFile
    people: int
    track: bool
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    closed: bool = False

    def detect(self, rgb: RgbImage, time_ms: int) -> list[DetectedPerson]:
        """The people whom the handler sees, ``people`` of them at most.

        Raises
        ------
        RuntimeError : it is closed already, or the time of a video's frame does not rise.
        """
        if self.closed:
            raise RuntimeError("This detector is closed.")
        if self.track and self.times_ms and time_ms <= self.times_ms[-1]:
            raise RuntimeError(f"Times must be strictly increasing: {time_ms} ms came after {self.times_ms[-1]} ms.")
        self.shapes.append(rgb.shape)
        self.times_ms.append(time_ms)
        return list(self.handler(rgb, time_ms))[: self.people]

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


@dataclass
class FakeBackend:
    """A `formcheck.vision.backend.PoseBackend` whose people come from a function.

    Attributes
    ----------
    handler : says who is in a picture.
    opened : every detector that was opened, in order.
    """

    handler: Handler
    opened: list[FakeDetector] = field(default_factory=list)
    name: str = "fake"

    def sharing(self, detectors: int, threads: int) -> FakeBackend:
        """Itself: it has no threads."""
        return self

    def open(self, model: ModelFile, *, people: int, track: bool) -> FakeDetector:
        """A detector that asks the handler; the model is not read."""
        self.opened.append(FakeDetector(self.handler, model, people, track))
        return self.opened[-1]

    @classmethod
    def playing(cls, poses: PoseSequence) -> FakeBackend:
        """Sees in every picture the lifter of the frame nearest in time, scaled to the picture's size."""

        def handler(rgb: RgbImage, time_ms: int) -> list[DetectedPerson]:
            frame = int(np.abs(poses.time_s - time_ms / 1000).argmin())
            scale = rgb.shape[1] / poses.video.width
            return [person_of(poses, frame, scale)] if poses.seen[frame] else []

        return cls(handler)


def person_of(poses: PoseSequence, frame: int, scale: float = 1.0) -> DetectedPerson:
    """The lifter of one frame, in pixels of a picture of ``scale`` times the video's size."""
    return DetectedPerson(
        image_px=poses.image_px[frame] * scale,
        world_m=poses.world_m[frame],
        visibility=poses.visibility[frame],
        contour_px=poses.contour_px[frame] * scale,
        contour_sharpness=poses.contour_sharpness[frame],
        mask_flexion_deg=poses.mask_flexion_deg[frame],
    )
