"""What the motion scripts share: time laws, segments of posture, and the step from posture to controls."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from .body import Body
from .posing import Controls, reach_m, trunk_chord, two_link
from .spec import ClipSpec, Faults

Array = NDArray[np.float64]
Posture = dict[str, Array]  # named curves over a stretch of time; angles in radians, lengths in metres
SOFT_ELBOW_RAD = np.deg2rad(4.0)

LUMBAR_RELEASE = 0.85
"""Share of the lower back in what a neutral hinge gives up of standing."""

# Curves every posture has, with the value of standing at ease.
STANDING = {
    "shank": np.deg2rad(6.0),  # lean of the shank, forward positive
    "knee": np.deg2rad(5.0),  # flexion
    "lean": np.deg2rad(1.5),  # of the line from hip to shoulder
    "lumbar": 0.0,
    "thoracic": 0.0,
    "neck": 0.0,
    "heel": 0.0,  # pitch of the foot, heel up
    "shift": 0.0,  # of the pelvis to the left, metres
    "tilt": 0.0,  # side bend to the left
    "knees_in": 0.0,  # fraction of the standing knee separation to lose
    "knees_in_share": 0.0,  # how much of that loss is present
    "elbow": SOFT_ELBOW_RAD,
    "bar_x": 0.0,
    "arm": 0.0,  # shoulder-hand line from hanging, forward positive
    "hold": 0.0,  # 1: hands on the load, 0: arms free
    "lifted": 0.0,  # 1: the load follows the hands
}


@dataclass(frozen=True)
class Segment:
    """A stretch of time and the posture in it as a function of the eased phase from 0 to 1."""

    start_s: float
    end_s: float
    posture: Callable[[Array], Posture]
    label: str
    linear: bool = False


def ease(s: ArrayLike) -> Array:
    """Smooth start and stop: 3 s^2 - 2 s^3, clipped."""
    s = np.clip(np.asarray(s, dtype=np.float64), 0.0, 1.0)
    return np.asarray(s * s * (3 - 2 * s))


def curve(*points: tuple[float, float]) -> PchipInterpolator:
    """A smooth curve through (phase, value) points that never overshoots them."""
    x, y = zip(*points, strict=True)
    return PchipInterpolator(x, y)


def still(values: dict[str, float]) -> Callable[[Array], Posture]:
    """A posture that is held."""
    return lambda s: {k: np.full(len(s), float(v)) for k, v in {**STANDING, **values}.items()}


def between(first: Callable[[Array], Posture], second: Callable[[Array], Posture]) -> Callable[[Array], Posture]:
    """Move straight from where one posture ends to where another begins."""

    def posture(s: Array) -> Posture:
        a, b = first(np.array([1.0])), second(np.array([0.0]))
        return {k: a[k] + (b[k] - a[k]) * s for k in a}

    return posture


def backwards(posture: Callable[[Array], Posture]) -> Callable[[Array], Posture]:
    """The same way, from its end to its start."""
    return lambda s: posture(1.0 - s)


def sample(segments: list[Segment], time_s: Array) -> Posture:
    """Posture at any instants; before the first segment its start is held, after the last its end."""
    out: Posture = {k: np.zeros(len(time_s)) for k in STANDING}
    starts = np.array([s.start_s for s in segments])
    which = np.clip(np.searchsorted(starts, time_s, side="right") - 1, 0, len(segments) - 1)
    for i, segment in enumerate(segments):
        here = which == i
        if not here.any():
            continue
        s = (time_s[here] - segment.start_s) / max(segment.end_s - segment.start_s, 1e-9)
        values = segment.posture(np.clip(s, 0, 1) if segment.linear else ease(s))
        for name, column in out.items():
            column[here] = values[name]
    return out


@dataclass(frozen=True)
class Stance:
    """Where the feet stand: half the distance between the ankles, toes turned out, and the planar leg's base."""

    half_width_m: float
    toe_out_rad: float
    ankle_x: float
    ankle_z: float


def stance_for(body: Body, half_width_m: float, toe_out_deg: float) -> Stance:
    """Feet flat, with mid-foot on x = 0."""
    middle = 0.5 * (body.points["heel.L"][1][0] + body.points["toe.L"][1][0])
    ankle = body.joint("foot.L")
    turn = np.deg2rad(toe_out_deg)
    return Stance(half_width_m, turn, float(ankle[0] - middle) * np.cos(turn), float(ankle[2]))


