"""Cycles to learn from: of labelled clips, the same seen from other sides, recorded tracks and drawn movements."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from benchmarks.labelled import TRACKS, LabelledClip, read_track
from benchmarks.movements import OTHER, examples
from benchmarks.scores import Instants, source_of
from formcheck.core.landmarks import left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.exercises.framework.cycle_features import CycleFeatures, features_of
from formcheck.motion.cleaning import clean
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import compute_signals
from formcheck.motion.spine import DorsalBend

FEATURES = tuple(field.name for field in fields(CycleFeatures))

VIEWS_MORE, TURN_MAX_DEG = 4, 80.0
"""Real clips are also shown from this many other sides, up to this far away, by the model's own 3-D guess."""

DRAWN_BATCH = 100


@dataclass(frozen=True)
class Cycles:
    """A table of cycles, one a row.

    Attributes
    ----------
    features : (n, F) in the order of `FEATURES`.
    label : (n,) the lift, or "none".
    source, clip : (n,) whose clip it is and which; drawn ones count as one source each.
    turned : (n,) True where the clip was turned to another side.
    """

    features: FloatArray
    label: np.ndarray
    source: np.ndarray
    clip: np.ndarray
    turned: np.ndarray

    def part(self, keep: np.ndarray) -> Cycles:
        """Some of the rows."""
        return Cycles(*(getattr(self, field.name)[keep] for field in fields(self)))


Row = tuple[list[float], str, str, str, bool]


def cycles_of(poses: PoseSequence) -> list[tuple[Instants, CycleFeatures]]:
    """Bottom and top, and the shape, of every cycle."""
    cleaned = clean(poses)
    found = []
    for part in cleaned.segments:
        signals = compute_signals(cleaned.poses.part(part), _no_spine)
        for cycle in find_cycles(signals.time_s, signals.shoulder_height):
            if cycle.half_seen:
                continue
            times = float(signals.time_s[cycle.bottom]), float(signals.time_s[cycle.top])
            found.append((times, features_of(signals, cycle)))
    return found


def _no_spine(poses: PoseSequence, forward: FloatArray) -> DorsalBend:
    nothing = np.full(len(poses), np.nan)
    return DorsalBend(nothing, nothing, nothing, nothing, nothing, np.zeros(len(poses), dtype=np.int64))


def seen_from_another_side(poses: PoseSequence, turn_deg: float) -> PoseSequence:
    """The pose model's 3-D guess looked at from elsewhere; the feet stay where they were in the picture."""
    turn = np.radians(turn_deg)
    world = poses.world_m.copy()
    across, away = poses.world_m[..., 0], poses.world_m[..., 2]
    world[..., 0] = across * np.cos(turn) + away * np.sin(turn)
    world[..., 2] = away * np.cos(turn) - across * np.sin(turn)

    def trunk(points: FloatArray) -> float:
        shoulder, hip = (points[:, list(left_right(joint))].mean(axis=1) for joint in ("SHOULDER", "HIP"))
        return float(np.nanpercentile(np.linalg.norm(shoulder - hip, axis=1), 75))

    image = world * (trunk(poses.image_px[..., :2]) / trunk(poses.world_m))
    ankles = list(left_right("ANKLE"))
    image[..., :2] += (poses.image_px[:, ankles, :2].mean(axis=1) - image[:, ankles, :2].mean(axis=1))[:, None]
    return replace(poses, image_px=image, world_m=world)


def clip_rows(clip: LabelledClip, poses: PoseSequence, turns_deg: Sequence[float]) -> list[Row]:
    """Cycles of a clip. In clips of a lift, cycles that are none of its repetitions say nothing and are left out."""
    rows: list[Row] = []
    for turn_deg in (0.0, *turns_deg):
        seen = seen_from_another_side(poses, turn_deg) if turn_deg else poses
        for (bottom_s, top_s), features in cycles_of(seen):
            is_rep = any(bottom_s < top and bottom < top_s for bottom, top in clip.reps)
            if clip.exercise == OTHER or is_rep:
                values = [float(getattr(features, name)) for name in FEATURES]
                rows.append((values, clip.exercise, source_of(clip.name), clip.name, bool(turn_deg)))
    return rows


