"""Fit the weights by which the dorsal contour tells the bend of the spine.

    python -m benchmarks.fit_contour [--clips 160] [--write]

renders clips of random lifters whose lumbar and thoracic spine bend by random amounts (bodies of the split "tune",
with seeds that no other clip has), runs the pose model on them, and fits one weight for each stretch of the contour:
the weighted sum of the change since standing shall be the true change. Weights of neighbours are held close to each
other, and all together add up to nothing. Cross-validation over bodies says how well that works on bodies that were
not fitted.
With --write the weights go to formcheck/motion/contour_weights.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

import formcheck
from benchmarks.rendered_set import SMALL, SetClip, poses_of, render
from formcheck.core.errors import FormCheckError
from formcheck.core.poses import PoseSequence, contour_stations
from formcheck.motion.cleaning import clean
from formcheck.motion.contour_weights import WEIGHT_FROM, WEIGHT_TO
from formcheck.motion.neutral import (
    HINGE_LEAN_DEG,
    SEAT_THIGH_DEG,
    STANDING_FRAMES_MIN,
    STANDING_LEAN_DEG,
    load_hangs,
)
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import compute_signals
from formcheck.motion.spine import (
    MEASURED,
    back_stations,
    dorsal_distances,
    mended_contour,
)
from formcheck.motion.standing import UPRIGHT
from formcheck.vision.models.store import find_model
from formcheck.vision.native_logs import quiet_native_logs
from rendered_lifter import random_spec
from rendered_lifter.assets import AssetError
from rendered_lifter.spec import with_overrides

CLIPS = 160
FIRST_SEED = 5000
"""Far from the seeds of every other clip of the split."""

LIFTS = ("deadlift", "deadlift", "squat", "swing")
LOADS = {"deadlift": ("barbell", "kettlebell", "pvc"), "squat": ("barbell", "goblet", "none"), "swing": ("kettlebell",)}

NODES = 24
"""The weights are piecewise linear between this many stations."""

RIDGE, ROUGHNESS = 1e-4, 1e-2
"""Penalties on the size of the weights and on their second differences. A tenth and ten times as much of both were
tried: cross-validated errors changed by 0.1 deg, separation of the real clips not at all."""

FOLDS = 8
BOTTOM_S = 0.15
"""A repetition's value is the median over this much time on both sides of its bottom."""

WRITTEN = Path(formcheck.__file__).parent / "motion" / "contour_weights.py"


@dataclass(frozen=True)
class Sample:
    """Frames of one clip's repetitions: F frames.

    ``change`` (F, NODES + 2): the contour against standing, at the nodes, and how far the trunk hinges and the thighs
    sit. ``truth_deg`` (F, 2): lumbar and thoracic flexion since standing. ``bottoms``: frames of each one's bottom.
    """

    name: str
    body: str
    change: np.ndarray
    truth_deg: np.ndarray
    bottoms: tuple[np.ndarray, ...]


def training_clips(count: int) -> Iterator[SetClip]:
    """Random lifters with random rounding: one repetition each, after a moment of standing."""
    for number in range(count):
        rng = np.random.default_rng(90000 + number)
        lift = LIFTS[number % len(LIFTS)]
        spec = random_spec(FIRST_SEED + number, lift, "tune")
        # In the first half each part of most backs keeps its shape, in the second half of few.
        kept = [0.0, 0.0] if number < count // 2 else []
        lumbar = float(rng.choice([*kept, 0.0, rng.uniform(0, 40)][-3:]))
        thoracic = float(rng.choice([*kept, 0.0, rng.uniform(0, 30)][-3:]))
        settings: dict[str, Any] = {
            "width": round(spec.scene.width * SMALL),
            "height": round(spec.scene.height * SMALL),
            "fps": 15.0 if lift == "swing" else 12.0,
            "reps": 2 if lift == "swing" else 1,
            "tempo": 1.25 if lift != "swing" else spec.tempo,
            "rest_before_s": 0.7,
            "rest_after_s": 0.3,
            "lumbar_rounding_deg": round(lumbar, 1),
            "thoracic_rounding_deg": round(thoracic, 1),
            "load": str(rng.choice(LOADS[lift])),
            "plates": "far" if rng.random() < 0.3 else "none",
            "yaw_deg": round(float(rng.uniform(-15, 15)), 1),
            "hinge_release": 0.0,
        }
        yield SetClip(f"{lift}-{number}", with_overrides(spec, **settings))


