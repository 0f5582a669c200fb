"""Squat: back, front, goblet or bodyweight."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import WATCH
from formcheck.exercises.framework.check import (
    SEEN_SHARE_MIN,
    SIDE,
    SIDE_OR_OBLIQUE,
    Check,
    LoadSign,
    Measurement,
    Skill,
    missing,
)
from formcheck.exercises.framework.cycle_features import UNKNOWN, CycleFeatures, at_least, at_most, median
from formcheck.exercises.framework.exercise import (
    BAR_ON_SHOULDERS,
    Exercise,
    LiveDrill,
    Pattern,
    Rep,
    VelocityAtMax,
    WarmUp,
    around_the_bottom,
    ends_short,
    stays_bent,
)
from formcheck.exercises.framework.load_kind import LoadKind
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import (
    ANGLE_UNCERTAINTY_DEG,
    AT_INSTANT_S,
    COMMON_MEASURES,
    HIP_FLEXION_TOP_DEG,
    NOT_SEEN,
    THIGH_LENGTH,
    at_instant,
    at_least_value,
    common_measures,
    difference,
    doubted,
    seen_share,
    sustained_low,
    sustained_peak,
    typical,
)
from formcheck.exercises.framework.variant import Variant, never
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
from formcheck.exercises.shared.feet import (
    FEET_LEFT,
    FOOT_HIDDEN,
    FOOT_LENGTH,
    HEEL_RISE,
    HEEL_RISE_FOOT_LENGTHS,
    feet_left,
    feet_seen,
    heel_rise,
)
from formcheck.exercises.shared.hip_rise import (
    HIPS_SHOOT_UP,
    SHOULDER_HIDDEN,
    TRUNK_LEAN_GAIN_DEG,
    trunk_lean_gain,
)
from formcheck.exercises.shared.symmetry import (
    KNEE_GAP_LOST,
    KNEES_IN,
    SYMMETRY_CHECKS,
    SYMMETRY_MEASURES,
    knee_gap_lost,
    symmetry_measures,
)
from formcheck.motion.reps import Cycle, rise_instants, sticking_region
from formcheck.motion.signals import Signals
from formcheck.motion.standing import UPRIGHT
from formcheck.motion.view import FRONT_MIN_DEG

TOP_SHOWN_S = 0.75
"""In a long stand between repetitions, "top" is the middle of the first part, at most twice this long."""

LAST_OF_DESCENT = 0.2
"""Butt wink is what the back gains in this last share of the descent."""

DEPTH_UNCERTAINTY = 0.05
"""Standard error of the depth, in thigh lengths."""

KNEE_SHOWN_MIN = 0.5
"""Score of the near knee below which it is guessed: 0.85 and more over real squats from the side, where depth is
judged; 0.19 to 0.3 behind a post that hides half a lifter, where full squats read half depth (`make bench-stress`)."""

SHIN_LEAN_MAX_DEG = 45.0
"""Shins lean no further over a flat foot: that is about what ankles reach in the weight-bearing lunge test. Knees that
are bent further than such shins and the height of the hips allow say that hips, knees or ankles are misread."""

RISING_AT_START_PER_S = 0.1
"""Shoulders that rise faster than this, in standing heights a second, when the video begins: the bottom was before."""

HANDS_AT_SHOULDERS = 0.22
"""Hands this close to the height of the shoulders, in standing heights, hold a bar there."""

HANDS_TOGETHER_MAX, HANDS_APART_MIN, FRONT_HANDS_APART_MIN = 0.7, 1.35, 0.9
"""Distance of the hands in shoulder widths: goblets read 0.4-0.7, dumbbells on the shoulders 1.1, bars on the back
1.5-3.6."""

ELBOWS_BENT_DEG, ELBOWS_STRAIGHT_DEG = 60.0, 55.0

ARMS_REACH_MIN = 0.2
"""Hands this far in front of the shoulders at the bottom, in standing heights, are held out; an arm is 0.43 long."""

HANDS_HANG_MAX, HANDS_UP_MAX = 0.75, 0.15
"""Hands below the first height while standing, and no further below the shoulders than the second at the bottom."""

UPPER_ARM_BACK_MAX_DEG, UPPER_ARM_FRONT_DEG = 45.0, (55.0, 100.0)
"""Forward raise of the upper arms under a bar on the back, and of a front rack; no clip of the latter was at hand."""

BAR_UNCERTAINTY = 0.10
"""Standard error of the bar's place over the feet, in foot lengths."""


