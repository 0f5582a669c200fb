"""A stick figure that lifts: poses whose angles, instants and contour are known in closed form.

A motion is a set of curves, one for each joint angle, through key postures that are held or passed at known times; it
has no frame rate. `film` looks at it through a parallel-projection camera and gives the `PoseSequence` that a perfect
pose model would give, with as much noise as asked for. Conventions are those of MediaPipe: image-right is x, down is y,
away from the camera is z.

Every fault is one argument of `deadlift`, `kettlebell_swing` or `squat`; without one the lifter makes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator

from formcheck.core.landmarks import LANDMARK_COUNT, Landmark, left_right, mirrored_indices
from formcheck.core.poses import (
    ARRAY_FIELDS,
    CONTOUR_STATIONS,
    FLOOR_SHAPE,
    FloatArray,
    PoseSequence,
    VideoInfo,
    contour_stations,
    expected_shapes,
)
from formcheck.core.verdicts import OK
from formcheck.judging.report import Report
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.neutral import (
    STANDING_FRAMES_MIN,
    find_neutral,
)
from formcheck.motion.signals import no_signals
from formcheck.motion.spine import back_stations, station_weights
from formcheck.vision.tracking import Detection

STATURE_M = 1.75
THIGH_M, SHANK_M, TRUNK_M = 0.245 * STATURE_M, 0.246 * STATURE_M, 0.288 * STATURE_M
UPPER_ARM_M, FOREARM_M, NECK_M = 0.186 * STATURE_M, 0.146 * STATURE_M, 0.10 * STATURE_M
"""Segment lengths as shares of stature (Drillis and Contini; Winter 2009)."""

ANKLE_HEIGHT_M, HEEL_BEHIND_M, TOES_AHEAD_M = 0.07, 0.05, 0.19
HALF_WIDTH_M = {"EAR": 0.07, "EYE": 0.03, "SHOULDER": 0.18, "ELBOW": 0.18, "WRIST": 0.18, "HIP": 0.10}
HALF_STANCE_M = 0.14

STANDING_SHOULDER_M = SHANK_M + THIGH_M + TRUNK_M
"""Height of the shoulders above the ankles of a straight body: the unit of heights in `Signals`."""

NEUTRAL = find_neutral(
    replace(
        no_signals(np.arange(STANDING_FRAMES_MIN) / 30),
        shoulder_height=np.ones(STANDING_FRAMES_MIN),
        trunk_lean_deg=np.zeros(STANDING_FRAMES_MIN),
        dorsal_bend_deg=np.full(STANDING_FRAMES_MIN, sum(BLAZEPOSE.contour_norms.standing_deg)),
        lower_bend_deg=np.full(STANDING_FRAMES_MIN, BLAZEPOSE.contour_norms.standing_deg[0]),
        upper_bend_deg=np.full(STANDING_FRAMES_MIN, BLAZEPOSE.contour_norms.standing_deg[1]),
        hand_height=np.full(STANDING_FRAMES_MIN, 1.0),
    ),
    (),
)
"""The contour of this lifter with a neutral back is that of most lifters."""

ARC_FROM, ARC_TO = 0.0, 1.0
BACK_DEPTH, FRONT_DEPTH = 0.20, 0.18
"""Distance of back and belly from the hip-shoulder line, in its lengths."""

LUMBAR_SHARE = 0.6
"""Share of this lifter's rounding that is lumbar."""

SHARPNESS = 0.25

HANDS_AT_KNEES_S = 0.4
"""How long after lift-off this lifter's hands pass the knees in a deadlift."""


# ---------------------------------------------------------------------------------------------------------- motions


@dataclass(frozen=True)
class Posture:
    """Angles in degrees. Flexion is 0 when straight; leans and arm from the vertical, forward positive.

    ``rounding_deg`` is what the spine bends more than with a neutral back, rounded positive. ``arm_deg`` is
    the direction of the line from shoulder to wrist: 0 = hanging straight down, 90 = straight ahead. ``lift_m`` is the
    height of the feet, ``heel_m`` that of the heels over it and ``load_m`` that of the load above the floor, all in
    metres. ``hands_apart`` is the distance of the wrists in shoulder widths.
    """

    hip_deg: float = 2.0
    knee_deg: float = 2.0
    trunk_deg: float = 0.0
    arm_deg: float = 0.0
    elbow_deg: float = 4.0
    rounding_deg: float = 0.0
    lift_m: float = 0.0
    load_m: float = 0.0
    heel_m: float = 0.0
    hands_apart: float = 1.0


STANDING = Posture()
CHANNELS = tuple(Posture.__dataclass_fields__)


