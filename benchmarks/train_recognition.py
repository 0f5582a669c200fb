"""Train the trees by which lifts are recognised, and write them where the package finds them.

    python -m benchmarks.train_recognition [CLIPS] [--tracks TRACKS] [--model full] [--no-write]

Learns from labelled clips (../shared/clips), recorded tracks (../shared/tracks) and drawn movements
(`benchmarks.movements`). Poses are kept in benchmarks/cache/. How well this does on sources that were left out is
measured by `benchmarks.bench_recognition`; nothing here is chosen by how it does on clips that were learnt.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from benchmarks.labelled import LabelledClip, folder_of, read_clips
from benchmarks.movements import OTHER
from benchmarks.pose_cache import FOLDER, cached_poses
from benchmarks.recognition_data import FEATURES, Cycles, augmented, drawn_cycles, real_cycles, spread_of
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.exercises.framework import recognition_trees
from formcheck.exercises.framework.recognition_trees import LEAF, Trees
from formcheck.vision.models.store import find_model

CLASSES = ("deadlift", "kettlebell-swing", "squat", OTHER)

OUT = Path(recognition_trees.__file__).with_name("recognition_trees.npz")

DRAWN_BATCHES = 60
DRAWN_EACH_MAX = {OTHER: 5000}
DRAWN_LIFT_MAX = 2500
"""Drawn cycles used of each class."""

REAL_SHARE = 0.5
"""What real cycles weigh against drawn ones. With none at all, 52 of 66 lifts and 25 of 26 others are told right."""

TURNED_WEIGHT = 0.35
"""A clip turned to another side is mostly the model's guess of depth."""

REAL_TIMES = 3
"""Each real cycle is changed at random this many times."""

TREES, LEAVES_MAX, LEAF_MIN, FEATURES_SHARE = 100, 160, 4, 0.35


def training_table(
    real: Cycles, drawn: Cycles, seed: int = 0, real_share: float = REAL_SHARE
) -> tuple[FloatArray, np.ndarray, FloatArray]:
    """Features, classes and weights: every class weighs the same, in it every source by the root of its clips."""
    rng = np.random.default_rng(seed)
    spread = spread_of(drawn.features)
    kept = np.concatenate(
        [
            rng.permutation(np.flatnonzero(drawn.label == name))[: DRAWN_EACH_MAX.get(name, DRAWN_LIFT_MAX)]
            for name in CLASSES
        ]
    )
    drawn = drawn.part(kept)
    weights = _class_weights(drawn.label, np.ones(len(drawn.label)))
    parts = [augmented(drawn.features, spread, 1, rng)]
    labels, all_weights = [drawn.label], [(1.0 - real_share) * weights]
    if real_share > 0.0:
        parts.append(augmented(real.features, spread, REAL_TIMES, rng))
        labels.append(np.tile(real.label, REAL_TIMES))
        all_weights.append(
            np.tile(real_share * _class_weights(real.label, _source_weights(real)), REAL_TIMES) / REAL_TIMES
        )
    weights = np.concatenate(all_weights)
    return np.concatenate(parts), np.concatenate(labels), weights / weights.mean()


def _source_weights(real: Cycles) -> FloatArray:
    weights = np.where(real.turned, TURNED_WEIGHT, 1.0)
    for source in np.unique(real.source):
        for name in CLASSES:
            rows = (real.source == source) & (real.label == name)
            if rows.any():
                weights[rows] *= np.sqrt(len(np.unique(real.clip[rows]))) / weights[rows].sum()
    return weights


def _class_weights(label: np.ndarray, weights: FloatArray) -> FloatArray:
    balanced = weights.astype(np.float64)
    for name in CLASSES:
        rows = label == name
        balanced[rows] /= max(balanced[rows].sum(), 1e-9)
    return balanced


