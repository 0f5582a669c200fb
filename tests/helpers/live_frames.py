"""Synthetic lifters before a live camera: what a analyser would have seen, frame by frame, without a pose model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from formcheck.core.poses import ARRAY_FIELDS, PoseSequence
from formcheck.live.engine import LiveEngine
from formcheck.live.recording import Observation
from formcheck.live.session import Event, SessionOptions, Snapshot
from tests.helpers.synthetic_lifter import Camera, Motion, detection_of, film

LIVE_CAMERA = Camera(px_per_m=700.0, feet_px=(540.0, 1700.0))
"""Near enough for the coach to be content."""


def filmed(motion: Motion, **how: Any) -> PoseSequence:
    """The motion as a live camera shows it, 20 frames a second unless told otherwise."""
    return film(motion, LIVE_CAMERA, **({"fps": 20.0} | how))


def looks(poses: PoseSequence, **more: Any) -> Iterator[Observation]:
    """What was seen in each frame."""
    for frame, seen in enumerate(poses.seen):
        person = detection_of(poses, frame) if seen else None
        width, height = poses.video.width, poses.video.height
        change = float(poses.picture_change[frame])
        yield Observation(float(poses.time_s[frame]), person, width, height, change, **more)


def played(poses: PoseSequence, engine: LiveEngine, **more: Any) -> list[Snapshot]:
    """All states that the engine goes through."""
    return [engine.add(seen) for seen in looks(poses, **more)]


def engine_for(exercise: str = "deadlift", **options: Any) -> LiveEngine:
    """An engine that depends on nothing but its input."""
    return LiveEngine(SessionOptions(exercise=exercise, **options), clock=lambda: 0.0)


def events(snapshots: Sequence[Snapshot], kind: str) -> list[Event]:
    """All events of a kind, in order."""
    return [event for now in snapshots for event in now.events if event.kind == kind]


def after(first: PoseSequence, second: PoseSequence, pause_s: float = 1 / 20) -> PoseSequence:
    """Two sequences one behind the other, without a cut."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in ARRAY_FIELDS
    }
    arrays["time_s"][len(first) :] += first.time_s[-1] + pause_s - second.time_s[0]
    return replace(first, **arrays)