def node_matrix() -> np.ndarray:
    """(B, NODES) share of each station in each node, so that contour @ matrix is the mean around each node."""
    stations, nodes = back_stations(), np.linspace(WEIGHT_FROM, WEIGHT_TO, NODES)
    return np.stack([np.interp(stations, nodes, unit) for unit in np.eye(NODES)], axis=1) / len(stations)


def samples_of(clip: SetClip, truth: dict[str, Any], poses: PoseSequence) -> Iterator[Sample]:
    """What one clip has to tell; nothing where the lifter is not seen standing or the back is not measured."""
    cleaned = clean(poses)
    for segment in cleaned.segments:
        part = cleaned.poses.part(segment)
        signals = compute_signals(part)
        measured = signals.back_gate == MEASURED
        cycles = find_cycles(signals.time_s, signals.shoulder_height)
        standing = measured & (signals.shoulder_height > UPRIGHT)
        standing &= (np.abs(signals.trunk_lean_deg) < STANDING_LEAN_DEG) & ~load_hangs(signals, cycles)
        if standing.sum() < min(STANDING_FRAMES_MIN, 3):
            continue
        away, _ = dorsal_distances(part, signals.forward)
        stations = contour_stations()
        contour, _, _ = mended_contour(away[:, np.isin(stations, back_stations())])
        frames = truth["frames"]
        lumbar, thoracic = (
            np.interp(signals.time_s, frames["time_s"], frames[name])
            for name in ("lumbar_bend_deg", "thoracic_bend_deg")
        )
        in_reps = np.zeros(len(signals), dtype=bool)
        for rep in truth["reps"]:
            in_reps |= (signals.time_s >= rep["start_s"]) & (signals.time_s <= rep["end_s"])
        use = measured & in_reps
        if use.sum() < 3:
            continue
        change = (contour - np.median(contour[standing], axis=0)) @ node_matrix()
        thigh = signals.hip_flexion_deg - signals.trunk_lean_deg
        posture = [
            np.clip((np.nan_to_num(angle) - start) / (stop - start), 0, 1)
            for angle, (start, stop) in ((signals.trunk_lean_deg, HINGE_LEAN_DEG), (thigh, SEAT_THIGH_DEG))
        ]
        time_s = signals.time_s[use]
        yield Sample(
            clip.name,
            str(clip.spec.body),
            np.column_stack([change, *posture])[use],
            np.column_stack([lumbar, thoracic])[use],
            tuple(np.flatnonzero(np.abs(time_s - rep["bottom_s"]) <= BOTTOM_S) for rep in truth["reps"]),
        )


def fit(samples: Sequence[Sample]) -> np.ndarray:
    """(NODES + 2, 2) weights for lumbar and thoracic bend: of the contour's nodes, of hinging and of sitting."""
    inputs = np.concatenate([sample.change for sample in samples])
    truth = np.concatenate([sample.truth_deg for sample in samples])
    share = np.concatenate([np.full(len(sample.change), 1.0 / len(sample.change)) for sample in samples]) / len(samples)
    second = np.diff(np.eye(NODES), 2, axis=0)
    penalty = np.zeros((NODES + 2, NODES + 2))
    # Nodes hold means over all stations, so that their weights are NODES times larger than for plain values.
    penalty[:NODES, :NODES] = (RIDGE * np.eye(NODES) + ROUGHNESS * second.T @ second) / NODES**2
    penalty[NODES:, NODES:] = 1e-6 * np.eye(2)
    normal = (inputs * share[:, None]).T @ inputs + penalty
    moment = (inputs * share[:, None]).T @ truth
    # A contour that is further out as a whole must read the same: the weights are orthogonal to that.
    outwards = np.concatenate([node_matrix().sum(axis=0), np.zeros(2)])
    bordered = np.block([[normal, outwards[:, None]], [outwards[None], np.zeros((1, 1))]])
    weights = np.linalg.solve(bordered, np.concatenate([moment, np.zeros((1, 2))]))[:-1]
    return _to_scale(weights, inputs, truth, share)


