"""What every lift asks of the back: rounding, upper back, head, and leaning back at the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import WATCH
from formcheck.core.words import N_, _
from formcheck.exercises.framework.check import SEEN_SHARE_MIN, SIDE, Check, LoadSign, Measurement, Skill, missing
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import (
    ANGLE_UNCERTAINTY_DEG,
    not_straight,
    phase_weights,
    seen_share,
    share_measured,
    sustained_low,
    typical,
    weighted_median,
)
from formcheck.exercises.shared.hip_rise import SHOULDER_HIDDEN
from formcheck.motion.neutral import STANDING_LEAN_DEG
from formcheck.motion.signals import Signals
from formcheck.motion.spine import MEASURED, REASONS
from formcheck.motion.standing import UPRIGHT

HEAD_USUAL_DEG = 18.0
"""Angle of the shoulder-ear line to the trunk of people who stand and look ahead, by the model's landmarks: rendered
lifters 14 to 25 deg, most real ones 12 to 26."""

HEAD_USUAL_WITHIN_DEG = 10.0
"""A lifter's own angle when standing counts up to this far from it: beyond, the head may be held so all the time."""

HEAD_UNCERTAINTY_DEG = 7.0
"""Standard error of the head's angle against that: landmarks, and what standing is like."""

STRAIGHT_KNEE_MAX_DEG = 15.0
"""At a lockout knees that look bent further are hidden, and then so is the hip that the trunk's lean is taken from."""

SHARE_ALL_THE_WAY_MIN = 0.6
"""Share of a whole repetition that must be seen: clean squats reach 0.9, rendered ones under a barbell 0.2 to 0.45."""

PARTS_UNCERTAINTY_DEG = 9.0
"""Standard error of the thoracic share alone: the contour tells less well where a back bends than how much."""

SINCE_STANDING_UNCERTAINTY_DEG, WITHOUT_MASK_DEG = 3.0, 7.5
"""Standard error of flexion since standing, which no neutral enters, where the mask was read and where only its edge
is known. With half of that of rounding on top an 80 % interval holds 82 % of the repetitions in the third series of the
split "tune", on which they were chosen, and 76 % without masks; in the third split "test" 83 and 67 %
(`make bench-accuracy`)."""


NO_STANDING = N_("the lifter was not seen standing with empty hands")
UPPER_HIDDEN = N_("a bar or arms hide the upper back")


BACK_ROUNDING_DEG = Measure(
    "back_rounding_deg",
    "Back rounding",
    "deg",
    (
        "The turning of the back's outline between hip and shoulder, from the mask of the lifter, against the "
        "lifter's own neutral: positive is rounded, negative hollow."
    ),
    column="Back",
    signed=True,
)

BACK_ROUNDING_CHANGE_DEG = Measure(
    "back_rounding_change_deg",
    "Back rounding against the best rep of the set",
    "deg",
    (
        "Back rounding minus that of the repetition of the same set that rounds least; the lifter's neutral drops out "
        "of the difference."
    ),
)

SPINE_FLEXION_DEG = Measure(
    "spine_flexion_deg",
    "Spine flexion",
    "deg",
    "Bend of the whole back, pelvis to neck, against standing with empty hands; positive is rounded.",
)

LOWER_ROUNDING_DEG = Measure(
    "lower_rounding_deg",
    "Lower back rounding",
    "deg",
    "The lumbar share of back rounding, from the lower half of the back's outline.",
)

UPPER_ROUNDING_DEG = Measure(
    "upper_rounding_deg",
    "Upper back rounding",
    "deg",
    "The thoracic share of back rounding, from the upper half of the back's outline.",
)

HEAD_DOWN_DEG = Measure(
    "head_down_deg",
    "Head hanging",
    "deg",
    "Angle of the line from shoulder to ear against the trunk, compared with standing; forward is positive.",
)

HEAD_UP_DEG = Measure(
    "head_up_deg",
    "Head thrown back",
    "deg",
    "Angle of the line from shoulder to ear against the trunk, compared with standing; backward is positive.",
)

LEAN_BACK_DEG = Measure(
    "lean_back_deg", "Leaning back at the top", "deg", "Greatest lean of the trunk behind the vertical after lockout."
)


