"""Where bell, shoulders and knees are in a swing: backswing, float and fall."""

from __future__ import annotations

import numpy as np

from formcheck.core.verdicts import WATCH
from formcheck.core.words import N_
from formcheck.exercises.framework.check import (
    ANY_VIEW,
    SIDE,
    SIDE_OR_OBLIQUE,
    Check,
    Measurement,
    Skill,
    missing,
)
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import (
    ANGLE_UNCERTAINTY_DEG,
    ELBOW_FLEXION_MAX_DEG,
    NOT_SEEN,
    THIGH_LENGTH,
    angle_uncertainty_deg,
    at_instant,
    elbow_uncertainty_deg,
    sample_before,
    seen_share,
    sustained_peak,
)
from formcheck.motion.signals import Signals

BACKSWING_S = 0.15
"""The backswing, and the back in it, is judged over this much time on both sides of the bottom."""

SWUNG_BEFORE_S, SWUNG_HEIGHT = 1.5, 0.62
"""A backswing out of a float: the hands were this high, in standing heights, within this time before the bottom. Else
the bell has just been picked up."""

FALLING_DEG = 45.0
"""Arms this far above hanging, on their way down: the hips should still be open."""

HEIGHT_UNCERTAINTY = 0.05
"""Uncertainty of a height difference, in thigh lengths."""

BELL_UNCERTAINTY = 0.02
REAR_HIDES_DEG = 25.0
KNEE_UNCERTAINTY = 0.05

PICKED_UP = N_("the bell was picked up just before")

HINGE_CUE = N_("Hips back, shins upright: hinge, do not sit.")


WRISTS_BELOW_KNEES_THIGHS = Measure(
    "wrists_below_knees_thighs",
    "Wrists below the knees",
    "thigh lengths below the knees",
    "How far the wrists pass below the knees in the backswing, in lengths of a thigh.",
)

SHOULDERS_BELOW_HIPS_THIGHS = Measure(
    "shoulders_below_hips_thighs",
    "Shoulders below the hips",
    "thigh lengths below the hips",
    "How far the shoulders drop below the hips in the backswing, in lengths of a thigh.",
)

KNEES_AHEAD_SHANKS = Measure(
    "knees_ahead_shanks",
    "Knees in front of the ankles",
    "shin lengths in front of the ankle",
    "How far the knees are in front of the ankles, in lengths of a shin.",
)

KNEE_FLEXION_BACKSWING_DEG = Measure(
    "knee_flexion_backswing_deg",
    "Knee flexion in the backswing",
    "deg",
    "Bend of the knee (hip, knee, ankle) in the backswing; 0 is straight.",
)

HIP_FLEXION_AT_FALL_DEG = Measure(
    "hip_flexion_at_fall_deg",
    "Hip flexion while the arms fall",
    "deg",
    "Bend of the hips while the arms are still falling and far from the body.",
)

HANDS_ABOVE_EYES_HEIGHTS = Measure(
    "hands_above_eyes_heights",
    "Hands above the eyes",
    "of the standing height",
    "How far the hands rise above the eyes, as a share of the standing height from ankles to shoulders.",
)


def backswing(signals: Signals, rep: Rep) -> tuple[int, int]:
    """First and last sample of the backswing."""
    time_s = signals.time_s
    start = sample_before(signals, rep.bottom, BACKSWING_S)
    return start, min(len(time_s) - 1, int(np.searchsorted(time_s, time_s[rep.bottom] + BACKSWING_S)))


def swung_before(signals: Signals, rep: Rep) -> bool:
    earliest = sample_before(signals, rep.bottom, SWUNG_BEFORE_S)
    before = signals.hand_height[earliest : rep.bottom + 1]
    return bool(np.isfinite(before).any() and np.nanmax(before) >= SWUNG_HEIGHT)


def bell_low(signals: Signals, rep: Rep) -> Measurement:
    """How far the wrists sink below the knees in the backswing, in thigh lengths; negative = above them."""
    start, stop = backswing(signals, rep)
    if not swung_before(signals, rep):
        return missing(PICKED_UP)
    below = (signals.knee_height - signals.hand_height) / THIGH_LENGTH
    return sustained_peak(signals, below, start, stop, HEIGHT_UNCERTAINTY)


