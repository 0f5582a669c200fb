"""The trees that ship are the forest that was trained, and what it was trained on is what it says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.movements import MOVEMENTS, OTHER, examples
from benchmarks.movements import film as draw
from benchmarks.recognition_data import (
    FEATURES,
    LOST_TOGETHER,
    Cycles,
    augmented,
    cycles_of,
    seen_from_another_side,
    spread_of,
)
from benchmarks.train_recognition import CLASSES, as_table, training_table, write
from formcheck.exercises.framework.cycle_features import CycleFeatures
from formcheck.exercises.framework.recognition_trees import load_trees
from formcheck.motion.view import view_of
from tests.helpers.synthetic_lifter import film, squat

sklearn = pytest.importorskip("sklearn.ensemble")


def _cycles(count: int, seed: int, source: str) -> Cycles:
    rng = np.random.default_rng(seed)
    label = np.array(CLASSES)[rng.integers(len(CLASSES), size=count)]
    features = rng.normal(0.0, 1.0, (count, len(FEATURES)))
    features[:, 3] += [2.0 * CLASSES.index(one) for one in label]
    features[rng.random(features.shape) < 0.1] = np.nan
    clip = np.array([f"{source}__{index % 7}" for index in range(count)])
    return Cycles(features, label, np.full(count, source), clip, np.zeros(count, dtype=bool))


def test_the_table_of_nodes_votes_like_the_forest(tmp_path: Path) -> None:
    cycles = _cycles(400, 0, "a")
    forest = sklearn.ExtraTreesClassifier(12, max_leaf_nodes=40, random_state=0)
    forest.fit(cycles.features.astype(np.float32), cycles.label)
    write(as_table(forest), tmp_path / "trees.npz")
    trees = load_trees(tmp_path / "trees.npz")
    order = [list(forest.classes_).index(name) for name in CLASSES]
    new = _cycles(200, 1, "b").features.astype(np.float32)
    found = trees.probabilities([CycleFeatures(*row) for row in new.tolist()])
    np.testing.assert_allclose(found, forest.predict_proba(new)[:, order], atol=1.5 / 255)


def test_classes_weigh_the_same_and_real_cycles_their_share() -> None:
    real, drawn = _cycles(150, 2, "a"), _cycles(600, 3, "drawn")
    features, label, weights = training_table(real, drawn, real_share=0.5)
    assert features.shape == (len(label), len(FEATURES))
    totals = [weights[label == name].sum() for name in CLASSES]
    np.testing.assert_allclose(totals, np.mean(totals), rtol=0.02)
    assert weights[: len(drawn.label)].sum() == pytest.approx(weights[len(drawn.label) :].sum(), rel=0.02)


def test_augmentation_scales_times_together_and_loses_limbs_as_a_whole() -> None:
    features = np.ones((500, len(FEATURES)))
    changed = augmented(features, np.zeros(len(FEATURES)), 2, np.random.default_rng(0))
    assert changed.shape == (1000, len(FEATURES))
    rise, speed = changed[:, FEATURES.index("rise_s")], changed[:, FEATURES.index("rise_speed")]
    np.testing.assert_allclose(rise * speed, 1.0)
    hands = [FEATURES.index(name) for name in LOST_TOGETHER[0] if name not in LOST_TOGETHER[1]]
    lost = np.isnan(changed[:, hands])
    assert (lost.all(axis=1) == lost.any(axis=1)).all()
    assert 0.03 < lost.any(axis=1).mean() < 0.12


def test_a_clip_seen_from_another_side_keeps_its_cycles() -> None:
    poses = film(squat(3))
    turned = seen_from_another_side(poses, 60.0)
    # The model is thought to be off by some degrees in side views only, so the turn does not come back exactly.
    assert abs(abs(view_of(turned).yaw_deg - view_of(poses).yaw_deg) - 60.0) < 8.0
    for (times, features), (own_times, own) in zip(cycles_of(turned), cycles_of(poses), strict=True):
        assert times == pytest.approx(own_times, abs=0.1)
        assert features.rise == pytest.approx(own.rise, abs=0.03)


def test_drawn_movements_are_the_same_each_time_and_of_all_classes() -> None:
    first, again = examples(40, 5), examples(40, 5)
    assert [one.kind for one in first] == [one.kind for one in again]
    np.testing.assert_array_equal(first[7].poses.image_px, again[7].poses.image_px)
    assert {label for label, _, _ in MOVEMENTS.values()} == {*CLASSES}
    assert sum(label == OTHER for label, _, _ in MOVEMENTS.values()) > 15


@pytest.mark.parametrize("name", MOVEMENTS)
def test_every_movement_can_be_drawn(name: str) -> None:
    rng = np.random.default_rng(3)
    poses = draw(rng, MOVEMENTS[name][1](rng))
    assert np.isfinite(poses.image_px).all()
    assert np.isfinite(poses.world_m).all()


def test_the_spread_leaves_out_what_is_missing() -> None:
    column = np.array([[math.nan], *[[float(value)] for value in range(5)]])
    assert spread_of(column)[0] == pytest.approx(2.0)
