"""The kettlebell swing: the hips throw, the arms are a pendulum that gravity slows to a float at chest height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from . import motion
from .body import Body
from .motion import Moment, Posture, Script, Stance
from .rotations import frame
from .spec import ClipSpec, Faults

Array = NDArray[np.float64]

_GRAVITY = 9.81
_RELEASE = np.deg2rad(25.0)  # arms against hanging where throw ends and float begins
_BEHIND = np.deg2rad(-46.0)  # arms at the end of the backswing
_REST_ARM = np.deg2rad(12.0)
_HALF_GRIP_M = 0.035


def fall(length_m: float, top_rad: float, low_rad: float) -> tuple[Array, Array]:
    """Time and angle of a pendulum let go at `top_rad` until it passes `low_rad`."""
    step, angle, rate = 1e-3, top_rad, 0.0
    times, angles = [0.0], [top_rad]
    while angle > low_rad and times[-1] < 3.0:
        rate -= step * _GRAVITY / length_m * np.sin(angle)
        angle += step * rate
        times.append(times[-1] + step)
        angles.append(angle)
    return np.array(times), np.array(angles)


@dataclass(frozen=True)
class Stroke:
    """One rep's arms and hips: times are counted from the bottom; the descent from the top."""

    faults: Faults
    pace: float
    float_s: float
    throw_s: float
    fall_time: Array
    fall_angle: Array
    rate: float  # arm speed where throw and float meet, rad/s
    extend_s: float  # from the bottom until the hips are open
    fold_s: float  # from the start of the hinge to the bottom

    @property
    def up_s(self) -> float:
        return self.throw_s + self.float_s

    def arm_up(self, t: Array) -> Array:
        """Arm angle at that many seconds after the bottom, up to the top."""
        s = np.clip(t / self.throw_s, 0, 1)
        throw = _hermite(s, _BEHIND, _RELEASE, 0.0, self.rate * self.throw_s)
        rise = np.interp(self.up_s - t, self.fall_time, self.fall_angle)
        return np.where(t < self.throw_s, throw, rise)

    def arm_down(self, t: Array) -> Array:
        """Arm angle at that many seconds after the top; the mirror of the ascent."""
        return self.arm_up(self.up_s - t)

    def hinge_up(self, t: Array) -> Array:
        """Depth of the hinge from 1 at the bottom to 0 with open hips."""
        return 1 - motion.ease(t / self.extend_s)

    def settled(self, t: Array) -> tuple[Array, Array]:
        """How much of a soft lockout, and of leaning back, there is at that many seconds after the bottom, 0 to 1."""
        return motion.ease(t / self.extend_s), motion.ease((t - 0.75 * self.extend_s) / (0.5 * self.extend_s))

    def hinge_down(self, t: Array) -> Array:
        return motion.ease((t - (self.up_s - self.fold_s)) / self.fold_s)


def _hermite(s: Array, a: float, b: float, va: float, vb: float) -> Array:
    h = s * s * (3 - 2 * s)
    return np.asarray(a + (b - a) * h + va * (s - 2 * s**2 + s**3) + vb * (s**3 - s**2))