BACK_MEASURES = (
    BACK_ROUNDING_DEG,
    BACK_ROUNDING_CHANGE_DEG,
    SPINE_FLEXION_DEG,
    LOWER_ROUNDING_DEG,
    UPPER_ROUNDING_DEG,
    HEAD_DOWN_DEG,
    HEAD_UP_DEG,
    LEAN_BACK_DEG,
)
"""What `back_measures` and `with_change_over_set` measure."""

REPS_FOR_CHANGE = 3
"""Which of two repetitions is the odd one cannot be told."""

CHANGE_UNCERTAINTY_DEG = 4.0
"""Standard error of the difference between two repetitions of one set. Without a change repetitions scatter by 2.1 deg
(46 repetitions of 6 sources, 2.0 to 2.2 with any source left out), two of them by 3.1; what the contour's raggedness
adds is on top. See docs/spine.md."""


def back_measures(
    signals: Signals, rep: Rep, start: int, stop: int, *, all_the_way: bool = False
) -> dict[str, Measurement]:
    """Measures over the closed sample range in which the load pulls most on the back, and at the top.

    With ``all_the_way`` the back must have been seen from the start to the lockout: an outline that is spoilt nearly
    all the time, as by a bar and the arms that hold it, is not to be trusted in the few frames that look clean.
    """
    weights = phase_weights(signals, start, stop)
    whole = _rounding(signals, start, stop, weights)
    if all_the_way and not whole.reason:
        seen = share_measured(signals, signals.back_rounding_deg, rep.start, rep.lockout)
        if seen < SHARE_ALL_THE_WAY_MIN:
            whole = missing(_why_no_back(signals, rep.start, rep.lockout))
    head = _head(signals, start, stop)
    return {
        BACK_ROUNDING_DEG.name: whole,
        SPINE_FLEXION_DEG.name: _since_standing(signals, whole, start, weights),
        LOWER_ROUNDING_DEG.name: _part(signals, signals.lower_rounding_deg, whole, start, weights, UPPER_HIDDEN),
        UPPER_ROUNDING_DEG.name: _part(signals, signals.upper_rounding_deg, whole, start, weights, UPPER_HIDDEN),
        HEAD_DOWN_DEG.name: head,
        HEAD_UP_DEG.name: head if head.reason else replace(head, value=-head.value),
        LEAN_BACK_DEG.name: _lean_back(signals, rep),
    }


def with_change_over_set(reps: Sequence[Mapping[str, Measurement]]) -> list[dict[str, Measurement]]:
    """The measures of the repetitions of one set, seen by one camera, with how much each rounds more than the best one.

    A level may be that of the lifter's build, a change is not: a back that goes in the eighth repetition of ten goes,
    whatever it read before.
    """
    rounding = [measures[BACK_ROUNDING_DEG.name] for measures in reps]
    known = [one.value for one in rounding if not one.reason]

    def change(one: Measurement) -> Measurement:
        if one.reason:
            return missing(one.reason)
        if len(known) < REPS_FOR_CHANGE:
            return missing(_("needs {n} reps whose back was judged", n=REPS_FOR_CHANGE))
        return replace(one, value=one.value - min(known), uncertainty=CHANGE_UNCERTAINTY_DEG)

    pairs = zip(reps, rounding, strict=True)
    return [{**measures, BACK_ROUNDING_CHANGE_DEG.name: change(one)} for measures, one in pairs]


def back_rounding(signals: Signals, start: int, stop: int) -> Measurement:
    """Back rounding held over the closed sample range, shown by the frame that comes closest to it."""
    return _rounding(signals, start, stop, phase_weights(signals, start, stop))


def _rounding(signals: Signals, start: int, stop: int, weights: FloatArray) -> Measurement:
    """The same with the weights of the samples at hand."""
    rounding = signals.back_rounding_deg[start : stop + 1]
    if stop < start or weights[np.isfinite(rounding)].sum() < SEEN_SHARE_MIN:
        return missing(_why_no_back(signals, start, stop))
    uncertainty = weighted_median(signals.back_rounding_uncertainty_deg[start : stop + 1], weights)
    return _over_phase(signals, signals.back_rounding_deg, start, weights, uncertainty)


