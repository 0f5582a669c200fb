"""The clips of sample_videos/: what each shows, and how to make them again."""

from __future__ import annotations

from pathlib import Path

from .clip import render_clip
from .spec import BodySpec, ClipSpec, with_overrides

FOLDER = Path(__file__).resolve().parent.parent / "sample_videos"
MAX_BYTES = 250 * 1024

_ADA = BodySpec(
    hinge_release_deg=24.0,
    male=0.0, height_m=1.68, muscle=0.75, weight=0.45, ancestry=(0.7, 0.1, 0.2), skin_rgb=(0.50, 0.33, 0.23),
    hair="bun", hair_rgb=(0.08, 0.06, 0.05), shirt="tank", shirt_rgb=(0.85, 0.55, 0.15), legwear="leggings",
    legwear_rgb=(0.14, 0.15, 0.20), shoes_rgb=(0.85, 0.85, 0.85),
)  # fmt: skip
_BEN = BodySpec(
    hinge_release_deg=26.0,
    male=1.0, height_m=1.80, muscle=0.85, weight=0.55, skin_rgb=(0.85, 0.66, 0.54), hair_rgb=(0.35, 0.22, 0.12),
    shirt="tight", shirt_rgb=(0.20, 0.35, 0.60), legwear="shorts", shoes_rgb=(0.75, 0.20, 0.18),
)  # fmt: skip
_CHO = BodySpec(
    hinge_release_deg=22.0,
    male=1.0, height_m=1.72, muscle=0.55, weight=0.62, old=0.25, ancestry=(0.1, 0.7, 0.2), skin_rgb=(0.80, 0.62, 0.47),
    hair_rgb=(0.10, 0.09, 0.09), shirt="loose", shirt_rgb=(0.62, 0.18, 0.20), legwear="shorts",
    legwear_rgb=(0.20, 0.22, 0.26), shoes_rgb=(0.30, 0.32, 0.36),
)  # fmt: skip
_DIA = BodySpec(
    hinge_release_deg=25.0,
    male=0.0, height_m=1.63, muscle=0.6, weight=0.55, ancestry=(0.2, 0.2, 0.6), skin_rgb=(0.74, 0.54, 0.42),
    hair="bun", hair_rgb=(0.30, 0.18, 0.10), shirt="tight", shirt_rgb=(0.18, 0.42, 0.30), legwear="leggings",
    legwear_rgb=(0.25, 0.18, 0.32), shoes_rgb=(0.82, 0.82, 0.80),
)  # fmt: skip

_PORTRAIT = {"width": 480, "height": 640, "fps": 30.0, "crf": 27}
_WIDE = {"width": 640, "height": 480, "fps": 30.0, "crf": 27}


def sample_specs() -> dict[str, tuple[str, ClipSpec]]:
    """File name without suffix to (what it shows, spec)."""

    def make(what: str, body: BodySpec, **settings: object) -> tuple[str, ClipSpec]:
        return what, with_overrides(ClipSpec(body=body), **settings)

    return {
        "deadlift-good": make(
            "Three sound repetitions: flat back, hips and shoulders rise together, bar over mid-foot.",
            _BEN, exercise="deadlift", seed=11, tempo=1.45, facing="right", rest_before_s=0.6, rest_after_s=0.6,
            plates="far", background="gym", **_PORTRAIT,
        ),
        "deadlift-rounded": make(
            "The back rounds, lower and upper part, in the second and third repetition.",
            _CHO, exercise="deadlift", seed=12, tempo=1.45, facing="left", rest_before_s=0.6, rest_after_s=0.6,
            plates="far", background="gym", lumbar_rounding=30.0, thoracic_rounding=20.0,
            faulty_reps=(1, 2), **_PORTRAIT,
        ),
        "deadlift-oblique": make(
            "A sound set filmed from 35 degrees in front of the side: the back cannot be judged from there.",
            _DIA, exercise="deadlift", seed=13, tempo=1.5, reps=2, facing="right", yaw_deg=35.0, plates="both",
            background="clutter", rest_before_s=0.6, rest_after_s=0.6, **_PORTRAIT,
        ),
        "deadlift-plates-hide-hip": make(
            "45 cm plates on both ends, filmed low and close: the near plate hides knee and hip in turn.",
            _BEN, exercise="deadlift", seed=14, tempo=1.5, reps=2, facing="left", plates="both", camera_height_m=0.75,
            distance_m=3.2, background="gym", rest_before_s=0.6, rest_after_s=0.6, **_WIDE,
        ),
        "swing-good": make(
            "Four swings: the hips throw the bell, the arms only float; standing plank at the top.",
            _ADA, exercise="swing", load="kettlebell", seed=15, reps=4, facing="right", background="gym", blur=3,
            rest_before_s=0.5, rest_after_s=0.5, tempo=1.15, **_WIDE,
        ),
        "swing-arm-lift": make(
            "The arms lift the bell while the hips are still bent, and the swing turns into a squat.",
            _DIA, exercise="swing", load="kettlebell", seed=16, reps=3, facing="left", background="clutter", blur=3,
            rest_before_s=0.5, rest_after_s=0.5, tempo=1.1, arm_lift=62.0, arm_bend=20.0, squatted_swing=28.0, **_WIDE,
        ),
        "squat-good": make(
            "Three back squats below parallel with a set back and heels down.",
            _ADA, exercise="squat", load="barbell", seed=17, tempo=1.25, facing="left", background="plain",
            plates="none", rest_before_s=0.5, rest_after_s=0.5, **_PORTRAIT,
        ),
        "squat-shallow": make(
            "The hips stay well above the knees and the heels lift off the floor.",
            _CHO, exercise="squat", load="barbell", seed=18, tempo=1.25, facing="right", background="gym",
            plates="none", rest_before_s=0.5, rest_after_s=0.5, shallow_squat=0.34, heel_rise=0.28, **_PORTRAIT,
        ),
    }  # fmt: skip


def make_samples(folder: Path = FOLDER, only: str = "") -> list[Path]:
    """Render all samples whose name contains `only`; the truth beside each is the compact one."""
    out = []
    for name, (_, spec) in sample_specs().items():
        if only in name:
            path = folder / f"{name}.mp4"
            render_clip(spec, path, compact=True)
            out.append(path)
    return out