def hinge(
    body: Body, faults: Faults, depth: Array, arm: Array, elbow_share: Array, top_share: Array, back_share: Array
) -> Posture:
    """Posture for a depth of the hinge: 0 plank, 1 backswing."""
    deg = np.deg2rad
    stand = motion.STANDING
    squat = faults.squatted_swing_deg
    knee1, lean1, shank1 = deg(30.0 + squat), deg(66.0 - 0.62 * squat), deg(2.0 + 0.50 * squat)
    knee0 = stand["knee"] + max(deg(faults.soft_lockout_knee_deg) - stand["knee"], 0.0) * top_share
    shank0 = stand["shank"] + deg(0.45 * faults.soft_lockout_knee_deg) * top_share
    shank0 = shank0 + deg(0.25 * faults.over_extension_deg) * back_share
    lean0 = np.full(len(depth), stand["lean"])
    if faults.soft_lockout_hip_deg > 0:
        lean0 = np.maximum(lean0, deg(faults.soft_lockout_hip_deg) * top_share - (knee0 - shank0))
    if faults.over_extension_deg > 0:
        lean0 = lean0 - (lean0 + deg(faults.over_extension_deg)) * back_share
    zero = np.zeros(len(depth))
    fade = depth * np.sqrt(depth.clip(0, 1))
    return {
        "shank": shank0 + (shank1 - shank0) * depth,
        "knee": knee0 + (knee1 - knee0) * depth,
        "lean": lean0 + (lean1 - lean0) * depth,
        "lumbar": deg(faults.lumbar_rounding_deg) * fade
        - deg(0.5 * faults.over_extension_deg) * back_share * (1 - depth),
        "thoracic": deg(faults.thoracic_rounding_deg) * fade,
        "neck": deg(faults.neck_deg) * fade - 0.15 * lean1 * depth,
        "heel": motion.heel_pitch(body, faults.heel_rise_fl) * depth,
        "shift": faults.shift_left * 2 * body.joint("upperleg01.L")[1] * fade,
        "tilt": deg(faults.tilt_left_deg) * fade,
        "knees_in": zero + faults.knees_in,
        "knees_in_share": depth,
        "elbow": motion.SOFT_ELBOW_RAD + deg(faults.arm_bend_deg) * elbow_share,
        "bar_x": zero,
        "arm": arm,
        "hold": zero + 1,
        "lifted": zero + 1,
    }


def _flexion_deg(p: Posture) -> Array:
    return np.asarray(np.degrees(p["lean"] + p["knee"] - p["shank"]))


def stroke(body: Body, clip: ClipSpec, faults: Faults, pace: float) -> Stroke:
    """Time hips against arms so that the flexion left at the two judged arm angles is as asked."""
    pendulum = float(motion.arm_reach(body, np.array([motion.SOFT_ELBOW_RAD]))[0]) + 0.10
    # A faster tempo is a stronger pull than gravity alone: a lifter who pulls the bell down.
    time, angle = fall(pendulum * pace**2, np.deg2rad(clip.swing_height_deg), float(_RELEASE))
    rate = float((angle[-2] - angle[-1]) / (time[-1] - time[-2]))
    throw = 0.44 * pace
    base = Stroke(faults, pace, float(time[-1]), throw, time, angle, rate, throw, throw)
    t = np.linspace(0.0, base.up_s, 1200)
    zero = np.zeros(len(t))

    def left_on_the_way_up(extend_s: float) -> float:
        s = Stroke(faults, pace, base.float_s, throw, time, angle, rate, extend_s, throw)
        p = hinge(body, faults, s.hinge_up(t), s.arm_up(t), zero, *s.settled(t))
        below = np.flatnonzero(np.degrees(p["arm"] + p["lean"]) < 30.0)
        return float(_flexion_deg(p)[min(below[-1] + 1, len(t) - 1)]) if len(below) else 90.0

    def left_on_the_way_down(fold_s: float) -> float:
        s = Stroke(faults, pace, base.float_s, throw, time, angle, rate, throw, fold_s)
        p = hinge(body, faults, s.hinge_down(t), s.arm_down(t), zero, zero, zero)
        at = int(np.argmax(s.arm_down(t) < np.deg2rad(45.0)))
        return float(_flexion_deg(p)[at])

    extend = _solve(left_on_the_way_up, max(10.0, faults.arm_lift_deg), 0.55 * throw, base.up_s)
    fold = _solve(left_on_the_way_down, max(5.0, faults.early_fold_deg), 0.9 * throw, 1.2 * base.up_s)
    return Stroke(faults, pace, base.float_s, throw, time, angle, rate, extend, fold)


def _solve(value_at: object, wanted: float, low: float, high: float) -> float:
    call = value_at
    lo, hi = call(low) - wanted, call(high) - wanted  # type: ignore[operator]
    if lo >= 0:
        return low
    if hi <= 0:
        return high
    return float(brentq(lambda x: call(x) - wanted, low, high, xtol=1e-3))  # type: ignore[operator]


