"""The seam between the spine and the rest: a way of reading its bend, and what that shows of lifters in general."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.motion.calibration import Calibration, PopulationNorms
from formcheck.motion.spine import DorsalBend, dorsal_bend, lower_half_bend

CONTOUR, LOWER_HALF = "dorsal contour", "lower half of the dorsal contour"
"""Names of the methods that come with FormCheck."""


@dataclass(frozen=True)
class SpineMethod:
    """A way of reading the spine.

    Attributes
    ----------
    name : for the report.
    read : poses of one stretch and the direction faced (T,) -> bend per frame, with quality and gate.
    norms : levels and spreads of lifters in general, in the same degrees.
    with_mask : what the mask shows beside the contour has a say in how far the spine has bent since standing.
    partial : only part of the back is read. That tells neither lumbar from thoracic bend nor how the lifter stands, as
        the arms that hold a bar cover more of an upright back.
    """

    name: str
    read: Callable[[PoseSequence, FloatArray], DorsalBend]
    norms: PopulationNorms
    partial: bool = False
    with_mask: bool = False


def contour_method(calibration: Calibration) -> SpineMethod:
    """The spine as read from the dorsal contour of a pose model's mask."""
    return SpineMethod(CONTOUR, dorsal_bend, calibration.contour_norms, with_mask=True)


def lower_half_method(calibration: Calibration) -> SpineMethod:
    """The spine as read from the lower half of that contour, where a bar or arms hide the upper half."""
    return SpineMethod(LOWER_HALF, lower_half_bend, calibration.lower_half_norms, partial=True)
