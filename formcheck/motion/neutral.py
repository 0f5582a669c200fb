"""The lifter's own neutral back, and back rounding against it.

What the contour shows with a neutral back differs from lifter to lifter by far more than what a back does in a lift, so
it is read from the lifter's own standing frames. Those before and after a lift are good; while a loaded bar hangs in
the hands its plates hide hips and buttocks, and the reading says nothing. A lifter whose standing posture is known from
another day brings it along as a baseline. Best of all are repetitions of the lifter's own that lifter or coach call
good: what the contour shows in them is this lifter's neutral, and nothing has to be guessed (`OwnReps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray
from formcheck.motion.calibration import DEFAULT, PopulationNorms
from formcheck.motion.mask_net import MASK_SHARE
from formcheck.motion.mask_net_weights import MASK_HINGE_DRIFT_DEG
from formcheck.motion.reps import Cycle
from formcheck.motion.signals import Signals
from formcheck.motion.standing import UPRIGHT

STANDING_LEAN_DEG = 15.0
"""A trunk this upright, with shoulders as high as `UPRIGHT`, counts as standing."""

STANDING_FRAMES_MIN = 5
STANDING_ARMS_MAX_DEG = 60.0
"""Upper arms raised further than this arch the back: arms that were stretched overhead before a set once gave a neutral
of -37 deg, and a false fault."""

HANGING_HANDS_MAX = 0.9
"""Hands no higher than this at the top of a repetition carry a load that hangs beside the hips."""

HINGE_LEAN_DEG = (20.0, 60.0)
"""Between these trunk leans the neutral goes over from standing to hinged."""

SEAT_THIGH_DEG = (60.0, 85.0)
"""Between these thigh angles lifters come to sit, which stretches the buttocks."""

SEAT_SPREAD_DEG = 5.0
"""How much it differs between lifters."""


@dataclass(frozen=True)
class Baseline:
    """A lifter's standing bend, kept from another day: lumbar and thoracic, and its standard error, in degrees."""

    lower_deg: float
    upper_deg: float
    uncertainty_deg: float = 5.0


OWN_REPS = "own-reps"
"""`Neutral.source` of a neutral from the lifter's own good repetitions."""

OWN_REPS_DAY_DEG = 5.0
"""How much one lifter's neutral differs between days and cameras: a minimal detectable change of lordosis of 10 to
15 deg between sessions is a standard error of 4 to 5 deg. The labelled clips of one lifter, mostly of one day, scatter
by 1 to 4 deg (benchmarks/results/spine.md)."""


@dataclass(frozen=True)
class OwnReps:
    """What a lifter's contour shows in good repetitions of one lift, chosen by lifter or coach; in degrees.

    ``lower_deg`` and ``upper_deg`` say how much more the contour bends in them than that of lifters in general at the
    same lean and depth, lumbar and thoracic; ``uncertainty_deg`` is the standard error of their sum. ``day`` is when
    they were filmed, as ISO date, empty = not known.
    """

    lower_deg: float
    upper_deg: float
    uncertainty_deg: float = OWN_REPS_DAY_DEG
    day: str = ""