def _over_phase(
    signals: Signals, values: FloatArray, start: int, weights: FloatArray, uncertainty: float
) -> Measurement:
    """Weighted median over the samples from ``start`` that have a weight, shown by the frame that is closest to it."""
    part = values[start : start + len(weights)]
    middle = weighted_median(part, weights)
    closest = start + int(np.nanargmin(np.abs(part - middle)))
    seen = float(weights[np.isfinite(part)].sum())
    return Measurement(middle, float(signals.time_s[closest]), uncertainty, seen=seen)


def _why_no_back(signals: Signals, start: int, stop: int) -> str:
    """The reason that kept most frames of the closed sample range from being measured."""
    gates = signals.back_gate[start : stop + 1]
    reasons = gates[np.isfinite(gates) & (gates != MEASURED)].astype(int).tolist()
    return REASONS[max(reasons, key=reasons.count)] if reasons else N_("too few clear frames of the back")


def since_standing_error_deg(rounding_error_deg: float, with_mask: bool) -> float:
    """Standard error of flexion since standing where back rounding has this one."""
    return float(np.hypot(rounding_error_deg / 2, SINCE_STANDING_UNCERTAINTY_DEG if with_mask else WITHOUT_MASK_DEG))


def _since_standing(signals: Signals, whole: Measurement, start: int, weights: FloatArray) -> Measurement:
    """Flexion since standing over the phase, with a standard error of its own."""
    found = _part(signals, signals.spine_flexion_deg, whole, start, weights, NO_STANDING)
    if found.reason:
        return found
    with_mask = bool(np.isfinite(signals.mask_flexion_deg[start : start + len(weights)]).any())
    return replace(found, uncertainty=since_standing_error_deg(whole.uncertainty, with_mask))


def _part(
    signals: Signals, values: FloatArray, whole: Measurement, start: int, weights: FloatArray, why_not: str
) -> Measurement:
    """Typical value of a part of the back where the whole was measured; ``why_not`` is why there may be none."""
    if whole.reason:
        return missing(whole.reason)
    if not np.isfinite(values[start : start + len(weights)]).any():
        return missing(why_not)
    uncertainty = float(np.hypot(whole.uncertainty / 2, PARTS_UNCERTAINTY_DEG))
    return _over_phase(signals, values, start, weights, uncertainty)


def _head(signals: Signals, start: int, stop: int) -> Measurement:
    """How much further the head hangs forward against the trunk than in standing, in degrees.

    Where a plate hides the near shoulder, nobody knows the line from it to the ear.
    """
    standing = (signals.shoulder_height > UPRIGHT) & (np.abs(signals.trunk_lean_deg) < STANDING_LEAN_DEG)
    neck = np.where(signals.shoulder_shown > 0, signals.neck_flexion_deg, np.nan)
    if seen_share(neck[start : stop + 1]) < SEEN_SHARE_MIN <= seen_share(signals.neck_flexion_deg[start : stop + 1]):
        return missing(SHOULDER_HIDDEN)
    own = neck[standing & np.isfinite(neck)]
    usual = float(np.median(own)) if len(own) else HEAD_USUAL_DEG
    usual = float(np.clip(usual, HEAD_USUAL_DEG - HEAD_USUAL_WITHIN_DEG, HEAD_USUAL_DEG + HEAD_USUAL_WITHIN_DEG))
    found = typical(signals, neck, start, stop, HEAD_UNCERTAINTY_DEG)
    return found if found.reason else replace(found, value=found.value - usual)


def _lean_back(signals: Signals, rep: Rep) -> Measurement:
    """How far the trunk leans back at the top, in degrees from the vertical."""
    # Knees and hips that are not seen straight are not seen at all: nobody leans back over bent knees.
    straight = signals.knee_flexion_deg <= STRAIGHT_KNEE_MAX_DEG
    lean = np.where(straight & np.isfinite(signals.hip_flexion_deg), signals.trunk_lean_deg, np.nan)
    found = sustained_low(signals, lean, min(rep.lockout, rep.top), rep.top_to, ANGLE_UNCERTAINTY_DEG)
    if found.reason:
        return missing(not_straight(rep))
    return replace(found, value=-found.value)


ROUNDING_WATCH_DEG, ROUNDING_FAULT_DEG = 12.0, 20.0
"""Beyond the neutral. With the usual standard error of 7 to 9 deg something to watch begins at 16 and a fault at 34 to
38: every side view labelled neutral is below 11, every rounded one above 20, two "mild" ones at 17 and 20
(benchmarks/results/spine.md)."""