@dataclass(frozen=True)
class Motion:
    """Key values of each channel over time, and the instants that were put into it.

    Attributes
    ----------
    keys : for each name in `CHANNELS` the rising times in seconds and the values at them.
    bottoms_s, tops_s : middle of the stay at the bottom and at the top of every repetition.
    """

    keys: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    bottoms_s: tuple[float, ...] = ()
    tops_s: tuple[float, ...] = ()

    @property
    def duration_s(self) -> float:
        return max(times[-1] for times, _ in self.keys.values())

    def at(self, time_s: FloatArray) -> dict[str, FloatArray]:
        """Value of every channel at the given times; smooth, monotonic between keys, held before and after."""
        result: dict[str, FloatArray] = {}
        for times in {times for times, _ in self.keys.values()}:
            names = [name for name in CHANNELS if self.keys[name][0] == times]
            curves = PchipInterpolator(times, np.stack([self.keys[name][1] for name in names], axis=1))
            values = curves(np.clip(time_s, times[0], times[-1]))
            result |= {name: np.asarray(values[:, index]) for index, name in enumerate(names)}
        return result


def through(stops: Sequence[tuple[float, Posture]], **marks: tuple[float, ...]) -> Motion:
    """A motion through whole postures at given times."""
    times = tuple(time_s for time_s, _ in stops)
    keys = {name: (times, tuple(float(getattr(posture, name)) for _, posture in stops)) for name in CHANNELS}
    return Motion(keys, **marks)


def standing_still(duration_s: float = 5.0) -> Motion:
    """Somebody who just stands there."""
    return through([(0.0, STANDING), (duration_s, STANDING)])


def curls(reps: int = 4) -> Motion:
    """Biceps curls: arms move, shoulders do not; no lift that FormCheck knows."""
    bent = replace(STANDING, elbow_deg=130.0, arm_deg=30.0)
    stops = [(0.0, STANDING)]
    for index in range(reps):
        stops += [(1.0 + 2.0 * index, bent), (2.0 + 2.0 * index, STANDING)]
    return through(stops)


def jumps(reps: int = 4) -> Motion:
    """Tuck jumps with the arms overhead: the shoulders go down and up, but it is none of the known lifts."""
    up = replace(STANDING, arm_deg=178.0)
    dip = replace(STANDING, hip_deg=50.0, knee_deg=60.0, trunk_deg=15.0, arm_deg=170.0)
    air = replace(up, lift_m=0.45)
    stops = [(0.0, up), (0.8, up)]
    for index in range(reps):
        start = 1.0 + 1.4 * index
        stops += [(start + 0.3, dip), (start + 0.6, air), (start + 0.9, up)]
    return through(stops)


