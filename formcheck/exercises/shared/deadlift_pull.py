"""What a deadlift's ascent shows beside the back: set-up, bar path, knees and feet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import WATCH
from formcheck.core.words import N_
from formcheck.exercises.framework.check import SEEN_SHARE_MIN, SIDE, Check, LoadSign, Measurement, Skill, missing
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import (
    ANGLE_UNCERTAINTY_DEG,
    NOT_SEEN,
    THIGH_LENGTH,
    seen_share,
    sustained_peak,
)
from formcheck.exercises.shared import feet
from formcheck.exercises.shared.hinge import KNEES_HIDDEN
from formcheck.motion.signals import Signals

LOWEST_KNEES = 0.26
"""Plates hide knees, and the model then puts them too low. In a deadlift no shank leans further than some 35 deg, so
the knees stay above this, in standing heights (shank 0.246 of stature)."""

SET_UP_UNCERTAINTY = 0.05
HAND_UNCERTAINTY = 0.01

HANDS_HIGHEST = 0.68
"""Hands at the top of a deadlift hang at 0.57 standing heights; with elbows at a right angle they reach this."""

DROP_MAX = 0.10
"""A bar that seems to sink further than this and still comes up is a wrist landmark that was lost."""

HANDS_HIDDEN = N_("the hands are hidden by a plate")
WAY_SEEN_MIN = 0.7
"""Share of the way above the knees over which knees or hands must be seen to say that they moved back."""


SET_UP_HIPS_THIGHS = Measure(
    "set_up_hips_thighs",
    "Hips above the knees at the set-up",
    "thigh lengths above the knees",
    "Height of the hips above the knees just before the shoulders rise, in lengths of a usual thigh; 0 is level.",
)

BAR_AHEAD_FOOT_LENGTHS = Measure(
    "bar_ahead_foot_lengths",
    "Bar in front of the mid-foot",
    "foot lengths",
    (
        "How far the hands, for the bar, are in front of the middle of the foot between floor and knees, in lengths "
        "of a usual foot."
    ),
)

KNEE_REBEND_DEG = Measure(
    "knee_rebend_deg",
    "Knees bending again",
    "deg",
    "How far the knees bend again between the moment when the hands pass them and the lockout.",
)

BAR_DROP_HEIGHTS = Measure(
    "bar_drop_heights",
    "Bar dropping before lockout",
    "of the standing height",
    (
        "How far the hands sink again above the knees before the lockout, as a share of the standing height from "
        "ankles to shoulders."
    ),
)


def hips_at_set_up(signals: Signals, set_up: int, lift_off: int) -> Measurement:
    """Height of the hips above the knees just before the shoulders rise, in thigh lengths."""
    part = slice(set_up, lift_off + 2)
    hips, knees = signals.hip_height[part], signals.knee_height[part]
    known = np.isfinite(hips) & np.isfinite(knees)
    if not known.any():
        return missing(NOT_SEEN)
    above = float(np.median(hips[known])) - max(LOWEST_KNEES, float(np.median(knees[known])))
    # A thigh or a shank in proportions that no body has says that hip or knee is somewhere else.
    seen = seen_share(np.where(known, signals.knee_flexion_deg[part], np.nan))
    return Measurement(above / THIGH_LENGTH, float(signals.time_s[lift_off]), SET_UP_UNCERTAINTY, seen=seen)


SQUATTED_START = Check(
    id="squatted-start",
    title="Hips too low at the start",
    measure=SET_UP_HIPS_THIGHS,
    watch=0.08,
    fault=0.0,
    views=SIDE,
    cue="Hips up and back until the shoulders are over the bar.",
    why="From a squat the hips rise before the bar does, and the back starts the lift where it did not set up.",
    source="Fault catalogue; one clip labelled so reads -0.07, good ones 0.13 and more",
    confidence="low",
    trains=Skill.HINGE,
)


def bar_ahead(signals: Signals, rep: Rep, leaving: int, passing: int) -> Measurement:
    """How far the hands are in front of the mid-foot between floor and knees, in foot lengths."""
    # Only while the near arm is seen: behind a plate the model puts the hands anywhere.
    hands = np.where(np.isfinite(believable_elbow_deg(signals)), signals.hand_forward, np.nan)
    if seen_share(hands[leaving : passing + 1]) < SEEN_SHARE_MIN:
        return missing(HANDS_HIDDEN)
    return feet.ahead_of_mid_foot(signals, rep, hands, leaving, passing)


BAR_DRIFT = Check(
    id="bar-drift",
    title="Bar away from the body",
    measure=BAR_AHEAD_FOOT_LENGTHS,
    watch=0.27,
    fault=0.35,
    views=SIDE,
    cue="Drag the bar up your legs.",
    why="The further the bar is in front of the feet, the more of it hangs on the back.",
    source="Fault catalogue; straight pulls read up to 0.25, two clips labelled so 0.46 and 0.52. A"
    " rendered drift reads 0.6 of its size",
    confidence="low",
    trains=Skill.HINGE,
)


def knee_rebend(signals: Signals, passing: int, lockout: int) -> Measurement:
    """How far the knees bend again once the bar has passed them, degrees."""
    # A plate that slides past the knee drags its landmark along; where the foot is hidden, the knee has just been too.
    straightness = np.where(np.isfinite(signals.heel_height), -signals.knee_flexion_deg, np.nan)
    return _lost_again(signals, straightness, passing, lockout, ANGLE_UNCERTAINTY_DEG, KNEES_HIDDEN)


def _lost_again(
    signals: Signals, values: FloatArray, start: int, stop: int, uncertainty: float, hidden: str
) -> Measurement:
    """How far values fall below their highest so far over the closed sample range; ``hidden`` says why nobody knows."""
    part = values[start : stop + 1]
    if len(part) == 0 or np.isfinite(part).mean() < WAY_SEEN_MIN:
        return missing(hidden)
    lost = np.full(len(signals), np.nan)
    lost[start : stop + 1] = np.fmax.accumulate(part) - part
    return sustained_peak(signals, lost, start, stop, uncertainty)


HITCHING = Check(
    id="hitching",
    title="Knees bending again under the bar",
    measure=KNEE_REBEND_DEG,
    watch=12,
    fault=20,
    views=SIDE,
    cue="One smooth drive: squeeze the hips through.",
    why="A bar that rests on the thighs on its way up is too heavy today, and not a valid lift by the rules.",
    source="IPF technical rules; limits provisional. Plates that pass the knees move their landmark, so it only hints",
    confidence="low",
    worst=WATCH,
    trains=Skill.TALL,
    load_sign=LoadSign.LOCKOUT,
)


def believable_elbow_deg(signals: Signals) -> FloatArray:
    """(T,) elbow flexion; NaN where the hands seem higher than any pull brings them."""
    return np.where(signals.hand_height <= HANDS_HIGHEST, signals.elbow_flexion_deg, np.nan)


def bar_drop(signals: Signals, passing: int, lockout: int) -> Measurement:
    """How far the hands sink again above the knees before the lockout, in standing heights."""
    hands = np.where(np.isfinite(believable_elbow_deg(signals)), signals.hand_height, np.nan)
    found = _lost_again(signals, hands, passing, lockout, HAND_UNCERTAINTY, HANDS_HIDDEN)
    return missing(HANDS_HIDDEN) if found.value > DROP_MAX else found


BAR_DROP = Check(
    id="bar-drop",
    title="Bar sinking during the ascent",
    measure=BAR_DROP_HEIGHTS,
    watch=0.03,
    fault=0.05,
    views=SIDE,
    cue="One smooth drive to the top.",
    why="A bar that sinks before the lockout is too heavy today, and not a valid lift by the rules.",
    source="IPF technical rules (no downward movement); limits above what wrists beside plates jitter",
    confidence="low",
    worst=WATCH,
    trains=Skill.TALL,
    load_sign=LoadSign.LOCKOUT,
)

HEEL_RISE = replace(feet.HEEL_RISE, watch=0.38, fault=0.50, worst=WATCH)
"""Wider than in the squat, and a hint at most: a bar in front of the feet moves their landmarks. Heels that stayed down
read 0.33 and 0.58 on two bodies of the rendered split that was for testing until this was changed."""