def planar_ankle(body: Body, stance: Stance, heel: ArrayLike) -> tuple[Array, Array]:
    """Ankle (x, z) in the sagittal plane when the heel is pitched up about the ball of the foot."""
    heel = np.asarray(heel, dtype=np.float64)
    arm = body.joint("foot.L") - body.joint("toes.L")
    forward = np.cos(stance.toe_out_rad)
    x = stance.ankle_x + forward * (arm[0] * (np.cos(heel) - 1) + arm[2] * np.sin(heel))
    z = stance.ankle_z - arm[0] * np.sin(heel) + arm[2] * (np.cos(heel) - 1)
    return np.asarray(x), np.asarray(z)


def heel_pitch(body: Body, height_fl: float) -> float:
    """Pitch of the foot that lifts the heel by that many foot lengths."""
    heel, ball = body.points["heel.L"][1], body.joint("toes.L")
    rise = height_fl * body.foot_length_m
    arm = heel - ball
    if rise <= 0:
        return 0.0

    def missing(angle: float) -> float:
        return float(-arm[0] * np.sin(angle) + arm[2] * (np.cos(angle) - 1) - rise)

    return float(brentq(missing, 0.0, 1.2)) if missing(1.2) > 0 else 1.2


def hips_from_legs(body: Body, stance: Stance, p: Posture) -> Array:
    """Midpoint of the hip joints (F, 3) for the shank lean and knee flexion of a posture."""
    x, z = planar_ankle(body, stance, p["heel"])
    thigh = p["knee"] - p["shank"]
    dx = body.shank_m * np.sin(p["shank"]) - body.thigh_m * np.sin(thigh)
    dz = body.shank_m * np.cos(p["shank"]) + body.thigh_m * np.cos(thigh)
    # The legs also spread: keep the knee's flexion and give the sideways part of their length away.
    spread = stance.half_width_m - body.joint("upperleg01.L")[1]
    length = np.hypot(dx, dz)
    scale = np.sqrt(np.maximum(length**2 - spread**2, 0.01)) / length
    return np.stack([x + dx * scale, p["shift"], z + dz * scale], axis=1)


def shoulders(body: Body, hip_mid: Array, p: Posture) -> Array:
    """Midpoint of the shoulder joints (F, 3), without side bend."""
    length, _ = trunk_chord(body, p["lumbar"], p["thoracic"])
    return hip_mid + np.stack([length * np.sin(p["lean"]), np.zeros(len(length)), length * np.cos(p["lean"])], axis=1)


def arm_reach(body: Body, elbow: Array) -> Array:
    """Distance from shoulder to what the hand holds."""
    return reach_m(body.upper_arm_m, body.forearm_m, elbow) + body.grip_m


def controls(body: Body, stance: Stance, p: Posture, grip: Array, elbow_hint: Array, palm: Array) -> Controls:
    """Complete a posture and its hands to what the solver needs."""
    n = len(p["lean"])
    sign = np.array([1.0, -1.0])
    x, y = np.full((n, 2), stance.ankle_x), np.broadcast_to(sign * stance.half_width_m, (n, 2))
    ankle = np.stack([x, y, np.full((n, 2), stance.ankle_z)], axis=2)
    yaw = np.broadcast_to(sign * stance.toe_out_rad, (n, 2))
    hip_mid = hips_from_legs(body, stance, p)
    return Controls(
        hip_mid=hip_mid,
        lean=p["lean"],
        lumbar=p["lumbar"],
        thoracic=p["thoracic"],
        neck=p["neck"],
        side_bend=p["tilt"],
        ankle=ankle,
        foot_yaw=yaw,
        heel_pitch=np.stack([p["heel"], p["heel"]], axis=1),
        knee_yaw=knee_yaw(body, stance, hip_mid, ankle, p),
        grip=grip,
        elbow_hint=np.broadcast_to(elbow_hint, (n, 2, 3)),
        palm=np.broadcast_to(palm, (n, 2, 3)),
    )