def deadlift(
    reps: int = 3,
    *,
    rounding_deg: float = 0.0,
    growth_deg: float = 0.0,
    arm_bend_deg: float = 0.0,
    hips_first_deg: float = 0.0,
    low_hips_deg: float = 0.0,
    bar_ahead_deg: float = 0.0,
    rebend_deg: float = 0.0,
    heel_m: float = 0.0,
    soft_hips_deg: float = 0.0,
    soft_knees_deg: float = 0.0,
    floor_rest_s: float = 0.8,
    top_rest_s: float = 0.6,
    stands_first: bool = True,
    stands_last: bool = False,
) -> Motion:
    """Conventional deadlift: standing, down to the bar, ``reps`` times up and down; at last standing up without it.

    Faults: rounding over the whole pull, rounding gained until the hands pass the knees, bent elbows during the pull,
    trunk lean gained until the bar is past the knees, thighs flatter at the set-up (without it they are 53 degrees from
    upright), arms that swing forward with the bar, knees that bend again after the bar has passed them, heels off the
    floor, hip flexion left at the top (trunk leaning), knee flexion left at the top (hips open).
    """
    shank_deg, thigh_deg, trunk_deg = 12.0 + 0.3 * low_hips_deg, 53.0 + low_hips_deg, 66.0 - 0.4 * low_hips_deg
    floor = Posture(
        hip_deg=trunk_deg + thigh_deg,
        knee_deg=shank_deg + thigh_deg,
        trunk_deg=trunk_deg,
        arm_deg=-10.0 + bar_ahead_deg,
        elbow_deg=4.0,
        rounding_deg=rounding_deg,
        heel_m=heel_m,
        hands_apart=1.2,
    )
    pulling = replace(floor, elbow_deg=4.0 + arm_bend_deg)
    # When the bar passes the knees they are nearly straight, and the trunk is still well forward.
    knee = replace(
        pulling,
        hip_deg=80.0,
        knee_deg=30.0,
        trunk_deg=50.0,
        rounding_deg=rounding_deg + growth_deg,
        load_m=0.3,
    )
    if hips_first_deg:
        # Legs nearly straight already, arms still down to a bar that has just left the floor.
        lean_deg = trunk_deg + hips_first_deg
        knee = replace(knee, trunk_deg=lean_deg, hip_deg=lean_deg + 15.0, knee_deg=15.0, arm_deg=-27.0)
    down_knee = replace(floor, hip_deg=80.0, knee_deg=30.0, trunk_deg=50.0, load_m=0.3)
    lockout = replace(
        STANDING,
        hip_deg=2.0 + soft_hips_deg + soft_knees_deg / 2,
        knee_deg=2.0 + soft_knees_deg,
        trunk_deg=soft_hips_deg,
        load_m=0.5,
        hands_apart=1.2,
    )
    above_knee = replace(lockout, hip_deg=50.0, knee_deg=14.0, trunk_deg=36.0)
    hitch = replace(above_knee, hip_deg=45.0 + rebend_deg / 2, knee_deg=14.0 + rebend_deg, trunk_deg=31.0)
    stops = [(0.0, STANDING), (1.0, STANDING), (2.0, floor)] if stands_first else [(0.0, floor)]
    bottoms, tops, grown = [], [], []
    for _ in range(reps):
        bottom_s = stops[-1][0]
        off_s = bottom_s + floor_rest_s
        grown.append((off_s + HANDS_AT_KNEES_S, rounding_deg + growth_deg))
        stops += [(off_s, floor), (off_s + 0.05, pulling), (off_s + 0.75, knee)]
        stops += [(off_s + 1.05, above_knee), (off_s + 1.25, hitch)] if rebend_deg else []
        stops += [(off_s + 1.5, lockout), (off_s + 1.5 + top_rest_s, lockout)]
        bottoms.append((bottom_s + off_s) / 2)
        tops.append(off_s + 1.5 + top_rest_s / 2)
        down_s = stops[-1][0]
        stops += [(down_s + 0.6, down_knee), (down_s + 1.2, floor)]
    stops.append((stops[-1][0] + 0.4, floor))
    if stands_last:
        stops += [(stops[-1][0] + 1.0, STANDING), (stops[-1][0] + 2.0, STANDING)]
    keys = dict(through(stops).keys)
    rows = sorted([*zip(*keys["rounding_deg"], strict=True), *grown])
    keys["rounding_deg"] = (tuple(at for at, _ in rows), tuple(value for _, value in rows))
    return Motion(keys, tuple(bottoms), tuple(tops))


def romanian_deadlift(reps: int = 3, *, knees_deg: float = 0.0) -> Motion:
    """Hinges from standing to mid-shin and back without a rest. Fault: further bend of the knees at the bottom."""
    top = replace(STANDING, knee_deg=12.0, hip_deg=12.0, arm_deg=-4.0, hands_apart=1.2, load_m=0.5)
    knee_deg = 18.0 + knees_deg
    low = replace(top, trunk_deg=72.0, knee_deg=knee_deg, hip_deg=72.0 + knee_deg, arm_deg=-26.0)
    stops = [(0.0, top), (1.0, top)]
    bottoms, tops = [], []
    for _ in range(reps):
        start = stops[-1][0]
        stops += [(start + 1.2, low), (start + 1.3, low), (start + 2.4, top), (start + 2.9, top)]
        bottoms.append(start + 1.25)
        tops.append(start + 2.65)
    return through([*stops, (stops[-1][0] + 0.4, top)], bottoms_s=tuple(bottoms), tops_s=tuple(tops))


def good_morning(
    reps: int = 3, *, rounding_deg: float = 0.0, shallow_deg: float = 0.0, knees_deg: float = 0.0
) -> Motion:
    """Hinges with a bar on the back; no lift that FormCheck ships, but that of docs/adding-an-exercise.md.

    Faults: rounding at the bottom, a trunk that stays this much more upright, further bend of the knees at the bottom.
    """
    top = replace(STANDING, arm_deg=-20.0, elbow_deg=150.0, hands_apart=1.8, knee_deg=12.0, hip_deg=12.0)
    trunk_deg, knee_deg = 75.0 - shallow_deg, 20.0 + knees_deg
    low = replace(
        top, trunk_deg=trunk_deg, knee_deg=knee_deg, hip_deg=trunk_deg + 0.6 * knee_deg, rounding_deg=rounding_deg
    )
    stops = [(0.0, STANDING), (1.0, STANDING), (2.0, top), (2.5, top)]
    bottoms, tops = [], []
    for _ in range(reps):
        start = stops[-1][0]
        stops += [(start + 1.2, low), (start + 1.4, low), (start + 2.6, top), (start + 3.2, top)]
        bottoms.append(start + 1.3)
        tops.append(start + 2.9)
    return through([*stops, (stops[-1][0] + 0.4, top)], bottoms_s=tuple(bottoms), tops_s=tuple(tops))