BUTT_WINK_DEG = Measure(
    "butt_wink_deg",
    "Rounding gained at the bottom",
    "deg",
    (
        "Back rounding at the bottom minus that before the last fifth of the descent. A hollow back that only "
        "becomes flat does not count."
    ),
)

DEPTH_THIGHS = Measure(
    "depth_thighs",
    "Depth",
    "thigh lengths above parallel",
    (
        "Height of the hips above the knees at the bottom, in lengths of the lifter's own thigh; 0 is parallel, "
        "negative below."
    ),
    column="Depth",
    signed=True,
)

LEAN_OVER_SHANK_DEG = Measure(
    "lean_over_shank_deg",
    "Trunk lean minus shin lean",
    "deg",
    "Lean of the trunk minus lean of the shin, both from the vertical, at the bottom.",
)

BAR_OFF_MID_FOOT_FOOT_LENGTHS = Measure(
    "bar_off_mid_foot_foot_lengths",
    "Bar away from the mid-foot",
    "foot lengths",
    (
        "How far the shoulders, for the bar on them, move away from over the middle of the foot, in lengths of a "
        "usual foot."
    ),
)


def similarity(features: CycleFeatures) -> float:
    """Hips go down to about the knees along with the shoulders; hands stay high or in front; feet stay down."""
    # From the front and the rear, knee flexion is depth, and the model guesses depth badly.
    knees_guessed = abs(features.yaw_deg) >= FRONT_MIN_DEG
    return float(
        np.prod(
            [
                at_most(features.hip_above_knee, 0.14, 0.22),
                max(at_least(features.knee_flexion_deg, 50, 78), UNKNOWN if knees_guessed else 0.0),
                # A hinge with the hands at the neck is a good morning, unless the hips really go down.
                max(
                    at_most(features.hip_above_knee, 0.04, 0.09),
                    at_most(features.trunk_lean_deg / max(features.knee_flexion_deg, 1.0), 0.46, 0.62),
                ),
                # Hands that come up to the shoulders during the ascent are thrown, as in a swing.
                at_most(features.hand_below_shoulder - (1.0 - min(features.hand_reach, 1.0)), 0.1, 0.2),
                at_least(features.hip_share, 0.45, 0.62),
                at_most(features.hand_below_shoulder, 0.29, 0.38),
                at_most(features.top_hand_height, 1.15, 1.26),
                at_most(features.foot_lift, 0.08, 0.14),
                at_most(features.trunk_lean_deg, 62, 75),
                at_most(features.descent, 0.66, 0.75),
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
        partial=ends_short(signals, cycle) or stays_bent(signals, cycle),
    )


def instants(signals: Signals, rep: Rep) -> dict[str, int]:
    """Start of the descent, the end of the rest at the bottom, and the sticking region where there is one."""
    found = {"descent_s": rep.start, "ascent_s": rep.lift_off}
    sticking = sticking_region(signals.time_s, signals.shoulder_height, rep.lift_off, rep.lockout)
    return found if sticking is None else found | {"sticking_from_s": sticking[0], "sticking_to_s": sticking[1]}


def measure(signals: Signals, rep: Rep) -> dict[str, Measurement]:
    """Measures of one repetition by name."""
    late = _late_descent(signals, rep)
    wink = difference(
        at_least_value(typical(signals, signals.back_rounding_deg, rep.cycle.bottom_from, rep.cycle.bottom_to), 0.0),
        at_least_value(typical(signals, signals.back_rounding_deg, max(rep.start, late - 2), late), 0.0),
        ROUNDING_GROWTH_UNCERTAINTY_DEG,
    )
    measures = {
        **back_measures(signals, rep, *around_the_bottom(signals, rep), all_the_way=True),
        BUTT_WINK_DEG.name: wink,
        **common_measures(signals, rep),
        DEPTH_THIGHS.name: depth(signals, rep),
        LEAN_OVER_SHANK_DEG.name: _lean_over_shank(signals, rep),
        TRUNK_LEAN_GAIN_DEG.name: trunk_lean_gain(signals, *_first_half_up(signals, rep)),
        HEEL_RISE_FOOT_LENGTHS.name: heel_rise(signals, rep, rep.start, rep.lockout),
        BAR_OFF_MID_FOOT_FOOT_LENGTHS.name: _bar_off_mid_foot(signals, rep),
        KNEE_GAP_LOST.name: knee_gap_lost(signals, rep),
        **symmetry_measures(signals, rep),
    }
    return dict.fromkeys(measures, missing(FEET_LEFT)) if feet_left(signals, rep) else measures


def _shown_shoulders(signals: Signals, values: FloatArray) -> FloatArray:
    """Values only where no plate of a bar on the back hides the near shoulder."""
    return np.where(signals.shoulder_shown > 0, values, np.nan)


def _lean_over_shank(signals: Signals, rep: Rep) -> Measurement:
    """Lean of the trunk minus lean of the shin at the bottom, degrees."""
    lean = at_instant(signals, _shown_shoulders(signals, signals.trunk_lean_deg), rep.bottom)
    if lean.reason:
        return missing(SHOULDER_HIDDEN)
    shank = typical(signals, signals.shank_lean_deg, rep.cycle.bottom_from, rep.cycle.bottom_to)
    return difference(lean, shank, 1.4 * ANGLE_UNCERTAINTY_DEG)


def _first_half_up(signals: Signals, rep: Rep) -> tuple[int, int]:
    """Samples of the lowest hips and of the end of the first half of their ascent."""
    hips = signals.hip_height[rep.cycle.bottom_from : rep.lockout + 1]
    if not np.isfinite(hips).any():
        return rep.lift_off, rep.lift_off
    low = int(np.nanargmin(hips))
    up = hips[low:]
    half = np.flatnonzero(up >= up[0] + (np.nanmax(up) - up[0]) / 2)
    start = rep.cycle.bottom_from + low
    return start, start + int(half[0])


def _bar_off_mid_foot(signals: Signals, rep: Rep) -> Measurement:
    """How far the shoulders, as the bar's place, leave the line over the mid-foot against standing, in foot lengths."""
    shoulders = _shown_shoulders(signals, signals.shoulder_forward)
    top = shoulders[rep.lockout : rep.top_to + 1]
    if not feet_seen(signals, rep):
        return missing(FOOT_HIDDEN)
    if not np.isfinite(top).any():
        return missing(SHOULDER_HIDDEN)
    away = (shoulders - float(np.nanmedian(top))) / FOOT_LENGTH
    found = sustained_peak(signals, np.abs(away), rep.start, rep.lockout, BAR_UNCERTAINTY)
    return missing(SHOULDER_HIDDEN) if found.reason else found


def _late_descent(signals: Signals, rep: Rep) -> int:
    """Sample at which the last share of the descent begins."""
    descent = signals.shoulder_height[rep.start : rep.bottom + 1]
    if len(descent) < 3 or not np.isfinite(descent).any():
        return rep.start
    top, bottom = np.nanmax(descent), np.nanmin(descent)
    reached = np.flatnonzero(descent <= bottom + LAST_OF_DESCENT * (top - bottom))
    return rep.start + int(reached[0])


def _rising_at_once(signals: Signals) -> bool:
    soon = int(np.searchsorted(signals.time_s, signals.time_s[0] + AT_INSTANT_S))
    rise = signals.shoulder_height[min(soon, len(signals) - 1)] - signals.shoulder_height[0]
    return bool(rise > RISING_AT_START_PER_S * AT_INSTANT_S)


def depth(signals: Signals, rep: Rep) -> Measurement:
    """Height of the hips above the knees at the bottom in thigh lengths; negative = below parallel.

    Doubtful as far as the bend of the knees says otherwise, or hips that were lower at another moment.
    """
    if rep.cycle.bottom == 0 and _rising_at_once(signals):
        return missing("the video begins after the bottom")
    # Where thigh or shank is in proportions that no body has, hip or knee is somewhere else.
    above = np.where(np.isfinite(signals.knee_flexion_deg), signals.hip_height - signals.knee_height, np.nan)
    # Not the top of this repetition: where it ends short of standing, the thighs are not upright.
    thigh = median(above[signals.shoulder_height > UPRIGHT])
    thigh = THIGH_LENGTH if np.isnan(thigh) else thigh
    hidden = signals.knee_visibility < KNEE_SHOWN_MIN
    bottom = np.where(hidden, np.nan, above)[rep.cycle.bottom_from : rep.cycle.bottom_to + 1]
    lowest = median(bottom)
    if np.isfinite(bottom).mean() < SEEN_SHARE_MIN or thigh <= 0.05:
        return missing(NOT_SEEN)
    above_parallel = lowest / thigh
    bent_deg = median(signals.knee_flexion_deg[rep.cycle.bottom_from : rep.cycle.bottom_to + 1])
    by_knees = math.cos(math.radians(max(0.0, bent_deg - SHIN_LEAN_MAX_DEG)))
    lowest_ever = sustained_low(signals, above / thigh, rep.start, rep.lockout)
    elsewhere = above_parallel if lowest_ever.reason else lowest_ever.value
    uncertainty = doubted(DEPTH_UNCERTAINTY, above_parallel - min(by_knees, elsewhere))
    return Measurement(above_parallel, float(signals.time_s[rep.bottom]), uncertainty, seen=seen_share(bottom))


CHECKS = (
    Check(
        id="back-rounding",
        title="Back rounding",
        measure=BACK_ROUNDING_DEG,
        watch=ROUNDING_WATCH_DEG,
        fault=ROUNDING_FAULT_DEG,
        fault_margin=ROUNDING_FAULT_MARGIN,
        views=SIDE,
        cue="Chest tall, brace before you go down.",
        why="A back that keeps its shape passes the load on to hips and legs.",
        source=ROUNDING_SOURCE,
        confidence="medium",
        praise="Your back kept its shape at the bottom.",
        praise_unless=frozenset({"butt-wink", "back-rounding-change", "upper-back"}),
        trains=Skill.BACK,
        load_sign=LoadSign.BACK,
        earlier_after_injury=True,
    ),
    Check(
        id="butt-wink",
        title="Lower back tucking under at the bottom",
        measure=BUTT_WINK_DEG,
        watch=15,
        fault=25,
        views=SIDE,
        cue="Stop where the back stays set; open the knees a little more.",
        why="Depth that comes from the lower back instead of the hips is better left out until mobility allows it.",
        source="Provisional; McKean 2010 gives the range of the lumbar spine in squats",
        confidence="low",
        worst=WATCH,
        trains=Skill.BACK,
        load_sign=LoadSign.BACK,
        earlier_after_injury=True,
    ),
    Check(
        id="depth",
        title="Not deep enough",
        measure=DEPTH_THIGHS,
        watch=0.10,
        fault=0.25,
        views=SIDE_OR_OBLIQUE,
        cue="Sit between your heels until the hips reach the height of the knees.",
        why="Full depth trains the whole range; less is fine when it is your own target.",
        source="IPF technical rules; limits provisional",
        confidence="medium",
        praise="Deep enough.",
        trains=Skill.SQUAT,
    ),
    Check(
        id="forward-lean",
        title="Leaning forward",
        measure=LEAN_OVER_SHANK_DEG,
        watch=25,
        fault=35,
        views=SIDE,
        cue="Chest up, knees forward over the toes.",
        why="A trunk much flatter than the shins turns the squat into a hinge.",
        source="Back Squat Assessment (PMC4262933); limit provisional",
        confidence="low",
        worst=WATCH,
        trains=Skill.SQUAT,
    ),
    Check(
        id="soft-lockout-hips",
        title="Hips not straight at the top",
        measure=HIP_FLEXION_TOP_DEG,
        watch=25,
        fault=35,
        views=SIDE_OR_OBLIQUE,
        cue="Stand tall between repetitions.",
        why="Each repetition ends standing.",
        source="IPF technical rules; limits provisional",
        confidence="low",
        praise="Stood tall at the top.",
        praise_unless=frozenset({"over-extension"}),
        worst=WATCH,
        trains=Skill.TALL,
        load_sign=LoadSign.LOCKOUT,
    ),
    replace(
        HIPS_SHOOT_UP,
        watch=11,
        fault=14,
        cue="Drive the shoulders up with the hips.",
        why="Hips that rise first turn the squat into a good morning, and the back lifts the bar.",
        source="Half-way between ordinary squats of 13 lifters whose shoulders are seen (up to 8 from the side, 10 at"
        " an angle: lifters who sit very deep tip forward while coming up) and rendered faults of 15 and 22 deg, which"
        " read 14 and 19; whichever of the 13 lifters is left out, the half-way mark stays at 11 to 12",
    ),
    HEEL_RISE,
    Check(
        id="bar-over-foot",
        title="Bar leaving the mid-foot",
        measure=BAR_OFF_MID_FOOT_FOOT_LENGTHS,
        watch=0.40,
        fault=0.60,
        views=SIDE,
        cue="Keep the bar over the mid-foot.",
        why="A bar in front of the feet has to be caught by the back.",
        source="Provisional (catalogue 0.25 / 0.40); shoulders stand for the bar, and good squats move them by 0.35",
        confidence="low",
        worst=WATCH,
        trains=Skill.SQUAT,
    ),
    KNEES_IN,
    *BACK_CHECKS,
    *SYMMETRY_CHECKS,
)


def _hands_at_shoulders(features: CycleFeatures) -> bool:
    return abs(features.top_hand_height - 1.0) <= HANDS_AT_SHOULDERS


def _hands_together(features: CycleFeatures) -> bool:
    return features.top_hand_gap <= HANDS_TOGETHER_MAX and features.top_elbow_flexion_deg >= ELBOWS_BENT_DEG


def _is_bodyweight(features: CycleFeatures) -> bool:
    """Straight arms that reach forward, or come up in front during the descent: nobody does that with a bar."""
    reaches = features.hands_ahead - features.shoulders_ahead >= ARMS_REACH_MIN
    comes_up = features.top_hand_height <= HANDS_HANG_MAX and features.hand_below_shoulder <= HANDS_UP_MAX
    return features.top_elbow_flexion_deg <= ELBOWS_STRAIGHT_DEG and (reaches or comes_up)


def _is_back(features: CycleFeatures) -> bool:
    # An elbow behind a plate is not measured; hands that far apart at the shoulders hold a bar all the same.
    not_straight = not features.top_elbow_flexion_deg < ELBOWS_BENT_DEG
    not_front = not features.top_upper_arm_deg > UPPER_ARM_BACK_MAX_DEG
    return _hands_at_shoulders(features) and features.top_hand_gap >= HANDS_APART_MIN and not_straight and not_front


def _is_front(features: CycleFeatures) -> bool:
    return (
        _hands_at_shoulders(features)
        and features.top_hand_gap >= FRONT_HANDS_APART_MIN
        and features.top_elbow_flexion_deg >= ELBOWS_BENT_DEG
        and UPPER_ARM_FRONT_DEG[0] <= features.top_upper_arm_deg <= UPPER_ARM_FRONT_DEG[1]
        and not features.hands_ahead - features.shoulders_ahead >= ARMS_REACH_MIN
    )


NO_BAR_ON_THE_BACK = frozenset({"bar-over-foot"})

VARIANTS = (
    Variant(
        "back",
        "Back squat",
        _is_back,
        "hands far apart at the shoulders, upper arms down or back",
        ruled_out=_hands_together,
    ),
    Variant(
        "front",
        "Front squat",
        _is_front,
        "hands apart at the shoulders, upper arms forward",
        leaves_out=NO_BAR_ON_THE_BACK,
    ),
    Variant(
        "goblet",
        "Goblet squat",
        never,
        "chosen by the user only: clasped hands look the same",
        leaves_out=NO_BAR_ON_THE_BACK,
    ),
    Variant(
        "bodyweight",
        "Bodyweight squat",
        _is_bodyweight,
        "straight arms that reach forward at the bottom",
        leaves_out=NO_BAR_ON_THE_BACK,
        load=LoadKind.NONE,
    ),
)

EXERCISE = Exercise(
    name="squat",
    title="Squat",
    similarity=similarity,
    rep=rep_of,
    measure=measure,
    measures=(*BACK_MEASURES, *COMMON_MEASURES, *SYMMETRY_MEASURES),
    checks=CHECKS,
    path=BAR_ON_SHOULDERS,
    lowers_first=True,
    load=LoadKind.BAR,
    velocity_at_1rm=VelocityAtMax((0.23, 0.05), "Helms and others 2017, J Strength Cond Res 31(2): 292-297"),
    variants=VARIANTS,
    instants=instants,
    warm_up=WarmUp(Pattern.SQUAT),
    live_drill=LiveDrill("squat", "squat", "Bodyweight squat: sit between your heels, chest tall"),
)