def script(body: Body, clip: ClipSpec, rng: np.random.Generator) -> Script:
    """Stand with the bell, hike it back, swing, and come to rest."""
    hip_half = body.joint("upperleg01.L")[1]
    stance: Stance = motion.stance_for(body, 1.65 * hip_half, 12.0)
    plan = motion.plan_reps(clip, rng)
    strokes = [stroke(body, clip, r.bends, r.pace) for r in plan]
    hike, settle = 0.85 / clip.tempo, 1.0 / clip.tempo
    t = clip.rest_before_s + hike
    marks: list[dict[str, float]] = []
    for s in strokes:
        top = t + s.up_s
        marks.append(
            {
                "bottom_s": t,
                "hips_extended_s": t + s.extend_s,
                "top_s": top,
                "fold_start_s": top + s.up_s - s.fold_s,
                "next_bottom_s": top + s.up_s,
            }
        )
        t = top + s.up_s
    last = t
    duration = last + settle + clip.rest_after_s
    first = clip.rest_before_s

    def posture_at(time_s: Array) -> Posture:
        out = {k: np.zeros(len(time_s)) for k in motion.STANDING}

        def put(where: NDArray[np.bool_], p: Posture) -> None:
            for k, column in out.items():
                column[where] = p[k]

        def idle(where: NDArray[np.bool_], depth: Array, faults: Faults) -> None:
            arm = _REST_ARM + (_BEHIND - _REST_ARM) * depth
            put(where, hinge(body, faults, depth, arm, depth * 0, depth * 0, depth * 0))

        early = time_s < marks[0]["bottom_s"]
        idle(early, motion.ease((time_s[early] - first) / hike), strokes[0].faults)
        late = time_s >= last
        idle(late, 1 - motion.ease((time_s[late] - last) / settle), strokes[-1].faults)
        for i, (s, m) in enumerate(zip(strokes, marks, strict=True)):
            up = (time_s >= m["bottom_s"]) & (time_s < m["top_s"])
            u = time_s[up] - m["bottom_s"]
            bend = motion.ease(u / (0.5 * s.up_s))
            put(up, hinge(body, s.faults, s.hinge_up(u), s.arm_up(u), bend, *s.settled(u)))
            down = (time_s >= m["top_s"]) & (time_s < m["next_bottom_s"])
            d = time_s[down] - m["top_s"]
            after = strokes[min(i + 1, len(strokes) - 1)]
            loosen = 1 - motion.ease(d / (0.6 * s.up_s))
            here = hinge(body, s.faults, s.hinge_down(d), s.arm_down(d), loosen, loosen, loosen)
            there = hinge(body, after.faults, s.hinge_down(d), s.arm_down(d), loosen * 0, loosen * 0, loosen * 0)
            share = motion.ease(d / s.up_s)
            put(down, {k: here[k] + (there[k] - here[k]) * share for k in here})
        return out

    def at(time_s: Array) -> Moment:
        p = motion.swayed(posture_at(time_s), clip, time_s)
        hips = motion.hips_from_legs(body, stance, p)
        shoulder = motion.shoulders(body, hips, p)
        grip = motion.hanging(body, shoulder, p["arm"], p["elbow"], _HALF_GRIP_M)
        hint = np.array([[-0.2, 0.8, -0.6], [-0.2, -0.8, -0.6]])
        palm = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
        place = grip.mean(axis=1)
        along = np.stack([np.sin(p["arm"]), np.zeros(len(time_s)), -np.cos(p["arm"])], axis=1)
        up_axes = frame(-along, np.broadcast_to(np.array([0.0, 1.0, 0.0]), along.shape))
        # Columns: what was up, left and, right-handed, backwards; the bell's own axes are forward, left, up.
        turn = np.stack([-up_axes[..., 2], up_axes[..., 1], up_axes[..., 0]], axis=-1)
        return Moment(motion.controls(body, stance, p, grip, hint, palm), "kettlebell", place, turn, p["lifted"])

    return motion.walked_in(Script(duration, at, plan, marks), body, clip)