def kettlebell_swing(
    reps: int = 6,
    *,
    rounding_deg: float = 0.0,
    arm_lead_s: float = 0.0,
    arm_bend_deg: float = 0.0,
    squatted_deg: float = 0.0,
    fold_lead_s: float = 0.0,
    stoop_deg: float = 0.0,
    soft_hips_deg: float = 0.0,
    arm_top_deg: float = 88.0,
    period_s: float = 1.6,
) -> Motion:
    """Two-handed swing to chest height, or with arms raised to another angle.

    Faults: rounding at the bottom, arms that start this much before they should, elbows bent during the ascent, extra
    knee flexion at the bottom (the hips give up half of it), hips that fold this much before they should, a trunk that
    tips further in the backswing, hip flexion left at the top.
    """
    low = Posture(
        hip_deg=95.0 - squatted_deg / 2 + stoop_deg,
        knee_deg=35.0 + squatted_deg,
        trunk_deg=65.0 - squatted_deg + stoop_deg,
        arm_deg=-20.0,
        rounding_deg=rounding_deg,
    )
    high = replace(STANDING, hip_deg=2.0 + soft_hips_deg, trunk_deg=soft_hips_deg)
    body_stops, arms, elbows = [(0.0, STANDING), (0.8, STANDING)], [(0.0, 0.0), (0.8, 0.0)], [(0.0, 4.0), (0.8, 4.0)]
    bottoms, tops = [], []
    for index in range(reps):
        bottom = 1.5 + index * period_s
        snap = bottom + 0.27 * period_s
        body_stops += [(bottom, low), (snap, high), (bottom + 0.62 * period_s - fold_lead_s, high)]
        # Arms still hang while the hips open, then the bell floats up to the chest.
        free = snap - 0.06 * period_s - arm_lead_s
        arms += [(bottom, -20.0), (free, 5.0), (bottom + 0.48 * period_s, arm_top_deg), (bottom + 0.75 * period_s, 5.0)]
        elbows += [(bottom - 0.02, 4.0), (bottom + 0.08, 4.0 + arm_bend_deg)]
        elbows += [(bottom + 0.42 * period_s, 4.0 + arm_bend_deg), (bottom + 0.55 * period_s, 4.0)]
        bottoms.append(bottom)
        tops.append(bottom + 0.48 * period_s)
    end = 1.5 + reps * period_s
    keys = dict(through([*body_stops, (end, STANDING), (end + 0.8, STANDING)]).keys)
    for name, values in (("arm_deg", arms), ("elbow_deg", elbows)):
        rest = 0.0 if name == "arm_deg" else 4.0
        rows = [*values, (end, rest), (end + 0.8, rest)]
        keys[name] = (tuple(at for at, _ in rows), tuple(value for _, value in rows))
    return Motion(keys, tuple(bottoms), tuple(tops))