def knee_yaw(body: Body, stance: Stance, hip_mid: Array, ankle: Array, p: Posture) -> Array:
    """Direction of the knees: over the toes, or inwards until the wanted share of their separation is gone."""
    n = len(p["lean"])
    yaw = np.full(n, stance.toe_out_rad)
    if np.any(p["knees_in"]):
        hip = np.stack([hip_mid[:, 0], np.full(n, body.joint("upperleg01.L")[1]), hip_mid[:, 2]], axis=1)
        x, z = planar_ankle(body, stance, p["heel"])
        foot = np.stack([x, ankle[:, 0, 1], z], axis=1)

        def half_gap(angle: Array) -> Array:
            hint = np.stack([np.cos(angle), np.sin(angle), np.zeros(n)], axis=1)
            knee, _ = two_link(hip, foot, body.thigh_m, body.shank_m, hint)
            return np.asarray(knee[:, 1])

        # Bones of the same length, so the knee of a standing leg is this far along it.
        share = body.thigh_m / (body.shank_m + body.thigh_m)
        standing = hip[:, 1] + (stance.half_width_m - hip[:, 1]) * share
        natural = half_gap(yaw)
        wanted = natural + p["knees_in_share"] * (standing * (1 - p["knees_in"]) - natural)
        low, high = np.full(n, -1.4), yaw
        for _ in range(30):
            middle = 0.5 * (low + high)
            wide = half_gap(middle) > wanted
            low, high = np.where(wide, low, middle), np.where(wide, middle, high)
        yaw = 0.5 * (low + high)
    return np.stack([yaw, -yaw], axis=1)


def hanging(body: Body, shoulder_mid: Array, arm: Array, elbow: Array, half_width_m: float) -> Array:
    """Grip points (F, 2, 3) of arms that hang or swing at an angle from hanging, hands so far apart."""
    spread = body.joint("upperarm01.L")[1] - half_width_m
    reach = np.sqrt(np.maximum(arm_reach(body, elbow) ** 2 - spread**2, 0.01))
    middle = shoulder_mid + np.stack([reach * np.sin(arm), np.zeros(len(arm)), -reach * np.cos(arm)], axis=1)
    side = np.array([0.0, half_width_m, 0.0])
    return np.stack([middle + side, middle - side], axis=1)


@dataclass(frozen=True)
class Rep:
    """The script of one repetition: its faults as performed, and the spine's own release, which is none."""

    faults: Faults
    faulty: bool
    pace: float
    release_deg: float = 0.0

    @property
    def bends(self) -> Faults:
        """The faults with the release added to what the spine bends."""
        return dataclasses.replace(
            self.faults,
            lumbar_rounding_deg=self.faults.lumbar_rounding_deg + LUMBAR_RELEASE * self.release_deg,
            thoracic_rounding_deg=self.faults.thoracic_rounding_deg + (1.0 - LUMBAR_RELEASE) * self.release_deg,
        )


def plan_reps(clip: ClipSpec, rng: np.random.Generator) -> list[Rep]:
    """Faults and pace of each repetition; with variation, sizes differ by some percent and pace slows with fatigue."""
    out = []
    for i in range(clip.reps):
        faulty = clip.faulty_reps is None or i in clip.faulty_reps
        noise = float(np.clip(rng.normal(0, 0.06), -0.12, 0.12)) * clip.variation
        faults = clip.faults.scaled(1 + noise) if faulty else Faults()
        pace = 1 + clip.variation * (0.02 * i + float(np.clip(rng.normal(0, 0.05), -0.1, 0.1)))
        out.append(Rep(faults, faulty and bool(clip.faults.present()), pace / clip.tempo, clip.body.hinge_release_deg))
    return out


@dataclass(frozen=True)
class Moment:
    """Controls at some instants, and where the load is: kind, place (F, 3) and turn (F, 3, 3)."""

    controls: Controls
    load_kind: str
    load_place: Array
    load_turn: Array
    load_lifted: Array


@dataclass(frozen=True)
class Script:
    """A whole clip's motion. `at` gives the moment at any instants; `reps` holds each rep's scripted stretch."""

    duration_s: float
    at: Callable[[Array], Moment]
    plan: list[Rep]
    marks: list[dict[str, float]]


