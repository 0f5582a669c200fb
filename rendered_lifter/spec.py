"""What to render: body, scene, load, motion and faults in frozen dataclasses, and a random draw of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

EXERCISES = ("deadlift", "swing", "squat")
BACKGROUNDS = ("gym", "plain", "clutter")
PLATES = ("none", "far", "both")


@dataclass(frozen=True)
class Faults:
    """Size of each fault; 0 is faultless. Names end in the unit: degrees, foot lengths (fl) or thigh lengths (tl).

    lumbar_rounding_deg, thoracic_rounding_deg: flexion of that part of the spine beyond the neutral hinge, at the
        bottom; grows with the depth of the hinge and is zero standing.
    rounding_growth_deg: further flexion gained between lift-off and the bar at the knee (deadlift), 60 % of it lumbar.
    hips_shoot_up_deg: trunk lean gained early in the ascent (deadlift: lift-off to knee; squat: first third).
    arm_bend_deg: elbow flexion during the pull (deadlift) or the ascent (swing).
    arm_lift_deg: hip flexion left when the arms pass 30 deg from the trunk during the ascent (swing); good is 10.
    early_fold_deg: hip flexion when the arms fall through 45 deg above hanging (swing); good is 5.
    squatted_swing_deg: knee flexion added at the bottom of the swing.
    squatted_start_tl: hip height over the knee lost at the deadlift's set-up against the lifter's good one.
    shallow_squat_tl: hip height gained at the squat's bottom against the lifter's good one (0.08 below the knee).
    butt_wink_deg: lumbar flexion gained in the last fifth of the squat's descent.
    heel_rise_fl: height of the heel over its flat place at the bottom.
    forward_lean_deg: trunk lean minus shank lean added at the squat's bottom.
    over_extension_deg: backward trunk lean at the top.
    soft_lockout_hip_deg, soft_lockout_knee_deg: flexion left at the top.
    neck_deg: turning of head against trunk at the bottom, flexion positive, extension negative.
    knees_in: fraction of the standing knee separation lost at the bottom.
    shift_left: sideways shift of the pelvis at the bottom as a fraction of the distance between the hip joints.
    tilt_left_deg: side bend of the trunk at the bottom, left shoulder lower.
    bar_drift_fl: how far the bar leaves its path forward, greatest half ascent (deadlift).
    """

    lumbar_rounding_deg: float = 0.0
    thoracic_rounding_deg: float = 0.0
    rounding_growth_deg: float = 0.0
    hips_shoot_up_deg: float = 0.0
    arm_bend_deg: float = 0.0
    arm_lift_deg: float = 0.0
    early_fold_deg: float = 0.0
    squatted_swing_deg: float = 0.0
    squatted_start_tl: float = 0.0
    shallow_squat_tl: float = 0.0
    butt_wink_deg: float = 0.0
    heel_rise_fl: float = 0.0
    forward_lean_deg: float = 0.0
    over_extension_deg: float = 0.0
    soft_lockout_hip_deg: float = 0.0
    soft_lockout_knee_deg: float = 0.0
    neck_deg: float = 0.0
    knees_in: float = 0.0
    shift_left: float = 0.0
    tilt_left_deg: float = 0.0
    bar_drift_fl: float = 0.0

    def scaled(self, factor: float) -> Faults:
        """The same faults, all `factor` times as large."""
        return Faults(**{f.name: getattr(self, f.name) * factor for f in fields(self)})

    def present(self) -> dict[str, float]:
        """Name and size of the faults that are not zero."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != 0.0}


@dataclass(frozen=True)
class BodySpec:
    """One lifter. Fractions run from 0 to 1; `*_scale` from -1 (short) to 1 (long) against the average build.

    hinge_release_deg: flexion of the spine that this lifter's neutral hinge has against standing. Real backs give up
    part of their standing lordosis (Bengtsson 2022: about 33 deg in trained lifters); rounding counts beyond that.
    belt: a lifting belt, a hand wide and a finger thick, around the waist.
    """

    male: float = 1.0
    old: float = 0.0
    muscle: float = 0.6
    weight: float = 0.5
    height_m: float = 1.75
    ancestry: tuple[float, float, float] = (0.2, 0.2, 0.6)
    thigh_scale: float = 0.0
    shank_scale: float = 0.0
    torso_scale: float = 0.0
    hinge_release_deg: float = 0.0
    skin_rgb: tuple[float, float, float] = (0.80, 0.60, 0.48)
    hair_rgb: tuple[float, float, float] = (0.16, 0.10, 0.07)
    hair: str = "short"  # short | bun | none
    shirt: str = "tight"  # tight | loose | tank
    shirt_rgb: tuple[float, float, float] = (0.20, 0.35, 0.60)
    legwear: str = "shorts"  # shorts | leggings
    legwear_rgb: tuple[float, float, float] = (0.13, 0.13, 0.16)
    shoes_rgb: tuple[float, float, float] = (0.75, 0.75, 0.78)
    belt: bool = False


