"""The squat: a bar on the back, a bell at the chest, or no load; the load stays over mid-foot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from . import motion
from .body import BONE, Body
from .motion import Moment, Posture, Script, Segment, Stance, curve
from .posing import solve, trunk_chord
from .rotations import about_y
from .spec import ClipSpec, Faults

Array = NDArray[np.float64]

GOOD_DEPTH_TL = -0.08  # hip against knee at the bottom of a good squat, thigh lengths


def bottom(body: Body, clip: ClipSpec, stance: Stance, faults: Faults) -> tuple[float, float, float]:
    """Shank lean, knee flexion and trunk lean (radians) at the bottom, the load balanced over mid-foot."""
    thigh = float(np.arccos(np.clip(GOOD_DEPTH_TL + faults.shallow_squat_tl, -0.5, 0.99)))
    bend = np.deg2rad([faults.lumbar_rounding_deg + faults.butt_wink_deg])
    chord = float(trunk_chord(body, bend, np.deg2rad([faults.thoracic_rounding_deg]))[0][0])
    x, _ = motion.planar_ankle(body, stance, motion.heel_pitch(body, faults.heel_rise_fl))
    behind = {"barbell": 0.065, "goblet": -0.09, "none": -0.03}[clip.load]
    aim = {"barbell": 0.012, "goblet": -0.015, "none": -0.015}[clip.load]
    extra = np.deg2rad({"barbell": 4.0, "goblet": -4.0, "none": 6.0}[clip.load] + faults.forward_lean_deg)

    def off_balance(shank: float) -> float:
        lean = shank + extra
        load = float(x) + body.shank_m * np.sin(shank) - body.thigh_m * np.sin(thigh) + chord * np.sin(lean)
        return float(load - behind * np.cos(lean) + aim)

    low, high = np.deg2rad(-5.0), np.deg2rad(52.0)
    shank = float(brentq(off_balance, low, high)) if off_balance(low) < 0 < off_balance(high) else float(high)
    return shank, shank + thigh, float(shank + extra)


def ways(
    body: Body, clip: ClipSpec, stance: Stance, faults: Faults
) -> tuple[Callable[[Array], Posture], Callable[[Array], Posture]]:
    """Postures of the descent and of the ascent, both from standing (phase 0) to the bottom (phase 1)."""
    shank1, knee1, lean1 = bottom(body, clip, stance, faults)
    stand = motion.STANDING
    knee0 = max(stand["knee"], np.deg2rad(faults.soft_lockout_knee_deg))
    shank0 = stand["shank"] + np.deg2rad(0.45 * faults.soft_lockout_knee_deg + 0.25 * faults.over_extension_deg)
    lean0 = np.deg2rad(4.0) if clip.load == "barbell" else stand["lean"]
    if faults.soft_lockout_hip_deg > 0:
        lean0 = max(lean0, np.deg2rad(faults.soft_lockout_hip_deg) - (knee0 - shank0))
    if faults.over_extension_deg > 0:
        lean0 = -np.deg2rad(faults.over_extension_deg)
    early = 0.72  # phase at the end of the first third of the ascent
    shoot = np.deg2rad(faults.hips_shoot_up_deg)
    fade = curve((0, 0), (0.5, 0.4), (1, 1))

    def hip_height(knee_flexion: Any, shank_lean: Any) -> Any:
        return body.shank_m * np.cos(shank_lean) + body.thigh_m * np.cos(knee_flexion - shank_lean)

    def way(up: bool) -> Callable[[Array], Posture]:
        knee = curve((0, knee0), (0.5, knee0 + (0.46 if not up else 0.44) * (knee1 - knee0)), (1, knee1))
        lean = curve((0, lean0), (0.5, lean0 + 0.62 * (lean1 - lean0)), (1, lean1))
        shank = curve((0, shank0), (0.5, shank0 + 0.55 * (shank1 - shank0)), (1, shank1))
        if up and shoot > 0:
            # A third of the hips' ascent is done with the trunk tipped forward; the knees open for it.
            shank_then = shank0 + 0.45 * (shank1 - shank0)
            top, low = hip_height(knee0, shank0), hip_height(knee1, shank1)

            def above(flexion: float) -> float:
                return float(hip_height(flexion, shank_then) - low - (top - low) / 3)

            knee_then = float(brentq(above, knee0, knee1)) if above(knee0) * above(knee1) < 0 else 0.7 * knee1
            knee = curve((0, knee0), (early, knee_then), (1, knee1))
            lean = curve((0, lean0), (early, lean1 + shoot), (1, lean1))
            shank = curve((0, shank0), (early, shank_then), (1, shank1))
        grid = np.linspace(0, 1, 401)
        heights = hip_height(knee(grid), shank(grid))
        fifth = float(grid[np.argmax(heights < heights[-1] + 0.2 * (heights[0] - heights[-1]))])

        def posture(s: Array) -> Posture:
            zero = np.zeros(len(s))
            arch = -np.deg2rad(0.5 * faults.over_extension_deg) * np.clip((0.3 - s) / 0.3, 0, 1) ** 2
            wink = np.deg2rad(faults.butt_wink_deg) * motion.ease((s - fifth) / (1 - fifth))
            return {
                "shank": shank(s),
                "knee": knee(s),
                "lean": lean(s),
                "lumbar": np.deg2rad(faults.lumbar_rounding_deg) * fade(s) + wink + arch,
                "thoracic": np.deg2rad(faults.thoracic_rounding_deg) * fade(s),
                "neck": np.deg2rad(faults.neck_deg) * fade(s) - 0.2 * lean(s),
                "heel": motion.heel_pitch(body, faults.heel_rise_fl) * motion.ease((s - 0.3) / 0.7),
                "shift": faults.shift_left * 2 * body.joint("upperleg01.L")[1] * fade(s),
                "tilt": np.deg2rad(faults.tilt_left_deg) * fade(s),
                "knees_in": zero + faults.knees_in,
                "knees_in_share": motion.ease(s / 0.9),
                "elbow": zero + motion.SOFT_ELBOW_RAD,
                "bar_x": zero,
                "arm": np.deg2rad(8 + 78 * fade(s)),
                "hold": zero + 1,
                "lifted": zero + 1,
            }

        return posture

    return way(False), way(True)


def script(body: Body, clip: ClipSpec, rng: np.random.Generator) -> Script:
    """Lay out standing, repetitions and standing again."""
    stance = motion.stance_for(body, 1.55 * body.joint("upperleg01.L")[1], 18.0)
    plan = motion.plan_reps(clip, rng)
    both = [ways(body, clip, stance, r.bends) for r in plan]
    segments: list[Segment] = []
    marks: list[dict[str, float]] = []
    t = 0.0

    def add(seconds: float, posture: Callable[[Array], Posture], label: str) -> None:
        nonlocal t
        segments.append(Segment(t, t + seconds, posture, label))
        t += seconds

    def top(way: Callable[[Array], Posture]) -> Callable[[Array], Posture]:
        return lambda s: way(np.zeros(len(s)))

    add(clip.rest_before_s, top(both[0][0]), "rest")
    for i, (rep, (down, up)) in enumerate(zip(plan, both, strict=True)):
        mark = {"down_start_s": t}
        add(1.35 * rep.pace, down, "down")
        mark["bottom_start_s"] = t
        add(0.12 * rep.pace, lambda s, w=down: w(np.ones(len(s))), "bottom")  # type: ignore[misc]
        mark["bottom_end_s"] = t
        add(1.15 * rep.pace, motion.backwards(up), "up")
        mark["up_end_s"] = t
        marks.append(mark)
        if i + 1 < len(plan):
            add(0.55 * rep.pace, motion.between(top(up), top(both[i + 1][0])), "top")
    add(clip.rest_after_s, top(both[-1][1]), "rest")
    shoulder_y = body.joint("upperarm01.L")[1]

    def at(time_s: Array) -> Moment:
        p = motion.swayed(motion.sample(segments, time_s), clip, time_s)
        n = len(time_s)
        hips = motion.hips_from_legs(body, stance, p)
        shoulder = motion.shoulders(body, hips, p)
        palm = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
        kind, place, turn = "none", np.zeros((n, 3)), np.broadcast_to(np.eye(3), (n, 3, 3))
        if clip.load == "none":
            grip = motion.hanging(body, shoulder, p["arm"], p["elbow"] + 0.05, shoulder_y * 0.9)
            hint = np.array([[-0.3, 0.7, -0.5], [-0.3, -0.7, -0.5]])
            palm = np.array([[0.0, 0.3, -1.0], [0.0, -0.3, -1.0]])
            return Moment(motion.controls(body, stance, p, grip, hint, palm), kind, place, turn, p["lifted"])
        # The load rides on the upper trunk: solve the trunk once with any arms, then place load and hands on it.
        start = motion.hanging(body, shoulder, p["arm"] * 0, p["elbow"], shoulder_y)
        trunk = solve(
            body, motion.controls(body, stance, p, start, np.array([[-0.8, 0.6, 0.0], [-0.8, -0.6, 0.0]]), palm)
        )
        bone = BONE["spine01b"]
        top_turn, neck = trunk.turn[:, bone], trunk.head[:, BONE["neck01"]]
        if clip.load == "barbell":
            kind = "barbell"
            place = neck + top_turn @ np.array([-0.078, 0.0, -0.030]) * (body.spec.height_m / 1.75)
            turn = top_turn
            half = shoulder_y + 0.20
            hint_own = np.array([[-0.35, 0.25, -0.9], [-0.35, -0.25, -0.9]])
        else:
            kind = "kettlebell"
            middle = 0.5 * (trunk.head[:, BONE["upperarm01.L"]] + trunk.head[:, BONE["upperarm01.R"]])
            place = middle + top_turn @ np.array([0.235, 0.0, -0.06])
            turn = top_turn @ about_y(np.deg2rad(-10.0))
            half = 0.085
            hint_own = np.array([[-0.1, 0.4, -0.9], [-0.1, -0.4, -0.9]])
        side = top_turn @ np.array([0.0, half, 0.0])
        drop = top_turn @ np.array([0.0, 0.0, -0.05]) if clip.load == "goblet" else np.zeros(3)
        grip = np.stack([place + side + drop, place - side + drop], axis=1)
        hint = np.einsum("fij,kj->fki", top_turn, hint_own)
        if clip.load == "goblet":
            palm = np.einsum("fij,kj->fki", top_turn, np.array([[0.6, 0.2, -0.8], [0.6, -0.2, -0.8]]))
        else:
            palm = np.einsum("fij,kj->fki", top_turn, palm)
        return Moment(motion.controls(body, stance, p, grip, hint, palm), kind, place, turn, p["lifted"])

    return motion.walked_in(Script(t, at, plan, marks), body, clip)