def _to_scale(weights: np.ndarray, inputs: np.ndarray, truth: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The weights scaled so that one degree more of spine reads one degree more, on average.

    Least squares shrinks what it is not sure of: the raw weights give half the range. What the contour gains in a hinge
    and in sitting with an unchanged spine is then determined again.
    """
    read = inputs[:, :NODES] @ weights[:NODES]
    explained = np.column_stack([truth.sum(axis=1), inputs[:, NODES:]])
    normal = (explained * share[:, None]).T @ explained
    slopes = np.linalg.solve(normal, (explained * share[:, None]).T @ read)
    scale = 1.0 / slopes[0].sum()
    return np.concatenate([weights[:NODES] * scale, -slopes[1:] * scale])


def cross_validated(samples: Sequence[Sample]) -> list[tuple[Sample, np.ndarray]]:
    """Each sample with what weights fitted to other bodies make of it, (F, 2)."""
    bodies = sorted({sample.body for sample in samples})
    found = []
    for fold in range(FOLDS):
        left_out = set(bodies[fold::FOLDS])
        weights = fit([sample for sample in samples if sample.body not in left_out])
        found += [(sample, sample.change @ weights) for sample in samples if sample.body in left_out]
    return found


def errors(found: Sequence[tuple[Sample, np.ndarray]]) -> str:
    """A table of how far off the bends are."""
    lines = ["| part | frames, mean error | reps, mean error | reps, standard error | reps, rank correlation |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for name, columns in (("whole back", [0, 1]), ("lumbar", [0]), ("thoracic", [1])):
        frames = np.concatenate([(read - sample.truth_deg)[:, columns].sum(axis=1) for sample, read in found])
        reps = np.array(
            [
                [np.median(values[frames][:, columns].sum(axis=1)) for values in (read, sample.truth_deg)]
                for sample, read in found
                for frames in sample.bottoms
                if len(frames)
            ]
        )
        off = reps[:, 0] - reps[:, 1]
        lines.append(
            f"| {name} | {np.abs(frames).mean():.1f} | {np.abs(off).mean():.1f} | {off.std():.1f} "
            f"| {spearmanr(*reps.T)[0]:.2f} |"
        )
    return "\n".join(lines)


def module_text(weights: np.ndarray, clips: int) -> str:
    """Source of the module that holds the weights."""

    def row(values: np.ndarray) -> str:
        numbers = [f"{value:.0f}" for value in values]
        lines = [", ".join(numbers[start : start + 12]) for start in range(0, len(numbers), 12)]
        return "(\n    " + ",\n    ".join(lines) + ",\n)"

    drift = [f"({lower:.1f}, {upper:.1f})" for lower, upper in -weights[NODES:]]
    return f'''"""Weights by which the dorsal contour tells the bend of the spine.

Written by `python -m benchmarks.fit_contour --write` from {clips} rendered clips; not to be edited.
"""

WEIGHT_FROM, WEIGHT_TO = {WEIGHT_FROM}, {WEIGHT_TO}
"""Stretch of the hip-shoulder line that the contour is read on, in its lengths above the hip."""

LOWER_WEIGHTS = {row(weights[:NODES, 0])}
UPPER_WEIGHTS = {row(weights[:NODES, 1])}
"""Lumbar and thoracic flexion in degrees for each hip-shoulder length that the contour is further out, at equal steps
over that stretch; the bend is the mean of weight times distance."""

HINGE_DRIFT_DEG = {drift[0]}
SEAT_DRIFT_DEG = {drift[1]}
"""What the lumbar and the thoracic bend gain in a hinge, and when the thighs come up to level, although the spine keeps
its shape: buttocks stretch and the model's hip drifts."""
'''


def main(arguments: list[str] | None = None) -> int:
    """Fit and show; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_contour", description="Fit the contour's weights.")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--write", action="store_true", help="write formcheck/motion/contour_weights.py")
    options = parser.parse_args(arguments)
    samples: list[Sample] = []
    try:
        model = find_model("full")
        with quiet_native_logs():
            for clip in training_clips(options.clips):
                print(f"\r{clip.name:<30}", end="", file=sys.stderr, flush=True)
                video, truth = render(clip, "train")
                samples += samples_of(clip, truth, poses_of(clip, video, "train", model))
    except (FormCheckError, AssetError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"\r{'':<30}\r", end="", file=sys.stderr)
    weights = fit(samples)
    print(f"{len(samples)} of {options.clips} clips usable; bodies left out of the fit, in degrees:\n")
    print(errors(cross_validated(samples)))
    if options.write:
        WRITTEN.write_text(module_text(weights, len(samples)), encoding="utf-8")
    else:
        print(module_text(weights, len(samples)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
