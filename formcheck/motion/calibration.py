"""What is known of a pose model's habits, in one record a model: where its landmarks and its mask differ from the body.

A pose model puts hips a little too far forward, turns people towards the camera and draws the edge of a shirt in its
own way. Everything measured from poses takes these habits off, so it asks for the record of the model that made them:
`calibration_of(poses.model)`. Another model needs another record here, and nothing else in this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from formcheck.motion.contour_weights import HINGE_DRIFT_DEG, LOWER_WEIGHTS, SEAT_DRIFT_DEG, UPPER_WEIGHTS
from formcheck.motion.lower_half_weights import LOWER_HALF_WEIGHTS

if TYPE_CHECKING:
    from formcheck.motion.contour_net import ContourNet


@dataclass(frozen=True)
class PopulationNorms:
    """What a way of reading the spine shows of lifters in general; pairs are (lumbar, thoracic), all in degrees.

    Attributes
    ----------
    standing_deg, hinge_deg : bend of most lifters when they stand, and in a hinge that coaches call neutral.
    hinge_spread_deg : standard deviation of the latter between lifters.
    release_deg, release_spread_deg : how much more a lifter bends in a neutral hinge than standing, and its spread.
    hinge_drift_deg, seat_drift_deg : part of the reading's change in a hinge, and when the thighs come up to level,
        that is not bending of the spine.
    shape_spread_deg : standard error that build and clothes leave in a change of the bend.
    standing_range_deg : a standing bend outside this is a contour spoilt by arms, plates or a rack, not a back.
    """

    standing_deg: tuple[float, float]
    hinge_deg: tuple[float, float]
    hinge_spread_deg: float
    release_deg: tuple[float, float]
    release_spread_deg: float
    hinge_drift_deg: tuple[float, float]
    seat_drift_deg: tuple[float, float]
    shape_spread_deg: float
    standing_range_deg: tuple[float, float] = (-60.0, 10.0)


@dataclass(frozen=True)
class Calibration:
    """Habits of one pose model.

    Attributes
    ----------
    name : of the record.
    yaw_bias_deg : how far the model turns somebody seen exactly from the side towards the camera. The bias vanishes
        towards the front.
    hip_flexion_gain, knee_flexion_gain : factors from flexion between landmarks in the picture to flexion of the joint.
    arm_visibility_min, foot_visibility_min : below these scores of its own the model guesses where the near wrist and
        the near foot are.
    elbow_visibility_min : an elbow in plain sight scores more.
    sharpness_none, sharpness_good : median fall of the mask per hundredth of the hip-shoulder length. Below the first
        the model guesses where the back ends, from the second on the edge is clear.
    lower_weights, upper_weights : lumbar and thoracic flexion in degrees for each hip-shoulder length that the dorsal
        contour is further out, at equal steps over the back; see `formcheck.motion.contour_weights`.
    contour_norms : what the dorsal contour of this model shows of lifters in general.
    lower_half_weights : flexion of the whole spine in degrees for each hip-shoulder length that each station of the
        lower half of the contour lies further out.
    lower_half_norms : what the lower half shows of lifters in general; the whole bend counts as lumbar.
    networks : read the spine from the shape of this model's dorsal contour beside the weights; None = there are none
        for this model.
    """

    name: str
    yaw_bias_deg: float
    hip_flexion_gain: float
    knee_flexion_gain: float
    arm_visibility_min: float
    foot_visibility_min: float
    elbow_visibility_min: float
    sharpness_none: float
    sharpness_good: float
    lower_weights: tuple[float, ...]
    upper_weights: tuple[float, ...]
    contour_norms: PopulationNorms
    lower_half_weights: tuple[float, ...]
    lower_half_norms: PopulationNorms
    networks: ContourNet | None = None


BLAZEPOSE = Calibration(
    name="BlazePose",
    # Median of the side views among the labelled clips.
    yaw_bias_deg=5.0,
    # The hip landmark is too far forward, so the model shows hips and knees straighter than they are. Fitted on the
    # tune split of the rendered lifter; real knees in squats are under-read as well (-2.3 +- 6.4 deg).
    hip_flexion_gain=1.05,
    knee_flexion_gain=1.08,
    # The score does not warn of a hidden leg, but it falls when a plate hides the near wrist.
    arm_visibility_min=0.6,
    # Behind plates the model invents a foot with its heel up, with scores of 0.3-0.8; feet in plain sight score 0.9.
    foot_visibility_min=0.85,
    # Over the way up of squats by 18 lifters, from the side or at an angle: 0.35 to 0.82 behind the plate of a bar on
    # the back, where the wrist is hidden as well; 0.93 and more with a hidden wrist but the arm in plain sight.
    elbow_visibility_min=0.85,
    # A white shirt before a white wall gave 0.135 and an edge far off; in the tune split and in real clips no usable
    # back stayed below 0.205.
    sharpness_none=0.12,
    sharpness_good=0.2,
    lower_weights=LOWER_WEIGHTS,
    upper_weights=UPPER_WEIGHTS,
    # Levels from twelve lifters whose hinge in the labelled clips was judged neutral, spread of the shape and drift
    # from rendered lifters that the weights were not fitted to; see docs/spine.md.
    contour_norms=PopulationNorms(
        standing_deg=(-14.0, -3.0),
        hinge_deg=(7.0, 2.0),
        hinge_spread_deg=9.0,
        # The two lifters whose clips show standing and a neutral hinge gave up 43 and 16 deg, trained ones 33 on
        # average (Bengtsson 2022).
        release_deg=(26.0, 4.0),
        release_spread_deg=9.0,
        hinge_drift_deg=HINGE_DRIFT_DEG,
        seat_drift_deg=SEAT_DRIFT_DEG,
        shape_spread_deg=7.0,
    ),
    lower_half_weights=LOWER_HALF_WEIGHTS,
    lower_half_norms=PopulationNorms(
        # Eight lifters who stand with empty hands, ten whose hinge and seven whose squat was judged neutral; the spread
        # is that of the squats. Standing under a bar says nothing, so nothing counts from there.
        standing_deg=(-22.0, 0.0),
        hinge_deg=(0.0, 0.0),
        hinge_spread_deg=13.0,
        release_deg=(22.0, 0.0),
        release_spread_deg=17.0,
        hinge_drift_deg=(5.6, 0.0),
        seat_drift_deg=(13.0, 0.0),
        shape_spread_deg=8.5,
    ),
)

DEFAULT = BLAZEPOSE
"""For models without a record of their own: all of BlazePose learned from the same annotations."""

CALIBRATIONS: Mapping[str, Calibration] = MappingProxyType({})
"""Record of each model that has one, by `PoseSequence.model`."""


def calibration_of(model: str) -> Calibration:
    """The record of the model that made some poses (`PoseSequence.model`), or `DEFAULT`."""
    return CALIBRATIONS.get(model, DEFAULT)