BELL_TOO_LOW = Check(
    id="bell-too-low",
    title="Bell swinging too low",
    measure=WRISTS_BELOW_KNEES_THIGHS,
    watch=0.0,
    fault=0.15,
    views=SIDE_OR_OBLIQUE,
    cue="Hike the bell high between the legs.",
    why="A low bell pulls further from the hips, and the back pays for it.",
    source="SFG swing standard; good swings read -0.45 and less, no clip of the fault was at hand",
    confidence="low",
    trains=Skill.HINGE,
)


def shoulders_below_hips(signals: Signals, rep: Rep) -> Measurement:
    """How far the shoulders sink below the hips in the backswing, in thigh lengths; negative = above them."""
    below = (signals.hip_height - signals.shoulder_height) / THIGH_LENGTH
    return sustained_peak(signals, below, *backswing(signals, rep), HEIGHT_UNCERTAINTY)


SHOULDERS_LOW = Check(
    id="shoulders-below-hips",
    title="Shoulders below the hips",
    measure=SHOULDERS_BELOW_HIPS_THIGHS,
    watch=0.0,
    fault=0.15,
    views=SIDE_OR_OBLIQUE,
    cue="Chest out over the bell; stop the hinge with the shoulders above the hips.",
    why="Below the level the bell pulls the back round instead of loading the hips.",
    source="SFG swing standard; good swings read -0.5 and less, no clip of the fault was at hand",
    confidence="low",
    trains=Skill.BACK,
)


def knees_forward(signals: Signals, rep: Rep) -> Measurement:
    """How far the knee is in front of the ankle in the backswing and during the ascent, in shank lengths."""
    start, _ = backswing(signals, rep)
    ahead = np.sin(np.radians(signals.shank_lean_deg))
    return sustained_peak(signals, ahead, start, max(start, rep.lockout), KNEE_UNCERTAINTY)


KNEES_FORWARD = Check(
    id="knees-forward",
    title="Knees moving forward",
    measure=KNEES_AHEAD_SHANKS,
    watch=0.30,
    fault=0.45,
    views=SIDE,
    cue=HINGE_CUE,
    why="Knees that travel forward make a squat of the swing and take the hips out of it.",
    source="Between good swings (up to 0.15) and a rendered squatted one (0.67)",
    confidence="low",
    trains=Skill.HINGE,
)

DEEP_KNEES = Check(
    id="deep-knees",
    title="Knees bending far in the backswing",
    measure=KNEE_FLEXION_BACKSWING_DEG,
    watch=60,
    fault=75,
    views=SIDE_OR_OBLIQUE,
    cue=HINGE_CUE,
    why="The deeper the knees bend, the less is left for the hips to throw.",
    source="Fault catalogue; good swings read up to 36",
    confidence="low",
    trains=Skill.HINGE,
)


def knee_flexion_backswing(signals: Signals, rep: Rep) -> Measurement:
    """Knee flexion in a backswing that comes out of a float, degrees."""
    if not swung_before(signals, rep):
        return missing(PICKED_UP)
    if signals.foot_visibility[rep.bottom] < LEGS_SHOWN_MIN:
        return missing("the legs are hidden")
    uncertainty_deg = angle_uncertainty_deg(signals, rep.bottom, rep.bottom)
    return at_instant(signals, signals.knee_flexion_deg, rep.bottom, uncertainty_deg)


def elbow_flexion_up(signals: Signals, rep: Rep) -> Measurement:
    """Greatest elbow flexion during the ascent, degrees; from behind, the trunk hides the arms."""
    yaw = signals.yaw_deg[rep.bottom : rep.top + 1]
    if np.isfinite(yaw).any() and np.nanmedian(yaw) <= -REAR_HIDES_DEG:
        return missing("seen from behind, the trunk hides the arms")
    uncertainty_deg = elbow_uncertainty_deg(signals, rep.bottom, rep.top)
    return sustained_peak(signals, signals.elbow_flexion_deg, rep.bottom, rep.top, uncertainty_deg)