def squat(
    reps: int = 3,
    *,
    rounding_deg: float = 0.0,
    wink_deg: float = 0.0,
    shallow_deg: float = 0.0,
    hips_first_deg: float = 0.0,
    heel_m: float = 0.0,
    lean_deg: float = 0.0,
    soft_hips_deg: float = 0.0,
    bottom_rest_s: float = 0.2,
    top_rest_s: float = 0.8,
    hold: Mapping[str, float] | None = None,
) -> Motion:
    """Goblet squat, hips to the height of the knees; ``hold`` are other arms: channels of a posture by name.

    Faults: rounding over the whole rep, rounding gained in the last tenth of the descent, thighs that stay this much
    above the level, trunk lean gained early in the ascent, heels off the floor at the bottom, a trunk that leans
    further, hip flexion left at the top.
    """
    hold = hold or {"arm_deg": 20.0, "elbow_deg": 130.0, "hands_apart": 0.4}
    shank_deg, thigh_deg, trunk_deg = 30.0, 88.0 - shallow_deg, 38.0 + lean_deg
    deep = Posture(
        hip_deg=trunk_deg + thigh_deg,
        knee_deg=shank_deg + thigh_deg,
        trunk_deg=trunk_deg,
        rounding_deg=rounding_deg + wink_deg,
        heel_m=heel_m,
        **hold,
    )
    nearly = replace(
        deep,
        hip_deg=0.85 * deep.hip_deg,
        knee_deg=0.85 * deep.knee_deg,
        trunk_deg=0.85 * trunk_deg,
        rounding_deg=rounding_deg,
    )
    rising = replace(nearly, hip_deg=nearly.hip_deg + hips_first_deg, trunk_deg=nearly.trunk_deg + hips_first_deg)
    up = replace(STANDING, **hold)
    soft = replace(up, hip_deg=2.0 + soft_hips_deg, trunk_deg=soft_hips_deg)
    stops = [(0.0, up), (1.0, up)]
    bottoms, tops = [], []
    for _ in range(reps):
        start = stops[-1][0]
        stops += [(start + 0.9, nearly), (start + 1.3, deep), (start + 1.3 + bottom_rest_s, deep)]
        stops += [(start + 1.7 + bottom_rest_s, rising), (start + 2.6 + bottom_rest_s, soft)]
        stops += [(start + 2.6 + bottom_rest_s + top_rest_s, soft)]
        bottoms.append(start + 1.3 + bottom_rest_s / 2)
        tops.append(start + 2.6 + bottom_rest_s + top_rest_s / 2)
    return through([*stops, (stops[-1][0] + 0.3, up)], bottoms_s=tuple(bottoms), tops_s=tuple(tops))


def rounding_by_rep(motion: Motion, rounding_deg: Sequence[float]) -> Motion:
    """The motion with a rounding of its own in every repetition; the way there goes over standing upright."""
    keys: list[tuple[float, float]] = [(0.0, 0.0), (motion.bottoms_s[0] - 1.0, 0.0)]
    for bottom_s, top_s, value in zip(motion.bottoms_s, motion.tops_s, rounding_deg, strict=True):
        first, last = min(bottom_s, top_s) - 0.7, max(bottom_s, top_s) - 0.3
        keys += [(max(first, keys[-1][0] + 0.05), value), (last, value)]
    keys.append((keys[-1][0] + 1.0, 0.0))
    times, values = zip(*keys, strict=True)
    return replace(motion, keys={**motion.keys, "rounding_deg": (times, values)})


LIFTS: dict[str, Callable[..., Motion]] = {
    "deadlift": deadlift,
    "kettlebell-swing": kettlebell_swing,
    "squat": squat,
}
"""A faultless motion of every registered lift, by the lift's name."""


# --------------------------------------------------------------------------------------------------------- the body


