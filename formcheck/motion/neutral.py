"""The lifter's own neutral back, and back rounding against it.

What the contour shows with a neutral back differs from lifter to lifter by far more than what a back does in a lift, so
it is read from the lifter's own standing frames. Those before and after a lift are good; while a loaded bar hangs in
the hands its plates hide hips and buttocks, and the reading says little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from formcheck.motion.reps import Cycle
from formcheck.motion.signals import Signals
from formcheck.poses import FloatArray

CONTOUR_TO_SPINE = 1.2
"""The contour between hip and shoulder turns less than the spine under it, whose ends lie outside of it."""

STANDING_HEIGHT = 0.96
STANDING_LEAN_DEG = 15.0
"""Shoulders this high and a trunk this upright count as standing."""

STANDING_FRAMES_MIN = 5
STANDING_BEND_RANGE_DEG = (-60.0, 20.0)
"""A standing bend outside this is a contour spoilt by arms, plates or a rack, not a back."""

HANGING_HANDS_MAX = 0.9
"""Hands no higher than this at the top of a repetition carry a load that hangs beside the hips."""

STANDING_USUAL_DEG = -18.0
"""Bend that most lifters show when they stand: buttocks and the hollow above them."""

HINGE_USUAL_DEG = 6.0
HINGE_USUAL_SPREAD_DEG = 14.0
"""Bend that lifters show in a hinge with a neutral back, and its spread between them. In the hinge the lower back gives
up its hollow (Bengtsson 2022: about 33 deg of lordosis in trained lifters), and the hip landmark drifts forward."""

HINGE_FROM_STANDING_DEG = 4.0
HINGE_FROM_STANDING_SPREAD_DEG = 4.5
"""The same as a difference to the lifter's own standing bend with empty hands."""

LOADED_SHARE = 0.4
"""Of a hollow deeper than usual, read while a load hangs in the hands, this share is taken for build."""

HINGE_LEAN_DEG = (20.0, 60.0)
"""Between these trunk leans the neutral goes over from standing to hinged."""

SEAT_THIGH_DEG = (60.0, 85.0)
SEAT_BEND_DEG, SEAT_SPREAD_DEG = 14.0, 8.0
"""Thighs that come up to level stretch the buttocks, which adds this much bend at the lower end of the contour, with
this spread between lifters; seen in squats of the rendered lifter (tune split)."""


@dataclass(frozen=True)
class Neutral:
    """Bend that this lifter's contour shows with a neutral back.

    Attributes
    ----------
    standing_deg, hinge_deg : when standing, and in a deep hinge.
    uncertainty_deg : standard error.
    source : "standing" (read with empty hands), "loaded" (read with a load in the hands) or "population".
    """

    standing_deg: float
    hinge_deg: float
    uncertainty_deg: float
    source: str

    def at(self, trunk_lean_deg: FloatArray, thigh_deg: FloatArray) -> FloatArray:
        """Neutral bend for each trunk lean and thigh angle (0 = hanging down, 90 = level), in degrees; NaN for NaN."""
        hinged = _share(trunk_lean_deg, *HINGE_LEAN_DEG)
        seated = np.nan_to_num(_share(thigh_deg, *SEAT_THIGH_DEG))
        return np.asarray(self.standing_deg + (self.hinge_deg - self.standing_deg) * hinged + SEAT_BEND_DEG * seated)


def find_neutral(signals: Signals, cycles: Sequence[Cycle]) -> Neutral:
    """The lifter's neutral from the standing frames of one stretch of video, else from the population."""
    standing = (signals.shoulder_height > STANDING_HEIGHT) & (np.abs(signals.trunk_lean_deg) < STANDING_LEAN_DEG)
    standing &= np.isfinite(signals.dorsal_bend_deg)
    loaded = _load_hangs(signals, cycles)
    empty_deg = _level(signals.dorsal_bend_deg[standing & ~loaded])
    if np.isfinite(empty_deg):
        # Two sources of unequal trust, averaged by the inverse of their variance.
        trust = HINGE_USUAL_SPREAD_DEG**2 / (HINGE_USUAL_SPREAD_DEG**2 + HINGE_FROM_STANDING_SPREAD_DEG**2)
        hinge_deg = trust * (empty_deg + HINGE_FROM_STANDING_DEG) + (1 - trust) * HINGE_USUAL_DEG
        return Neutral(empty_deg, hinge_deg, HINGE_FROM_STANDING_SPREAD_DEG * np.sqrt(trust), "standing")
    loaded_deg = _level(signals.dorsal_bend_deg[standing & loaded])
    if np.isfinite(loaded_deg):
        deeper = min(0.0, loaded_deg - STANDING_USUAL_DEG)
        return Neutral(loaded_deg, HINGE_USUAL_DEG + LOADED_SHARE * deeper, HINGE_FROM_STANDING_SPREAD_DEG, "loaded")
    return Neutral(STANDING_USUAL_DEG, HINGE_USUAL_DEG, HINGE_USUAL_SPREAD_DEG, "population")


def with_back_rounding(signals: Signals, neutral: Neutral) -> Signals:
    """The signals with `back_rounding_deg` and its uncertainty filled in."""
    thigh_deg = signals.hip_flexion_deg - signals.trunk_lean_deg
    rounding_deg = CONTOUR_TO_SPINE * (signals.dorsal_bend_deg - neutral.at(signals.trunk_lean_deg, thigh_deg))
    # Half of the fit's error is shape that a cubic cannot follow and that stays from frame to frame.
    seat_deg = SEAT_SPREAD_DEG * np.nan_to_num(_share(thigh_deg, *SEAT_THIGH_DEG))
    uncertainty_deg = np.sqrt(signals.bend_uncertainty_deg**2 / 4.0 + neutral.uncertainty_deg**2 + seat_deg**2)
    return replace(
        signals,
        back_rounding_deg=rounding_deg,
        back_rounding_uncertainty_deg=np.where(np.isfinite(rounding_deg), uncertainty_deg, np.nan),
    )


def _share(values: FloatArray, start: float, stop: float) -> FloatArray:
    return np.asarray(np.clip((values - start) / (stop - start), 0.0, 1.0))


def _level(bend_deg: FloatArray) -> float:
    if len(bend_deg) < STANDING_FRAMES_MIN:
        return float("nan")
    level = float(np.median(bend_deg))
    return level if STANDING_BEND_RANGE_DEG[0] <= level <= STANDING_BEND_RANGE_DEG[1] else float("nan")


def _load_hangs(signals: Signals, cycles: Sequence[Cycle]) -> NDArray[np.bool_]:
    """(T,) True from the bottom of a repetition to its end where the hands stay low, as in a deadlift."""
    hangs = np.zeros(len(signals), dtype=bool)
    for cycle in cycles:
        hands = signals.hand_height[cycle.bottom : cycle.top_to + 1]
        if np.isfinite(hands).any() and np.nanmax(hands) <= HANGING_HANDS_MAX:
            hangs[cycle.bottom : cycle.after + 1] = True
    return hangs