LEGS_SHOWN_MIN = 0.3
"""Score of the near foot below which the whole leg is hidden: 0.95 in plain sight, 0.1 behind something that hides a
swinger to the hips. Thighs are guessed then, and a clean swing read a fold of 36 deg (`make bench-stress`)."""


def early_fold(signals: Signals, rep: Rep) -> Measurement:
    """Hip flexion when the arms fall through `FALLING_DEG` above hanging, degrees."""
    hang = signals.arm_angle_deg - signals.trunk_lean_deg
    fall = hang[rep.top : rep.cycle.after + 1]
    if len(fall) == 0 or not np.isfinite(fall[0]) or fall[0] <= FALLING_DEG:
        return missing(NOT_SEEN)
    passed = np.flatnonzero(fall <= FALLING_DEG)
    if len(passed) == 0:
        return missing("the bell does not fall back in this repetition")
    sample = rep.top + int(passed[0])
    if not np.isfinite(hang[rep.top : sample + 1]).all():
        return missing(NOT_SEEN)
    value = float(signals.hip_flexion_deg[sample])
    if np.isnan(value):
        return missing(NOT_SEEN)
    if not np.nanmedian(signals.foot_visibility[rep.top : sample + 1]) >= LEGS_SHOWN_MIN:
        return missing("the legs are hidden, and with them how far the hips fold")
    seen = seen_share(signals.hip_flexion_deg[rep.top : sample + 1])
    return Measurement(value, float(signals.time_s[sample]), ANGLE_UNCERTAINTY_DEG, seen=seen)


EARLY_FOLD = Check(
    id="early-fold",
    title="Folding before the bell comes down",
    measure=HIP_FLEXION_AT_FALL_DEG,
    watch=25,
    fault=31,
    views=SIDE,
    cue="Wait for the arms to meet the ribs, then hinge.",
    why="Hips that fold early meet a bell that is still far away, and the back catches it.",
    source="Fault catalogue (20 / 35); good swings read up to 20, a rendered fold of 52 deg reads 37",
    confidence="low",
    trains=Skill.HINGE,
)


def bell_above_eyes(signals: Signals, rep: Rep) -> Measurement:
    """How far the wrists float above the eyes, in standing heights; negative = below them."""
    above = signals.hand_height - signals.eye_height
    return sustained_peak(signals, above, rep.bottom, rep.end, BELL_UNCERTAINTY)


BELL_HEIGHT = Check(
    id="bell-height",
    title="Bell above eye level",
    measure=HANDS_ABOVE_EYES_HEIGHTS,
    watch=0.02,
    fault=0.10,
    views=ANY_VIEW,
    cue="Stop at chest height, unless you swing overhead on purpose.",
    why="A matter of style: the Russian swing ends at the chest, where the hips alone have thrown the bell.",
    source="SFG swing standard",
    confidence="medium",
    worst=WATCH,
    trains=Skill.HANDS,
)


def swing_measures(signals: Signals, rep: Rep) -> dict[str, Measurement]:
    """Measures of this module by name."""
    return {
        WRISTS_BELOW_KNEES_THIGHS.name: bell_low(signals, rep),
        SHOULDERS_BELOW_HIPS_THIGHS.name: shoulders_below_hips(signals, rep),
        KNEES_AHEAD_SHANKS.name: knees_forward(signals, rep),
        KNEE_FLEXION_BACKSWING_DEG.name: knee_flexion_backswing(signals, rep),
        ELBOW_FLEXION_MAX_DEG.name: elbow_flexion_up(signals, rep),
        HIP_FLEXION_AT_FALL_DEG.name: early_fold(signals, rep),
        HANDS_ABOVE_EYES_HEIGHTS.name: bell_above_eyes(signals, rep),
    }


PATH_CHECKS = (BELL_TOO_LOW, SHOULDERS_LOW, EARLY_FOLD, DEEP_KNEES, KNEES_FORWARD, BELL_HEIGHT)