def fit(real: Cycles, drawn: Cycles, *, real_share: float = REAL_SHARE, seed: int = 0) -> Trees:
    """Extra trees on real and drawn cycles."""
    features, label, weights = training_table(real, drawn, seed, real_share)
    forest = ExtraTreesClassifier(
        TREES,
        max_leaf_nodes=LEAVES_MAX,
        min_samples_leaf=LEAF_MIN,
        max_features=FEATURES_SHARE,
        random_state=seed,
        n_jobs=1,
    )
    return as_table(forest.fit(features.astype(np.float32), label, sample_weight=weights))


def as_table(forest: ExtraTreesClassifier) -> Trees:
    """The forest as the table of nodes that ships; leaves are rounded to 1/255."""
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "missing", "share")
    }
    roots, nodes = [], 0
    order = [list(forest.classes_).index(name) for name in CLASSES]
    for tree in (each.tree_ for each in forest.estimators_):
        roots.append(nodes)
        leaf = tree.children_left < 0
        columns["feature"].append(np.where(leaf, LEAF, tree.feature))
        # scikit-learn compares single-precision values with double-precision limits; rounding down keeps the order.
        columns["threshold"].append(tree.threshold.astype(np.float32))
        columns["left"].append(np.where(leaf, nodes, tree.children_left + nodes))
        columns["right"].append(np.where(leaf, nodes, tree.children_right + nodes))
        columns["missing"].append(tree.missing_go_to_left.astype(bool))
        share = tree.value[:, 0, order]
        columns["share"].append(np.where(leaf[:, None], share / share.sum(axis=1, keepdims=True), 0.0))
        nodes += tree.node_count
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Trees(
        CLASSES,
        FEATURES,
        np.array(roots, dtype=np.int32),
        table["feature"].astype(np.int16),
        table["threshold"].astype(np.float32),
        table["left"].astype(np.int32),
        table["right"].astype(np.int32),
        table["missing"],
        np.round(255.0 * table["share"]) / 255.0,
    )


def write(trees: Trees, path: Path) -> None:
    """Write the file that `formcheck.exercises.framework.recognition_trees.load_trees` reads."""
    np.savez_compressed(
        path,
        classes=np.array(trees.classes),
        features=np.array(trees.features),
        roots=trees.roots,
        feature=trees.feature,
        threshold=trees.threshold,
        left=trees.left,
        right=trees.right,
        missing_left=trees.missing_left,
        share=np.round(255.0 * trees.share).astype(np.uint8),
    )


def read_data(
    clips_folder: Path | None, tracks: Path | None, model: str
) -> tuple[list[tuple[LabelledClip, PoseSequence]], Cycles, Cycles]:
    """The labelled clips with their poses, their cycles, and drawn cycles (kept in benchmarks/cache/)."""
    file = find_model(model)
    clips = [(clip, cached_poses(clip.path, file)[0]) for clip in read_clips(folder_of("clips", clips_folder))]
    return clips, real_cycles(clips, folder_of("tracks", tracks)), kept_drawn_cycles()


def kept_drawn_cycles() -> Cycles:
    """Drawn cycles from the cache; drawn when there are none. Delete the file after changing a movement."""
    kept = FOLDER / "drawn_cycles.npz"
    names = ("features", "label", "source", "clip", "turned")
    if kept.is_file():
        with np.load(kept) as stored:
            if tuple(stored["names"].tolist()) == FEATURES:
                return Cycles(*(stored[name] for name in names))
    drawn = drawn_cycles(DRAWN_BATCHES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(kept, names=np.array(FEATURES), **{name: getattr(drawn, name) for name in names})
    return drawn


def main() -> None:
    """Train on everything and write the trees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="?", type=Path)
    parser.add_argument("--tracks", type=Path)
    parser.add_argument("--model", default="full")
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    _, real, drawn = read_data(options.clips, options.tracks, options.model)
    trees = fit(real, drawn)
    print(f"{len(real.label)} real and {len(drawn.label)} drawn cycles, {len(trees.feature)} nodes")
    if not options.no_write:
        write(trees, OUT)
        print(f"{OUT}: {OUT.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