@dataclass(frozen=True)
class SceneSpec:
    """Camera, light, surroundings and encoding.

    yaw_deg is 0 for an exact side view and positive when the camera moves to the lifter's front (90: front, -90: rear).
    pitch_deg is positive when the camera looks down. facing is where the lifter looks in the picture of a side view.
    Blur is the number of instants averaged into one frame over half the frame's duration (1: no motion blur).
    """

    facing: str = "right"
    yaw_deg: float = 0.0
    pitch_deg: float = 3.0
    camera_height_m: float = 1.0
    distance_m: float = 4.2
    frame_height_m: float = 2.35  # how much of the lifter's plane the picture shows from bottom to top
    width: int = 480
    height: int = 640
    fps: float = 30.0
    blur: int = 1
    background: str = "gym"
    light_azimuth_deg: float = 40.0
    light_elevation_deg: float = 55.0
    exposure: float = 1.0
    bystander: bool = False
    crf: int = 26


@dataclass(frozen=True)
class ClipSpec:
    """One clip: who, where, what, how often and how well."""

    exercise: str = "deadlift"
    seed: int = 0
    reps: int = 3
    tempo: float = 1.0  # 2 is twice as fast
    variation: float = 1.0  # natural variation from rep to rep; 0 makes all reps alike
    load: str = "barbell"  # deadlift: barbell | pvc | kettlebell; squat: barbell | goblet | none; swing: kettlebell
    plates: str = "none"
    plate_diameter_m: float = 0.45
    swing_height_deg: float = 86.0  # arms against hanging at the top of the float
    rest_before_s: float = 0.8
    rest_after_s: float = 0.8
    walk_in: bool = False
    faults: Faults = field(default_factory=Faults)
    faulty_reps: tuple[int, ...] | None = None  # indices from 0; None: all
    body: BodySpec = field(default_factory=BodySpec)
    scene: SceneSpec = field(default_factory=SceneSpec)
    split: str = "none"


# --- random draws ----------------------------------------------------------------------------------------------------

_SKINS = (
    (0.87, 0.68, 0.57),
    (0.80, 0.60, 0.48),
    (0.70, 0.50, 0.37),
    (0.56, 0.38, 0.27),
    (0.42, 0.28, 0.20),
    (0.30, 0.20, 0.15),
)
_HAIRS = ((0.08, 0.06, 0.05), (0.16, 0.10, 0.07), (0.35, 0.22, 0.12), (0.62, 0.48, 0.28), (0.55, 0.53, 0.52))
_CLOTHES = (
    (0.20, 0.35, 0.60),
    (0.65, 0.16, 0.18),
    (0.12, 0.12, 0.14),
    (0.82, 0.82, 0.80),
    (0.18, 0.42, 0.30),
    (0.45, 0.28, 0.55),
    (0.85, 0.55, 0.15),
    (0.45, 0.47, 0.50),
)


def random_body(rng: np.random.Generator) -> BodySpec:
    """Draw an adult with clothes."""
    male = float(rng.random() < 0.55)
    muscle = float(rng.uniform(0.3, 0.95))
    old = float(np.clip(rng.normal(0.15, 0.2), 0.0, 0.75))

    def pick(options: tuple[Any, ...]) -> Any:
        return options[int(rng.integers(len(options)))]

    shirt_rgb = pick(_CLOTHES)
    ancestry = rng.dirichlet((0.7, 0.7, 0.7))
    return BodySpec(
        male=male,
        old=round(old, 3),
        muscle=round(muscle, 3),
        weight=round(float(np.clip(rng.normal(0.5, 0.17), 0.15, 0.9)), 3),
        height_m=round(float(rng.normal(1.78, 0.07) if male else rng.normal(1.66, 0.065)), 3),
        ancestry=(round(float(ancestry[0]), 3), round(float(ancestry[1]), 3), round(float(ancestry[2]), 3)),
        thigh_scale=round(float(np.clip(rng.normal(0, 0.4), -0.8, 0.8)), 3),
        shank_scale=round(float(np.clip(rng.normal(0, 0.4), -0.8, 0.8)), 3),
        torso_scale=round(float(np.clip(rng.normal(0, 0.3), -0.6, 0.6)), 3),
        skin_rgb=pick(_SKINS),
        hair_rgb=pick(_HAIRS),
        hair="short" if male else pick(("bun", "short")),
        shirt=pick(("tight", "loose", "tank", "tight")),
        shirt_rgb=shirt_rgb,
        legwear="shorts" if male and rng.random() < 0.8 else "leggings",
        legwear_rgb=pick(tuple(c for c in _CLOTHES if c != shirt_rgb)),
        shoes_rgb=pick(_CLOTHES),
    )


RELEASE_DEG, RELEASE_SPREAD_DEG, RELEASE_RANGE_DEG = 28.0, 9.0, (8.0, 45.0)
SQUAT_RELEASE = 0.7
"""A squat's bottom takes less of the lordosis (McKean 2010: 13 and 26 deg in women and men)."""