def sagittal_joints(angles: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Joints in the lifter's own plane, (T, 2) metres each: forward and up, origin on the floor below the ankles."""
    hip, knee, trunk = (np.radians(angles[name]) for name in ("hip_deg", "knee_deg", "trunk_deg"))
    arm, elbow = np.radians(angles["arm_deg"]), np.radians(angles["elbow_deg"])
    thigh = trunk - hip
    shank = thigh + knee

    def step(length_m: float, lean: FloatArray) -> FloatArray:
        return length_m * np.stack([np.sin(lean), np.cos(lean)], axis=-1)

    ankle = np.zeros((*hip.shape, 2))
    ankle[..., 1] = ANKLE_HEIGHT_M + angles["lift_m"]
    # The wrist stays on the arm's line however far the elbow bends; the elbow goes backward.
    behind = np.arctan2(FOREARM_M * np.sin(elbow), UPPER_ARM_M + FOREARM_M * np.cos(elbow))
    joints = {"ANKLE": ankle, "KNEE": ankle + step(SHANK_M, shank)}
    joints["HIP"] = joints["KNEE"] + step(THIGH_M, thigh)
    joints["SHOULDER"] = joints["HIP"] + step(TRUNK_M, trunk)
    joints["ELBOW"] = joints["SHOULDER"] - step(UPPER_ARM_M, behind - arm)
    joints["WRIST"] = joints["ELBOW"] - step(FOREARM_M, behind - arm - elbow)
    joints["EAR"] = joints["SHOULDER"] + step(NECK_M, trunk)
    joints["EYE"] = joints["EAR"] + step(0.09, trunk + np.pi / 2)
    joints["HEEL"] = ankle + np.array([-HEEL_BEHIND_M, -0.04])
    joints["HEEL"][..., 1] += angles["heel_m"]
    joints["FOOT_INDEX"] = ankle + np.array([TOES_AHEAD_M, -0.05])
    return joints


def body_m(angles: Mapping[str, FloatArray], knees_in: float | FloatArray = 0.0) -> FloatArray:
    """All landmarks as (T, K, 3) metres: forward, up, to the lifter's left. ``knees_in`` 0..1 brings them together."""
    joints = sagittal_joints(angles)
    frames = len(joints["HIP"])
    body = np.zeros((frames, LANDMARK_COUNT, 3))

    def put(landmark: Landmark, point: FloatArray, left_m: float | FloatArray) -> None:
        body[:, landmark, :2] = point
        body[:, landmark, 2] = left_m

    for joint, point in joints.items():
        half: float | FloatArray = HALF_WIDTH_M.get(joint, HALF_STANCE_M)
        if joint == "KNEE":
            half = half * (1.0 - np.asarray(knees_in))
        if joint == "WRIST":
            half = half * angles["hands_apart"]
        left, right = left_right(joint)
        put(left, point, half)
        put(right, point, -half)
    for finger in ("PINKY", "INDEX", "THUMB"):
        for landmark, sign in zip(left_right(finger), (1, -1), strict=True):
            put(landmark, joints["WRIST"], sign * HALF_WIDTH_M["WRIST"] * angles["hands_apart"])
    put(Landmark.NOSE, joints["EYE"] - np.array([0.0, 0.03]), 0.0)
    for end in ("INNER", "OUTER"):
        for side, sign in (("LEFT", 1), ("RIGHT", -1)):
            put(Landmark[f"{side}_EYE_{end}"], joints["EYE"], sign * HALF_WIDTH_M["EYE"])
    put(Landmark.MOUTH_LEFT, joints["EYE"] - np.array([0.0, 0.06]), 0.02)
    put(Landmark.MOUTH_RIGHT, joints["EYE"] - np.array([0.0, 0.06]), -0.02)
    return body


# --------------------------------------------------------------------------------------------------- the silhouette


def dorsal_bend_deg(angles: Mapping[str, FloatArray]) -> FloatArray:
    """Lumbar and thoracic bend of the dorsal contour, (T, 2): the neutral for the posture, and what rounding adds."""
    neutral = np.stack(NEUTRAL.at(angles["trunk_deg"], angles["hip_deg"] - angles["trunk_deg"]), axis=1)
    return np.asarray(neutral + angles["rounding_deg"][:, None] * np.array([LUMBAR_SHARE, 1.0 - LUMBAR_SHARE]))


def bent_profile(bend_deg: FloatArray) -> FloatArray:
    """Distance of the edge, (T, S), that reads as this lumbar and thoracic bend (T, 2), over the back's own depth."""
    used, weights = back_stations(), np.stack(station_weights(BLAZEPOSE))
    middle, half = (used[0] + used[-1]) / 2, (used[-1] - used[0]) / 2

    def shapes(stations: FloatArray) -> FloatArray:
        # Two smooth bulges that a polynomial of the fit's degree follows exactly; straight on beyond the back.
        across = np.clip((stations - middle) / half, -1.0, 1.0)
        return np.stack([1.0 - across**2, across - across**3])

    amounts = np.linalg.solve(weights @ shapes(used).T, bend_deg.T)
    return np.asarray(amounts.T @ shapes(contour_stations()))


def arc_profile(bend_deg: float | FloatArray, stations: FloatArray | None = None) -> FloatArray:
    """Height of a circular arc over the chord `ARC_FROM`..`ARC_TO` whose tangent turns by ``bend_deg``; (..., S).

    Outside the arc the profile goes on straight. Lengths are in hip-shoulder lengths; positive bends bulge outwards.
    """
    at = contour_stations() if stations is None else stations
    middle, half = (ARC_FROM + ARC_TO) / 2, (ARC_TO - ARC_FROM) / 2
    turn = np.radians(np.asarray(bend_deg, dtype=np.float64))[..., None] / 2
    size = np.maximum(np.abs(turn), 1e-9)
    radius = half / np.sin(size)
    along = np.clip(at - middle, -half, half)
    arc = np.sqrt(radius**2 - along**2) - radius * np.cos(size)
    beyond = np.maximum(np.abs(at - middle) - half, 0.0)
    return np.asarray(np.sign(turn) * (arc - beyond * np.tan(size)))


def contour_of(mid_hip_px: FloatArray, mid_shoulder_px: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """Edge points (T, 2, S, 2) at the given distances (T, S), in hip-shoulder lengths, to the image left and right of
    an upright lifter: what `formcheck.vision.silhouette.trace_silhouette` gives for a mask with such edges."""
    trunk = mid_shoulder_px - mid_hip_px
    to_left = np.stack([trunk[:, 1], -trunk[:, 0]], axis=1)
    stations = mid_hip_px[:, None] + contour_stations()[None, :, None] * trunk[:, None]
    return np.stack(
        [stations + left[..., None] * to_left[:, None], stations - right[..., None] * to_left[:, None]], axis=1
    )


# ------------------------------------------------------------------------------------------------------- the camera


@dataclass(frozen=True)
class Camera:
    """Where the lifter is seen from: yaw as in `View`, +1 = facing image-right; where the feet stand in the picture."""

    yaw_deg: float = 0.0
    forward: int = 1
    px_per_m: float = 400.0
    feet_px: tuple[float, float] = (540.0, 1500.0)
    width: int = 1080
    height: int = 1920


SIDE_CAMERA = Camera()


def frame_times(duration_s: float, fps: float = 30.0, *, uneven: float = 0.0, seed: int = 0) -> FloatArray:
    """Times of the frames; ``uneven`` < 0.5 moves each by up to this share of a frame, as phones do."""
    times = np.arange(int(duration_s * fps) + 1) / fps
    shifts = np.random.default_rng(seed).uniform(-uneven, uneven, len(times)) / fps
    return times + np.where(np.arange(len(times)) > 0, shifts, 0.0)


def film(
    motion: Motion,
    camera: Camera = SIDE_CAMERA,
    *,
    fps: float = 30.0,
    time_s: FloatArray | None = None,
    noise_px: float = 0.0,
    seed: int = 0,
    lost_s: Sequence[tuple[float, float]] = (),
    cuts_s: Sequence[float] = (),
    walk_in_s: float = 0.0,
    knees_in: FloatArray | float = 0.0,
) -> PoseSequence:
    """The motion as seen by a camera.

    Parameters
    ----------
    time_s : times of the frames, instead of an even ``fps``.
    noise_px : standard deviation of independent noise on every landmark and edge point.
    lost_s : stretches (from, to) in which nobody is found.
    cuts_s : times at which the picture changes as in a cut of the video.
    walk_in_s : for this long before the motion's time 0 the lifter walks into place, upright, from the picture's edge.
    """
    times = frame_times(motion.duration_s + walk_in_s, fps) if time_s is None else time_s
    angles = motion.at(times - walk_in_s)
    body = body_m(angles, knees_in)
    if walk_in_s:
        body[:, :, 0] -= 1.2 * np.clip(1.0 - times / walk_in_s, 0.0, 1.0)[:, None]
    yaw = np.radians(camera.yaw_deg)
    # Right and away parts of the lifter's left and front; see `formcheck.motion.view.body_axis`.
    left = np.array([np.sin(yaw), camera.forward * np.cos(yaw)])
    ahead = np.array([left[1], -left[0]])
    space = np.empty_like(body)
    space[..., [0, 2]] = body[..., :1] * ahead + body[..., 2:] * left
    space[..., 1] = -body[..., 1]
    mid_hip = space[:, list(left_right("HIP"))].mean(axis=1, keepdims=True)
    image = space * camera.px_per_m
    image[..., :2] += np.array(camera.feet_px)
    image[..., 2] -= mid_hip[..., 2] * camera.px_per_m
    back, front = (
        BACK_DEPTH + bent_profile(dorsal_bend_deg(angles)),
        np.full((len(times), CONTOUR_STATIONS), FRONT_DEPTH),
    )
    sides = (back, front) if camera.forward > 0 else (front, back)
    contour = contour_of(
        image[:, list(left_right("HIP")), :2].mean(axis=1),
        image[:, list(left_right("SHOULDER")), :2].mean(axis=1),
        *sides,
    )
    rng = np.random.default_rng(seed)
    world = space - mid_hip
    if noise_px:
        image = image + rng.normal(0.0, noise_px, image.shape)
        world = world + rng.normal(0.0, noise_px / camera.px_per_m, world.shape)
        contour = contour + rng.normal(0.0, noise_px, contour.shape)
    change = np.full(len(times), 0.005)
    change[0] = 0.0
    for cut in cuts_s:
        change[np.searchsorted(times, cut)] = 0.4
    # A field that is added to the poses later is "not measured" until this lifter learns it.
    arrays = {name: np.full(shape, np.nan) for name, shape in expected_shapes(len(times)).items()} | {
        "time_s": times,
        "image_px": image,
        "world_m": world,
        "visibility": np.full(image.shape[:2], 0.98),
        "contour_px": contour,
        "contour_sharpness": np.full(contour.shape[:3], SHARPNESS),
        "floor": floor_pictures(angles["load_m"]),
        "floor_place": np.zeros(len(times)),
        "picture_change": change,
    }
    poses = PoseSequence(
        **arrays,
        video=VideoInfo("synthetic.mp4", camera.width, camera.height, len(times), float(times[-1])),
        model="synthetic",
    )
    gone = np.zeros(len(times), dtype=bool)
    for start, stop in lost_s:
        gone |= (times >= start) & (times <= stop)
    return without(poses, gone)


def floor_pictures(load_m: FloatArray) -> FloatArray:
    """Grey pictures of the floor, (T, *FLOOR_SHAPE): a dark load on it unless it is lifted."""
    floor = np.full((len(load_m), *FLOOR_SHAPE), 0.7)
    floor[:, 6:, 8:16] = np.where(load_m < 0.2, 0.2, 0.7)[:, None, None]
    return floor


def without(poses: PoseSequence, gone: FloatArray | np.ndarray) -> PoseSequence:
    """The same sequence with nobody found in the frames that are True."""
    changed: dict[str, Any] = {}
    for name in ARRAY_FIELDS:
        if name not in ("time_s", "picture_change"):
            changed[name] = getattr(poses, name).copy()
            changed[name][gone] = 0.0 if name == "visibility" else np.nan
    return replace(poses, **changed)


def joined(first: PoseSequence, second: PoseSequence, *, after_s: float = 1 / 30) -> PoseSequence:
    """Two sequences in one video, with a cut between them."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in ARRAY_FIELDS
    }
    arrays["picture_change"][len(first)] = 0.4
    arrays["time_s"][len(first) :] += first.time_s[-1] + after_s - second.time_s[0]
    video = replace(first.video, frames=len(arrays["time_s"]), duration_s=float(arrays["time_s"][-1]))
    return replace(first, video=video, **arrays)


def detection_of(poses: PoseSequence, frame: int) -> Detection:
    """One frame as the pose model gives it."""
    return Detection(frame=frame, **{field.name: getattr(poses, field.name)[frame] for field in fields(Detection)[1:]})


# ------------------------------------------------------------------------------------------------ changed pictures


def mirrored(poses: PoseSequence) -> PoseSequence:
    """The picture flipped left to right, as a pose model would see it: the lifter's left becomes the right."""
    order = mirrored_indices()
    flip = np.array([-1.0, 1.0, 1.0])
    image = poses.image_px[:, order] * flip
    image[..., 0] += poses.video.width
    contour = poses.contour_px[:, ::-1] * flip[:2]
    contour[..., 0] += poses.video.width
    return replace(
        poses,
        image_px=image,
        world_m=poses.world_m[:, order] * flip,
        visibility=poses.visibility[:, order],
        contour_px=contour,
        contour_sharpness=poses.contour_sharpness[:, ::-1].copy(),
        mask_flexion_deg=poses.mask_flexion_deg[:, ::-1].copy(),
        floor=poses.floor[:, :, ::-1].copy(),
    )


def scaled(poses: PoseSequence, factor: float) -> PoseSequence:
    """The same video at another resolution."""
    video = replace(poses.video, width=round(poses.video.width * factor), height=round(poses.video.height * factor))
    return replace(poses, image_px=poses.image_px * factor, contour_px=poses.contour_px * factor, video=video)


def moved(poses: PoseSequence, right_px: float, down_px: float) -> PoseSequence:
    """The lifter elsewhere in the picture."""
    shift = np.array([right_px, down_px])
    image = poses.image_px.copy()
    image[..., :2] += shift
    return replace(poses, image_px=image, contour_px=poses.contour_px + shift)


def later(poses: PoseSequence, by_s: float) -> PoseSequence:
    """The same sequence on a clock that started earlier."""
    return replace(poses, time_s=poses.time_s + by_s)


def empty_poses(frames: int, *, fps: float = 30.0, first_s: float = 0.0) -> PoseSequence:
    """Frames in which nobody was found."""
    poses = film(standing_still(), fps=fps, time_s=first_s + np.arange(max(frames, 1)) / fps)
    return without(poses, np.ones(len(poses), dtype=bool)).part(slice(0, frames))


# ------------------------------------------------------------------------------------------------ reading a report


def verdicts(report: Report) -> dict[str, str]:
    """Verdict of every check on the set."""
    return {finding.check: finding.verdict for finding in report.findings}


def noticed(report: Report) -> dict[str, str]:
    """Verdict of every check on the set that found something, or could not be judged from the side."""
    return {
        finding.check: finding.verdict
        for finding in report.findings
        if finding.verdict != OK and not finding.reason.startswith("needs a view from the front")
    }


def measured(report: Report, name: str) -> FloatArray:
    """One measure over the repetitions."""
    return np.array([rep.measures[name] for rep in report.reps])
