"""Deadlift: the hip hinge with a load from the floor, barbell or kettlebell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formcheck.core.verdicts import WATCH
from formcheck.exercises.framework.check import (
    SIDE,
    SIDE_OR_OBLIQUE,
    Check,
    LoadSign,
    Measurement,
    Skill,
    missing,
)
from formcheck.exercises.framework.cycle_features import CycleFeatures, at_least, at_most, highest
from formcheck.exercises.framework.exercise import (
    BAR_IN_HANDS,
    Exercise,
    Pattern,
    Rep,
    VelocityAtMax,
    WarmUp,
    Words,
    ends_short,
)
from formcheck.exercises.framework.load_kind import LoadKind
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import (
    COMMON_MEASURES,
    ELBOW_FLEXION_MAX_DEG,
    HIP_FLEXION_TOP_DEG,
    KNEE_FLEXION_TOP_DEG,
    at_instant,
    at_least_value,
    common_measures,
    difference,
    elbow_uncertainty_deg,
    sample_before,
    sustained_peak,
    typical,
)
from formcheck.exercises.framework.variant import TURNED_MIN_DEG, Variant
from formcheck.exercises.shared import deadlift_pull
from formcheck.exercises.shared.back import (
    BACK_CHECKS,
    BACK_MEASURES,
    BACK_ROUNDING_DEG,
    ROUNDING_FAULT_DEG,
    ROUNDING_FAULT_MARGIN,
    ROUNDING_GROWTH_UNCERTAINTY_DEG,
    ROUNDING_SOURCE,
    ROUNDING_WATCH_DEG,
    back_measures,
)
from formcheck.exercises.shared.deadlift_pull import (
    BAR_AHEAD_FOOT_LENGTHS,
    BAR_DROP_HEIGHTS,
    KNEE_REBEND_DEG,
    SET_UP_HIPS_THIGHS,
)
from formcheck.exercises.shared.feet import FOOT_LIFT_MAX, HEEL_RISE_FOOT_LENGTHS, TOES_FOLLOW, heel_rise
from formcheck.exercises.shared.hinge import KNEE_BEND_GAIN_DEG, KNEES_TAKE_OVER, knee_bend_gain
from formcheck.exercises.shared.hip_rise import HIPS_SHOOT_UP, TRUNK_LEAN_GAIN_DEG, hands_leave, trunk_lean_gain
from formcheck.exercises.shared.symmetry import SYMMETRY_CHECKS, SYMMETRY_MEASURES, symmetry_measures
from formcheck.motion.reps import Cycle, rise_instants
from formcheck.motion.signals import Signals

REST_SHOWN_S = 1.0
"""In a long rest on the floor, "bottom" is looked for in the last part of this length."""

LEANS_BACK_DEG = 5.0
"""Trunk leaning back past upright by more than this: straight lockouts stay within it."""

LOCKOUT_SHOWN_S = 1.2
"""In a long rest at the top, "top" is the middle of the first part, at most twice this long."""

SET_UP_S = 0.5
"""The set-up is judged over this time before lift-off."""

SET_UP_GROWTH_S = 0.3
"""The back before lift-off, against which giving way is measured, is that of this time."""

HOLLOW_ALLOWED_DEG = -10.0
"""A back that flattens from deeper than this is not a back that gives way."""

HANDS_AT_FLOOR_MAX, HANDS_HANGING_MIN = 0.24, 0.26
"""Height of the hands at the bottom, in standing heights: on a load on the floor, and in a Romanian deadlift."""

TURN_ROUND_S, ROMANIAN_KNEES_MAX_DEG = 0.8, 60.0
"""A Romanian deadlift turns round within this time, with the knees bent less than this."""

HANDS_TOGETHER_MAX, HANDS_APART_MIN = 0.9, 1.2
"""Hands on one kettlebell are closer than this many shoulder widths, those on a bar may be further apart: 0.65-0.80 and
1.0-1.7 in clips."""

NARROW_STANCE_MAX, SUMO_STANCE_MIN = 1.25, 1.5
NARROW_STANCE_SIDE_MAX = 0.8
"""Distance of the ankles in shoulder widths; from the side, where depth is a guess, only a narrow guess counts."""

HANDS_OUTSIDE_MIN = 1.4
"""Hands at least this many times as far apart as the ankles hold the bar outside the legs: 1.4-3 in clips of
conventional deadlifts, 1.2 in the one sumo clip."""

HINGED_HANDS_MIN = 0.15
"""A hinge that turns round with hands no lower than this, in standing heights, may be Romanian even if it is deep."""


BACK_ROUNDING_GROWTH_DEG = Measure(
    "back_rounding_growth_deg",
    "Back rounding gained after lift-off",
    "deg",
    (
        "Back rounding when the hands pass the knees minus that in the last moments before lift-off; the neutral "
        "drops out of the difference."
    ),
)


def similarity(features: CycleFeatures) -> float:
    """Trunk well forward, arms hanging long, hands low at the bottom and no higher than the hips at the top."""
    return float(
        np.prod(
            [
                at_least(features.trunk_lean_deg, 22, 38),
                at_least(features.hand_below_shoulder, 0.16, 0.26),
                at_most(features.elbow_flexion_deg, 50, 90),
                at_most(features.hand_height, 0.42, 0.54),
                at_most(features.arm_reach_deg, 45, 62),
                at_most(features.hand_reach, 0.88, 1.0),
                at_most(features.top_lean_deg, 46, 56),
                at_most(features.descent, 0.64, 0.72),
            ]
        )
    )


def rep_of(signals: Signals, cycle: Cycle) -> Rep:
    """Load on the floor -> lockout -> load back on the floor."""
    time_s = signals.time_s
    cycle = replace(cycle, top_to=_leans_back_until(signals, cycle.top_to))
    rest_from = max(cycle.bottom_from, sample_before(signals, cycle.bottom_to, 2 * REST_SHOWN_S))
    bottom = (rest_from + cycle.bottom_to) // 2
    shown_to = min(cycle.top_to, int(np.searchsorted(time_s, time_s[cycle.top_from] + 2 * LOCKOUT_SHOWN_S)))
    lift_off, lockout = rise_instants(signals.time_s, signals.shoulder_height, cycle)
    return Rep(
        cycle=cycle,
        start=rest_from,
        bottom=bottom,
        lift_off=lift_off,
        lockout=lockout,
        top=(cycle.top_from + shown_to) // 2,
        end=max(cycle.after, cycle.top_to),
        partial=ends_short(signals, cycle),
    )


def _leans_back_until(signals: Signals, top_to: int) -> int:
    """Last sample of the top: shoulders that sink while the lifter leans back are not on their way down yet."""
    forward = np.flatnonzero(~(signals.trunk_lean_deg[top_to:] < -LEANS_BACK_DEG))
    return top_to + max(0, int(forward[0]) - 1) if len(forward) else top_to


def knee_passing(signals: Signals, rep: Rep) -> int:
    """First sample at which the hands pass the knees during the ascent; half-way where the hands were not seen."""
    ascent = slice(rep.lift_off, rep.lockout + 1)
    above = np.flatnonzero(signals.hand_height[ascent] >= signals.knee_height[ascent])
    return rep.lift_off + int(above[0]) if len(above) else (rep.lift_off + rep.lockout) // 2


def instants(signals: Signals, rep: Rep) -> dict[str, int]:
    """Set-up, the hands passing the knees, and the start and the end of the way back down."""
    lowering = max(rep.lockout, rep.cycle.top_to)
    return {
        "set_up_s": _before_lift_off(signals, rep, SET_UP_S),
        "knee_passing_s": knee_passing(signals, rep),
        "lowering_s": min(lowering, rep.end),
        "floor_s": rep.end,
    }


def _before_lift_off(signals: Signals, rep: Rep, seconds: float) -> int:
    return max(rep.start, sample_before(signals, rep.lift_off, seconds))


def back_phase(signals: Signals, rep: Rep) -> tuple[int, int]:
    """From the set-up until the hands pass the knees: there the load pulls most on the back."""
    return _before_lift_off(signals, rep, SET_UP_S), knee_passing(signals, rep)


def measure(signals: Signals, rep: Rep) -> dict[str, Measurement]:
    """Measures of one repetition by name."""
    set_up, passing = back_phase(signals, rep)
    just_before = _before_lift_off(signals, rep, SET_UP_GROWTH_S)
    leaving = hands_leave(signals, rep.lift_off, passing)
    rounding_before = typical(signals, signals.back_rounding_deg, just_before, rep.lift_off)
    rounding_after = at_instant(signals, signals.back_rounding_deg, passing)
    if highest(signals.foot_lift[just_before : passing + 1]) > FOOT_LIFT_MAX:
        rounding_after = missing("the legs are hidden, so the hips cannot be followed")
    return {
        **back_measures(signals, rep, set_up, passing),
        BACK_ROUNDING_GROWTH_DEG.name: difference(
            rounding_after, at_least_value(rounding_before, HOLLOW_ALLOWED_DEG), ROUNDING_GROWTH_UNCERTAINTY_DEG
        ),
        **common_measures(signals, rep),
        ELBOW_FLEXION_MAX_DEG.name: sustained_peak(
            signals,
            deadlift_pull.believable_elbow_deg(signals),
            rep.lift_off,
            rep.lockout,
            elbow_uncertainty_deg(signals, rep.lift_off, rep.lockout),
        ),
        TRUNK_LEAN_GAIN_DEG.name: trunk_lean_gain(signals, leaving, (passing + rep.lockout) // 2),
        SET_UP_HIPS_THIGHS.name: deadlift_pull.hips_at_set_up(signals, set_up, rep.lift_off),
        KNEE_BEND_GAIN_DEG.name: knee_bend_gain(signals, rep),
        BAR_AHEAD_FOOT_LENGTHS.name: deadlift_pull.bar_ahead(signals, rep, leaving, passing),
        KNEE_REBEND_DEG.name: deadlift_pull.knee_rebend(signals, passing, rep.lockout),
        BAR_DROP_HEIGHTS.name: deadlift_pull.bar_drop(signals, passing, rep.lockout),
        HEEL_RISE_FOOT_LENGTHS.name: heel_rise(signals, rep, leaving, rep.lockout, TOES_FOLLOW),
        **symmetry_measures(signals, rep),
    }


CHECKS = (
    Check(
        id="back-rounding",
        title="Back rounding",
        measure=BACK_ROUNDING_DEG,
        watch=ROUNDING_WATCH_DEG,
        fault=ROUNDING_FAULT_DEG,
        fault_margin=ROUNDING_FAULT_MARGIN,
        views=SIDE,
        cue="Chest proud, squeeze your armpits. If the back cannot stay flat, the load is too heavy today.",
        why="A back that keeps its shape passes the load on to the hips, which are built for it.",
        source=ROUNDING_SOURCE,
        confidence="medium",
        praise="Your back kept its shape off the floor.",
        praise_unless=frozenset({"back-rounding-growth", "back-rounding-change", "upper-back"}),
        trains=Skill.BACK,
        load_sign=LoadSign.BACK,
        earlier_after_injury=True,
    ),
    Check(
        id="back-rounding-growth",
        title="Back giving way after lift-off",
        measure=BACK_ROUNDING_GROWTH_DEG,
        watch=10,
        fault=15,
        views=SIDE,
        cue="Squeeze the bar off the floor with a set back; lower the load if it still gives way.",
        why="A back that bends once the load hangs on it was not set, or the load is more than it can hold.",
        source="Provisional, from the fault catalogue",
        confidence="low",
        trains=Skill.BACK,
        load_sign=LoadSign.BACK,
        earlier_after_injury=True,
    ),
    HIPS_SHOOT_UP,
    deadlift_pull.SQUATTED_START,
    replace(KNEES_TAKE_OVER, why="A Romanian deadlift loads the hamstrings only while the knees stay put."),
    deadlift_pull.BAR_DRIFT,
    deadlift_pull.HITCHING,
    deadlift_pull.BAR_DROP,
    deadlift_pull.HEEL_RISE,
    Check(
        id="arm-pull",
        title="Pulling with the arms",
        measure=ELBOW_FLEXION_MAX_DEG,
        watch=30,
        fault=40,
        views=SIDE_OR_OBLIQUE,
        cue="Arms are ropes: push the floor away with the legs.",
        why="Bent arms lengthen under load and pull the shoulders out of place; legs and hips do the work.",
        source="Provisional; raised from 15 / 25 by what straight arms measure",
        confidence="low",
        praise="Arms long, like ropes.",
        trains=Skill.HANDS,
    ),
    Check(
        id="soft-lockout-hips",
        title="Hips not locked out",
        measure=HIP_FLEXION_TOP_DEG,
        watch=25,
        fault=35,
        views=SIDE_OR_OBLIQUE,
        cue="Stand tall: hips through, squeeze the glutes.",
        why="The lift ends with hips and knees straight.",
        source="IPF technical rules; limits provisional",
        confidence="low",
        praise="Stood tall at the top.",
        praise_unless=frozenset({"over-extension", "soft-lockout-knees"}),
        worst=WATCH,
        trains=Skill.TALL,
        load_sign=LoadSign.LOCKOUT,
    ),
    Check(
        id="soft-lockout-knees",
        title="Knees not locked out",
        measure=KNEE_FLEXION_TOP_DEG,
        watch=25,
        fault=35,
        views=SIDE_OR_OBLIQUE,
        cue="Stand tall: knees straight at the top.",
        why="The lift ends with hips and knees straight.",
        source="IPF technical rules; limits provisional",
        confidence="low",
        worst=WATCH,
        trains=Skill.TALL,
        load_sign=LoadSign.LOCKOUT,
    ),
    *BACK_CHECKS,
    *SYMMETRY_CHECKS,
)


def _reaches_floor(features: CycleFeatures) -> bool:
    return features.hand_height <= HANDS_AT_FLOOR_MAX


def _turned(features: CycleFeatures) -> bool:
    return abs(features.yaw_deg) >= TURNED_MIN_DEG


def _is_romanian(features: CycleFeatures) -> bool:
    return features.hand_height >= HANDS_HANGING_MIN and _turns_round(features)


def _turns_round(features: CycleFeatures) -> bool:
    """From the top and back without a rest; a clip that starts in the middle of a pull shows no descent."""
    return (
        features.descent >= 0.8 * features.rise
        and features.bottom_rest_s <= TURN_ROUND_S
        and features.knee_flexion_deg <= ROMANIAN_KNEES_MAX_DEG
    )


def _is_kettlebell(features: CycleFeatures) -> bool:
    return _turned(features) and _reaches_floor(features) and features.hand_gap <= HANDS_TOGETHER_MAX


def _is_sumo(features: CycleFeatures) -> bool:
    wide = features.foot_gap >= SUMO_STANCE_MIN and HANDS_TOGETHER_MAX < features.hand_gap <= 0.8 * features.foot_gap
    return _turned(features) and _reaches_floor(features) and wide


def _is_conventional(features: CycleFeatures) -> bool:
    if not _reaches_floor(features) or (features.hand_height >= HINGED_HANDS_MIN and _turns_round(features)):
        return False
    if not _turned(features):
        return features.foot_gap <= NARROW_STANCE_SIDE_MAX
    outside = features.hand_gap >= HANDS_OUTSIDE_MIN * features.foot_gap
    return features.foot_gap <= NARROW_STANCE_MAX and features.hand_gap > HANDS_TOGETHER_MAX and outside


def _is_narrow(features: CycleFeatures) -> bool:
    return _turned(features) and features.foot_gap <= NARROW_STANCE_MAX


def _is_wide(features: CycleFeatures) -> bool:
    return _turned(features) and features.foot_gap >= SUMO_STANCE_MIN


def _hands_apart(features: CycleFeatures) -> bool:
    return _turned(features) and features.hand_gap >= HANDS_APART_MIN


VARIANTS = (
    Variant(
        "conventional",
        "Conventional deadlift",
        _is_conventional,
        "hands reach the floor outside a narrow stance; from the side, a kettlebell in a narrow stance looks the same",
        leaves_out=frozenset({"knees-take-over"}),
        ruled_out=_is_wide,
    ),
    Variant(
        "sumo",
        "Sumo deadlift",
        _is_sumo,
        "front or oblique view: feet much wider than the hands",
        leaves_out=frozenset({"knees-take-over", "squatted-start"}),
        ruled_out=_is_narrow,
    ),
    Variant(
        "romanian",
        "Romanian deadlift",
        _is_romanian,
        "turned round above the floor, without a rest, with little knee bend",
        leaves_out=frozenset({"squatted-start", "hips-shoot-up"}),
        ruled_out=_reaches_floor,
    ),
    Variant(
        "kettlebell",
        "Kettlebell deadlift",
        _is_kettlebell,
        "front or oblique view: hands together at the floor",
        # The bell stands where the lifter puts it, and its handle is reached by sitting lower.
        leaves_out=frozenset({"knees-take-over", "squatted-start", "bar-drift"}),
        ruled_out=_hands_apart,
        load=LoadKind.BELL,
    ),
)

EXERCISE = Exercise(
    name="deadlift",
    title="Deadlift",
    similarity=similarity,
    rep=rep_of,
    measure=measure,
    measures=(*BACK_MEASURES, *COMMON_MEASURES, *SYMMETRY_MEASURES),
    checks=CHECKS,
    from_floor=True,
    path=BAR_IN_HANDS,
    load=LoadKind.BAR,
    velocity_at_1rm=VelocityAtMax((0.14, 0.05), "Helms and others 2017, J Strength Cond Res 31(2): 292-297"),
    variants=VARIANTS,
    instants=instants,
    warm_up=WarmUp(Pattern.HINGE),
    words=Words(concentric_from="lift-off", concentric_to="lockout"),
    back_phase=back_phase,
)
