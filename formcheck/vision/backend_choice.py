"""Which backend runs the pose model."""

from __future__ import annotations

from formcheck.vision.backend import PoseBackend
from formcheck.vision.mediapipe_backend import MediaPipeBackend


def default_backend() -> PoseBackend:
    """The backend that is used where nothing else is asked for."""
    return MediaPipeBackend()
