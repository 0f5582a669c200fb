"""What views from the front and the rear show: left against right, and the knees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import WATCH
from formcheck.core.words import N_
from formcheck.exercises.framework.check import FRONT, FRONT_OR_REAR, SEEN_SHARE_MIN, Check, Measurement, Skill, missing
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import (
    SUSTAINED_S,
    sample_before,
    sustained_low,
    sustained_peak,
    typical,
)
from formcheck.motion.signals import Signals
from formcheck.motion.standing import LEVEL
from formcheck.motion.view import FRONT_MIN_DEG

TILT_UNCERTAINTY_DEG = 1.5
SHIFT_UNCERTAINTY = 0.08
STANCE_UNCERTAINTY = 0.15

TILT_HELD_S = 0.3
"""A lifter who tips to one side does so for this long; a pose that the model loses is found again sooner."""

STRAIGHT_ON_MIN_DEG = 80.0
"""From nearer the side hips that only go back seem to move sideways."""

STANDING_BEFORE_S = 0.3
"""Standing is having the shoulders as high as `LEVEL` at the top, or up to this long before the descent."""

GAP_MIN = 0.3
"""Knees that stand closer than this share of the ankles' distance are not seen from the front."""

NOT_STANDING = N_("the lifter was not seen standing")
NOT_STRAIGHT_ON = N_("this needs a view from straight ahead or behind")


SHOULDER_TILT_CHANGE_DEG = Measure(
    "shoulder_tilt_change_deg",
    "Shoulder tilt against standing",
    "deg",
    "How much the line of the shoulders tilts during the ascent against standing.",
)

HIP_SHIFT_HIP_WIDTHS = Measure(
    "hip_shift_hip_widths",
    "Hips moved sideways",
    "hip widths",
    "How far the hips move sideways over the feet during the ascent against standing, in distances of the hip joints.",
)

STANCE_SHOULDER_WIDTHS = Measure(
    "stance_shoulder_widths", "Width of the stance", "shoulder widths", "Distance between the ankles at the bottom."
)

KNEE_GAP_LOST = Measure(
    "knee_gap_lost",
    "Distance between the knees that is lost",
    "of the standing distance",
    "Share of the distance between the knees, against that of the ankles, that is lost from standing to the bottom.",
)


SYMMETRY_MEASURES = (SHOULDER_TILT_CHANGE_DEG, HIP_SHIFT_HIP_WIDTHS, STANCE_SHOULDER_WIDTHS)
"""What `symmetry_measures` measures."""


def uneven_shoulders(signals: Signals, rep: Rep) -> Measurement:
    """How much the line of the shoulders tilts during the ascent against standing, degrees."""
    return _against_standing(signals, rep, signals.shoulder_tilt_deg, TILT_UNCERTAINTY_DEG, TILT_HELD_S)


def sideways_shift(signals: Signals, rep: Rep) -> Measurement:
    """How far the hips move sideways over the feet during the ascent against standing, in distances of the hip
    joints."""
    facing_deg = np.abs(_facing(signals, signals.yaw_deg)[rep.cycle.bottom_from : rep.lockout + 1])
    if np.isfinite(facing_deg).any() and np.nanmedian(facing_deg) < STRAIGHT_ON_MIN_DEG:
        return missing(NOT_STRAIGHT_ON)
    return _against_standing(signals, rep, signals.hip_shift, SHIFT_UNCERTAINTY)


def knee_gap_lost(signals: Signals, rep: Rep) -> Measurement:
    """Share of the standing distance between the knees, against that of the ankles, that is lost around the bottom."""
    standing = _standing(signals, rep, signals.knee_ankle_ratio)
    if not standing > GAP_MIN:
        return missing(NOT_STANDING)
    ratio = np.where(np.abs(signals.knee_ankle_ratio) < 5.0, signals.knee_ankle_ratio, np.nan)
    low = sustained_low(signals, ratio, rep.cycle.bottom_from, rep.lockout)
    return low if low.reason else replace(low, value=1.0 - low.value / standing)


