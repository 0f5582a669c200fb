"""What a cycle looks like to trees that were trained on labelled clips and drawn movements.

The trees are data that ships with the code (``recognition_trees.npz``), made by
``python -m benchmarks.train_recognition``; what they were trained on and how well they do on lifters they have not seen
is in ``docs/recognition.md``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray
from formcheck.exercises.framework.cycle_features import CycleFeatures

OTHER = "none"
"""Name of the class of all other movements."""

LEAF = -1

_FILE = "recognition_trees.npz"


@dataclass(frozen=True)
class Trees:
    """An ensemble of decision trees; N nodes of all trees in one table, T trees, C classes.

    Attributes
    ----------
    classes : (C,) names of lifts, and `OTHER`.
    features : names of the fields of `CycleFeatures`, in the order of ``feature``.
    roots : (T,) first node of each tree.
    feature : (N,) index of the feature that a node asks for; `LEAF` at a leaf.
    threshold : (N,) values up to this go to the left.
    left, right : (N,) next node.
    missing_left : (N,) True where a value that was not measured goes to the left.
    share : (N, C) share of each class at a leaf.
    """

    classes: tuple[str, ...]
    features: tuple[str, ...]
    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    share: FloatArray

    def probabilities(self, cycle_features: Sequence[CycleFeatures]) -> FloatArray:
        """(n, C) share of the trees' votes for each class, by cycle."""
        if not cycle_features:
            return np.zeros((0, len(self.classes)))
        table = np.array(
            [[getattr(features, name) for name in self.features] for features in cycle_features], dtype=np.float32
        )
        rows = np.arange(len(table))[:, None]
        node = np.tile(self.roots, (len(table), 1))
        while (inside := self.feature[node] != LEAF).any():
            value = table[rows, np.maximum(self.feature[node], 0)]
            with np.errstate(invalid="ignore"):
                go_left = np.where(np.isnan(value), self.missing_left[node], value <= self.threshold[node])
            node = np.where(inside, np.where(go_left, self.left[node], self.right[node]), node)
        return np.asarray(self.share[node].mean(axis=1))


def load_trees(file: Path | resources.abc.Traversable) -> Trees:
    """Trees from the file that `benchmarks.train_recognition` writes."""
    with file.open("rb") as stream, np.load(stream) as stored:
        return Trees(
            tuple(stored["classes"].tolist()),
            tuple(stored["features"].tolist()),
            stored["roots"],
            stored["feature"],
            stored["threshold"],
            stored["left"],
            stored["right"],
            stored["missing_left"],
            stored["share"].astype(np.float64) / 255.0,
        )


@cache
def _shipped() -> Trees:
    return load_trees(resources.files(__package__) / _FILE)


_instead: list[Trees] = []


def trees() -> Trees:
    """The trees in use: those that ship with the code, unless others were put in their place."""
    return _instead[-1] if _instead else _shipped()


@contextlib.contextmanager
def other_trees(replacement: Trees) -> Iterator[None]:
    """Use other trees for a while: benchmarks judge a clip with trees that have not seen its source."""
    _instead.append(replacement)
    try:
        yield
    finally:
        _instead.pop()