def real_cycles(clips: Sequence[tuple[LabelledClip, PoseSequence]], tracks: Path | None) -> Cycles:
    """Cycles of labelled clips and of recorded swings, seen from several sides."""
    rng = np.random.default_rng(0)
    rows: list[Row] = []
    for clip, poses in clips:
        if np.isfinite(poses.world_m).any():
            rows += clip_rows(clip, poses, rng.uniform(-TURN_MAX_DEG, TURN_MAX_DEG, VIEWS_MORE).tolist())
    for track in TRACKS if tracks else ():
        path = tracks / f"{track.file}.posetrack.json" if tracks else Path()
        # The pistol squats of the tracks are not squats on two legs and no sample of anything else either.
        if track.exercise == "kettlebell-swing" and path.is_file():
            for _, features in cycles_of(read_track(path)):
                values = [float(getattr(features, name)) for name in FEATURES]
                rows.append((values, track.exercise, "tracks", track.file, False))
    return _table(rows)


def drawn_cycles(batches: int, workers: int = 2) -> Cycles:
    """Cycles of drawn movements, `DRAWN_BATCH` clips a batch."""
    with ProcessPoolExecutor(workers) as pool:
        return _table([row for rows in pool.map(_drawn_batch, range(1, batches + 1)) for row in rows])


def _drawn_batch(seed: int) -> list[Row]:
    rows: list[Row] = []
    for index, example in enumerate(examples(DRAWN_BATCH, seed)):
        for _, features in cycles_of(example.poses):
            values = [float(getattr(features, name)) for name in FEATURES]
            rows.append((values, example.label, "drawn", f"{example.kind} {seed}-{index}", False))
    return rows


def _table(rows: Sequence[Row]) -> Cycles:
    features = np.array([row[0] for row in rows], dtype=np.float64).reshape(len(rows), len(FEATURES))
    return Cycles(features, *(np.array([row[column] for row in rows]) for column in range(1, 5)))


# ------------------------------------------------------------------------------------------------------- augmentation

TIMES = ("rise_s", "fall_s", "period_s", "bottom_rest_s")
TIME_SCALES = (0.7, 1.4)

LOST_TOGETHER = (
    (
        "hand_height", "hand_below_shoulder", "top_hand_height", "arm_reach_deg", "hand_reach", "hand_gap",
        "top_hand_gap", "hands_over_knees", "hand_rise", "hands_over_eyes", "hand_difference", "hands_ahead",
        "elbow_flexion_deg", "elbow_flexion_max_deg", "top_elbow_flexion_deg", "top_upper_arm_deg",
    ),
    ("elbow_flexion_deg", "elbow_flexion_max_deg", "top_elbow_flexion_deg", "top_upper_arm_deg"),
    (
        "knee_flexion_deg", "knee_range_deg", "top_knee_flexion_deg", "hip_flexion_deg", "hip_range_deg",
        "top_hip_flexion_deg", "knee_difference_deg",
    ),
    ("foot_lift", "foot_gap", "stagger", "stagger_change", "foot_difference", "foot_travel"),
    ("hip_above_knee", "hip_share"),
    ("descent", "fall_s", "period_s", "bottom_rest_s"),
)  # fmt: skip
"""What is lost when hands, elbows, knees, feet or hips are hidden, or the clip begins at the bottom."""

LOST_SHARE, NOISE_SHARE = 0.07, 0.06
"""How often each of these is lost, and the noise on every number against its interquartile range."""


def augmented(features: FloatArray, spread: FloatArray, times: int, rng: np.random.Generator) -> FloatArray:
    """(times * n, F) the same cycles faster or slower, with noise, and with parts of them lost."""
    columns = [FEATURES.index(name) for name in TIMES]
    results = []
    for _ in range(times):
        changed = features.copy()
        scale = rng.uniform(*TIME_SCALES, len(changed))
        changed[:, columns] *= scale[:, None]
        changed[:, FEATURES.index("rise_speed")] /= scale
        changed += rng.normal(0.0, NOISE_SHARE, changed.shape) * spread
        for group in LOST_TOGETHER:
            lost = rng.random(len(changed)) < LOST_SHARE
            changed[np.ix_(np.flatnonzero(lost), np.array([FEATURES.index(name) for name in group]))] = np.nan
        results.append(changed)
    return np.concatenate(results)


def spread_of(features: FloatArray) -> FloatArray:
    """(F,) interquartile range."""
    high, low = np.nanpercentile(features, (75, 25), axis=0)
    return np.asarray(high - low)
