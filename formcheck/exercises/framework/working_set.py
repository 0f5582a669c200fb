"""Which cycles are the set: not the walk to the bar, not fetching the load, not putting it down again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.exercises.framework.cycle_features import CycleFeatures
from formcheck.motion.runs import runs_of

BACKWARDS_DEG = -45.0
"""A trunk that leans back further than this at the bottom belongs to nobody: the model took the body upside down."""

AMPLITUDE_SHARE = 0.4
"""A cycle whose rise is a smaller share of the set's usual rise is fidgeting; a shallow repetition goes further."""

BLURRED_SHARE = 0.6
"""What a blurred hand makes of arms that hang, as a share of the usual reach: up to half on a rendered lifter."""

STANDS_OUT_RISE, BENDS_DEG = 0.15, 30.0
"""A cycle moves the lifter when the shoulders rise this much, or a hip or a knee is bent this far at the bottom."""

KIND_TOLERANCES = {
    "hip_share": 0.25,
    "hip_above_knee": 0.12,
    "trunk_lean_deg": 25.0,
    "knee_flexion_deg": 35.0,
    "hand_height": 0.15,
    "hand_below_shoulder": 0.15,
    "top_lean_deg": 25.0,
    "top_hand_height": 0.20,
    "hand_reach": 0.30,
    "arm_reach_deg": 45.0,
}
"""How far a repetition may be from the usual one of its set in each number. Repetitions that become worse stay within
most of them; fetching the load or putting it down leaves several."""

OTHER_KIND_SHARE = 0.4
"""A cycle that leaves the tolerance in this share of what was measured is another movement than the rest of the set."""

AT_EACH_END_MAX = 2
"""How many cycles before and after a set can be for getting ready and putting away."""

CORE_SHARE = 0.3
"""What resembles the lift says what is usual in the set if it holds this share of the movement; otherwise all does."""

ANOTHER_SET_MIN = 2
"""This many cycles in a row that are of another kind and resemble another lift are a set of that one."""


def cycles_of_set(
    cycle_features: Sequence[CycleFeatures],
    similarity: Sequence[float] | FloatArray,
    like_from: float,
    other_similarity: Sequence[float] | FloatArray | None = None,
    *,
    thrown: bool = False,
) -> tuple[bool, ...]:
    """For each cycle in order of time whether it is a repetition of the set that was lifted, however badly.

    A lifter repeats a movement: what is far smaller than the rest, and what differs in kind from it at either end,
    is how the load is fetched and put away. In between everything counts, but for a set of another lift beside cycles
    that clearly are this one.

    Parameters
    ----------
    cycle_features : all cycles of the video in order of time.
    similarity : how much each resembles the lift, on any scale; only helps to tell which of them are the set.
    like_from : similarity from which a cycle says for sure what the lift looks like.
    other_similarity : how much each resembles the most similar one of the other lifts, on the same scale.
    thrown : True for a lift whose load flies up at the end of each repetition: a cycle at either end in which the arms
        hardly come forward picks the load up, or lets it come to rest, however much of the rest it shares.
    """
    credible = [_moves_the_lifter(features) for features in cycle_features]
    if not any(credible):
        return (False,) * len(cycle_features)
    rise = np.array([features.rise for features in cycle_features])
    inside = np.array(credible)
    alike = inside & (np.asarray(similarity) >= like_from)
    sure = rise[alike].sum() >= CORE_SHARE * rise[inside].sum()
    core = alike.copy() if sure else inside.copy()
    inside &= rise >= AMPLITUDE_SHARE * _weighted_median(rise[core], rise[core])
    usual_cycles = [cycle_features[index] for index in np.flatnonzero(core & inside).tolist()]
    usual = _usual_of(usual_cycles)
    if sure and other_similarity is not None:
        another = inside & ~alike & (np.asarray(other_similarity) >= like_from)
        another &= [_is_another_kind(features, usual) for features in cycle_features]
        for start, stop in runs_of(another):
            if stop - start >= ANOTHER_SET_MIN:
                inside[start:stop] = False
    order = np.flatnonzero(inside)
    for ends in (order.tolist(), order[::-1].tolist()):
        # Of two cycles nobody can say which of them is the odd one, unless one of them resembles the lift.
        for index in ends[: AT_EACH_END_MAX if sure else min(AT_EACH_END_MAX, (len(order) - 1) // 2)]:
            features = cycle_features[index]
            stays_down = thrown and arms_stay_down(features, usual_cycles)
            if not stays_down and (alike[index] or not _is_another_kind(features, usual)):
                break
            inside[index] = False
    return tuple(bool(one) for one in inside)


def _moves_the_lifter(features: CycleFeatures) -> bool:
    if features.trunk_lean_deg < BACKWARDS_DEG:
        return False
    bent = [angle for angle in (features.hip_flexion_deg, features.knee_flexion_deg) if np.isfinite(angle)]
    return features.rise >= STANDS_OUT_RISE or not bent or max(bent) >= BENDS_DEG


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2.0)
    return float(values[order][min(int(half), len(values) - 1)])


def _usual_of(cycle_features: Sequence[CycleFeatures]) -> dict[str, float]:
    """Median of every number that tells kinds apart; without those never measured."""
    found = {name: _median_of(cycle_features, name) for name in KIND_TOLERANCES}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _is_another_kind(features: CycleFeatures, usual: dict[str, float]) -> bool:
    apart = [
        abs(value - middle) > KIND_TOLERANCES[name]
        for name, middle in usual.items()
        if np.isfinite(value := getattr(features, name))
    ]
    return bool(apart) and sum(apart) >= OTHER_KIND_SHARE * len(apart)


def arms_stay_down(features: CycleFeatures, thrown: Sequence[CycleFeatures]) -> bool:
    """Whether the arms come forward by a small share of what is usual where the load is thrown.

    A blurred hand that seems to come half-way forward does not count where the arms hang at the top. That alone says
    nothing, as the arms also hang when the lifter rests after a throw. False where nothing is known.
    """
    reach = features.arm_reach_deg / _median_of(thrown, "arm_reach_deg")
    hang = features.top_upper_arm_deg / _median_of(thrown, "top_upper_arm_deg")
    return bool(reach < AMPLITUDE_SHARE or (reach < BLURRED_SHARE and hang < AMPLITUDE_SHARE))


def _median_of(cycle_features: Sequence[CycleFeatures], name: str) -> float:
    known = [value for features in cycle_features if np.isfinite(value := getattr(features, name))]
    return float(np.median(known)) if known else float("nan")