def swayed(p: Posture, clip: ClipSpec, time_s: Array, share: ArrayLike = 1.0) -> Posture:
    """Add a share of the slow small sway of a living body to a posture's lean; none without variation."""
    if clip.variation == 0:
        return p
    rng = np.random.default_rng([clip.seed, 11])
    rates, phases = rng.uniform(0.15, 0.7, 3), rng.uniform(0, 2 * np.pi, 3)
    noise = np.sin(2 * np.pi * rates * time_s[:, None] + phases).mean(axis=1)
    return {**p, "lean": p["lean"] + np.deg2rad(0.5 * clip.variation) * noise * share}


_WALK_STEPS, _WALK_STEP_S, _WALK_M = 6, 0.52, 1.5


def walked_in(script: Script, body: Body, clip: ClipSpec) -> Script:
    """Let the lifter walk up from behind first, if the clip asks for it; all else comes that much later."""
    if not clip.walk_in:
        return script
    walk_s = _WALK_STEPS * _WALK_STEP_S
    stride = _WALK_M / (_WALK_STEPS - 1)
    # Feet take turns: the first and the last step are half as long as those between.
    holds = np.zeros((_WALK_STEPS + 1, 2))
    for k in range(_WALK_STEPS):
        holds[k + 1] = holds[k]
        holds[k + 1, k % 2] += stride * (1 if k in (0, _WALK_STEPS - 1) else 2)
    holds -= holds[-1]

    def walking(t: Array) -> Moment:
        n = len(t)
        start = script.at(np.zeros(n))
        c = start.controls
        step = np.clip((t / _WALK_STEP_S).astype(int), 0, _WALK_STEPS - 1)
        s = t / _WALK_STEP_S - step
        feet = holds[step] + (holds[step + 1] - holds[step]) * ease(s)[:, None]
        moving = (holds[step + 1] != holds[step]).astype(float)
        begin, end = ease(t / 0.6), ease((walk_s - t) / 0.6)
        going = np.minimum(begin, end)
        u = t / walk_s
        place = -_WALK_M * (1 - (u - 0.08 * np.sin(2 * np.pi * u)))
        lift = moving * np.sin(np.pi * s)[:, None]
        ankle = c.ankle.copy()
        ankle[:, :, 0] += feet
        ankle[:, :, 2] += 0.07 * lift
        behind = np.clip(place[:, None] - feet - 0.12, 0, 1)
        hips = c.hip_mid + np.stack([place, np.zeros(n), -0.05 * going + 0.012 * going * np.sin(2 * np.pi * s)], axis=1)
        grip = c.grip.copy()
        grip[:, :, 0] += place[:, None]
        grip[:, :, 2] -= 0.04 * going[:, None]
        lifted = start.load_lifted > 0.5
        if not lifted.any():
            # Free arms swing against the legs.
            ahead = feet - feet.mean(axis=1, keepdims=True)
            grip[:, :, 0] -= 0.8 * ahead
            grip[:, :, 2] += 0.5 * ahead**2
        moved = start.load_place + np.stack([place, np.zeros(n), -0.05 * going], axis=1)
        return Moment(
            dataclasses.replace(c, hip_mid=hips, ankle=ankle, heel_pitch=c.heel_pitch + 1.6 * behind, grip=grip),
            start.load_kind,
            np.where(lifted[:, None], moved, start.load_place),
            start.load_turn,
            start.load_lifted,
        )

    def at(time_s: Array) -> Moment:
        first, then = walking(np.minimum(time_s, walk_s)), script.at(np.maximum(time_s - walk_s, 0.0))
        early = time_s < walk_s

        def pick(a: Array, b: Array) -> Array:
            return np.where(early.reshape(-1, *[1] * (a.ndim - 1)), a, b)

        mixed = {
            f.name: pick(getattr(first.controls, f.name), getattr(then.controls, f.name))
            for f in dataclasses.fields(Controls)
        }
        return Moment(
            Controls(**mixed),
            then.load_kind,
            pick(first.load_place, then.load_place),
            pick(first.load_turn, then.load_turn),
            pick(first.load_lifted, then.load_lifted),
        )

    marks = [{k: v + walk_s for k, v in mark.items()} for mark in script.marks]
    return Script(script.duration_s + walk_s, at, script.plan, marks)