SERIES = {"tune": 0, "tune-2": 1, "tune-3": 10_000_001, "test": 20_000_001}
"""Series of draws, and where the seeds of each begin: every second integer from there on, so that none is in two.

"tune-2" was the test series until a limit had been changed after a look at two of its bodies, "tune-3" until the rules
for sets of swings were. "test" has been drawn since, and nothing may be chosen by looking at it.
"""

SEED_MAX = 999_999


def clip_seed(seed: int, series: str) -> int:
    """The number from which everything about a clip is drawn; no two series share one.

    Raises ValueError for an unknown series and for a seed below 0 or above `SEED_MAX`.
    """
    if series not in SERIES:
        raise ValueError(f"unknown split {series!r}; choose from {', '.join(SERIES)}")
    if not 0 <= seed <= SEED_MAX:
        raise ValueError(f"the seed must be between 0 and {SEED_MAX}, not {seed}")
    return SERIES[series] + 2 * int(seed)


def random_spec(seed: int, exercise: str, split: str = "tune", **overrides: Any) -> ClipSpec:
    """Draw a faultless side-view clip of one of the `SERIES`, whose bodies and seeds never meet.

    Overrides name fields of ClipSpec, SceneSpec, BodySpec or Faults (a fault may lose its unit suffix).
    Raises ValueError for an unknown exercise, split or field, and for a seed out of range.
    """
    if exercise not in EXERCISES:
        raise ValueError(f"unknown exercise {exercise!r}; choose from {', '.join(EXERCISES)}")
    drawn_from = clip_seed(seed, split)
    rng = np.random.default_rng([drawn_from, EXERCISES.index(exercise)])
    body = random_body(rng)
    portrait = rng.random() < 0.5
    scene = SceneSpec(
        facing="right" if rng.random() < 0.5 else "left",
        yaw_deg=round(float(rng.uniform(-8, 8)), 2),
        pitch_deg=round(float(rng.uniform(0, 8)), 2),
        camera_height_m=round(float(rng.uniform(0.7, 1.3)), 3),
        distance_m=round(float(rng.uniform(3.2, 5.5)), 2),
        frame_height_m=round(float(rng.uniform(2.3, 2.7)), 2),
        width=480 if portrait else 640,
        height=640 if portrait else 480,
        fps=float(rng.choice([24, 30, 30, 60]) if exercise != "swing" else rng.choice([30, 60])),
        blur=1,
        background=BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))],
        light_azimuth_deg=round(float(rng.uniform(-70, 70)), 1),
        light_elevation_deg=round(float(rng.uniform(40, 75)), 1),
        exposure=round(float(rng.uniform(0.8, 1.15)), 3),
    )
    clip = ClipSpec(
        exercise=exercise,
        seed=drawn_from,
        reps=3 if exercise != "swing" else 5,
        tempo=round(float(rng.uniform(0.85, 1.15)), 3),
        load={"deadlift": "barbell", "swing": "kettlebell", "squat": "barbell"}[exercise],
        plate_diameter_m=float(rng.choice([0.23, 0.35, 0.45])),
        swing_height_deg=round(float(rng.uniform(78, 95)), 1),
        body=body,
        scene=scene,
        split=split,
    )
    # Drawn last, so that everything else stays as it was before backs were given a release.
    release = float(np.clip(rng.normal(RELEASE_DEG, RELEASE_SPREAD_DEG), *RELEASE_RANGE_DEG))
    release *= SQUAT_RELEASE if exercise == "squat" else 1.0
    return with_overrides(with_overrides(clip, hinge_release=round(release, 1)), **overrides)


def with_overrides(clip: ClipSpec, **overrides: Any) -> ClipSpec:
    """Replace fields by name, wherever in the spec they live. Raises ValueError for a name that is nowhere."""
    places: list[tuple[str, Any]] = [("clip", ClipSpec), ("faults", Faults), ("scene", SceneSpec), ("body", BodySpec)]
    parts: dict[str, dict[str, Any]] = {part: {} for part, _ in places}
    for name, value in overrides.items():
        for part, kind in places:
            full = field_name(kind, name)
            if full is not None:
                parts[part][full] = float(value) if part == "faults" else value
                break
        else:
            raise ValueError(f"no setting is called {name!r}")
    top = parts.pop("clip")
    clip = dataclasses.replace(clip, **top)
    changed = {p: dataclasses.replace(getattr(clip, p), **values) for p, values in parts.items() if values}
    return dataclasses.replace(clip, **changed) if changed else clip


def field_name(kind: Any, name: str) -> str | None:
    """The full name of a setting given with or without its unit, or None if `kind` has no such field."""
    for f in fields(kind):
        short = f.name
        for unit in ("_deg", "_fl", "_tl", "_m", "_s"):
            short = short.removesuffix(unit)
        if name in (f.name, short):
            return f.name
    return None