@dataclass(frozen=True)
class Neutral:
    """Bend that this lifter's contour shows with a neutral back, each as (lumbar, thoracic).

    Attributes
    ----------
    standing_deg, hinge_deg : with an upright trunk, and in a deep hinge.
    uncertainty_deg : standard error of the whole in a hinge.
    source : "own-reps" (the lifter's own good repetitions), "standing" (read from this video), "baseline" (from another
        day) or "population".
    norms : what is known of lifters in general.
    flexion_from_deg : the standing posture that spine flexion counts from; None = it is not known.
    mask_from_deg : the same as the mask shows it, lumbar and thoracic together; None = it is not known.
    day : of the lifter's own good repetitions, as ISO date; empty = not known.
    """

    standing_deg: tuple[float, float]
    hinge_deg: tuple[float, float]
    uncertainty_deg: float
    source: str
    norms: PopulationNorms = DEFAULT.contour_norms
    flexion_from_deg: tuple[float, float] | None = None
    day: str = ""
    mask_from_deg: float | None = None

    def at(self, trunk_lean_deg: FloatArray, thigh_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Neutral bend for each trunk lean and thigh angle (0 = hanging down, 90 = level): lumbar and thoracic.

        In degrees; NaN where the lean is. Thighs that were not seen count as not level.
        """
        hinged = _share(trunk_lean_deg, *HINGE_LEAN_DEG)
        seated = _seated(thigh_deg)
        lower, upper = (
            np.asarray(standing + (hinge - standing) * hinged + seat * seated)
            for standing, hinge, seat in zip(self.standing_deg, self.hinge_deg, self.norms.seat_drift_deg, strict=True)
        )
        return lower, upper


def find_neutral(
    signals: Signals,
    cycles: Sequence[Cycle],
    baseline: Baseline | None = None,
    norms: PopulationNorms = DEFAULT.contour_norms,
    own_reps: OwnReps | None = None,
) -> Neutral:
    """The lifter's neutral for one stretch of video.

    From the lifter's own good repetitions of this lift, where there are some; else from the standing frames of the
    stretch, else from a baseline, else that of lifters in general.
    """
    stood = _from_stance(signals, cycles, baseline, norms)
    return stood if own_reps is None else _from_own_reps(own_reps, stood)


def _from_stance(
    signals: Signals, cycles: Sequence[Cycle], baseline: Baseline | None, norms: PopulationNorms
) -> Neutral:
    """The neutral by how the lifter stands, in these signals or on another day, else that of lifters in general."""
    standing = (signals.shoulder_height > UPRIGHT) & (np.abs(signals.trunk_lean_deg) < STANDING_LEAN_DEG)
    standing &= np.isfinite(signals.dorsal_bend_deg) & ~load_hangs(signals, cycles)
    standing &= ~(np.abs(signals.upper_arm_angle_deg) > STANDING_ARMS_MAX_DEG)
    lower, upper = _level(signals.lower_bend_deg[standing]), _level(signals.upper_bend_deg[standing])
    if norms.standing_range_deg[0] <= lower + upper <= norms.standing_range_deg[1]:
        mask_deg = _level(signals.mask_flexion_deg[standing & np.isfinite(signals.mask_flexion_deg)])
        stood = _from_standing((lower, upper), 0.0, "standing", norms)
        return replace(stood, mask_from_deg=None if np.isnan(mask_deg) else mask_deg)
    if baseline is not None:
        return _from_standing((baseline.lower_deg, baseline.upper_deg), baseline.uncertainty_deg, "baseline", norms)
    return population_neutral(norms)


def population_neutral(norms: PopulationNorms) -> Neutral:
    """The neutral of lifters in general, for one of whom nothing else is known."""
    return Neutral(norms.standing_deg, norms.hinge_deg, norms.hinge_spread_deg, "population", norms)


def _from_own_reps(own: OwnReps, stood: Neutral) -> Neutral:
    """The usual neutral, shifted to the level of the lifter's own good repetitions."""
    norms, (lower, upper) = stood.norms, (own.lower_deg, own.upper_deg)
    standing_deg, hinge_deg = ((usual[0] + lower, usual[1] + upper) for usual in (norms.standing_deg, norms.hinge_deg))
    return Neutral(
        standing_deg,
        hinge_deg,
        own.uncertainty_deg,
        OWN_REPS,
        norms,
        stood.flexion_from_deg,
        own.day,
        stood.mask_from_deg,
    )


def with_back_rounding(signals: Signals, neutral: Neutral) -> Signals:
    """The signals with spine flexion, back rounding, its parts and its uncertainty filled in."""
    thigh_deg = signals.hip_flexion_deg - signals.trunk_lean_deg
    lower, upper = neutral.at(signals.trunk_lean_deg, thigh_deg)
    lower_deg, upper_deg = signals.lower_bend_deg - lower, signals.upper_bend_deg - upper
    # In a lifter's own repetitions of the same lift the buttocks were stretched alike.
    seat_deg = (0.0 if neutral.source == OWN_REPS else SEAT_SPREAD_DEG) * _seated(thigh_deg)
    # Half of the contour's raggedness is shape that stays from frame to frame.
    uncertainty_deg = np.sqrt(signals.bend_uncertainty_deg**2 / 4.0 + neutral.uncertainty_deg**2 + seat_deg**2)
    known = np.isfinite(lower_deg)
    return replace(
        signals,
        spine_flexion_deg=_flexion(signals, neutral, thigh_deg),
        back_rounding_deg=lower_deg + upper_deg,
        lower_rounding_deg=lower_deg,
        upper_rounding_deg=upper_deg,
        back_rounding_uncertainty_deg=np.where(known, uncertainty_deg, np.nan),
        mask_flexion_deg=signals.mask_flexion_deg
        if neutral.mask_from_deg is not None
        else np.full(len(signals), np.nan),
    )


def _flexion(signals: Signals, neutral: Neutral, thigh_deg: FloatArray) -> FloatArray:
    """Flexion of the spine since standing; NaN where standing is not known."""
    if neutral.flexion_from_deg is None:
        return np.full(len(signals), np.nan)
    norms = neutral.norms
    drift_deg = sum(norms.hinge_drift_deg) * _share(signals.trunk_lean_deg, *HINGE_LEAN_DEG)
    drift_deg = drift_deg + sum(norms.seat_drift_deg) * _seated(thigh_deg)
    by_contour = np.asarray(signals.dorsal_bend_deg - sum(neutral.flexion_from_deg) - drift_deg)
    if neutral.mask_from_deg is None:
        return by_contour
    mask_drift_deg = sum(MASK_HINGE_DRIFT_DEG) * _share(signals.trunk_lean_deg, *HINGE_LEAN_DEG)
    by_mask = signals.mask_flexion_deg - neutral.mask_from_deg - mask_drift_deg
    return np.asarray((1.0 - MASK_SHARE) * by_contour + MASK_SHARE * by_mask)


def _from_standing(
    standing_deg: tuple[float, float], spread_deg: float, source: str, norms: PopulationNorms
) -> Neutral:
    """Neutral of a lifter whose standing bend is known: two sources of unequal trust, weighted by their variance.

    ``spread_deg`` is the standard error of the standing bend itself.
    """
    own_variance = spread_deg**2 + norms.shape_spread_deg**2 + norms.release_spread_deg**2
    trust = norms.hinge_spread_deg**2 / (norms.hinge_spread_deg**2 + own_variance)
    lower, upper = (
        trust * (standing + release + drift) + (1.0 - trust) * others
        for standing, release, drift, others in zip(
            standing_deg, norms.release_deg, norms.hinge_drift_deg, norms.hinge_deg, strict=True
        )
    )
    uncertainty_deg = float(np.sqrt(trust * own_variance))
    return Neutral(standing_deg, (lower, upper), uncertainty_deg, source, norms, flexion_from_deg=standing_deg)


def _share(values: FloatArray, start: float, stop: float) -> FloatArray:
    return np.asarray(np.clip((values - start) / (stop - start), 0.0, 1.0))


def _seated(thigh_deg: FloatArray) -> FloatArray:
    return np.nan_to_num(_share(thigh_deg, *SEAT_THIGH_DEG))


def _level(bend_deg: FloatArray) -> float:
    return float(np.median(bend_deg)) if len(bend_deg) >= STANDING_FRAMES_MIN else float("nan")


def load_hangs(signals: Signals, cycles: Sequence[Cycle]) -> NDArray[np.bool_]:
    """(T,) True from the bottom of a repetition to its end where the hands stay low, as in a deadlift."""
    hangs = np.zeros(len(signals), dtype=bool)
    for cycle in cycles:
        hands = signals.hand_height[cycle.bottom : cycle.top_to + 1]
        if np.isfinite(hands).any() and np.nanmax(hands) <= HANGING_HANDS_MAX:
            hangs[cycle.bottom : cycle.after + 1] = True
    return hangs
