"""The feet: heels that leave the floor, and what hangs or sits over the mid-foot. Side views only."""

from __future__ import annotations

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.core.words import N_
from formcheck.exercises.framework.check import SEEN_SHARE_MIN, SIDE, Check, Measurement, Skill, missing
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import doubted, seen_share, sustained_peak
from formcheck.motion.signals import Signals

FOOT_LENGTH = 0.195
"""Length of the foot in standing heights from ankle to shoulder (0.152 of stature, Drillis and Contini). Landmarks give
0.14-0.18, as they end inside the shoe, and much less when half of it is hidden."""

HEEL_UNCERTAINTY = 0.04
OVER_FOOT_UNCERTAINTY = 0.08
"""Standard errors in foot lengths: what resting feet and straight lifts of rendered lifters vary by."""

HEEL_HELD_S = 0.15

HEEL_CLEAR = 4 * HEEL_UNCERTAINTY
"""A heel that rises in the picture by this much has risen, whatever the toes seem to do."""

FEET_SEEN_MIN = 0.6
"""Share of the phase, and of the stand that follows it, over which the near foot must be in plain sight."""

SLIDE_MAX = 0.2
"""A foot whose heel rises pivots on its ball; one that seems to slide by more than this share of itself is mistaken."""

TOES_FOLLOW = 0.5
"""When a heel rises in a deadlift the model lifts the toes by up to this share of it; in squats it leaves them down."""

FEET_LEAVE = 0.2
"""Nobody lifts while walking: when the ankles travel by this much in standing heights, what is followed is somebody
else, or nobody. At most 0.11 over real squats, as by a camera in the hand; 0.24 to 0.92 with a bystander in the way."""

FEET_LEFT = N_("the feet left their place, or somebody came in between")

FOOT_SLIDES = N_("the feet moved, or something in front of them did")
FOOT_LIFT_MAX = 0.08
"""Feet stay down in a lift: ankles that seem to rise by more (in standing heights) are hidden by plates, and then knees
and hips wander too."""

FOOT_HIDDEN = N_("the near foot is hidden, by a plate, trousers or the edge of the picture")


HEEL_RISE_FOOT_LENGTHS = Measure(
    "heel_rise_foot_lengths",
    "Heel rise",
    "foot lengths",
    (
        "How far the heel leaves the floor for at least 0.15 s, against where it is at the top and against the toes,"
        " in lengths of a usual foot."
    ),
)


def heel_rise(signals: Signals, rep: Rep, start: int, stop: int, toes_follow: float = 0.0) -> Measurement:
    """How far the heel leaves the floor for at least `HEEL_HELD_S` of the closed sample range, in foot lengths.

    Flat is where heel and toes are at the top of the repetition. A camera that tilts or drifts lifts both alike, so the
    heel has risen no further than it did against the toes; ``toes_follow`` is the share of a real rise by which the
    model lifts them along. The more of the rise the toes share, the more doubtful is the rest.
    """
    top = slice(rep.lockout, rep.top_to + 1)
    if not np.isfinite(signals.heel_height[top]).any():
        return missing(FOOT_HIDDEN)
    heel, toes = (
        (height - float(np.nanmedian(height[top]))) / FOOT_LENGTH
        for height in (signals.heel_height, signals.toe_height)
    )
    rise = np.minimum(heel, (heel - toes) / (1.0 - toes_follow))
    found = sustained_peak(signals, rise, start, stop, held_s=HEEL_HELD_S)
    # A foot that is hidden while standing, as by trousers, is not a place to measure a rise from.
    seen = min(found.seen, seen_share(signals.heel_height[top]))
    if found.reason or seen < FEET_SEEN_MIN:
        return missing(FOOT_HIDDEN)
    against_toes = sustained_peak(signals, heel - toes, start, stop, held_s=HEEL_HELD_S).value
    if found.value < HEEL_CLEAR and against_toes - found.value > SLIDE_MAX:
        # Toes that sink, and heels that do not rise: the picture may have moved down by what the heels rose.
        return missing(FOOT_SLIDES)
    place = int(np.searchsorted(signals.time_s, found.at_s))
    slid = signals.mid_foot_forward[place] - float(np.nanmedian(signals.mid_foot_forward[top]))
    if not abs(slid) <= SLIDE_MAX * FOOT_LENGTH:
        return missing(FOOT_SLIDES)
    shared = float(heel[place] - rise[place])
    if not toes_follow:
        # Toes that go up and down while the heel is off are not on the floor, and the heel may be where it was.
        shared = max(shared, sustained_peak(signals, toes, start, stop, held_s=HEEL_HELD_S).value)
    uncertainty = doubted(HEEL_UNCERTAINTY, shared)
    return Measurement(max(0.0, found.value), found.at_s, uncertainty, seen=seen)


def ahead_of_mid_foot(signals: Signals, rep: Rep, forward: FloatArray, start: int, stop: int) -> Measurement:
    """How far something is in front of the mid-foot over the closed sample range, in foot lengths; forward positive."""
    during = signals.mid_foot_forward[rep.start : rep.end + 1]
    if not feet_seen(signals, rep):
        return missing(FOOT_HIDDEN)
    ahead = (forward - float(np.nanmedian(during))) / FOOT_LENGTH
    return sustained_peak(signals, ahead, start, stop, OVER_FOOT_UNCERTAINTY)


def feet_left(signals: Signals, rep: Rep) -> bool:
    """Whether the ankles seem to leave their place between the start and the lockout."""
    travel = signals.foot_travel[rep.start : rep.lockout + 1]
    seen = travel[np.isfinite(travel)]
    return len(seen) > 0 and bool(seen.max() - seen[0] > FEET_LEAVE)


def feet_seen(signals: Signals, rep: Rep) -> bool:
    """Whether the near foot was in plain sight often enough to say where it stands."""
    during = signals.mid_foot_forward[rep.start : rep.end + 1]
    return len(during) > 0 and bool(np.isfinite(during).mean() >= SEEN_SHARE_MIN)


HEEL_RISE = Check(
    id="heel-rise",
    title="Heels leaving the floor",
    measure=HEEL_RISE_FOOT_LENGTHS,
    watch=0.16,
    fault=0.21,
    views=SIDE,
    cue="Whole foot down: feel heel, big toe and little toe.",
    why="A lifted heel moves the weight to the toes and takes the hips out of the lift.",
    source="Back Squat Assessment (PMC4262933) describes it; limits from rendered lifters, whose rise of 0.30 reads"
    " 0.24 and of 0.45 0.27-0.40, and one labelled clip. Feet behind plates are not judged; trousers mislead by 0.2",
    confidence="low",
    trains=Skill.SQUAT,
)