ROUNDING_FAULT_MARGIN = 2.0
"""Of a back it is said that it is at fault only where chance would do that to one neutral back in forty. With one
standard error a rendered lifter whose own neutral hinge bends the spine by 40 deg, more than that of most, was called a
fault in 9 of 47 copies that were hard to see, by up to 1.96 standard errors (`make bench-stress`); the real clips that
are called a fault, at 49 to 81 deg, stay it."""

ROUNDING_GROWTH_UNCERTAINTY_DEG = 4.0
"""Standard error of a change within one repetition; the lifter's neutral drops out of it."""

ROUNDING_SOURCE = N_("Set between real clips labelled neutral and rounded, see docs/spine.md")

CHANGE_OVER_SET = Check(
    id="back-rounding-change",
    title="Back giving way during the set",
    measure=BACK_ROUNDING_CHANGE_DEG,
    watch=10,
    fault=15,
    views=SIDE,
    cue="End the set when the back starts to go: fewer reps, or less load.",
    why="A back that keeps its shape in the first reps and loses it later is tired: the load is more than it can hold.",
    source="The most that ten repetitions without a change differ by chance, see docs/spine.md",
    confidence="low",
    how="Back rounding of a repetition minus that of the repetition that rounds least, over sets of three and more. "
    "Your own neutral does not matter for it.",
    trains=Skill.BACK,
    load_sign=LoadSign.BACK,
    earlier_after_injury=True,
)

UPPER_BACK = Check(
    id="upper-back",
    title="Upper back rounding",
    measure=UPPER_ROUNDING_DEG,
    watch=15,
    fault=25,
    views=SIDE,
    cue="Shoulder blades into your back pockets, chest proud.",
    why="Shoulders that are pulled forward take the upper back with them, and the load drifts away from the body.",
    source="Provisional; half of what the whole back is allowed",
    confidence="low",
    worst=WATCH,
    how="The thoracic share of the back's bend against your neutral, read from the upper half of its outline while the "
    "load pulls most. The outline tells less well where a back bends than how much, so take it as a hint.",
    trains=Skill.BACK,
)

HEAD_DOWN = Check(
    id="head-down",
    title="Head hanging",
    measure=HEAD_DOWN_DEG,
    watch=20,
    fault=40,
    views=SIDE,
    cue="Neck in line with the back: eyes on the floor a few steps ahead.",
    why="Where the head goes, the upper back tends to follow.",
    source="Provisional, from the fault catalogue; the neck has no limit in the literature",
    confidence="low",
    worst=WATCH,
    how="Angle of the line from shoulder to ear against the trunk, compared with you standing, while the load pulls "
    "most.",
    trains=Skill.HANDS,
)

HEAD_UP = Check(
    id="head-up",
    title="Head thrown back",
    measure=HEAD_UP_DEG,
    watch=60,
    fault=80,
    views=SIDE,
    cue="Neck in line with the back: eyes on the floor a few steps ahead.",
    why="Looking at the ceiling or far ahead bends the neck and tempts the lower back to arch.",
    source="Set above what lifters labelled good show (up to 55): many look ahead, and that alone is not a fault",
    confidence="low",
    worst=WATCH,
    how="Angle of the line from shoulder to ear against the trunk, compared with you standing, while the load pulls "
    "most.",
    trains=Skill.HANDS,
)

OVER_EXTENSION = Check(
    id="over-extension",
    title="Leaning back at the top",
    measure=LEAN_BACK_DEG,
    watch=15,
    fault=25,
    views=SIDE,
    cue="Ribs down, squeeze the glutes: stand tall instead of leaning back.",
    why="Past upright the lower back carries the load, and nothing is gained: the lift ended when you stood.",
    source="Fault catalogue (10 / 20), raised by what upright lifters measure (up to 13)",
    confidence="low",
    how="Greatest lean of the trunk behind the vertical that lasts a tenth of a second after lockout, where hips and "
    "knees are seen straight.",
    trains=Skill.TALL,
    earlier_after_injury=True,
)

BACK_CHECKS = (CHANGE_OVER_SET, UPPER_BACK, HEAD_DOWN, HEAD_UP, OVER_EXTENSION)
"""The checks that every lift has after its own checks of rounding."""