def stance_width(signals: Signals, rep: Rep) -> Measurement:
    """Distance between the ankles at the bottom, in shoulder widths."""
    found = typical(signals, signals.foot_gap, rep.cycle.bottom_from, rep.cycle.bottom_to, STANCE_UNCERTAINTY)
    return missing("the feet were not seen") if found.reason else found


def _against_standing(
    signals: Signals, rep: Rep, values: FloatArray, uncertainty: float, held_s: float = SUSTAINED_S
) -> Measurement:
    standing = _standing(signals, rep, values)
    if np.isnan(standing):
        return missing(NOT_STANDING)
    away = np.abs(_facing(signals, values) - standing)
    return sustained_peak(signals, away, rep.cycle.bottom_from, rep.lockout, uncertainty, held_s)


def _standing(signals: Signals, rep: Rep, values: FloatArray) -> float:
    """Median while standing before and after the repetition; NaN when that was hardly seen."""
    before = sample_before(signals, rep.cycle.before, STANDING_BEFORE_S)
    places = np.r_[before : rep.cycle.before + 1, rep.lockout : rep.top_to + 1]
    places = places[signals.shoulder_height[places] >= LEVEL]
    found = _facing(signals, values)[places]
    known = np.isfinite(found)
    return float(np.median(found[known])) if len(found) and known.mean() >= SEEN_SHARE_MIN else float("nan")


def _facing(signals: Signals, values: FloatArray) -> FloatArray:
    """Only where the lifter is seen from the front or the rear; turning round looks like a tilt."""
    return np.where(np.abs(signals.yaw_deg) >= FRONT_MIN_DEG, values, np.nan)


def symmetry_measures(signals: Signals, rep: Rep) -> dict[str, Measurement]:
    """Measures of the symmetry checks by name, and the width of the stance."""
    return {
        SHOULDER_TILT_CHANGE_DEG.name: uneven_shoulders(signals, rep),
        HIP_SHIFT_HIP_WIDTHS.name: sideways_shift(signals, rep),
        STANCE_SHOULDER_WIDTHS.name: stance_width(signals, rep),
    }


UNEVEN_SHOULDERS = Check(
    id="uneven-shoulders",
    title="One shoulder lower than the other",
    measure=SHOULDER_TILT_CHANGE_DEG,
    watch=5,
    fault=7,
    views=FRONT_OR_REAR,
    cue="Even grip, even push: keep the shoulders level.",
    why="A trunk that tips to one side loads one side of the back more than the other.",
    source="Provisional; between faultless rendered lifts and a side bend of 15 deg",
    confidence="low",
    trains=Skill.SIDES,
)

SIDEWAYS_SHIFT = Check(
    id="sideways-shift",
    title="Hips moving to one side",
    measure=HIP_SHIFT_HIP_WIDTHS,
    watch=0.20,
    fault=0.30,
    views=FRONT_OR_REAR,
    cue="Push evenly through both feet.",
    why="Hips that move to one side let one leg do more than its share.",
    source="Provisional; between faultless rendered lifts and a dialled shift",
    confidence="low",
    worst=WATCH,
    trains=Skill.SIDES,
)

SYMMETRY_CHECKS = (UNEVEN_SHOULDERS, SIDEWAYS_SHIFT)

KNEES_IN = Check(
    id="knees-in",
    title="Knees falling in",
    measure=KNEE_GAP_LOST,
    watch=0.10,
    fault=0.20,
    views=FRONT,
    cue="Spread the floor: knees over the toes.",
    why="Knees that stay over the feet let hips and thighs share the work.",
    source="Back Squat Assessment (PMC4262933) describes it; limits provisional. Seen from behind, thighs hide it",
    confidence="low",
    worst=WATCH,
    trains=Skill.SIDES,
)
