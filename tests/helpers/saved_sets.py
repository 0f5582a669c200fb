"""Sets for the tests of the history: small recordings that differ, and reports on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from formcheck.core.poses import PoseSequence
from tests.helpers.make_reports import make_poses, make_report

POSES = make_poses(frames=6)


def recording(number: int) -> PoseSequence:
    """Poses that no other number has."""
    return replace(POSES, image_px=POSES.image_px + number)


def report(exercise: str = "deadlift", **changes: Any) -> dict[str, Any]:
    """A report on `POSES` as plain data."""
    made = make_report(POSES, **changes)
    return replace(made, exercise=replace(made.exercise, name=exercise)).to_dict()
