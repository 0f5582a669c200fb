"""Which part rises first: the hips before the chest, or both together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from formcheck.core.words import N_
from formcheck.exercises.framework.check import SEEN_SHARE_MIN, SIDE_OR_OBLIQUE, Check, Measurement, Skill, missing
from formcheck.exercises.framework.cycle_features import highest
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import NOT_SEEN, sample_before, sustained_peak
from formcheck.exercises.shared.feet import FOOT_LIFT_MAX
from formcheck.motion.signals import Signals

LEAN_GAIN_UNCERTAINTY_DEG = 2.0
"""Uncertainty of a change of trunk lean within half a second: the bias of the landmarks drops out of it."""

HIDDEN_LEGS_UNCERTAINTY_DEG = 8.0
"""The same where plates hide the legs, as the hip wanders along with them: the trunk of rendered lifters between plates
reads 8.2 deg off on average, see benchmarks/results/accuracy.md."""

SLACK = 0.01
"""Hands that rise by this much, in standing heights, lift something."""

EARLIER_S = 0.1
"""They begin to rise this long before they have risen by `SLACK`."""

SETTLED_S = 0.4

FIRST_SEEN_S = 0.1
"""The lean that the gain is counted from must be seen this soon."""

LEAST_SHOWN = 0.25
"""From the front a lean is a guess all the same: its error grows no further than from 75 deg off the side."""

SHOULDER_HIDDEN = N_("the near shoulder is hidden by a plate")


TRUNK_LEAN_GAIN_DEG = Measure(
    "trunk_lean_gain_deg",
    "Trunk lean gained early in the ascent",
    "deg",
    (
        "How much further the trunk leans early in the ascent than when it began: hips that rise before the "
        "chest tip it forward."
    ),
)


def hands_leave(signals: Signals, lift_off: int, passing: int) -> int:
    """Last sample at which the hands still hold the load on the floor; ``lift_off`` where they were not seen.

    Shoulders that begin to rise do not say that the load does: many lifters raise the hips to take up the slack, and
    when the hips shoot up with the load the shoulders rise late.
    """
    before = sample_before(signals, lift_off, SETTLED_S)
    hands = signals.hand_height[before : passing + 1]
    known = np.isfinite(hands)
    if known.sum() < 3:
        return lift_off
    floor = float(np.percentile(hands[known], 20))
    low = np.flatnonzero(known & (hands <= floor + SLACK))
    leaves_s = signals.time_s[before + low[-1]] - EARLIER_S
    return int(min(max(int(np.searchsorted(signals.time_s, leaves_s)), before), passing))


def trunk_lean_gain(signals: Signals, start: int, stop: int) -> Measurement:
    """How much further the trunk tips forward over the closed sample range than at its start, degrees.

    Hips that rise faster than the shoulders do just that. Where a plate hides the near shoulder, or a thigh that no
    body has shows that the hip is somewhere else, nobody knows the trunk's lean. The less of the lean the camera shows,
    the larger its error, and so where ankles that seem to rise tell of hidden legs.
    """
    shown = (signals.shoulder_shown > 0) & np.isfinite(signals.hip_flexion_deg)
    lean = np.where(shown, signals.trunk_lean_deg, np.nan)
    seen_at_all = signals.shoulder_shown[start : stop + 1]
    if (seen_at_all > 0).mean() < SEEN_SHARE_MIN <= np.isfinite(seen_at_all).mean():
        return missing(SHOULDER_HIDDEN)
    known = np.flatnonzero(np.isfinite(lean[start : stop + 1]))
    if len(known) == 0 or signals.time_s[start + known[0]] - signals.time_s[start] > FIRST_SEEN_S:
        return missing(NOT_SEEN)
    first = float(lean[start + known[0]])
    turned = float(np.nanmedian(np.abs(signals.yaw_deg[start : stop + 1])))
    hidden = highest(signals.foot_lift[start : stop + 1]) > FOOT_LIFT_MAX
    uncertainty = HIDDEN_LEGS_UNCERTAINTY_DEG if hidden else LEAN_GAIN_UNCERTAINTY_DEG
    uncertainty /= max(math.cos(math.radians(turned)), LEAST_SHOWN)
    peak = sustained_peak(signals, lean, start, max(stop, start), uncertainty)
    return peak if peak.reason else replace(peak, value=peak.value - first)


HIPS_SHOOT_UP = Check(
    id="hips-shoot-up",
    title="Hips rising before the chest",
    measure=TRUNK_LEAN_GAIN_DEG,
    watch=6,
    fault=8,
    views=SIDE_OR_OBLIQUE,
    cue="Push the floor away; hips and chest rise together.",
    why="When the hips go first, the back has to lift what the legs should have.",
    source="Between good lifts (up to 4, seen from the side or at an angle), rendered faults of 15 and 22 deg (11, 20)"
    " and a set labelled hips first (13-25)",
    confidence="medium",
    praise="Hips and chest rose together.",
    trains=Skill.HINGE,
)
