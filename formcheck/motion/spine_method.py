"""The seam between the spine and the rest: a way of reading its bend, and what that shows of lifters in general."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.motion.calibration import Calibration, PopulationNorms
from formcheck.motion.spine import DorsalBend, dorsal_bend


@dataclass(frozen=True)
class SpineMethod:
    """A way of reading the spine.

    Attributes
    ----------
    name : for the report.
    read : poses of one stretch and the direction faced (T,) -> bend per frame, with quality and gate.
    norms : levels and spreads of lifters in general, in the same degrees.
    """

    name: str
    read: Callable[[PoseSequence, FloatArray], DorsalBend]
    norms: PopulationNorms


def contour_method(calibration: Calibration) -> SpineMethod:
    """The spine as read from the dorsal contour of a pose model's mask."""
    return SpineMethod("dorsal contour", dorsal_bend, calibration.contour_norms)
