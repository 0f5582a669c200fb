"""The deadlift: a bar from the floor to lockout and back, arms long, over mid-foot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from . import motion
from .body import Body
from .meshes import KETTLEBELL_DROP_M
from .motion import Moment, Posture, Rep, Script, Segment, Stance, curve
from .posing import trunk_chord
from .spec import ClipSpec, Faults

Array = NDArray[np.float64]

_PASS = 0.42  # phase of the pull at which the bar is about at the knees
_BELL_RADIUS_M = 0.098
# Where 45 cm plates hold the bar; without them it starts from stands of that height.
START_HEIGHT_M = 0.225
START_X_M = 0.012


def _start_height(clip: ClipSpec) -> float:
    if clip.load == "kettlebell":
        return _BELL_RADIUS_M + KETTLEBELL_DROP_M
    return START_HEIGHT_M


def set_up(
    body: Body, stance: Stance, faults: Faults, bar: tuple[float, float], half_grip_m: float, sit: float
) -> tuple[float, float, float]:
    """Shank lean, knee flexion and trunk lean (radians) with straight arms on a bar at (x, z) on the floor.

    `sit` 0 is a good start with the shoulders ahead of the bar; more brings the shins forward and the hips down.
    """
    shank = np.deg2rad(10.0 + 24.0 * sit)
    ahead = 0.03 - 0.13 * sit
    chord = float(
        trunk_chord(body, np.deg2rad([faults.lumbar_rounding_deg]), np.deg2rad([faults.thoracic_rounding_deg]))[0][0]
    )
    reach = float(motion.arm_reach(body, np.array([motion.SOFT_ELBOW_RAD]))[0])
    spread = half_grip_m - body.joint("upperarm01.L")[1]
    shoulder = np.array([bar[0] + ahead, bar[1] + np.sqrt(reach**2 - ahead**2 - spread**2)])
    x, z = motion.planar_ankle(body, stance, motion.heel_pitch(body, faults.heel_rise_fl))
    knee = np.array([float(x) + body.shank_m * np.sin(shank), float(z) + body.shank_m * np.cos(shank)])
    line = shoulder - knee
    d = float(np.clip(np.hypot(*line), abs(chord - body.thigh_m) + 1e-3, chord + body.thigh_m - 1e-3))
    along = (body.thigh_m**2 - chord**2 + d**2) / (2 * d)
    off = np.sqrt(max(body.thigh_m**2 - along**2, 0.0))
    axis = line / np.hypot(*line)
    hip = knee + axis * along + off * np.array([-axis[1], axis[0]])
    thigh = np.arctan2(knee[0] - hip[0], hip[1] - knee[1])
    lean = np.arctan2(shoulder[0] - hip[0], shoulder[1] - hip[1])
    return float(shank), float(shank + thigh), float(lean)


def pull(body: Body, clip: ClipSpec, stance: Stance, faults: Faults, half_grip_m: float) -> Callable[[Array], Posture]:
    """Posture from the floor (phase 0) to lockout (phase 1)."""
    bar = (START_X_M, _start_height(clip))

    def hip_over_knee(sit: float) -> float:
        """Height of the hips over the knees at the set-up, thigh lengths."""
        shank, knee, _ = set_up(body, stance, faults, bar, half_grip_m, sit)
        return float(np.cos(knee - shank))

    # Build decides how high the hips start, but no sound start is a squat or a stiff-legged pull.
    good = 0.0
    for bound, over in ((0.24, False), (0.42, True)):
        if (hip_over_knee(good) > bound) == over:
            edge = 0.9 if over else -0.7
            if (hip_over_knee(edge) - bound) * (hip_over_knee(good) - bound) < 0:
                good = float(brentq(lambda sit, b=bound: hip_over_knee(sit) - b, min(good, edge), max(good, edge)))
            else:
                good = edge
    sit = good
    if faults.squatted_start_tl > 0:
        wanted = hip_over_knee(good) - faults.squatted_start_tl
        low = good + 1.6
        sit = float(brentq(lambda s: hip_over_knee(s) - wanted, good, low)) if hip_over_knee(low) < wanted else low
    shank0, knee0, lean0 = set_up(body, stance, faults, bar, half_grip_m, sit)
    shoot = faults.hips_shoot_up_deg
    gain = np.deg2rad(shoot - 3.0 * max(0.0, 1 - shoot / 3.0))
    pass_shank = np.deg2rad(-1.0)

    def bar_over_knee(knee_flexion: float) -> float:
        """Height of the bar over the knee joint when the leg is bent so much at the pass."""
        one = {k: np.array([v]) for k, v in motion.STANDING.items()}
        more = np.deg2rad(faults.rounding_growth_deg)
        one |= {
            "shank": np.array([pass_shank]),
            "knee": np.array([knee_flexion]),
            "lean": np.array([lean0 + gain]),
            "lumbar": np.array([np.deg2rad(faults.lumbar_rounding_deg) + 0.6 * more]),
            "thoracic": np.array([np.deg2rad(faults.thoracic_rounding_deg) + 0.4 * more]),
            "heel": np.array([0.65 * motion.heel_pitch(body, faults.heel_rise_fl)]),
        }
        shoulder = motion.shoulders(body, motion.hips_from_legs(body, stance, one), one)[0]
        elbow = np.array([motion.SOFT_ELBOW_RAD + np.deg2rad(faults.arm_bend_deg)])
        reach = float(motion.arm_reach(body, elbow)[0])
        ahead = shoulder[0] - bar[0] - 0.016
        spread = half_grip_m - body.joint("upperarm01.L")[1]
        height = shoulder[2] - np.sqrt(max(reach**2 - ahead**2 - spread**2, 0.01))
        _, ankle_z = motion.planar_ankle(body, stance, one["heel"])
        return float(height - ankle_z[0] - body.shank_m * np.cos(pass_shank))

    # The legs open until the bar is at the knees, so that what is dialled for the knees is there at the knees.
    low, high = 0.08 * knee0, 0.85 * knee0
    knee_pass = low
    if bar_over_knee(high) > 0:
        knee_pass = high
    elif bar_over_knee(low) > 0:
        knee_pass = float(brentq(bar_over_knee, low, high))
    stand = motion.STANDING
    knee1 = max(stand["knee"], np.deg2rad(faults.soft_lockout_knee_deg))
    # With a load in front the body stands further back than without.
    shank1 = np.deg2rad(3.0) + np.deg2rad(0.45 * faults.soft_lockout_knee_deg + 0.25 * faults.over_extension_deg)
    lean1 = stand["lean"]
    if faults.soft_lockout_hip_deg > 0:
        lean1 = max(lean1, np.deg2rad(faults.soft_lockout_hip_deg) - (knee1 - shank1))
    if faults.over_extension_deg > 0:
        lean1 = -np.deg2rad(faults.over_extension_deg)
    # At the top the load rests against the thighs.
    top = {k: np.array([v]) for k, v in motion.STANDING.items()} | {
        "knee": np.array([knee1]),
        "shank": np.array([shank1]),
    }
    thighs = float(motion.hips_from_legs(body, stance, top)[0, 0]) + body.thigh_front_m
    away = thighs + 0.03 if clip.load == "kettlebell" else min(max(thighs + 0.01, 0.03), 0.05)
    knee = curve((0, knee0), (_PASS, knee_pass), (1, knee1))
    shank = curve((0, shank0), (_PASS, pass_shank), (1, shank1))
    lean = curve((0, lean0), (_PASS, lean0 + gain), (1, lean1))
    deep = curve((0, 1), (_PASS, 1), (1, 0))
    grow = curve((0, 0), (_PASS, 1), (1, 0))
    fade = curve((0, 1), (0.6, 0.5), (1, 0))
    bend = curve((0, 0), (0.15, 1), (0.8, 1), (1, 0.3))
    path = curve((0, 0), (_PASS, 0.016), (1, away - bar[0]))
    drift = curve((0, 0), (0.5, 1), (1, 0))

    def posture(s: Array) -> Posture:
        zero = np.zeros(len(s))
        arch = -np.deg2rad(0.5 * faults.over_extension_deg) * np.clip((s - 0.7) / 0.3, 0, 1) ** 2
        more = np.deg2rad(faults.rounding_growth_deg) * grow(s)
        return {
            "shank": shank(s),
            "knee": knee(s),
            "lean": lean(s),
            "lumbar": np.deg2rad(faults.lumbar_rounding_deg) * deep(s) + 0.6 * more + arch,
            "thoracic": np.deg2rad(faults.thoracic_rounding_deg) * deep(s) + 0.4 * more,
            "neck": np.deg2rad(faults.neck_deg) * fade(s) - 0.12 * lean(s),
            "heel": motion.heel_pitch(body, faults.heel_rise_fl) * fade(s),
            "shift": faults.shift_left * 2 * body.joint("upperleg01.L")[1] * fade(s),
            "tilt": np.deg2rad(faults.tilt_left_deg) * fade(s),
            "knees_in": zero + faults.knees_in,
            "knees_in_share": deep(s) * fade(s),
            "elbow": motion.SOFT_ELBOW_RAD + np.deg2rad(faults.arm_bend_deg) * bend(s),
            "bar_x": bar[0] + path(s) + faults.bar_drift_fl * body.foot_length_m * drift(s),
            "arm": zero,
            "hold": zero + 1,
            "lifted": zero + 1,
        }

    return posture


def _approach(bottom: Posture) -> Callable[[Array], Posture]:
    """From standing, arms free, to the bar: the hinge first, then the knees, hands reaching near the end."""

    def posture(s: Array) -> Posture:
        out = {}
        for name, rest in motion.STANDING.items():
            end = float(bottom[name][0])
            if name == "hold":
                out[name] = motion.ease((s - 0.25) / 0.75)
            elif name == "lifted":
                out[name] = np.zeros(len(s))
            elif name == "knee":
                out[name] = curve((0, rest), (0.5, rest + 0.32 * (end - rest)), (1, end))(s)
            elif name in ("lumbar", "thoracic"):
                out[name] = end * motion.ease((s - 0.15) / 0.85)
            elif name == "bar_x":
                out[name] = np.full(len(s), end)
            else:
                out[name] = rest + (end - rest) * s
        return out

    return posture


def script(body: Body, clip: ClipSpec, rng: np.random.Generator) -> Script:
    """Lay out rest, set-up, repetitions and rest again."""
    bell = clip.load == "kettlebell"
    half_grip = 0.04 if bell else body.joint("upperarm01.L")[1] + 0.07
    hip_half = body.joint("upperleg01.L")[1]
    stance = motion.stance_for(body, 1.75 * hip_half if bell else 1.12 * hip_half, 18.0 if bell else 8.0)
    plan = motion.plan_reps(clip, rng)
    ways = [pull(body, clip, stance, r.bends, half_grip) for r in plan]
    segments: list[Segment] = []
    marks: list[dict[str, float]] = []
    t = 0.0

    def add(seconds: float, posture: Callable[[Array], Posture], label: str) -> None:
        nonlocal t
        segments.append(Segment(t, t + seconds, posture, label))
        t += seconds

    def floor(way: Callable[[Array], Posture]) -> Callable[[Array], Posture]:
        def posture(s: Array) -> Posture:
            out = way(np.zeros(len(s)))
            out["lifted"] = np.zeros(len(s))
            return out

        return posture

    slow = 1 / clip.tempo
    add(clip.rest_before_s, motion.still({}), "rest")
    add(1.5 * slow, _approach(ways[0](np.zeros(1))), "approach")
    add(0.5 * slow, floor(ways[0]), "set-up")
    for i, (rep, way) in enumerate(zip(plan, ways, strict=True)):
        mark = {"pull_start_s": t}
        add(1.25 * rep.pace, way, "pull")
        mark["pull_end_s"] = t
        add(0.45 * rep.pace, lambda s, w=way: w(np.ones(len(s))), "lockout")  # type: ignore[misc]
        mark["lower_start_s"] = t
        add(1.25 * rep.pace, motion.backwards(way), "lower")
        mark["lower_end_s"] = t
        marks.append(mark)
        if i + 1 < len(plan):
            after = floor(ways[i + 1])
            add(0.5 * rep.pace, motion.between(floor(way), after), "floor")
            add(0.12 * rep.pace, after, "floor")
    add(0.35 * slow, floor(ways[-1]), "floor")
    add(1.3 * slow, motion.backwards(_approach(ways[-1](np.zeros(1)))), "leave")
    add(clip.rest_after_s, motion.still({}), "rest")
    height = _start_height(clip)

    def at(time_s: Array) -> Moment:
        p = motion.sample(segments, time_s)
        # Hands on the bar hold the body still.
        p = motion.swayed(p, clip, time_s, 1.0 - p["hold"])
        hips = motion.hips_from_legs(body, stance, p)
        shoulder = motion.shoulders(body, hips, p)
        reach = motion.arm_reach(body, p["elbow"])
        spread = half_grip - body.joint("upperarm01.L")[1]
        bar = np.stack([p["bar_x"], 0.6 * p["shift"], np.full(len(time_s), height)], axis=1)
        up = p["lifted"] > 0.5
        ahead = shoulder[:, 0] - bar[:, 0]
        drop = np.sqrt(np.maximum(reach**2 - ahead**2 - spread**2, 0.01))
        bar[up, 2] = np.maximum(shoulder[up, 2] - drop[up], height)
        side = np.array([0.0, half_grip, 0.0])
        on_bar = np.stack([bar + side, bar - side], axis=1)
        free = motion.hanging(
            body, shoulder, p["arm"], p["elbow"] + np.deg2rad(8), body.joint("upperarm01.L")[1] + 0.10
        )
        hold = p["hold"][:, None, None]
        grip = hold * on_bar + (1 - hold) * free
        hint = np.array([[-0.8, 0.6, 0.0], [-0.8, -0.6, 0.0]])
        over, loose = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]), np.array([[-1.0, 0.3, 0.0], [-1.0, -0.3, 0.0]])
        palm = hold * over + (1 - hold) * loose
        kind = "kettlebell" if bell else "barbell"
        turn = np.broadcast_to(np.eye(3), (len(time_s), 3, 3))
        return Moment(motion.controls(body, stance, p, grip, hint, palm), kind, bar, turn, p["lifted"])

    return motion.walked_in(Script(t, at, plan, marks), body, clip)


__all__ = ["Rep", "pull", "script", "set_up"]
