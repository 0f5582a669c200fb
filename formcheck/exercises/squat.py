"""Squat: back, front, goblet or bodyweight."""

from __future__ import annotations

import numpy as np

from formcheck.exercises.checks import SIDE, SIDE_OR_OBLIQUE, WATCH, Check, Measurement, missing
from formcheck.exercises.exercise import Exercise, Rep, ends_short
from formcheck.exercises.measuring import (
    ANGLE_UNCERTAINTY_DEG,
    NOT_SEEN,
    at_least_value,
    back_rounding,
    common_measures,
    difference,
    typical,
)
from formcheck.exercises.shape import CycleShape, at_least, at_most
from formcheck.motion.reps import Cycle, rise_instants
from formcheck.motion.signals import Signals

TOP_SHOWN_S = 0.75
"""Of a long stand between repetitions, the instant called "top" lies in the first part of this length, doubled."""

LAST_OF_DESCENT = 0.2
"""Butt wink is what the back gains in this last share of the descent."""

DEPTH_UNCERTAINTY = 0.05
"""Standard error of the depth, in thigh lengths."""

ROUNDING_GROWTH_UNCERTAINTY_DEG = 4.0


def resemblance(shape: CycleShape) -> float:
    """Hips go down to about the knees along with the shoulders; hands stay high or in front; feet stay down."""
    return float(
        np.prod(
            [
                at_most(shape.seat_height, 0.14, 0.22),
                at_least(shape.knee_flexion_deg, 50, 78),
                # A hinge with the hands at the neck is a good morning, unless the hips really go down.
                max(
                    at_most(shape.seat_height, 0.04, 0.09),
                    at_most(shape.trunk_lean_deg / max(shape.knee_flexion_deg, 1.0), 0.46, 0.62),
                ),
                # Hands that come up to the shoulders on the way up are thrown, as in a swing.
                at_most(shape.hang - (1.0 - min(shape.hand_reach, 1.0)), 0.1, 0.2),
                at_least(shape.hip_share, 0.45, 0.62),
                at_most(shape.hang, 0.29, 0.38),
                at_most(shape.top_hand_height, 1.15, 1.26),
                at_most(shape.foot_lift, 0.08, 0.14),
                at_most(shape.trunk_lean_deg, 62, 75),
                at_most(shape.drop, 0.66, 0.75),
            ]
        )
    )


def rep_of(signals: Signals, cycle: Cycle) -> Rep:
    """Standing -> deepest point -> standing."""
    time_s = signals.time_s
    shown_to = min(cycle.top_to, int(np.searchsorted(time_s, time_s[cycle.top_from] + 2 * TOP_SHOWN_S)))
    lift_off, lockout = rise_instants(signals.time_s, signals.shoulder_height, cycle)
    bottom = (cycle.bottom_from + cycle.bottom_to) // 2
    return Rep(
        cycle=cycle,
        start=min(cycle.before, bottom),
        bottom=bottom,
        lift_off=lift_off,
        lockout=lockout,
        top=(cycle.top_from + shown_to) // 2,
        end=max(shown_to, cycle.top_from),
        partial=ends_short(signals, cycle),
    )


def measure(signals: Signals, rep: Rep) -> dict[str, Measurement]:
    """Measures of one repetition by name."""
    time_s = signals.time_s
    late = _late_descent(signals, rep)
    wink = difference(
        at_least_value(typical(signals, signals.back_rounding_deg, rep.cycle.bottom_from, rep.cycle.bottom_to), 0.0),
        at_least_value(typical(signals, signals.back_rounding_deg, max(rep.start, late - 2), late), 0.0),
        ROUNDING_GROWTH_UNCERTAINTY_DEG,
    )
    found = common_measures(signals, rep)
    trunk, shank = (
        found["trunk_lean_bottom_deg"],
        typical(signals, signals.shank_lean_deg, rep.cycle.bottom_from, rep.cycle.bottom_to),
    )
    lean_why = trunk.reason or shank.reason
    return {
        "back_rounding_deg": back_rounding(signals, rep.cycle.bottom_from, rep.cycle.bottom_to),
        "butt_wink_deg": wink,
        **found,
        "depth_thighs": _depth(signals, rep),
        "lean_over_shank_deg": missing(lean_why)
        if lean_why
        else Measurement(trunk.value - shank.value, float(time_s[rep.bottom]), 1.4 * ANGLE_UNCERTAINTY_DEG),
        "elbow_flexion_max_deg": missing("does not matter in a squat"),
    }


def _late_descent(signals: Signals, rep: Rep) -> int:
    """Sample at which the last share of the descent begins."""
    way_down = signals.shoulder_height[rep.start : rep.bottom + 1]
    if len(way_down) < 3 or not np.isfinite(way_down).any():
        return rep.start
    top, bottom = np.nanmax(way_down), np.nanmin(way_down)
    reached = np.flatnonzero(way_down <= bottom + LAST_OF_DESCENT * (top - bottom))
    return rep.start + int(reached[0])


def _depth(signals: Signals, rep: Rep) -> Measurement:
    """Height of the hips above the knees at the bottom in thigh lengths; negative = below parallel."""
    top = slice(rep.lockout, rep.cycle.top_to + 1)
    bottom = slice(rep.cycle.bottom_from, rep.cycle.bottom_to + 1)
    above = signals.hip_height - signals.knee_height
    if not (np.isfinite(above[top]).any() and np.isfinite(above[bottom]).any()):
        return missing(NOT_SEEN)
    thigh = float(np.nanmedian(above[top]))
    if thigh <= 0.05:
        return missing(NOT_SEEN)
    return Measurement(float(np.nanmedian(above[bottom])) / thigh, float(signals.time_s[rep.bottom]), DEPTH_UNCERTAINTY)


CHECKS = (
    Check(
        id="back-rounding",
        title="Back rounding",
        measure="back_rounding_deg",
        unit="deg",
        watch=25,
        fault=35,
        views=SIDE,
        cue="Chest tall, brace before you go down.",
        why="A back that keeps its shape passes the load on to hips and legs.",
        source="As in the deadlift, wider: level thighs and a bar change the contour more than in a hinge",
        confidence="medium",
    ),
    Check(
        id="butt-wink",
        title="Lower back tucking under at the bottom",
        measure="butt_wink_deg",
        unit="deg",
        watch=15,
        fault=25,
        views=SIDE,
        cue="Stop where the back stays set; open the knees a little more.",
        why="Depth that comes from the lower back instead of the hips is better left out until mobility allows it.",
        source="Provisional; McKean 2010 gives the range of the lumbar spine in squats",
        confidence="low",
        worst=WATCH,
    ),
    Check(
        id="depth",
        title="Depth",
        measure="depth_thighs",
        unit="thigh lengths above parallel",
        watch=0.10,
        fault=0.25,
        views=SIDE_OR_OBLIQUE,
        cue="Sit between your heels until the hips reach the height of the knees.",
        why="Full depth trains the whole range; less is fine when it is your own target.",
        source="IPF technical rules; limits provisional",
        confidence="medium",
    ),
    Check(
        id="forward-lean",
        title="Leaning forward",
        measure="lean_over_shank_deg",
        unit="deg",
        watch=25,
        fault=35,
        views=SIDE,
        cue="Chest up, knees forward over the toes.",
        why="A trunk much flatter than the shins turns the squat into a hinge.",
        source="Back Squat Assessment (PMC4262933); limit provisional",
        confidence="low",
        worst=WATCH,
    ),
    Check(
        id="soft-lockout-hips",
        title="Hips not straight at the top",
        measure="hip_flexion_top_deg",
        unit="deg",
        watch=25,
        fault=35,
        views=SIDE_OR_OBLIQUE,
        cue="Stand tall between repetitions.",
        why="Each repetition ends standing.",
        source="IPF technical rules; limits provisional",
        confidence="low",
        worst=WATCH,
    ),
)

EXERCISE = Exercise("squat", "Squat", resemblance, rep_of, measure, CHECKS)
